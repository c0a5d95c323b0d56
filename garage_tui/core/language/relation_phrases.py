"""Short phrases that ask for a relation of a subject (its price, its author), from `garage_tui/data/relations.txt`."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from garage_tui.core.base.package_path import DATA
from garage_tui.core.language.entities import STOP_WORDS
from garage_tui.core.language.noun_phrases import GENERIC_HEADS, find_noun_phrases
from garage_tui.core.language.whole_words import whole_word_spans

_FILE = DATA / "relations.txt"


@dataclass(frozen=True)
class Relation:
    """One kind of question: the cue words that identify it, and phrases that ask the same."""

    cues: tuple[tuple[str, ...], ...]
    """Any of these; of each, all its parts."""
    phrases: tuple[str, ...]
    """The phrase, with `{s}` for the subject of the question."""

    def matches(self, question: str) -> bool:
        folded = question.casefold()
        # Most of some 400 parts are not in a question at all, which `in` sees fastest.
        return any(all(part in folded and whole_word_spans(part, folded) for part in cue) for cue in self.cues)

    @property
    def is_definition(self) -> bool:
        """True where a subject is asked about as a whole: what, or who, it is."""
        return ("tell me about",) in self.cues

    def matches_only(self, question: str) -> bool:
        """Return whether nothing else is asked: "What is in the pie?" is no question of what the pie is."""
        return _tokens(question) <= self._known | STOP_WORDS | GENERIC_HEADS

    def is_named_in(self, text: str) -> bool:
        """Return whether one of its words is a cue, as in "the price of the app" where the price is asked for."""
        return bool(_tokens(text) & (self._known - STOP_WORDS))

    @property
    def _known(self) -> set[str]:
        return {word for cue in self.cues for part in cue for word in part.split()}


def relation_phrases(question: str, subject: str) -> list[str]:
    """Return short ways to ask the same about `subject`; none where the question's kind is not known.

    Where a thing of the subject is asked about, such as the boiler at the lodge, they are about that thing.
    """
    if not subject:
        return []
    things = find_noun_phrases(question, subject)
    # A name such as Open Door Clinic is no question about opening hours, nor is one about a phone app one about calls.
    rest = question.replace(subject, "")
    for thing in things:
        rest = rest.replace(thing.head, thing.head.split()[-1])
    found: dict[str, None] = {}
    for relation in _relations():
        if not relation.matches(rest) or (relation.is_definition and (things or not relation.matches_only(rest))):
            continue
        free = [thing.text for thing in things if not relation.is_named_in(thing.text.replace(subject, ""))]
        about = free[0] if free else subject
        for phrase in relation.phrases:
            if about == subject or " at {s}" not in phrase:  # "hiding place at" the lodge, not at its spare key
                found.setdefault(phrase.replace("{s}", about))
    return list(found)


def _tokens(text: str) -> set[str]:
    return set(re.findall(r"[\w-]+", text.casefold()))


@functools.cache
def _relations() -> tuple[Relation, ...]:
    found = []
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            cues, _, templates = line.partition(":")
            parts = (tuple(part.strip() for part in cue.split("+")) for cue in cues.split(","))
            found.append(Relation(tuple(parts), tuple(phrase.strip() for phrase in templates.split("|"))))
    return tuple(found)
