"""Butterflies that are drawn by rule: pictures to train a small diffusion model on, without a download.

A species is a set of shapes, patterns and colours that comes out of its seed. Its individuals differ in size, pose,
pigment, wear and symmetry, and lie on paper of their own, as pinned ones do in a museum. The parts are in `butterfly/`:
`patterns` names the literature, `families` lists what there is, `picture` puts it together. Only numpy draws.

The same arguments give the same bytes, in whatever order and by however many workers, on one kind of processor and
with one version of numpy; elsewhere a channel may be one of 255 steps off.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from multiprocessing import active_children, get_context

import numpy as np

from garage_tui.jobs.diffusion.butterfly.families import FAMILIES
from garage_tui.jobs.diffusion.butterfly.individuals import Appearance, individual_of
from garage_tui.jobs.diffusion.butterfly.picture import Image, picture
from garage_tui.jobs.runtime.item_progress import OnProgress, no_progress
from garage_tui.jobs.runtime.parent_watch import end_with_parent

_APART = 10_000_000
"""Species from one seed of a set to the next."""
_UNSEEN = 5_000_000
"""The first number of the held-out species of a set."""
_AT_ONCE = 16
"""Pictures in one request to a worker."""


@dataclass(frozen=True)
class Species:
    """A species: the values that all of its individuals share."""

    seed: int
    """The seed from which it was drawn."""
    family: str
    """A name out of `FAMILIES`, as anybody would call it: monarch, white, swallowtail …"""
    appearance: Appearance
    """Wings, patterns and body; lengths in forewing lengths, angles in degrees, colours in sRGB from 0 to 1."""
    phase: float
    """Phase of the unevenness of its pattern, in radians."""


@lru_cache(maxsize=1024)
def species(seed: int) -> Species:
    """Return the species with a seed, 0 or more. Consecutive seeds go round all families."""
    names = list(FAMILIES)
    rng = np.random.default_rng([seed, 0])
    family = names[seed % len(names)]
    appearance = FAMILIES[family](rng)
    body = replace(
        appearance.body,
        length=appearance.body.length * rng.uniform(0.92, 1.06),
        width=appearance.body.width * rng.uniform(0.88, 1.12),
        spread=appearance.body.spread + rng.uniform(-4, 4),
        antenna=appearance.body.antenna * rng.uniform(0.88, 1.06),
    )
    return Species(seed, family, replace(appearance, body=body), rng.uniform(0, 2 * np.pi))


def draw(species: Species, individual: int, size: int) -> Image:
    """Return a picture of one individual.

    Args:
        species: what it is.
        individual: which one, 0 or more.
        size: side of the picture, in pixels.

    Returns:
        (size, size, 3) uint8, sRGB, head up. Another size shows the same butterfly on the same paper.
    """
    return picture(species.appearance, species.phase, individual_of(species.seed, individual), size)


def training(
    count: int, size: int, seed: int = 0, kinds: int = 60, workers: int = 1, on_progress: OnProgress = no_progress
) -> Image:
    """Return the pictures to train on: of `kinds` species in turn, each picture another individual.

    Args:
        count: pictures. Picture `i` is the same whatever `count` is.
        size: side of a picture, in pixels.
        seed: of the whole set, 0 or more: other seeds have other species.
        kinds: species.
        workers: processes that draw.
        on_progress: called with the number of pictures that are drawn; it may raise to cancel.

    Returns:
        (count, size, size, 3) uint8, sRGB.
    """
    return _pictures([_trained(i, seed, kinds) for i in range(count)], size, workers, on_progress)


def held_out(
    count: int, size: int, seed: int = 0, kinds: int = 60, workers: int = 1, on_progress: OnProgress = no_progress
) -> Image:
    """Return pictures that `training` never has with the same seed, however many are asked for.

    Those with even index show new individuals of the species that are trained on, those with odd index individuals of
    as many species that are not. Arguments and shape are as in `training`.
    """
    return _pictures([_held_out(i, seed, kinds) for i in range(count)], size, workers, on_progress)


def _trained(i: int, seed: int, kinds: int) -> tuple[int, int]:
    """Return seed of the species and number of the individual: of known species, even ones are trained on."""
    return seed * _APART + i % kinds, 2 * (i // kinds)


def _held_out(i: int, seed: int, kinds: int) -> tuple[int, int]:
    which, turn = (i // 2) % kinds, (i // 2) // kinds
    return seed * _APART + which + (_UNSEEN if i % 2 else 0), 2 * turn + 1


def _pictures(whom: Sequence[tuple[int, int]], size: int, workers: int, on_progress: OnProgress) -> Image:
    if workers < 2 or len(whom) < 2:
        return _drawn(whom, size)
    # A fresh interpreter for each: a fork of a process with torch's threads in it may hang.
    others = set(active_children())
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=end_with_parent, initargs=(os.getpid(),))
    try:
        starts = range(0, len(whom), _AT_ONCE)
        with _interrupts_held():
            # Nobody cancels these: the pool complains about a cancelled one when its workers end early.
            parts = [pool.submit(_drawn, whom[start : start + _AT_ONCE], size) for start in starts]
        images = np.empty((len(whom), size, size, 3), np.uint8)
        for start, part in zip(starts, parts, strict=True):
            images[start : start + _AT_ONCE] = drawn = part.result()
            on_progress(start + len(drawn))
    except BaseException:
        # Whoever breaks it off does not wait for what was begun.
        for worker in set(active_children()) - others:
            worker.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
    return images


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back while the workers start: they inherit that, so one that still imports prints no traceback."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _drawn(whom: Sequence[tuple[int, int]], size: int) -> Image:
    images = np.empty((len(whom), size, size, 3), np.uint8)
    for image, (seed, number) in zip(images, whom, strict=True):
        image[:] = draw(species(seed), number, size)
    return images
