"""Input from and output to the terminal, and its title."""
