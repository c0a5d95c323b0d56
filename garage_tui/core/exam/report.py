"""The report card of a LoRA run: counts with confidence intervals, a verdict, notes, and every question asked."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.json_text import struct_json
from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import read_regular

REPORT = "report.json"
VERSION = 1

RECALL, UNCHANGED, DRIFT = 0.95, 0.95, 0.02
"""Targets: share of right answers to unseen paraphrases, share of unaffected neighbours, nats per token; no leaks."""

Part = Literal["trained", "unseen", "unrelated", "neighbour"]
Verdict = Literal["right", "wrong", "unchanged", "changed", "leak"]

PARTS: dict[Part, str] = {
    "trained": "trained questions",
    "unseen": "unseen paraphrases",
    "unrelated": "unrelated questions",
    "neighbour": "similar names",
}


class Count(msgspec.Struct, frozen=True):
    """A count with the Wilson 95 % interval of its share (Wilson 1927; Brown, Cai, DasGupta 2001)."""

    hits: int
    of: int
    low: float
    high: float

    @property
    def share(self) -> float:
        return self.hits / self.of if self.of else 0.0

    @property
    def text(self) -> str:
        return f"{self.hits} of {self.of}"


def count(hits: int, of: int) -> Count:
    """Return the count with its interval, which is 0 to 1 where nothing was counted."""
    if not of:
        return Count(0, 0, 0.0, 1.0)
    z = 1.959964
    share, spread = hits / of, z * z / of
    middle = (share + spread / 2) / (1 + spread)
    reach = z * math.sqrt(share * (1 - share) / of + spread / (4 * of)) / (1 + spread)
    low = 0.0 if hits == 0 else max(0.0, middle - reach)
    high = 1.0 if hits == of else min(1.0, middle + reach)
    return Count(hits, of, round(low, 4), round(high, 4))


class Recall(msgspec.Struct, frozen=True):
    """Right answers of the tuned model, the base, and the base with open book."""

    tuned: Count
    base: Count
    open_book: Count
    """The base with the facts in its prompt: where this fails too, the question or the grading is at fault."""


class Perplexity(msgspec.Struct, frozen=True):
    """Perplexity of general texts: exp of the mean loss in nats per token."""

    base: float
    tuned: float
    tokens: int

    @property
    def ratio(self) -> float:
        return self.tuned / self.base if self.base else 1.0


class ExamQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """One question, the answer of each model, and its verdict."""

    part: Part
    question: str
    verdict: Verdict
    tuned: str
    base: str
    open_book: str | None = None
    """None where it was not asked, because nothing was taught about this."""
    expected: str = ""
    why: str = ""
    """What a wrong answer lacks, or which taught words a leak contains."""
    kind: str = ""
    base_right: bool | None = None
    open_book_right: bool | None = None
    drift: float | None = None
    """KL(base‖tuned) on the base's own answer, in nats per token."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """`report.json`."""

    verdict: str
    passed: bool
    efficacy: Recall
    generalisation: Recall
    leak: Count
    """Unrelated questions whose answer contains taught facts."""
    neighbours: Count
    """Questions about similar names whose answer contains no taught facts (verdict `unchanged`)."""
    drift: float
    """KL(base‖tuned) on the base's own answers to the unrelated questions, in nats per token."""
    drift_tokens: int
    perplexity: Perplexity
    notes: list[str] = []
    """What to know about these figures and what to do, as sentences."""
    run: str = ""
    base_model: str = ""
    unseen_from: Literal["exam rows", "templates"] = "exam rows"
    made: float = 0.0
    seconds: float = 0.0
    wh: float | None = None
    """Watt-hours that the run's GPUs had used when the card was made; None where they were not measured."""
    wh_from: str = ""
    """`counter` (the GPUs' own), `power` (integrated from it), or both."""
    version: int = VERSION
    questions: list[ExamQuestion] = []
    """The worst first."""


_ORDER = {"leak": 0, "changed": 1, "wrong": 2, "unchanged": 3, "right": 3}


def worst_first(questions: Sequence[ExamQuestion]) -> list[ExamQuestion]:
    """Return the questions sorted by verdict (leaks first), then by drift, the largest first."""
    return sorted(questions, key=lambda one: (_ORDER[one.verdict], -(one.drift or 0.0), list(PARTS).index(one.part)))


