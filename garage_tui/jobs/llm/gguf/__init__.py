"""Models and adapters written as GGUF, the files of llama.cpp."""
