"""Code that several screens share: messages, and texts about runs and recipes."""
