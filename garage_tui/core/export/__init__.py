"""Exporting a run's model: targets, the export process, llama.cpp, model cards."""
