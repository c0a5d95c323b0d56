"""Facts that are told: how they come into a facts file, which of them are taught, and what became of each."""
