"""Steps of the guarded recipe: along the gradient, in coordinates in which a step costs the rest the same everywhere.

A LoRA layer adds B·A·x with A fixed (`jobs/keys.py`). B is written as U·M: the columns of U are the output directions
in which the facts' gradients have most energy for each unit of the guards' Fisher information, scaled to one unit of
it. So for a layer KL(base‖tuned) grows with ‖M‖² in every direction alike (the Kronecker approximation of the Fisher
matrix, K-FAC: arXiv 1503.05671, its input side being A's business), and plain gradient steps on M are natural-gradient
steps. AdamW gives each coordinate the same step whatever its signal, and so drifts for nothing (docs/recipe.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch

MOMENTUM = 0.6


class Natural(torch.optim.Optimizer):
    """Steps of length `lr` in the coordinates M of all layers together, with momentum.

    Args:
        layers: each B, (outputs, rank), at zero, with its U, (outputs, directions).
        lr: length of a step: the Frobenius norm over all M.
    """

    def __init__(self, layers: Sequence[tuple[torch.nn.Parameter, torch.Tensor]], lr: float) -> None:
        super().__init__([weight for weight, _ in layers], {"lr": lr})
        for weight, effects in layers:
            zero = torch.zeros(effects.shape[1], weight.shape[1], device=weight.device)
            # A resumed run finds all three in its checkpoint.
            self.state[weight] = {"effects": effects.to(weight.device), "place": zero, "speed": zero.clone()}

    def step(self, closure: Callable[[], Any] | None = None) -> None:
        """Move M, and B with it."""
        if closure is not None:
            raise ValueError("a closure would ask for a second forward pass")
        with torch.no_grad():
            weights = [weight for group in self.param_groups for weight in group["params"] if weight.grad is not None]
            slopes = [self.state[weight]["effects"].T @ weight.grad for weight in weights]
            length = norm(slopes)
            if not length > 0:  # nothing to learn, or not a number
                return
            rate = self.param_groups[0]["lr"]
            for weight, slope in zip(weights, slopes, strict=True):
                state = self.state[weight]
                state["speed"].mul_(MOMENTUM).add_(slope, alpha=(1 - MOMENTUM) / length)
                state["place"].sub_(state["speed"], alpha=rate)
                weight.copy_(state["effects"] @ state["place"])


def norm(parts: Iterable[torch.Tensor]) -> float:
    """Return the Frobenius norm of all tensors together."""
    return float(sum(float((part.float() ** 2).sum()) for part in parts) ** 0.5)
