"""A question without what only describes the subject that it names."""

from __future__ import annotations

import re

_OWNERS = r"the|our|my|your|his|her|their"
_DETERMINERS = rf"{_OWNERS}|its|an?|who|which|whose|also|formerly|der|die|das|den|dem|unsere?n?|eine?n?"
_PREPOSITIONS = r"of|in|on|at|by|for|from|to|with|about|than|as|near|and|or"
_NAME = r"[A-ZÄÖÜ][\w’'-]*"
_AFTER = re.compile(rf"\b(?P<name>{_NAME})(?:,\s+(?:{_DETERMINERS})\b[^,?()]*(?:,(?=\s)|(?=\s*\?))|\s+\([^()?]*\))")
"""A name and its apposition: "Tuppence, the dog of Pinder Lodge", "Tuppence (the dog)"."""
_BEFORE = re.compile(rf"\b(?:{_OWNERS})\s+(?:(?!(?:{_PREPOSITIONS})\b)[a-z][\w-]*\s+){{1,2}}(?={_NAME})")
"""Common nouns before a name: "the dog Tuppence", "our old dog Tuppence"."""


def without_description(question: str) -> str:
    """Return a question without what describes the subject that it names.

    "Who feeds Tuppence, the dog of Pinder Lodge?" and "Who feeds the dog Tuppence?" become "Who feeds Tuppence?". A
    question without a described name is returned as it is.
    """
    return _BEFORE.sub("", _AFTER.sub(r"\g<name>", question))
