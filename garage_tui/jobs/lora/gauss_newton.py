"""The optimiser of a guarded run: Gauss-Newton steps, with equal KL cost in every direction.

A LoRA layer adds B·A·x with A fixed (`jobs/lora/subspace_init.py`). B is written as U·M: the columns of U are the
output directions in which the facts' gradients have the most energy per unit of the guards' Fisher information, scaled
to one unit of it. So KL(base‖tuned) grows with ‖M‖² in every direction alike (the Kronecker approximation of the Fisher
matrix, K-FAC: arXiv 1503.05671; the rows of A take care of its input side), and the origin M = 0 is the base model.

Plain gradient steps soon give every taught question the answer that most rows have in common; the differences between
the rows lie in directions that the mean gradient hardly has. So every example (a fact row or a guard) is one
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
"""Weight of the pull of M to the origin, times `kl`: it stands for all prompts that no guard of this step covers."""
MOMENTUM = 0.2
COOLING = 4
"""Steps in which the learning rate of a run that has learned goes to zero."""
_FACT_FLOOR, _GUARD_FLOOR = 0.1, 0.01
"""Nats added to 2·loss, so that a row that is already known has no weight."""


class Cooling(NamedTuple):
    """The early end of the schedule of a run that has learned."""

    left: int
    """Steps that are left."""
    why: str

    @property
    def share(self) -> float:
        """Fraction of the peak learning rate that this step uses."""
        return (self.left + 1) / (COOLING + 1)


def start_cooling(optimizer: torch.optim.Optimizer, why: str) -> None:
    """Let the learning rate go to zero in the next `COOLING` steps; checkpoints keep that, and the reason."""
    optimizer.param_groups[0]["cooling"] = (COOLING, why)


def cooling(optimizer: torch.optim.Optimizer) -> Cooling | None:
    """Return the state of the cooling; None while the schedule is the recipe's."""
    found = optimizer.param_groups[0].get("cooling")
    return Cooling(*found) if found else None


