"""`paired.json`: the same questions asked of a run and of the run in service, in one process, twice each.

The second time the questions come in the reverse order, so that other questions share a batch with each. Whatever a
model answers otherwise then is noise, and no figure of the model (`core/school/gate.py`).
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.base.errors import BadInputError, reason_of
from garage_tui.core.base.json_text import struct_document
from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.exam.report import Part

PAIRED = "paired.json"


class PairedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One question, and whether each model answered it correctly the first and the second time."""

    part: Part
    question: str
    fact: str
    """The fact that it asks for, as rows name it."""
    candidate: tuple[bool, bool]
    served: tuple[bool, bool]
    candidate_text: str = ""
    served_text: str = ""
    """What they answered the first time."""


class PairedAnswers(msgspec.Struct, frozen=True, kw_only=True):
    """The answers of a candidate and of the run in service to the same questions, as `paired.json` has them."""

    run: str
    """Id of the run whose folder it is in: the candidate."""
    served: str | None
    """Id of the run that was in service; None: the base model."""
    made: float
    answers: list[PairedAnswer]
    version: int = 1

    @property
    def noise(self) -> int:
        """Answers that were correct once only, of both models together."""
        return sum(one.candidate[0] != one.candidate[1] for one in self.answers) + sum(
            one.served[0] != one.served[1] for one in self.answers
        )


def read_paired(folder: Path) -> PairedAnswers:
    """Return the paired answers in a run folder.

    Raises:
        FileNotFoundError: it has none.
        BadInputError: they cannot be read.
    """
    path = folder / PAIRED
    try:
        return msgspec.json.decode(read_regular(path), type=PairedAnswers)
    except FileNotFoundError:
        raise
    except UNREADABLE as error:
        raise BadInputError(
            f"{path} cannot be read: {reason_of(error)}; delete it, and the next night asks again"
        ) from error


def write_paired(folder: Path, paired: PairedAnswers) -> None:
    """Replace the paired answers of a run folder.

    Raises:
        OSError: they cannot be written; older ones are unchanged.
    """
    write_atomic(folder / PAIRED, struct_document(paired))
