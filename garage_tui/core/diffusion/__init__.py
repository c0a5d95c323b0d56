"""Diffusion runs as seen from outside: recipe, estimate, image sources, previews, samples."""
