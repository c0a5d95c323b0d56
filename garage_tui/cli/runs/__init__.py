"""The commands about runs that exist: lists, logs, control, names, comparison."""
