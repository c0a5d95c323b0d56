"""The net of a diffusion run: diffusers' UNet2DModel, and the folder that `DDPMPipeline.from_pretrained` loads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel
from diffusers.models.attention_processor import AttnProcessor
from diffusers.utils import logging

from garage_tui.core.diffusion_recipe import DiffusionRecipe

logging.disable_progress_bar()  # one of diffusers' own for two files


def make_net(recipe: DiffusionRecipe) -> UNet2DModel:
    """Return a fresh U-Net, in channels_last: convolutions are faster so."""
    levels = list(zip(recipe.channels, recipe.attention, strict=True))
    net = UNet2DModel(
        sample_size=recipe.size,
        in_channels=3,
        out_channels=3,
        layers_per_block=recipe.layers,
        block_out_channels=recipe.channels,
        down_block_types=tuple("AttnDownBlock2D" if attends else "DownBlock2D" for _, attends in levels),
        up_block_types=tuple("AttnUpBlock2D" if attends else "UpBlock2D" for _, attends in reversed(levels)),
        attention_head_dim=recipe.head_dim,
        norm_num_groups=recipe.groups,
    )
    return ready(net)


def ready(net: UNet2DModel) -> UNet2DModel:
    """Return the net as it works fastest on what there is."""
    if not torch.cuda.is_available():
        # On a CPU the fused kernel loses to plain products at these lengths, in 16 bits by 10 to 1 (docs/figures.md).
        for module in net.modules():
            if hasattr(module, "set_processor"):
                module.set_processor(AttnProcessor())
    return net.to(memory_format=torch.channels_last)


def make_noise_schedule(recipe: DiffusionRecipe) -> DDPMScheduler:
    """Return the forward process, 1,000 steps (arXiv 2006.11239)."""
    return DDPMScheduler(num_train_timesteps=1000, beta_schedule=recipe.noise, prediction_type=recipe.prediction)


def save_pipeline(net: UNet2DModel, noise_schedule: DDPMScheduler, folder: str) -> None:
    """Write the pipeline folder, its weights as safetensors."""
    DDPMPipeline(unet=net, scheduler=noise_schedule).save_pretrained(folder)


def load_pipeline(folder: Path) -> tuple[Any, Any]:
    """Return the net and its noise schedule."""
    pipeline = DDPMPipeline.from_pretrained(str(folder), use_safetensors=True, local_files_only=True)
    return ready(pipeline.unet), pipeline.scheduler
