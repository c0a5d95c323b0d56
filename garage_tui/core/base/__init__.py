"""The base of all other packages: files, settings, workspace, errors, clean text, child processes."""
