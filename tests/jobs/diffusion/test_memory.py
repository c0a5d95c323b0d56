"""The count of what a net holds, against the net itself: a version of diffusers that builds it otherwise shows here."""

from __future__ import annotations

import pytest
import torch

from garage_tui.core.diffusion.memory import net_of
from garage_tui.core.diffusion.recipe import make_recipe
from garage_tui.jobs.diffusion import unet
from garage_tui.jobs.diffusion.loss import losses

NETS = [
    ("small", {}),
    ("small", {"size": 64, "patch": 4}),
    ("small", {"patch": 1, "attention": (True, True, True)}),
    ("class", {}),
    ("card", {"size": 32}),
    ("large", {"size": 32}),
    ("small", {"channels": (32, 48), "attention": (True, False), "layers": 3}),
]


def kept_by_autograd(net, recipe) -> float:
    """Return how many numbers are kept for the way back, for each picture."""
    weights = {one.untyped_storage().data_ptr() for one in net.parameters()}
    kept: dict[int, torch.Tensor] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor  # what is held is not freed, and its address not used again
        return tensor

    clean = torch.randn(2, 3, recipe.size, recipe.size).to(memory_format=torch.channels_last)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        losses(net, unet.make_noise_schedule(recipe), clean, torch.randn_like(clean), torch.tensor([5, 500]))
    sizes = {at: one.untyped_storage().nbytes() // 4 for at, one in kept.items() if at not in weights}
    return sum(sizes.values()) / 2


@pytest.mark.parametrize(("preset", "changes"), NETS)
def test_parameters_are_counted_exactly_and_what_a_step_keeps_hardly_more_than_it_is(preset, changes):
    recipe = make_recipe(preset, **changes)
    counted, net = net_of(recipe), unet.make_net(recipe)
    assert counted.parameters == sum(one.numel() for one in net.parameters())
    kept = kept_by_autograd(net, recipe)
    assert kept <= counted.kept < 1.15 * kept
