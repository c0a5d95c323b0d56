"""LoRA runs: teach facts to a language model."""
