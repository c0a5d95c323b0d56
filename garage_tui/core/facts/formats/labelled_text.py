"""Plain text whose lines say what they are: `Q:` and `A:`, or who speaks, as `User:` and `Assistant:`."""

from __future__ import annotations

import re
from typing import NamedTuple

from garage_tui.core.base.sanitize import one_line
from garage_tui.core.facts.formats.read_row import SourceRow

_LABEL = re.compile(
    r"^\s*(?:[-*]\s+)?(?:\*\*)?(?:(?P<asks>Q|Question|User|Human)|A|Answer|Assistant)(?:\s*\d+)?\s*[:.)](?:\*\*)?\s+",
    re.IGNORECASE,
)
"""What stands before a question or an answer: `Q:`, `A1.`, `**Question:**`, `User:`."""
_SPEAKER = re.compile(r"^\s*(?:[-*]\s+)?(?:\*\*)?(?:User|Human|Assistant)\b", re.IGNORECASE)
_ANY_LABEL = re.compile(r"(?:[-*]\s+)?(?:\*\*)?([^\W\d_][\w ]{0,19}):(?:\*\*)?\s+\S")


class _Part(NamedTuple):
    line: int
    asks: bool
    text: str


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
    rows: list[SourceRow] = []
    for part in parts:
        if part.asks:
            rows.append(SourceRow(len(rows) + 1, part.line, {"question": part.text, "answer": ""}))
        else:  # the text of a second answer belongs to the first one
            answer = rows[-1].value["answer"]
            rows[-1].value["answer"] = f"{answer}\n{part.text}".strip()
    return rows


def repeated_labels(lines: list[str]) -> list[str]:
    """Return the labels of lines that nearly all begin with one, where each appears again and again; else nothing."""
    labels = [found[1] for line in lines if (found := _ANY_LABEL.match(line))]
    names = list(dict.fromkeys(labels))
    if len(names) < 2 or len(labels) < 0.8 * len(lines) or len(labels) < 2 * len(names):
        return []
    return [one_line(name, 20) for name in names] if min(map(labels.count, names)) > 1 else []


def _parts(text: str) -> list[_Part]:
    """Return the labelled parts of a text, each with the lines below it that have no label."""
    found: list[_Part] = []
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), 1):
        label = _LABEL.match(line)
        if label is None:
            if not found and line.strip():
                return []  # the text begins with something else
            if found:
                found[-1] = found[-1]._replace(text=f"{found[-1].text}\n{line.strip()}".strip())
        elif not found and not label["asks"]:
            return []
        else:
            found.append(_Part(number, bool(label["asks"]), line[label.end() :].strip()))
    return found
