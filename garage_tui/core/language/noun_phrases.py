"""Noun phrases about a part of a question's subject: the boiler at the lodge, the project's phone app."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from garage_tui.core.language.entities import STOP_WORDS
from garage_tui.core.language.inflection import BASE_OF_PARTICIPLE, BASE_OF_PAST, BASE_OF_THIRD_PERSON, PAST
from garage_tui.core.language.whole_words import spans_of

_DET = "(?:the|my|our|your)"
_HEAD = r"[\w'’-]+(?: [\w'’-]+){0,2}?"
_PREPOSITION = "(?:of|at|for|in|on|from)"
_BEGIN = re.compile(rf"\b{_DET} ")
_STOP = re.compile(r"[,.?!]")
_LINK = re.compile(rf" {_PREPOSITION} ")
_ARTICLE = re.compile(r"\bthe \Z")
_VERBS = {*PAST, *BASE_OF_THIRD_PERSON, *BASE_OF_PAST, *BASE_OF_PARTICIPLE}
_ASIDE = {"in", "on", "at", "with", "from", "about", "into"}
"""Before a thing that is only mentioned: "in the firewall"."""
_NO_HEAD = {"is", "are", "was", "were", "do", "does", "did", "can", "that", "which", "who"}
GENERIC_HEADS = {"project", "program", "software", "company", "team"}
"""Head nouns after a name that add nothing to it."""


@dataclass(frozen=True)
class NounPhrase:
    """A noun phrase that names a part of a subject."""

    text: str
    """The whole phrase: the boiler at Pinder Lodge."""
    head: str
    """Its head, one to three words: boiler."""


def find_noun_phrases(question: str, subject: str) -> list[NounPhrase]:
    """Return the noun phrases that a question asks about, the longest first; empty if it is about the subject itself.

    "Who painted the door of the shed at Pinder Lodge?" has "the door of the shed at Pinder Lodge" and "the shed at
    Pinder Lodge"; "What does the Wiselet app cost?" has "the Wiselet app".
    """
    return list(_before(question, subject)) or list(_after(question, subject))


def _before(question: str, subject: str) -> Iterator[NounPhrase]:
    """Yield the phrases whose head is before the subject's name: the boiler at it."""
    for begin in _BEGIN.finditer(question):
        at = question.find(subject, begin.end())
        if at < 0 or _STOP.search(question, begin.end(), at) or not _LINK.search(question, begin.end()):
            continue
        match = _whole(subject).match(question, begin.start())
        if not match or _aside(question[: begin.start()]):
            continue
        text, head = match[0], match[1].split()
        if head[-1] in BASE_OF_PARTICIPLE and len(head) > 1:  # "is the rubbish collected at" asks about the rubbish
            text = text.replace(f" {head.pop()}", "", 1)
        suffix = _nouns(question[match.end() :]) if match[2] != subject else []  # the price of the Wiselet app
        if not set(head) & _NO_HEAD:
            yield NounPhrase(" ".join([text, *suffix]), " ".join(head))
            if suffix and suffix[-1] not in GENERIC_HEADS:
                yield NounPhrase(" ".join([match[2], *suffix]), " ".join(suffix))


@functools.lru_cache(maxsize=256)
def _whole(subject: str) -> re.Pattern[str]:
    """Return the pattern of a phrase that ends in a subject; several questions after one another have the same."""
    name = re.escape(subject)
    return re.compile(rf"{_DET} ({_HEAD}) {_PREPOSITION} (?:{_DET} {_HEAD} {_PREPOSITION} )*((?:the )?{name})")


def _after(question: str, subject: str) -> Iterator[NounPhrase]:
    """Yield the phrase whose head follows the subject's name: its phone app."""
    for start, end in spans_of(subject, question):
        rest = question[end : end + 3]
        owner = rest[:2] if rest in ("'s ", "’s ") else ""
        if not owner and rest[:1] != " ":
            continue
        article = _ARTICLE.search(question, 0, start)
        begin, end = article.start() if article else start, end + len(owner)
        if (article or owner) and not _aside(question[:begin]):
            head = _nouns(question[end:])
            if head and head[-1] not in GENERIC_HEADS:
                yield NounPhrase(" ".join([question[begin:end], *head]), " ".join(head))
        return


def _aside(before: str) -> bool:
    return bool(before.split()[-1:]) and before.split()[-1] in _ASIDE


def _nouns(rest: str) -> list[str]:
    """Return the nouns that continue a name: "phone", "app" for " phone app cost?"."""
    found: list[str] = []
    for word in re.findall(r"([a-z][a-z-]*)(?=[ ?.!]|$)|\S+", rest)[:3]:
        if not word or word in STOP_WORDS or word in _VERBS:
            break
        found.append(word)
    return found
