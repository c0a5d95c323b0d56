"""What several screens share: texts about runs and recipes."""
