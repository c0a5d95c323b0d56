"""The coder of blocks: an AutoencoderDC of diffusers that takes pixels to blocks and back, and never learns."""

from __future__ import annotations

import torch
from diffusers import AutoencoderDC
from torch.nn.init import dirac_

_COLOURS = 3
_STEADY = 1024.0
"""The value of the one channel that carries no pixels: so large that the norm's divisor is the same for any pixels."""
_SHIFT = 4.0
"""Added before the ReLU and subtracted after it, so that it changes no value above −4; pixels are at least −1."""


def block_coder(patch: int) -> AutoencoderDC:
    """Return an autoencoder whose `encode` is `pixel_unshuffle(x, patch)` and whose `decode` is the way back.

    With it a net on blocks is a latent diffusion model of plain diffusers classes, so that whoever loads it needs no
    code of this project. Its weights are set here: identities and one permutation. All layers in between are zero, and
    the blocks that diffusers puts between two levels only pass on what they get. `decode` ends in a norm and a ReLU,
    which do nothing because of `_STEADY` and `_SHIFT`: its error is below 0.001 grey levels.

    Args:
        patch: pixels of a block's side, 2 or 4.
    """
    halvings = patch.bit_length() - 1
    channels = [_COLOURS * 4 ** max(1, level) for level in range(halvings + 1)]
    with_steady = [one + one // (_COLOURS * 4) for one in channels]
    between = (0, *(1 for _ in range(halvings - 1)), 0)
    none: tuple[tuple[int, ...], ...] = ((),) * len(between)
    coder = AutoencoderDC(
        in_channels=_COLOURS,
        latent_channels=channels[-1],
        encoder_block_types="ResBlock",
        decoder_block_types="ResBlock",
        encoder_block_out_channels=tuple(channels),
        decoder_block_out_channels=tuple(with_steady),
        encoder_layers_per_block=between,
        decoder_layers_per_block=between,
        encoder_qkv_multiscales=none,
        decoder_qkv_multiscales=none,
        encoder_out_shortcut=False,
        decoder_in_shortcut=False,
        scaling_factor=1.0,
    )
    order = _order_of_two_by_two(patch)
    with torch.no_grad():
        for parameter in coder.parameters():
            parameter.zero_()
        dirac_(coder.encoder.conv_in.conv.weight)
        coder.encoder.conv_out.weight[order, torch.arange(channels[-1]), 1, 1] = 1.0
        coder.decoder.conv_in.weight[torch.arange(channels[-1]), order, 1, 1] = 1.0
        coder.decoder.conv_in.bias[channels[-1] :] = _STEADY
        coder.decoder.norm_out.weight.fill_(_STEADY / with_steady[0] ** 0.5)
        coder.decoder.norm_out.bias.fill_(_SHIFT)
        dirac_(coder.decoder.conv_out.conv.weight)
        coder.decoder.conv_out.conv.bias.fill_(-_SHIFT)
    return coder.requires_grad_(False).eval()


def _order_of_two_by_two(patch: int) -> torch.Tensor:
    """Return for each channel of a picture that was halved repeatedly which channel of its blocks it is."""
    channels = _COLOURS * patch**2
    halved = torch.pixel_shuffle(torch.arange(float(channels)).view(1, channels, 1, 1), patch)
    while halved.shape[-1] > 1:
        halved = torch.pixel_unshuffle(halved, 2)
    return halved.flatten().long()
