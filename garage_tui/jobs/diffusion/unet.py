"""The net of a diffusion run: diffusers' UNet2DModel, on pixels or on blocks of pixels, and its noise schedule."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from diffusers import ConfigMixin, DDPMScheduler, ModelMixin, UNet2DModel
from diffusers.configuration_utils import register_to_config
from diffusers.models.attention_processor import AttnProcessor
from diffusers.models.unets.unet_2d import UNet2DOutput

from garage_tui.core.diffusion.recipe import DiffusionRecipe


class PatchUNet(ModelMixin, ConfigMixin):
    """A UNet2DModel that works on blocks of pixels: pixel-unshuffle before it, pixel-shuffle after it.

    At 32 px on a CPU it is twice as fast as one that works on the pixels (arXiv 1609.05158 has the shuffle,
    docs/explain/butterflies.md the figures). A pipeline folder has the plain UNet2DModel inside it
    (`pipeline_folder.py`); those of version 0.1 have this class.

    Args:
        patch: pixels of a block's side.
        sample_size, in_channels, out_channels: of the pictures; the others are UNet2DModel's.
    """

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(
        self,
        patch: int = 2,
        sample_size: int = 32,
        in_channels: int = 3,
        out_channels: int = 3,
        layers_per_block: int = 1,
        block_out_channels: tuple[int, ...] = (16, 32, 64),
        down_block_types: tuple[str, ...] = ("DownBlock2D", "DownBlock2D", "AttnDownBlock2D"),
        up_block_types: tuple[str, ...] = ("AttnUpBlock2D", "UpBlock2D", "UpBlock2D"),
        attention_head_dim: int = 16,
        norm_num_groups: int = 8,
    ) -> None:
        super().__init__()
        self.unet = UNet2DModel(
            sample_size=sample_size // patch,
            in_channels=in_channels * patch**2,
            out_channels=out_channels * patch**2,
            layers_per_block=layers_per_block,
            block_out_channels=block_out_channels,
            down_block_types=down_block_types,
            up_block_types=up_block_types,
            attention_head_dim=attention_head_dim,
            norm_num_groups=norm_num_groups,
        )

    @classmethod
    def around(cls, unet: UNet2DModel) -> PatchUNet:
        """Return the net for pictures of three colours that works on its blocks with `unet`."""
        config = unet.config
        patch = math.isqrt(config.in_channels // 3)
        same = ("layers_per_block", "block_out_channels", "down_block_types", "up_block_types", "attention_head_dim")
        net: PatchUNet = cls(
            patch=patch,
            sample_size=config.sample_size * patch,
            norm_num_groups=config.norm_num_groups,
            **{name: config[name] for name in same},
        )
        net.unet = unet
        return net

    def forward(self, sample: torch.Tensor, timestep: Any, return_dict: bool = True) -> Any:
        """Return what UNet2DModel does, for (count, channels, size, size)."""
        patch = self.config.patch
        out = F.pixel_shuffle(self.unet(F.pixel_unshuffle(sample, patch), timestep).sample, patch)
        return UNet2DOutput(sample=out) if return_dict else (out,)


def make_net(recipe: DiffusionRecipe) -> Any:
    """Return a new U-Net in channels_last format, in which convolutions are faster."""
    levels = list(zip(recipe.channels, recipe.attention, strict=True))
    make = partial(PatchUNet, patch=recipe.patch) if recipe.patch > 1 else UNet2DModel
    net = make(
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


def ready(net: Any) -> Any:
    """Return the net in its fastest form for this device."""
    if not torch.cuda.is_available():
        # On a CPU the fused kernel is slower than plain products at these lengths, in 16 bits ten times
        # (docs/explain/figures.md).
        for module in net.modules():
            if hasattr(module, "set_processor"):
                module.set_processor(AttnProcessor())
    return net.to(memory_format=torch.channels_last)


def make_noise_schedule(recipe: DiffusionRecipe) -> DDPMScheduler:
    """Return the forward process, 1,000 steps (arXiv 2006.11239)."""
    return DDPMScheduler(num_train_timesteps=1000, beta_schedule=recipe.noise, prediction_type=recipe.prediction)