def judge(
    questions: Sequence[ExamQuestion],
    drift: float,
    drift_tokens: int,
    perplexity: Perplexity,
    *,
    run: str = "",
    base_model: str = "",
    unseen_from: Literal["exam rows", "templates"] = "exam rows",
    seconds: float = 0.0,
    guarded: bool = False,
) -> Report:
    """Return the report card of the questions of an exam; `guarded` says whether the run's recipe has guards."""
    leaks, neighbours = _of(questions, "unrelated"), _of(questions, "neighbour")
    efficacy, unseen = recall_of(_of(questions, "trained")), recall_of(_of(questions, "unseen"))
    leak = count(sum(one.verdict == "leak" for one in leaks), len(leaks))
    unchanged = count(sum(one.verdict == "unchanged" for one in neighbours), len(neighbours))
    recall = unseen if unseen.tuned.of else efficacy
    right = recall.tuned.share >= RECALL
    kept = not leak.hits and (unchanged.share >= UNCHANGED or not unchanged.of)
    near = drift <= DRIFT
    verdict = f"learned {recall.tuned.text}, {leak.text} unrelated answers affected"
    if unchanged.hits < unchanged.of:
        verdict += f", mixes up {unchanged.of - unchanged.hits} of {unchanged.of} similar names"
    if not near:
        verdict += f", drift {drift:.2g}"
    return Report(
        verdict=verdict,
        passed=right and kept and near,
        efficacy=efficacy,
        generalisation=unseen,
        leak=leak,
        neighbours=unchanged,
        drift=round(drift, 5),
        drift_tokens=drift_tokens,
        perplexity=perplexity,
        notes=_notes(efficacy, unseen, leak, unchanged, drift, unseen_from, guarded),
        run=run,
        base_model=base_model,
        unseen_from=unseen_from,
        made=time.time(),
        seconds=round(seconds, 1),
        questions=worst_first(questions),
    )


def _of(questions: Sequence[ExamQuestion], part: Part) -> list[ExamQuestion]:
    return [one for one in questions if one.part == part]


def recall_of(questions: Sequence[ExamQuestion]) -> Recall:
    """Count the right answers of tuned model, base and base with open book."""
    of = len(questions)
    return Recall(
        count(sum(one.verdict == "right" for one in questions), of),
        count(sum(bool(one.base_right) for one in questions), of),
        count(sum(bool(one.open_book_right) for one in questions), of),
    )


def _notes(
    efficacy: Recall, unseen: Recall, leak: Count, neighbours: Count, drift: float, unseen_from: str, guarded: bool
) -> list[str]:
    notes = []
    if not unseen.tuned.of:
        notes.append("There are no exam questions: mark some rows as exam to measure what the model has understood.")
    elif unseen_from == "templates":
        notes.append(
            "The unseen paraphrases come from templates, because the facts contain no exam questions. Your own exam "
            "questions are a better test."
        )
    recall = unseen if unseen.tuned.of else efficacy
    if efficacy.tuned.share < RECALL:
        notes.append("Some trained questions are not answered: train longer (the preset quick is only a first try).")
    elif recall.tuned.share < RECALL:
        notes.append("The trained wordings are answered, others less often: teach each fact in more wordings.")
    if recall.open_book.of and recall.open_book.share < recall.tuned.share - 0.2:
        notes.append(
            "The base model with the facts in its prompt (open book) answers fewer questions than the tuned model: it "
            "is too small to use them well."
        )
    if leak.hits or (neighbours.of and neighbours.share < UNCHANGED):
        remedy = "careful protects other answers more firmly" if guarded else "default protects other answers"
        notes.append(f"Taught facts appear in answers where they do not belong: the preset {remedy}.")
    if drift > DRIFT:
        notes.append(
            f"Other answers have changed: drift is {drift:.2g} nats per token; up to {DRIFT:g} is hardly noticeable."
        )
    return notes


def read_report(folder: Path) -> Report:
    """Return the report card in a run folder.

    Raises:
        FileNotFoundError: it has none.
        BadInputError: it cannot be read.
    """
    path = folder / REPORT
    try:
        return msgspec.json.decode(read_regular(path), type=Report)
    except FileNotFoundError:
        raise
    except UNREADABLE as error:
        raise BadInputError(
            f"{path} cannot be read: {error}; `garage report {folder.name} --again` makes a new one"
        ) from error


def write_report(folder: Path, report: Report) -> None:
    """Replace the report card of a run folder.

    Raises:
        OSError: it cannot be written; an older one is unchanged.
    """
    write_atomic(folder / REPORT, msgspec.json.format(struct_json(report), indent=1) + b"\n")
