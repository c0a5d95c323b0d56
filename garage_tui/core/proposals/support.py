"""Whether a quote supports what is stated: nothing is negated, weakened or turned round, and nothing is added.

The checks compare words; they need no judge. What they cannot decide they refuse, since a refused fact can be
written by hand and a wrong one is taught.
"""

from __future__ import annotations

import re

from garage_tui.core.language.entities import STOP_WORDS, entity_spellings
from garage_tui.core.proposals.normal_text import unify
from garage_tui.core.proposals.numbers import spelled_value

_NEGATION = re.compile(
    r"\b(?:not|no|none|nobody|nothing|never|neither|nor|without|cannot|hardly|seldom|rarely|unable|fails? to|n't|lacks?"
    r"|prohibit\w*|forbid\w*|forbidden)\b|n't\b",
    re.I,
)
_MODALS = (
    (
        "must",
        re.compile(
            r"\b(?:must|shall|ha(?:s|ve|d) to|required? to|is required|are required|mandatory|needs? to)\b", re.I
        ),
    ),
    (
        "should",
        re.compile(
            r"\b(?:should|recommend(?:ed|s)?|ought to|encouraged|be sure to|make sure|please|better|advised?"
            r"|advisable)\b",
            re.I,
        ),
    ),
    ("may", re.compile(r"\b(?:may|might|can|could|optional\w*|allowed|permitted)\b", re.I)),
)
_CLAUSE_END = re.compile(r"[,;:()]|\s[–—-]\s|(?<=\w)[.!?](?=\s|$)")
_NEGATED_WORDS = 7
"""Words after a negation that it is about at most."""
_OPPOSITES = (
    ("at least", "at most"), ("minimum", "maximum"), ("more than", "less than"), ("more than", "fewer than"),
    ("before", "after"), ("always", "never"), ("always", "sometimes"), ("all", "some"), ("all", "none"),
    ("every", "some"), ("above", "below"), ("over", "under"), ("increase", "decrease"), ("increases", "decreases"),
    ("enabled", "disabled"), ("enable", "disable"), ("enables", "disables"), ("allow", "forbid"), ("true", "false"),
    ("optional", "required"), ("first", "last"), ("oldest", "newest"), ("largest", "smallest"), ("highest", "lowest"),
    ("longer", "shorter"), ("larger", "smaller"), ("higher", "lower"), ("greater", "smaller"), ("greater", "less"),
    ("start", "stop"), ("starts", "stops"), ("install", "remove"), ("installs", "removes"), ("open", "closed"),
    ("opens", "closes"), ("left", "right"), ("north", "south"), ("east", "west"), ("include", "exclude"),
    ("includes", "excludes"), ("accept", "reject"), ("accepts", "rejects"), ("read-only", "writable"), ("free", "paid"),
    ("public", "private"), ("up to", "at least"), ("since", "until"), ("faster", "slower"), ("better", "worse"),
    ("only", "also"),
)  # fmt: skip
_TRIM = re.compile(
    r"(?:ically|ations?|ating|ated|ates|ate|ities|ity|ments?|ness|ions?|ings?|edly|ly|ies|ers?|ors?|ed|es|al|s|y|e)$"
)
_CHANGED = {
    "wrote": "writ", "written": "writ", "made": "mak", "built": "build", "began": "begin", "begun": "begin",
    "was": "be",
    "kept": "keep", "held": "hold", "sent": "send", "ran": "run", "chosen": "choos", "chose": "choos", "gave": "giv",
    "given": "giv", "took": "tak", "taken": "tak", "found": "find", "bought": "buy", "sold": "sell", "led": "lead",
    "grew": "grow", "grown": "grow", "shown": "show", "meant": "mean", "men": "man", "children": "child",
    "people": "person",
}  # fmt: skip
_OPEN = frozenset(
    """
    also because called due exactly includes including known means named since so thing things thus way ways yes
    using used use uses has have make makes made done""".split()
)
"""Words that an answer may add: they bind, and state nothing."""
MAX_ADDED = 1 / 3
"""Share of the answer's words above which it says more than its quote; a single word may be a synonym."""


