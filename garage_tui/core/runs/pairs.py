"""Two runs that taught the same, one with guards and one plainly: a pair to lay side by side."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from garage_tui.core.runs.record import Manifest


class HasManifest(Protocol):
    """A run, or a picture of one."""

    @property
    def manifest(self) -> Manifest | None: ...


R = TypeVar("R", bound=HasManifest)


def is_guarded(run: HasManifest) -> bool:
    """True for the recipe that holds the rest in place."""
    kl = run.manifest.recipe.get("kl") if run.manifest else None
    return isinstance(kl, int | float) and kl > 0


def are_pair(one: HasManifest, other: HasManifest) -> bool:
    """True where both taught the same facts to the same base with the same seed, and only one of them with guards."""
    mine, its = _taught(one), _taught(other)
    return mine is not None and mine == its and is_guarded(one) != is_guarded(other)


def in_order(one: R, other: R) -> tuple[R, R]:
    """Return the two halves of a pair: the guarded one first, as the default is."""
    return (one, other) if is_guarded(one) else (other, one)


def partners(run: HasManifest, others: Iterable[R]) -> list[R]:
    """Return those of `others` that make a pair with `run`; first the one that was started nearest to it."""
    found = [other for other in others if are_pair(run, other)]
    return sorted(found, key=lambda other: abs(_created(other) - _created(run)))


def _taught(run: HasManifest) -> tuple[object, ...] | None:
    manifest = run.manifest
    if manifest is None or not (data := manifest.dataset.get("sha256")) or not (base := manifest.base.get("name")):
        return None
    return manifest.kind, data, base, manifest.recipe.get("seed", 0)


def _created(run: HasManifest) -> float:
    return run.manifest.created if run.manifest else 0.0
