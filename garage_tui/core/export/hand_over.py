"""A hand-over: a run's model in several sizes for other programs, each tried with the questions of its report card."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.format import human_bytes
from garage_tui.core.exam.report import Count
from garage_tui.core.runs.grades import Grade

SIZES = ("q8_0", "q6_K", "q5_K_M", "q4_K_M")
"""The steps in which a model is quantised, the largest first."""
SUMMARY = "hand-over.json"
"""The file in a handed-over folder that says what each size holds and still knows."""


class HandedFile(msgspec.Struct, frozen=True, kw_only=True):
    """One size of a handed-over model."""

    size: str
    file: str
    """Its name in the folder."""
    bytes: int
    types: dict[str, int] = {}
    """How many matrices have which number type; a mix has several."""
    facts: Count | None = None
    """Facts learned, as llama.cpp answers with this file; None where it was not tried."""
    kept: Count | None = None
    """Of the facts that the run's own card had as learned, those that this file still knows."""
    leak: Count | None = None
    grade: Grade | None = None


class HandOver(msgspec.Struct, frozen=True, kw_only=True):
    """What a hand-over wrote, and how each file answered, as `hand-over.json` has it."""

    run: str
    files: tuple[HandedFile, ...]
    own_facts: Count | None = None
    """Facts learned on the run's own card, in 16 bits or more."""
    recommended: str = ""
    """A file's name."""
    sentence: str = ""
    warning: str = ""
    adapter: str = ""
    """The file with the adapter alone, if one was asked for."""
    version: int = 1


def parse_sizes(text: str) -> tuple[str, ...]:
    """Return the sizes that a user names, `q8_0,q4_K_M`, the largest first; all if the text is empty.

    Raises:
        BadInputError: one of them is unknown.
    """
    if not text.strip():
        return SIZES
    named = [part.strip().casefold() for part in text.split(",") if part.strip()]
    known = {size.casefold(): size for size in SIZES}
    if unknown := [part for part in named if part not in known]:
        raise BadInputError(f"--quantise {unknown[0][:40]}: give some of {', '.join(SIZES)}")
    return tuple(size for size in SIZES if size.casefold() in named)


def recommend(run: str, files: Sequence[HandedFile], own: Count | None) -> HandOver:
    """Return the hand-over with the smallest file that keeps all facts, else the smallest that meets the targets.

    Where none does, or there is nothing to keep, the one that keeps the most is recommended, with a warning.
    """
    tried = sorted((one for one in files if one.kept), key=lambda one: one.bytes)
    if own is None or not tried:
        chosen = files[0]
        sentence = f"{chosen.size}, {human_bytes(chosen.bytes)}; no size was tried"
        return HandOver(run=run, files=tuple(files), recommended=chosen.file, sentence=sentence)
    left = {one.file: one.kept.hits if one.kept else 0 for one in tried}
    keeps = [one for one in tried if own.hits and left[one.file] == own.hits]
    good = [one for one in tried if one.grade == "good"]
    best = max(tried, key=lambda one: (left[one.file], -one.bytes))
    chosen = [*keeps, *good, best][0]
    warning = ""
    if not own.hits and not good:
        warning = (
            "The run had learned no fact by its own report card, so there is nothing that a size could keep: train "
            "longer, then hand it over."
        )
    elif not keeps and not good:
        warning = (
            f"No size keeps all facts or meets the targets: {chosen.size} keeps the most, {left[chosen.file]} of "
            f"{own.hits}. Hand it over in 16 bits (--to vllm), or train longer."
        )
    elif chosen.grade == "bad":
        warning = f"{chosen.size} misses a target of the report card; `garage report {run}` shows the run's own."
    return HandOver(
        run=run,
        files=tuple(files),
        own_facts=own,
        recommended=chosen.file,
        sentence=f"{', '.join(f'{one.size}: {left[one.file]} of {own.hits} left' for one in tried)} → {chosen.size}, "
        f"{human_bytes(chosen.bytes)}",
        warning=warning,
    )
