"""Separate processes, the only code that imports torch. Each talks to the world through files alone."""
