"""Steps of the guarded recipe: Gauss-Newton, in coordinates in which a step costs the rest the same everywhere.

A LoRA layer adds B·A·x with A fixed (`jobs/lora/subspace_init.py`). B is written as U·M: the columns of U are the
output directions
in which the facts' gradients have most energy for each unit of the guards' Fisher information, scaled to one unit of
it. So KL(base‖tuned) grows with ‖M‖² in every direction alike (the Kronecker approximation of the Fisher matrix, K-FAC:
arXiv 1503.05671, its input side being A's business), and to be near the origin is to be near the base.

Plain steps along the gradient soon say of everything that is taught what most rows have in common; what tells the rows
apart lies in directions that the mean gradient hardly has. So every example (a fact's row, or a guard) counts as one
residual r = √(2·loss) with its own gradient J, and a step solves (JᵀJ + λ) d = gradient, over the examples of the last
few steps (Levenberg-Marquardt; by the Woodbury identity a system of as many unknowns as there are examples).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch

MEMORY = 5
"""Steps whose examples shape the next one."""
DAMPING = 1200.0
"""λ; a row's loss is summed over its tokens."""
PULL = 60.0
"""Of M to the origin, times `kl`: what M costs on all that no guard of this step is about."""
MOMENTUM = 0.2
COOLING = 4
"""Steps in which a run that has learned runs its schedule down."""
_FACT_FLOOR, _GUARD_FLOOR = 0.1, 0.01
"""Nats added to 2·loss: a row that is known has no direction any more."""


class Cooling(NamedTuple):
    """How far a run that has learned is with running its schedule down."""

    left: int
    """Steps."""
    why: str

    @property
    def share(self) -> float:
        """What is left of the length of the step that was taken last."""
        return (self.left + 1) / (COOLING + 1)


def cool(optimizer: torch.optim.Optimizer, why: str) -> None:
    """Run the schedule down to nothing in the next `COOLING` steps; a checkpoint keeps that, and why."""
    optimizer.param_groups[0]["cooling"] = (COOLING, why)


def cooling(optimizer: torch.optim.Optimizer) -> Cooling | None:
    """Return how far the cooling is; None where the schedule runs as it was made."""
    found = optimizer.param_groups[0].get("cooling")
    return Cooling(*found) if found else None


