"""llama.cpp as a process: one GGUF, at most one adapter, on a socket of this user alone."""