def why_not_supported(statement: str, answer: str, quote: str, known: str) -> str:
    """Return what is stated that the quote does not say; empty where it supports the statement and the answer.

    Args:
        quote: the whole sentences of the document.
        known: the question, and the headings above the passage: what the answer may repeat.
    """
    source = unify(quote)
    sentences = [part for part in re.split(r"(?<=[.!?])\s+", source) if part]
    for text in map(unify, (statement, answer)):
        near = max(sentences, key=lambda part: len(stems(part) & stems(text)), default=source)
        found = (_negated(text, near, source), _weakened(text, near), _turned(text, source), _exchanged(text, near))
        for wrong in found:
            if wrong:
                return wrong
        if added := added_words(text, f"{source}\n{unify(known)}"):
            return f"it says more than the quote: {', '.join(added)}"
    return ""


def added_words(text: str, source: str) -> list[str]:
    """Return the words of a text that a source does not have in any form, where they are too many to be synonyms."""
    known = stems(source)
    mine = [word for word in _plain_words(text) if spelled_value(word) is None]
    added = [word for word in dict.fromkeys(mine) if stem(word) not in known and word not in _OPEN]
    if len(added) <= 1 and len(set(mine)) > 2:
        return []
    return added if len(added) > MAX_ADDED * max(1, len(set(mine))) else []


def stems(text: str) -> set[str]:
    """Return the words of a text that say something, without their endings."""
    return {stem(word) for word in _plain_words(text)}


def stem(word: str) -> str:
    """Return a word without the endings that differ between its forms: maintain(er), creat(ion), writ(ten)."""
    if word in _CHANGED:
        return _CHANGED[word]
    word = re.sub(r"'s?$", "", word)
    for _ in range(2):
        short = _TRIM.sub("", word)
        if len(short) < 4:
            break
        word = short
    return word


def _plain_words(text: str) -> list[str]:
    found = re.findall(r"[^\W\d_][^\W\d_'-]*(?:'[^\W\d_]+)?", text.casefold())
    return [word for word in found if word not in STOP_WORDS and len(word) > 1]


def _negated(text: str, near: str, quote: str) -> str:
    mine = _NEGATION.search(text)
    if mine and not _NEGATION.search(quote):
        return f"it says “{mine[0]}”, and the quote does not"
    if not mine and len(text.split()) >= 4:
        stated = stems(text)
        for theirs in _NEGATION.finditer(near):
            if stems(_negated_part(near, theirs)) & stated:
                return f"the quote says “{theirs[0]}”, and it does not"
    return ""


def _negated_part(text: str, negation: re.Match[str]) -> str:
    """Return the words that a negation is about: those after it in its clause; at the end of one those before it."""
    after = _CLAUSE_END.split(text[negation.end() :], maxsplit=1)[0].split()[:_NEGATED_WORDS]
    if after:
        return " ".join(after)
    return " ".join(_CLAUSE_END.split(text[: negation.start()])[-1].split()[-_NEGATED_WORDS:])


def _weakened(text: str, near: str) -> str:
    """Return how a duty became a permission or the other way round."""
    mine = [name for name, pattern in _MODALS if pattern.search(text)]
    theirs = [name for name, pattern in _MODALS if pattern.search(near)]
    if mine and not set(mine) & set(theirs):
        if not theirs and mine == ["may"]:
            return ""  # "Debian can be installed by …" of "Debian installs …"
        return f"it says “{mine[0]}”, and the quote says {f'“{theirs[0]}”' if theirs else 'nothing of the kind'}"
    return ""


def _turned(text: str, quote: str) -> str:
    mine, theirs = text.casefold(), quote.casefold()
    for pair in _OPPOSITES:
        for one, other in (pair, pair[::-1]):
            if _has(mine, one) and not _has(theirs, one) and _has(theirs, other) and not _has(mine, other):
                return f"it says “{one}”, and the quote says “{other}”"
    return ""


def _exchanged(text: str, near: str) -> str:
    """Return two names that changed places around the same word: "Tuppence feeds Marrit" of "Marrit feeds Tuppence"."""
    if re.search(r"\bby\b", text) or re.search(r"\bby\b", near):
        return ""
    mine, theirs = text.casefold(), near.casefold()
    names = [name for name in entity_spellings(text) if mine.count(name) == theirs.count(name) == 1]
    for one in names:
        for other in names:
            first, second = mine.index(one), mine.index(other)
            other_at, one_at = theirs.index(other), theirs.index(one)
            if first < second and other_at < one_at:
                between = stems(mine[first + len(one) : second]) & stems(theirs[other_at + len(other) : one_at])
                if between:
                    return f"{one} and {other} changed places"
    return ""


def _has(text: str, part: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(part)}(?![\w-])", text) is not None
