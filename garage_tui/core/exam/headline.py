"""The verdict of a report card of either kind, as lists of runs show it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.exam.diffusion_judgement import MeasuredPictures
from garage_tui.core.exam.judgement import VerdictFigures, deciding_recall
from garage_tui.core.exam.report import REPORT, Count, Recall
from garage_tui.core.runs.grades import SIGNS, Grade


class Headline(msgspec.Struct, frozen=True):
    """The verdict of a card: a sentence and a few words, both with the sign of its grade."""

    verdict: str
    passed: bool
    grade: Grade = "bad"
    brief: str = ""

    @property
    def sign(self) -> str:
        return SIGNS[self.grade]

    @property
    def text(self) -> str:
        return f"{self.sign} {self.verdict}"

    @property
    def brief_text(self) -> str:
        return f"{self.sign} {self.brief}"


class _Figures(msgspec.Struct, frozen=True):
    """What a card of either kind and of any version has of these."""

    verdict: str
    passed: bool
    facts: Count | None = None
    efficacy: Recall | None = None
    generalisation: Recall | None = None
    leak: Count | None = None
    neighbours: Count | None = None
    drift: float | None = None
    kid: float | None = None
    floor: float | None = None
    copies: int | None = None
    samples: int | None = None


def headline(folder: Path) -> Headline | None:
    """Return the verdict of the card in a run folder; None where no card can be read."""
    try:
        card = msgspec.json.decode(read_regular(folder / REPORT), type=_Figures)
    except UNREADABLE:
        return None
    verdict, found = one_line(card.verdict), _measured(card) or _measured_pictures(card)
    if found is None:
        brief = verdict.split(" (")[0].split(",")[0]
        return Headline(verdict, card.passed, "good" if card.passed else "bad", brief)
    return Headline(verdict, card.passed, found.grade, found.brief)


def _measured_pictures(card: _Figures) -> MeasuredPictures | None:
    """Return the figures of the card of a diffusion run; None for another one's."""
    if card.kid is None or card.floor is None or card.copies is None or card.samples is None:
        return None
    return MeasuredPictures(card.kid, card.floor, card.copies, card.samples)


def _measured(card: _Figures) -> VerdictFigures | None:
    """Return the figures of the card of a LoRA run; None for another one's."""
    if card.efficacy is None or card.leak is None or card.neighbours is None or card.drift is None:
        return None
    recall = deciding_recall(card.efficacy, card.generalisation)
    return VerdictFigures(card.facts or recall.tuned, card.leak, card.neighbours, card.drift)
