"""Generalised eigenvectors: directions in which some rows have the most energy per unit of energy of other rows.

With C the second moment of the other rows plus a ridge, and F those that are looked for, they maximise uᵀFᵀFu under
uᵀCu = 1. There are two ways to the same result:

* the direct one factorises C, (width, width), where there are at least as many other rows as columns;
* the dual one factorises the other rows' inner products, (rows, rows), where the width is larger, by the Woodbury
  identity C⁻¹ = (I − Xᵀ(nρI + XXᵀ)⁻¹X)/ρ: at a width of 14,336 and 2,300 rows a seventh of the arithmetic, and a
  fortieth of the memory (docs/explain/recipe.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

_SMALL = 1e-12
_OVERSAMPLING, _ITERATIONS = 16, 4
"""Of the randomised SVD (Halko et al. 2009, arXiv 0909.4061)."""


@dataclass(frozen=True)
class Sample:
    """Rows whose energy is compared."""

    rows: torch.Tensor
    """(tokens, width)"""
    samples: int
    """By which their energy is divided."""


@dataclass(frozen=True)
class SecondMoment:
    """The energy of rows that are not kept."""

    total: torch.Tensor
    """(width, width): the sum of xᵀx"""
    samples: int
    """By which it is divided."""


def specific_directions(
    own: torch.Tensor, other: Sample | SecondMoment, count: int, ridge: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return (count, width) rows u with uᵀ·C·u = 1, and (count,) the energy of `own` in each, the largest first.

    Args:
        own: (tokens, width).
        other: what C is the second moment of.
        ridge: share of C's mean diagonal that is added to it. With fewer rows than columns it is at least what
            Ledoit and Wolf's shrinkage asks for.
    """
    if isinstance(other, SecondMoment):
        return _from_moment(own.float(), other.total / other.samples, count, ridge)
    rows = other.rows.float()
    if rows.shape[1] > len(rows):
        return _dual(own.float(), rows, other.samples, count, ridge)
    return _from_moment(own.float(), rows.T @ rows / other.samples, count, ridge)


def _from_moment(
    own: torch.Tensor, moment: torch.Tensor, count: int, ridge: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the directions from the second moment, to which the ridge is added in place."""
    moment.diagonal().add_(ridge * moment.diagonal().mean().clamp(min=_SMALL))
    root = torch.linalg.cholesky(moment)
    rows = torch.linalg.solve_triangular(root, own.T, upper=False) / len(own) ** 0.5
    count = min(count, *rows.shape)
    # Randomised: the first few of many hundred, a tenth of the time.
    left, scales, _ = torch.svd_lowrank(rows, q=min(count + _OVERSAMPLING, *rows.shape), niter=_ITERATIONS)
    left, values = left[:, :count], scales[:count] ** 2
    values = values.clamp(min=1e-6 * max(float(values[0]), 1e-20))
    return torch.linalg.solve_triangular(root.T, left, upper=True).T, values


def _dual(
    own: torch.Tensor, other: torch.Tensor, samples: int, count: int, ridge: float
) -> tuple[torch.Tensor, torch.Tensor]:
    own, other = own / len(own) ** 0.5, other / samples**0.5
    width = own.shape[1]
    inner = other @ other.T
    mean = (inner.diagonal().sum() / width).clamp(min=_SMALL)
    shrinkage = ledoit_wolf(inner, width, samples)
    rho = mean * max(ridge, shrinkage / max(1 - shrinkage, 0.05))
    inner.diagonal().add_(rho)
    root = torch.linalg.cholesky(inner)
    known = torch.linalg.solve_triangular(root, other @ own.T, upper=False)
    # F·C⁻¹·Fᵀ is a difference that loses digits where the facts look like the guards; it is small, so it has more.
    energy = ((own @ own.T).double() - known.double().T @ known.double()) / float(rho)
    values, vectors = torch.linalg.eigh(energy)
    count = min(count, width, len(own))
    values, vectors = values.flip(0)[:count], vectors.flip(1)[:, :count].float()
    values = values.clamp(min=1e-6 * max(float(values[0]), 1e-20)).float()
    solved = torch.linalg.solve_triangular(root.T, known @ vectors, upper=True)
    rows = (vectors.T @ own - solved.T @ other) / (rho * values.sqrt()[:, None])
    return rows, values


def ledoit_wolf(inner: torch.Tensor, width: int, samples: int) -> float:
    """Return the share of the scaled unit matrix in Ledoit and Wolf's estimate of a second moment (2004, lemma 3.2).

    Args:
        inner: (rows, rows) the rows' inner products divided by `samples`.
        width: columns of the rows.
    """
    energies = inner.diagonal() * samples
    squared = float(inner.square().sum())
    mean = float(energies.sum()) / samples / width
    distance = squared - width * mean**2
    noise = (float(energies.square().sum()) / samples - squared) / samples
    return min(1.0, max(0.0, noise / max(distance, 1e-30)))
