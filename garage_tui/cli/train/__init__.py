"""`garage train`: one file for each kind of run, and the options that they share."""
