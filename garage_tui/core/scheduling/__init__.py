"""The scheduling of runs: queue, supervisor, admission to GPU and memory, notifications."""
