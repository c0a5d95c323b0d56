"""The report card of a run as a server answers it: the same questions, asked with several system prompts."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.base.errors import BadInputError, reason_of
from garage_tui.core.base.json_text import struct_document
from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.exam.report import Count, Part, Verdict
from garage_tui.core.runs.grades import Grade

SERVER_CARDS = "report-at.json"
"""The file in a run folder that holds the cards of servers, the newest first."""
_MAX_CARDS = 20
PromptName = Literal["none", "usual", "foreign"]


class SystemPrompt(msgspec.Struct, frozen=True):
    """A system prompt that the questions are asked with."""

    name: PromptName
    title: str
    """What it is called in texts."""
    text: str
    """Empty: no system message is sent, so that the model's template may put its own."""


SYSTEM_PROMPTS = (
    SystemPrompt("none", "no system prompt", ""),
    SystemPrompt("usual", "the usual one", "You are a helpful assistant."),
    SystemPrompt(
        "foreign",
        "a foreign one",
        "You are Captain Brook, the ship's cook of the Albatross. You answer politely and in few words.",
    ),
)
"""The system prompts of a card: chat programs send none, the usual one, or one that their owner wrote."""


class ServerAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A server's answer to one question of the exam."""

    part: Part
    question: str
    answer: str
    verdict: Verdict
    why: str = ""
    own: Verdict = "right"
    """The verdict of the same question on the run's own card."""


class PromptCard(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of the answers with one system prompt; counts are those of `report.json`."""

    prompt: PromptName
    system: str
    verdict: str = ""
    grade: Grade = "bad"
    refused: str = ""
    """Why the server takes no such system prompt; then there are no answers."""
    facts: Count | None = None
    kept: Count | None = None
    """Of the facts that the run's own card had as learned, those that are learned here too."""
    trained: Count | None = None
    unseen: Count | None = None
    leak: Count | None = None
    neighbours: Count | None = None
    questions: list[ServerAnswer] = []


class ServerCard(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of `report-at.json`."""

    run: str
    server: str
    """The address; of a file that a hand-over tried, the file's name."""
    model: str
    made: float
    seconds: float
    own_made: float
    """When the run's own card was made, with which this one is compared."""
    prompts: list[PromptCard]
    version: int = 1


class _File(msgspec.Struct):
    cards: list[ServerCard] = []
    version: int = 1


def read_cards(folder: Path) -> list[ServerCard]:
    """Return the cards of servers in a run folder, the newest first.

    Raises:
        BadInputError: the file cannot be read.
    """
    path = folder / SERVER_CARDS
    try:
        return msgspec.json.decode(read_regular(path), type=_File).cards
    except FileNotFoundError:
        return []
    except UNREADABLE as error:
        raise BadInputError(f"{path} cannot be read: {reason_of(error)}; move it away and try again") from error


def add_card(folder: Path, card: ServerCard) -> None:
    """Add a card to a run folder; an older one of the same server and model is replaced.

    Raises:
        BadInputError: the cards that are there cannot be read.
        OSError: it cannot be written; the others are unchanged.
    """
    others = [one for one in read_cards(folder) if (one.server, one.model) != (card.server, card.model)]
    cards = _File([card, *others][:_MAX_CARDS])
    write_atomic(folder / SERVER_CARDS, struct_document(cards))
