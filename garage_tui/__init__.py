"""garage_tui: teach facts to a language model on your own box, from a terminal."""

__version__ = "0.1.0"
