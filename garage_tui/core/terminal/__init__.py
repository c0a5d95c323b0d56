"""What the terminal can show, and pictures encoded for it."""
