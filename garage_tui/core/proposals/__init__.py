"""Facts proposed from documents: who writes them, which checks they pass, and how they come into a facts file."""