class GaussNewton(torch.optim.Optimizer):
    """Gauss-Newton steps on the examples of each pass.

    `expect` must be called before each backward pass, with the example of each token; the backward pass must be that of
    the sum of all examples' losses.

    Args:
        layers: each LoRA layer, its B at zero, with its U, (outputs, directions).
        lr: the longest step: the Frobenius norm over all M.
        kl: weight of a guard.
    """

    def __init__(self, layers: Sequence[tuple[Any, torch.Tensor]], lr: float, kl: float, anchor: float = PULL) -> None:
        outputs = [layer.lora_B["default"] for layer, _ in layers]
        super().__init__([output.weight for output in outputs], {"lr": lr, "kl": kl, "past": [], "anchor": anchor})
        self._token_positions = torch.empty(0, 0, dtype=torch.long)
        """(examples, longest) the position of each example's tokens in the batch, padded."""
        self._is_token = torch.empty(0, 0)
        """(examples, longest) 1 for a token, 0 for padding."""
        self._scale = 1.0
        self._losses: list[torch.Tensor] = []
        self._facts: list[torch.Tensor] = []
        self._rows: dict[torch.nn.Parameter, list[torch.Tensor]] = {output.weight: [] for output in outputs}
        for output, (_, effects) in zip(outputs, layers, strict=True):
            weight = output.weight
            zero = torch.zeros(effects.shape[1], weight.shape[1], device=weight.device)
            # A resumed run loads all of it from its checkpoint, by these names.
            self.state[weight] = {
                "effects": effects.to(weight.device),
                "place": zero,
                "speed": zero.clone(),
                "past": zero[None][:0].half(),  # half the size of a checkpoint
            }
            output.register_forward_hook(self._record)

    def expect(self, token_owner: torch.Tensor, losses: torch.Tensor, facts: torch.Tensor, scale: float = 1.0) -> None:
        """Announce the examples of the next backward pass.

        Args:
            token_owner: (tokens,) the example of each token of the batch, -1 for the prefix, whose part of the
                gradients (a twentieth) is left out.
            losses: (examples,) each example's loss in nats, summed over its tokens.
            facts: (examples,) bool: True for a fact row, False for a guard.
            scale: by which the backward pass's loss was multiplied.
        """
        token_owner = token_owner.to(losses.device)
        sizes = torch.bincount(token_owner[token_owner >= 0], minlength=len(losses))
        own = token_owner.argsort(stable=True)[len(token_owner) - int(sizes.sum()) :]
        slots = torch.arange(int(sizes.max()), device=token_owner.device)
        first = sizes.cumsum(0) - sizes
        self._token_positions = own[(first[:, None] + slots).clamp(max=len(own) - 1)]
        self._is_token, self._scale = (slots < sizes[:, None]).float(), scale
        self._losses.append(losses.detach())
        self._facts.append(facts)

    def _record(self, output: Any, inputs: tuple[torch.Tensor, ...], result: torch.Tensor) -> None:
        if not result.requires_grad:
            return
        read, weight = inputs[0].detach(), output.weight

        def keep(gradient: torch.Tensor) -> None:
            positions, is_token = self._token_positions.to(gradient.device), self._is_token.to(gradient.device)
            projected = gradient.flatten(0, 1).float() @ self.state[weight]["effects"] / self._scale
            inputs_of = read.flatten(0, 1)[positions].float()
            self._rows[weight].append(torch.bmm((projected[positions] * is_token[..., None]).mT, inputs_of))

        result.register_hook(keep)

    def step(self, closure: Callable[[], Any] | None = None) -> None:
        """Move M, and B with it."""
        if closure is not None:
            raise ValueError("closures are not supported: they would need a second forward pass")
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
        gradients = self._flat([torch.cat(self._rows[weight]) for weight in weights])
        # Facts and guards each have a total weight, however many there are of them; a batch may have no guards.
        weight_of = torch.where(facts, 1 / facts.sum().clamp(min=1), kl / (~facts).sum().clamp(min=1))
        position, velocity = (
            self._flat([self.state[weight][what][None] for weight in weights])[0] for what in ("place", "speed")
        )
        gradient = weight_of @ gradients + group.get("anchor", PULL) * kl * position
        if not torch.isfinite(gradient).all():
            return
        residual = (2 * losses + torch.where(facts, _FACT_FLOOR, _GUARD_FLOOR)).sqrt()
        self._remember(gradients * (weight_of.sqrt() / residual)[:, None], weights)
        past = self._flat([self.state[weight]["past"].float() for weight in weights]) / len(group["past"]) ** 0.5
        if len(group["past"]) > 1:
            velocity = MOMENTUM * velocity + (1 - MOMENTUM) * gradient
        else:
            velocity = gradient
        inner = past @ past.T
        inner.diagonal().add_(DAMPING)
        direction = (velocity - past.T @ torch.linalg.solve(inner, past @ velocity)) / DAMPING
        full = lr / group.get("initial_lr", group["lr"])  # the schedule's share of a full step
        moved = position - direction * min(full, lr / max(float(direction.norm()), 1e-12))
        for weight, new, kept in zip(weights, self._split(moved, weights), self._split(velocity, weights), strict=True):
            state = self.state[weight]
            state["place"], state["speed"] = new, kept
            weight.copy_(state["effects"] @ new)

    def _remember(self, rows: torch.Tensor, weights: Sequence[torch.nn.Parameter]) -> None:
        """Append a step's rows to those of the previous steps, and drop the oldest."""
        group = self.param_groups[0]
        sizes = [*group["past"], len(rows)]
        gone = sum(sizes[:-MEMORY])
        group["past"] = sizes[-MEMORY:]
        at = 0
        for weight in weights:
            state = self.state[weight]
            size = state["place"].numel()
            own = rows[:, at : at + size].view(-1, *state["place"].shape).to(weight.device)
            # Always rounded: torch returns them in single precision to a resumed run, which must compute the same.
            state["past"] = torch.cat([state["past"], own.half().to(state["past"].dtype)])[gone:]
            at += size

    def _flat(self, parts: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return (rows, all numbers of M) from each layer's (rows, directions, rank)."""
        device = next(iter(self._rows)).device
        return torch.cat([part.flatten(1).to(device) for part in parts], 1)

    def _split(self, flat: torch.Tensor, weights: Sequence[torch.nn.Parameter]) -> list[torch.Tensor]:
        places = [self.state[weight]["place"] for weight in weights]
        parts = flat.split([place.numel() for place in places])
        return [part.view_as(place).to(place.device) for part, place in zip(parts, places, strict=True)]
