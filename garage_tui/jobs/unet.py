"""The name by which pipeline folders of version 0.1 find `PatchUNet` (`jobs/diffusion/unet.py`)."""

from diffusers import ModelMixin

from garage_tui.jobs.diffusion.unet import PatchUNet

__all__ = ["ModelMixin", "PatchUNet"]  # diffusers looks for the base class, too, in the module that a folder names
