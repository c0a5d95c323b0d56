"""Plain text whose lines say what they are: `Q:` and `A:`, or who speaks, as `User:` and `Assistant:`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from garage_tui.core.base.sanitize import one_line
from garage_tui.core.facts.formats.read_row import SourceRow

_LABEL = re.compile(
    r"^\s*(?:[-*]\s+)?(?:\*\*)?"
    r"(?:(?P<asks>Q|Question|User|Human)|A|Answer|Assistant)(?P<number>\s*\d+)?\s*(?P<mark>[:.)])(?:\*\*)?\s+",
    re.IGNORECASE,
)
"""What stands before a question or an answer: `Q:`, `A1.`, `**Question:**`, `User:`."""
_CHOICES = [re.compile(rf"^\s*(?:[-*]\s+)?\(?{letter}[.):]\s", re.MULTILINE | re.IGNORECASE) for letter in "AB"]
_CAPITAL_CHOICES = [re.compile(rf"^\s*{letter}[.):]\s", re.MULTILINE) for letter in "AB"]
"""Answers to choose from: `A) Paris` and `B) London`."""
_SPEAKER = re.compile(r"^\s*(?:[-*]\s+)?(?:\*\*)?(?:User|Human|Assistant)\b", re.IGNORECASE)
_ANY_LABEL = re.compile(r"(?:[-*]\s+)?(?:\*\*)?([^\W\d_][\w ]{0,19}):(?:\*\*)?\s+\S")

_CHOOSE = 'it has several answers to choose from; write the right one, in full, after "A:"'


class _Part(NamedTuple):
    line: int
    asks: bool
    text: str
    raw: str
    """The text with its label."""


def labelled_rows(text: str) -> list[SourceRow]:
    """Return the questions and answers of a text that begins with `Q:` or `User:`; empty for any other.

    `Q:` and `A:` give one row a question; `User:` and `Assistant:` are turns of one chat, and give one row.
    """
    parts = _parts(text)
    if not any(not part.asks and part.text for part in parts):
        return []
    if _SPEAKER.match(text.lstrip("\ufeff \t\r\n")):
        messages = [{"role": "user" if part.asks else "assistant", "content": part.text} for part in parts]
        return [SourceRow(1, parts[0].line, {"messages": messages})]
    questions: list[list[_Part]] = []
    for part in parts:
        if part.asks:
            questions.append([])
        questions[-1].append(part)
    return [_row(number, *own) for number, own in enumerate(questions, 1)]


def _row(number: int, question: _Part, *answers: _Part) -> SourceRow:
    """Return the row of a question; the text of a second answer belongs to the first one."""
    if _has_choices(question, answers):
        return SourceRow(number, question.line, None, _CHOOSE)
    answer = "\n".join(part.text for part in answers).strip()
    return SourceRow(number, question.line, {"question": question.text, "answer": answer})


def _has_choices(question: _Part, answers: Sequence[_Part]) -> bool:
    """Return whether a question has answers to choose from: below it, or where its answer is expected."""
    if all(choice.search(question.text) for choice in _CHOICES):
        return True
    if not answers or (len(answers) == 1 and answers[0].raw.lstrip(" -*")[1:2] == ":"):
        return False  # a list within the only answer
    return all(choice.search(answers[0].raw) for choice in _CAPITAL_CHOICES)


def repeated_labels(lines: list[str]) -> list[str]:
    """Return the labels of lines that nearly all begin with one, where each appears again and again; else nothing."""
    labels = [found[1] for line in lines if (found := _ANY_LABEL.match(line))]
    names = list(dict.fromkeys(labels))
    if len(names) < 2 or len(labels) < 0.8 * len(lines) or len(labels) < 2 * len(names):
        return []
    return [one_line(name, 20) for name in names] if min(map(labels.count, names)) > 1 else []


def _parts(text: str) -> list[_Part]:
    """Return the labelled parts of a text, each with the lines below it that have no label.

    A letter with a full stop or a bracket may also begin a name or a list (`A. Smith`): it is a label only where the
    first label of the text is written so, and there is no answer yet.
    """
    found: list[_Part] = []
    first = ""
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), 1):
        label = _LABEL.match(line)
        if label and found and label["mark"] != ":" and not label["number"]:
            asks = bool(label["asks"])
            if label["mark"] != first or (not asks and not found[-1].asks):
                label = None
        if label is None:
            if not found and line.strip():
                return []  # the text begins with something else
            if found:
                below = (f"{one}\n{line.strip()}".strip() for one in (found[-1].text, found[-1].raw))
                found[-1] = _Part(found[-1].line, found[-1].asks, *below)
        elif not found and not label["asks"]:
            return []
        else:
            first = first or label["mark"]
            found.append(_Part(number, bool(label["asks"]), line[label.end() :].strip(), line.strip()))
    return found
