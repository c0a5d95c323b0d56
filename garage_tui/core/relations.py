"""What people ask about a thing, in everyday words: `garage_tui/data/relations.txt`."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path

_FILE = Path(__file__).parents[1] / "data" / "relations.txt"


@dataclass(frozen=True)
class Relation:
    """One kind of question: how it is known, and how else it is asked."""

    signs: tuple[tuple[str, ...], ...]
    """Any of these; of each, all its parts."""
    phrases: tuple[str, ...]
    """With `{s}` for the name that is asked about."""

    def fits(self, question: str) -> bool:
        folded = question.casefold()
        return any(all(re.search(rf"\b{re.escape(part)}\b", folded) for part in sign) for sign in self.signs)


def phrases(question: str, subject: str) -> list[str]:
    """Return short ways to ask the same about `subject`; none where the question's kind is not known."""
    if not subject:
        return []
    rest = question.replace(subject, "")  # a name such as Open Door Clinic is no question about opening hours
    return list(
        dict.fromkeys(
            phrase.replace("{s}", subject)
            for relation in _relations()
            if relation.fits(rest)
            for phrase in relation.phrases
        )
    )


@functools.cache
def _relations() -> tuple[Relation, ...]:
    found = []
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            signs, _, words = line.partition(":")
            parts = (tuple(part.strip() for part in sign.split("+")) for sign in signs.split(","))
            found.append(Relation(tuple(parts), tuple(phrase.strip() for phrase in words.split("|"))))
    return tuple(found)
