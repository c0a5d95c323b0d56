"""The writer without a model: English sentences taken apart by rules, and questions from templates."""
