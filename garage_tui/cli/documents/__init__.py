"""`garage read`: documents at the shell."""
