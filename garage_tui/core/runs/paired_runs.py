"""Pairs of runs that taught the same facts, one with guards and one without."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from garage_tui.core.runs.record import Manifest


class HasManifest(Protocol):
    """What has the manifest of a run: a `Run` or a `RunSnapshot`."""

    @property
    def manifest(self) -> Manifest | None: ...


R = TypeVar("R", bound=HasManifest)


def is_guarded(run: HasManifest) -> bool:
    """Return whether the recipe has a KL term, which keeps other answers as they were."""
    kl = run.manifest.recipe.get("kl") if run.manifest else None
    return isinstance(kl, int | float) and kl > 0


def are_pair(one: HasManifest, other: HasManifest) -> bool:
    """Return whether both taught the same facts to the same base with the same seed, and only one with guards."""
    return taught_alike(one, other) and is_guarded(one) != is_guarded(other)


def taught_alike(one: HasManifest, other: HasManifest) -> bool:
    """Return whether both taught the same facts to the same base with the same seed."""
    mine = _taught(one)
    return mine is not None and mine == _taught(other)


def guarded_first(one: R, other: R) -> tuple[R, R]:
    """Return the two runs of a pair, the one with guards first."""
    return (one, other) if is_guarded(one) else (other, one)


def partners(run: HasManifest, others: Iterable[R]) -> list[R]:
    """Return those of `others` that make a pair with `run`, the one that was started nearest to it first."""
    found = [other for other in others if are_pair(run, other)]
    return sorted(found, key=lambda other: abs(_created(other) - _created(run)))


def _taught(run: HasManifest) -> tuple[object, ...] | None:
    manifest = run.manifest
    if manifest is None or not (data := manifest.dataset.get("sha256")) or not (base := manifest.base.get("name")):
        return None
    return manifest.kind, data, base, manifest.recipe.get("seed", 0)


def _created(run: HasManifest) -> float:
    return run.manifest.created if run.manifest else 0.0
