"""The capabilities of the terminal, and the encoding of pictures for it."""
