"""Starting, steering, repeating and examining runs."""
