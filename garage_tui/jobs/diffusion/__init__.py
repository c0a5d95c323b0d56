"""Diffusion runs: a DDPM learns to draw."""
