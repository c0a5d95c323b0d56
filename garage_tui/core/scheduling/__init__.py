"""When a run works: queue, supervisor, admission to GPU and memory, notifications."""
