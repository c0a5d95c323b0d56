"""One small file for each command group; everything heavy is imported inside the functions that need it."""
