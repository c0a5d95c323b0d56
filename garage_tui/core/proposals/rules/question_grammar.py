"""The grammar that questions need: auxiliary before subject, objects without what follows them, people and things."""

from __future__ import annotations

import re
from dataclasses import dataclass

from garage_tui.core.proposals.rules.sentence_parts import SentenceParts

_MONTH = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
DATE = (
    rf"(?:(?:{_MONTH}(?: \d{{1,2}}(?:st|nd|rd|th)?)?,? )?\d{{4}}|\d{{1,2}}(?:st|nd|rd|th)? {_MONTH}(?:,? \d{{4}})?"
    rf"|{_MONTH}-{_MONTH} \d{{4}})"
)
WHEN = re.compile(rf"(?:^|,? )(?P<p>in|on|since|until|by|from|before|after) (?P<t>{DATE})(?![\d.-]*\w)")
MAX_OBJECT = 6
"""Words of an object after which a phrase still belongs to the verb."""
_PREPOSITION = re.compile(
    r" (?:as|for|from|in|into|on|onto|to|at|with|via|by|under|within|without|through|during|before|after|when|if"
    r"|unless|where"
    r"|while|which|who|that|so|such|since|until|because|and|but|or|using|including|containing)\b|[,;:(]|https?://"
)
_AS = re.compile(r" (?:as\b|for\b|to (?=an?\b|the\b|[A-Z])|in order to\b|from\b|via\b|through\b).+$")
_PEOPLE = re.compile(
    r"(?:developers?|maintainers?|editors?|members?|users?|teams?|groups?|people|managers?|authors?|founders?|volunteers?"
    r"|delegates?|masters?|director|president|aunt|uncle|mother|father|doctor|who)\b",
    re.IGNORECASE,
)
_ARTICLES = {
    "The",
    "A",
    "An",
    "Every",
    "Each",
    "All",
    "Some",
    "Many",
    "Most",
    "Any",
    "Several",
    "No",
    "Both",
    "Your",
    "Our",
}
_COMMON = re.compile(r"[A-Z][a-z]+(?:ion|ity|ment|ness|ance|ence)s?|[A-Z][a-z]+[a-z](?<!s)s")
"""A single word that is no name though it begins with a capital: "Registration", "Packages"."""
_PERSON = re.compile(r"[A-Z][a-z]+(?: [A-Z]\.)?(?: (?:van |de |von )?[A-Z][a-z]+)$")


@dataclass(frozen=True)
class FocusQuestion:
    """A question that one part of a sentence answers."""

    wordings: tuple[str, ...]
    """The question in one or more wordings of different form."""
    focus: str
    """The part that answers it: `Ian Murdock`, `1993`; empty where all of the sentence does."""
    is_plain: bool = True
    """Whether the templates for questions that people write fit its first wording."""


def inner_subject(subject: str) -> str:
    """Return a subject as it stands inside a question: "the Hurd", "bug reports"."""
    first = subject.split()[0]
    common = re.match(r"[A-Z][a-z]+(?:s|ing|ed|ion|ity|ment)? [a-z]", subject) and not re.match(
        r"[A-Z][a-z]+'s ", subject
    )
    return subject[:1].lower() + subject[1:] if first in _ARTICLES or common or _COMMON.fullmatch(subject) else subject


def inverted(parts: SentenceParts, rest: str, *, without: str = "") -> str:
    """Return auxiliary, subject and verb in the order of a question, and what follows: "was the Project created"."""
    subject, tail = inner_subject(parts.subject), rest.strip(" ,")
    adverbs = f" {parts.adverbs}" if parts.adverbs else ""
    if parts.auxiliary:
        inversion = f"{parts.auxiliary} {subject}{adverbs} {parts.verb}"
    else:
        do = "did" if parts.is_past else "do" if parts.is_plural else "does"
        inversion = f"{do} {subject} {parts.base}"
    return " ".join(f"{inversion} {tail}".split())


def in_order(parts: SentenceParts, rest: str) -> str:
    """Return the sentence as it stands after "when" or "why"."""
    verb = " ".join(filter(None, [parts.auxiliary, parts.adverbs, parts.verb]))
    return " ".join(f"{inner_subject(parts.subject)} {verb} {rest}".split())


def is_person(subject: str) -> bool:
    """Return whether a subject is written as a person is: two or three capitalised words without an article."""
    return (
        bool(_PERSON.fullmatch(subject)) and " " in subject and not subject.startswith(("The ", "A ", "An ", "Every "))
    )


def names_people(subject: str) -> bool:
    """Return whether a subject is people, of whom one says "they": "the maintainer"."""
    return bool(re.search(rf"{_PEOPLE.pattern}$", subject, re.IGNORECASE)) and not re.search(
        r"\b(?:team|group)s?$", subject, re.I
    )


def core(text: str) -> str:
    """Return what follows a participle, without the phrases after it: "with the key" stays, ", initially" does not."""
    return re.split(r"[,;:(]", WHEN.sub("", text))[0].strip()


def core_object(text: str) -> str:
    """Return the object of a verb alone: "new sections" of "new sections on March 15th, 1997"."""
    match = _PREPOSITION.search(text)
    return (text[: match.start()] if match else text).strip(" ,")


def short(text: str) -> str:
    return re.split(r"[,;:(]", text)[0].strip()


def as_tail(rest: str) -> str:
    """Return the phrase that says in which respect: "as its baseline standard"; empty where none does.

    It follows a short object: what comes after a clause, or after "the same", belongs to these.
    """
    first = re.split(r"[,;:]", re.sub(r"\([^()]*\) ?", "", rest))[0]
    match = _AS.search(first)
    if not match or len(match[0].split()) > 12:
        return ""
    before = first[: match.start()]
    if len(before.split()) > MAX_OBJECT or re.search(r"\b(?:which|that|who|if|when|and|or|same|such|as|so)\b", before):
        return ""
    tail = match[0].strip()
    if tail.startswith("for you"):
        return ""
    return tail if tail.startswith("in order to") else tail.split(" and ")[0]


def without_when(rest: str) -> str:
    return re.split(r"[,;:(]", WHEN.sub("", rest))[0].strip()


def is_many(noun: str) -> bool:
    return bool(re.search(r"[^su]s$", noun)) or " and " in noun


def clean(wordings: list[str]) -> tuple[str, ...]:
    return tuple(re.sub(r"\s+([?,])", r"\1", " ".join(one.split())) for one in wordings)
