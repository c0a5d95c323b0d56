"""The name by which pipeline folders of diffusion runs find `PatchUNet` (`jobs/diffusion/unet.py`)."""

from garage_tui.jobs.diffusion.unet import PatchUNet

__all__ = ["PatchUNet"]
