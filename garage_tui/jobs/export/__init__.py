"""Exports of a run's model: merged, as an adapter, as GGUF."""
