"""LoRA runs as seen from outside: recipe, estimate, token lengths, quantization."""
