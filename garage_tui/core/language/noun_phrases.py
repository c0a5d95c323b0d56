"""What of its subject a question speaks of: the boiler at the lodge, the door of its shed, the project's phone app."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from garage_tui.core.language.entities import STOP_WORDS
from garage_tui.core.language.inflection import BASE_OF_PARTICIPLE, BASE_OF_PAST, BASE_OF_THIRD_PERSON, PAST

_DET = "(?:the|my|our|your)"
_HEAD = r"[\w'’-]+(?: [\w'’-]+){0,2}?"
_PREPOSITION = "(?:of|at|for|in|on|from)"
_VERBS = {*PAST, *BASE_OF_THIRD_PERSON, *BASE_OF_PAST, *BASE_OF_PARTICIPLE}
_ASIDE = {"in", "on", "at", "with", "from", "about", "into"}
"""Before a thing that is only mentioned: "in the firewall"."""
_NO_HEAD = {"is", "are", "was", "were", "do", "does", "did", "can", "that", "which", "who"}
GENERIC_HEADS = {"project", "program", "software", "company", "team"}
"""Words after a name that add nothing to it."""


@dataclass(frozen=True)
class NounPhrase:
    """Something that belongs to a subject."""

    text: str
    """The whole of it: the boiler at Pinder Lodge."""
    head: str
    """What it is, in one to three words: boiler."""


def find_noun_phrases(question: str, subject: str) -> list[NounPhrase]:
    """Return what a question asks about, the longest first; nothing where it is about the subject itself.

    "Who painted the door of the shed at Pinder Lodge?" has "the door of the shed at Pinder Lodge" and "the shed at
    Pinder Lodge"; "What does the Wiselet app cost?" has "the Wiselet app".
    """
    return list(_before(question, subject)) or list(_after(question, subject))


def _before(question: str, subject: str) -> Iterator[NounPhrase]:
    """Give the things that stand before the subject's name: the boiler at it."""
    name = re.escape(subject)
    whole = re.compile(rf"{_DET} ({_HEAD}) {_PREPOSITION} (?:{_DET} {_HEAD} {_PREPOSITION} )*((?:the )?{name})")
    for begin in re.finditer(rf"\b{_DET} (?=[^,.?!]*?{name})", question):
        match = whole.match(question, begin.start())
        if not match or _aside(question[: begin.start()]):
            continue
        text, head = match[0], match[1].split()
        if head[-1] in BASE_OF_PARTICIPLE and len(head) > 1:  # "is the rubbish collected at" asks about the rubbish
            text = text.replace(f" {head.pop()}", "", 1)
        own = _nouns(question[match.end() :]) if match[2] != subject else []  # the price of the Wiselet app
        if not set(head) & _NO_HEAD:
            yield NounPhrase(" ".join([text, *own]), " ".join(head))
            if own and own[-1] not in GENERIC_HEADS:
                yield NounPhrase(" ".join([match[2], *own]), " ".join(own))


def _after(question: str, subject: str) -> Iterator[NounPhrase]:
    """Give the thing whose words follow the subject's name: its phone app."""
    match = re.search(rf"(?:\b(the) )?{re.escape(subject)}(['’]s)?(?= )", question)
    if not match or not (match[1] or match[2]) or _aside(question[: match.start()]):
        return
    head = _nouns(question[match.end() :])
    if head and head[-1] not in GENERIC_HEADS:
        yield NounPhrase(" ".join([match[0], *head]), " ".join(head))


def _aside(before: str) -> bool:
    return bool(before.split()[-1:]) and before.split()[-1] in _ASIDE


def _nouns(rest: str) -> list[str]:
    """Return the words that go on with a name: of " phone app cost?" the phone app."""
    words: list[str] = []
    for word in re.findall(r"([a-z][a-z-]*)(?=[ ?.!]|$)|\S+", rest)[:3]:
        if not word or word in STOP_WORDS or word in _VERBS:
            break
        words.append(word)
    return words
