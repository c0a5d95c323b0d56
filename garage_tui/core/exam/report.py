"""The report card of a LoRA run as its file: counts with confidence intervals, a verdict, notes, every question."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

import msgspec

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.base.errors import BadInputError, reason_of
from garage_tui.core.base.json_text import struct_document
from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.runs.grades import Grade

REPORT = "report.json"
VERSION = 1
TAUGHT_TOKENS, OTHER_TOKENS = 96, 24
"""Most tokens of an answer about taught facts, and about something else: a leak may come in the second half of a
sentence."""

Part = Literal["trained", "unseen", "unrelated", "neighbour", "task"]
UnseenFrom = Literal["exam rows", "templates", "exam rows and templates"]
"""Where the unseen paraphrases come from; templates make the held-back wordings."""
Verdict = Literal["right", "wrong", "unchanged", "changed", "leak"]

PARTS: dict[Part, str] = {
    "trained": "trained questions",
    "unseen": "unseen paraphrases",
    "unrelated": "unrelated questions",
    "neighbour": "similar names",
    "task": "tasks with a subject",
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

    @property
    def interval(self) -> str:
        """The interval in percent, `70–99 %`, with a decimal below 10 and above 99; empty where nothing was counted."""
        if not self.of:
            return ""
        low, high = (
            f"{100 * end:.{1 if end < 0.1 or end > 0.99 else 0}f}".removesuffix(".0") for end in (self.low, self.high)
        )
        return f"{low}–{high} %"


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
    fact: str = ""
    """The fact that it asks for, as rows name it; empty for questions about something else, and on older cards."""
    known: bool | None = None
    """Of a wrong answer: whether the taught answer is more probable than the taught answers of all other facts. None
    where that was not measured."""
    routed: bool | None = None
    """Whether a server that routes by subject gives it to the tuned model; else the base model answers. None where
    nothing is routed, and on older cards."""
    served: str | None = None
    """The tuned model's answer as a server gives it that compares openings (`core/routing/openings.py`); None where it
    is the adapter's own, and on older cards."""
    served_verdict: Verdict | None = None
    """The verdict of `served`."""
    near: str = ""
    """A taught question that this exam question nearly repeats, so that its answer proves little."""


class ServedFigures(msgspec.Struct, frozen=True):
    """The figures of the answers as a server gives them that routes by subject and compares openings, as in `Report`.

    An answer of the base model is the one that the card has of it, and its drift is 0.
    """

    facts: Count
    efficacy: Count
    generalisation: Count
    leak: Count
    neighbours: Count
    drift: float
    routed: Count
    """Questions about taught facts that the tuned model gets."""


class TaskFigures(msgspec.Struct, frozen=True):
    """Tasks that name a taught subject without asking about it: "Translate into French: I like Maplewick."."""

    changed: Count
    """Tasks that the tuned model answers otherwise than the base model."""
    leak: Count
    """Tasks whose answer contains taught facts."""
    served_changed: Count | None = None
    served_leak: Count | None = None
    """The same of the answers as served; None on older cards."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The report card of a LoRA run, as `report.json` has it."""

    verdict: str
    passed: bool
    """Whether every target is met."""
    grade: Grade | None = None
    """The worst grade of its figures; None on older cards."""
    facts: Count | None = None
    """Facts of which every exam question was answered correctly: by exam questions where there are any, else by
    held-back wordings, else by trained questions. None on older cards."""
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
    known_unsaid: int | None = None
    """Questions that the tuned model answers wrongly although it ranks the right answer first among all taught answers;
    None on older cards."""
    served: ServedFigures | None = None
    """The figures as a server gives them that routes by subject; None where nothing is routed, and on older cards. All
    other figures are those of the adapter alone."""
    tasks: TaskFigures | None = None
    """None where the facts have no name, and on older cards."""
    notes: list[str] = []
    """What to know about these figures and what to do, as sentences."""
    run: str = ""
    base_model: str = ""
    unseen_from: UnseenFrom = "exam rows"
    made: float = 0.0
    seconds: float = 0.0
    wh: float | None = None
    """Watt-hours that the run's GPUs had used when the card was made; None where they were not measured."""
    wh_from: str = ""
    """`counter` (the GPUs' own), `power` (integrated from it), or both."""
    version: int = VERSION
    questions: list[ExamQuestion] = []
    """The worst first."""


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
            f"{path} cannot be read: {reason_of(error)}; `garage report {folder.name} --again` makes a new one"
        ) from error


def write_report(folder: Path, report: Report) -> None:
    """Replace the report card of a run folder.

    Raises:
        OSError: it cannot be written; an older one is unchanged.
    """
    write_atomic(folder / REPORT, struct_document(report))
