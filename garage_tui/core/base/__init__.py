"""What everything else stands on: files, settings, workspace, errors, clean text, child processes."""