class GaussNewton(torch.optim.Optimizer):
    """Gauss-Newton steps on the examples of each pass.

    Before each backward pass `expect` says which example each token is of; the backward pass itself must be that of the
    sum of all examples' losses.

    Args:
        layers: each LoRA layer, its B at zero, with its U, (outputs, directions).
        lr: the longest step: the Frobenius norm over all M.
        kl: weight of a guard.
    """

    def __init__(self, layers: Sequence[tuple[Any, torch.Tensor]], lr: float, kl: float) -> None:
        outputs = [layer.lora_B["default"] for layer, _ in layers]
        super().__init__([output.weight for output in outputs], {"lr": lr, "kl": kl, "past": []})
        self._places = torch.empty(0, 0, dtype=torch.long)
        """(examples, longest) where each example's tokens are in the pass, filled up."""
        self._there = torch.empty(0, 0)
        """(examples, longest) 1 for a token, 0 for what fills up."""
        self._scale = 1.0
        self._losses: list[torch.Tensor] = []
        self._facts: list[torch.Tensor] = []
        self._rows: dict[torch.nn.Parameter, list[torch.Tensor]] = {output.weight: [] for output in outputs}
        for output, (_, effects) in zip(outputs, layers, strict=True):
            weight = output.weight
            zero = torch.zeros(effects.shape[1], weight.shape[1], device=weight.device)
            # A resumed run finds all of it in its checkpoint.
            self.state[weight] = {
                "effects": effects.to(weight.device),
                "place": zero,
                "speed": zero.clone(),
                "past": zero[None][:0].half(),  # half the size of a checkpoint
            }
            output.register_forward_hook(self._listen)

    def expect(self, whose: torch.Tensor, losses: torch.Tensor, facts: torch.Tensor, scale: float = 1.0) -> None:
        """Say what the next backward pass is of.

        Args:
            whose: (tokens,) the example of each token of the pass, -1 for one that is nobody's: of the prefix, whose
                part of the gradients (a twentieth) is left out.
            losses: (examples,) each example's loss in nats, summed over its tokens.
            facts: (examples,) bool: True for a fact's row, False for a guard.
            scale: by which the backward pass's loss was multiplied.
        """
        whose = whose.to(losses.device)
        sizes = torch.bincount(whose[whose >= 0], minlength=len(losses))
        own = whose.argsort(stable=True)[len(whose) - int(sizes.sum()) :]
        turns = torch.arange(int(sizes.max()), device=whose.device)
        first = sizes.cumsum(0) - sizes
        self._places = own[(first[:, None] + turns).clamp(max=len(own) - 1)]
        self._there, self._scale = (turns < sizes[:, None]).float(), scale
        self._losses.append(losses.detach())
        self._facts.append(facts)

    def _listen(self, output: Any, inputs: tuple[torch.Tensor, ...], result: torch.Tensor) -> None:
        if not result.requires_grad:
            return
        read, weight = inputs[0].detach(), output.weight

        def keep(slope: torch.Tensor) -> None:
            places, there = self._places.to(slope.device), self._there.to(slope.device)
            asked = slope.flatten(0, 1).float() @ self.state[weight]["effects"] / self._scale
            seen = read.flatten(0, 1)[places].float()
            self._rows[weight].append(torch.bmm((asked[places] * there[..., None]).mT, seen))

        result.register_hook(keep)

    def step(self, closure: Callable[[], Any] | None = None) -> None:
        """Move M, and B with it."""
        if closure is not None:
            raise ValueError("a closure would ask for a second forward pass")
        with torch.no_grad():
            self._step()
        self._losses.clear()
        self._facts.clear()
        for rows in self._rows.values():
            rows.clear()

    def _step(self) -> None:
        group = self.param_groups[0]
        weights, kl, lr = list(self._rows), group["kl"], group["lr"]
        if (cooled := cooling(self)) is not None:
            cooled = Cooling(cooled.left - 1, cooled.why)
            group["cooling"], lr = tuple(cooled), lr * cooled.share
        device = weights[0].device
        losses, facts = (torch.cat(parts).to(device) for parts in (self._losses, self._facts))
        slopes = self._flat([torch.cat(self._rows[weight]) for weight in weights])
        # Each kind counts as one, however many there are of it; a pass without guards is one of facts alone.
        weight_of = torch.where(facts, 1 / facts.sum().clamp(min=1), kl / (~facts).sum().clamp(min=1))
        place, speed = (
            self._flat([self.state[weight][what][None] for weight in weights])[0] for what in ("place", "speed")
        )
        slope = weight_of @ slopes + PULL * kl * place
        if not torch.isfinite(slope).all():
            return
        residual = (2 * losses + torch.where(facts, _FACT_FLOOR, _GUARD_FLOOR)).sqrt()
        self._remember(slopes * (weight_of.sqrt() / residual)[:, None], weights)
        past = self._flat([self.state[weight]["past"].float() for weight in weights]) / len(group["past"]) ** 0.5
        speed = MOMENTUM * speed + (1 - MOMENTUM) * slope if len(group["past"]) > 1 else slope
        inner = past @ past.T
        inner.diagonal().add_(DAMPING)
        way = (speed - past.T @ torch.linalg.solve(inner, past @ speed)) / DAMPING
        full = lr / group.get("initial_lr", group["lr"])  # what the schedule leaves of a step
        moved = place - way * min(full, lr / max(float(way.norm()), 1e-12))
        for weight, new, drive in zip(weights, self._apart(moved, weights), self._apart(speed, weights), strict=True):
            state = self.state[weight]
            state["place"], state["speed"] = new, drive
            weight.copy_(state["effects"] @ new)

    def _remember(self, rows: torch.Tensor, weights: Sequence[torch.nn.Parameter]) -> None:
        """Put a step's rows behind those of the steps before, and forget the oldest."""
        group = self.param_groups[0]
        sizes = [*group["past"], len(rows)]
        gone = sum(sizes[:-MEMORY])
        group["past"] = sizes[-MEMORY:]
        at = 0
        for weight in weights:
            state = self.state[weight]
            size = state["place"].numel()
            own = rows[:, at : at + size].view(-1, *state["place"].shape).to(weight.device)
            # Rounded always: torch gives them back to a resumed run in single precision, and it shall compute the same.
            state["past"] = torch.cat([state["past"], own.half().to(state["past"].dtype)])[gone:]
            at += size

    def _flat(self, parts: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return (rows, all of M) from each layer's (rows, directions, rank)."""
        device = next(iter(self._rows)).device
        return torch.cat([part.flatten(1).to(device) for part in parts], 1)

    def _apart(self, flat: torch.Tensor, weights: Sequence[torch.nn.Parameter]) -> list[torch.Tensor]:
        places = [self.state[weight]["place"] for weight in weights]
        parts = flat.split([place.numel() for place in places])
        return [part.view_as(place).to(place.device) for part, place in zip(parts, places, strict=True)]
