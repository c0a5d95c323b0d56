"""The line to the terminal: fewest bytes, never waited for; and the title."""
