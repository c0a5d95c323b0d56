"""Whether a question can be understood without the turns before it."""

from __future__ import annotations

import re

# Words that point back, unless something in the same question is named before them.
_POINTS_BACK = re.compile(
    r"\b(?:it|its|it's|he|him|his|he's|she|her|hers|she's|they|them|their|theirs|they're|these|those"
    r"|(?<!is )(?<!are )(?<!was )(?<!were )there(?!\s+(?:is|are|was|were|be|any))"
    r"|the\s+(?:former|latter|same|previous|above|last\s+ones?)"
    r"|that(?=\s*(?:[?.!,]|$|is\b|was\b|mean|happen|work|so\b|about|in\b|for\b|to\b|like))"
    r"|this(?=\s*(?:[?.!,]|$|is\b|was\b|mean|one\b)))\b",
    re.IGNORECASE,
)
_THAT_IS = re.compile(r"^\W*(?:\w+\s+){1,3}(?:that|this)\W*$", re.IGNORECASE)
_GOES_ON = re.compile(
    r"^\W*(?:and|but|or|so|then|also|what about|how about|what else|which ones?|anything else|who else|where else"
    r"|tell me more|thanks|thank you|are you sure|another one|give me (?:more|another)"
    r"|und|aber|oder|et|mais|y|pero|e|ma|en)\b(?!-)",
    re.IGNORECASE,
)
_COMMAND = re.compile(
    r"^\W*(?:(?:please|continue|go on|explain|rewrite|translate|summari[sz]e|shorten|shorter|longer|more|again|really"
    r"|elaborate|in detail|another|why|it|that|this|to \w+|into \w+|in \w+)\b\W*)+$",
    re.IGNORECASE,
)
_BARE = re.compile(r"^\W*(?:why|how|when|where|who|which|what|how (?:so|much|many|long|far|old)|why not)\W*$", re.I)
_NAME = re.compile(r"(?<=[\w,;:)] )(?!I\b)[A-ZÀ-Þ][\w'’-]+")


def needs_context(question: str) -> bool:
    """Return whether a question that follows another one seems to need it: "And how old is he?", "Why?".

    A word such as "he" does not, if the question itself names somebody before it.
    """
    if any(pattern.match(question) for pattern in (_GOES_ON, _COMMAND, _BARE, _THAT_IS)):
        return True
    found = _POINTS_BACK.search(question)
    return bool(found) and not (found and _NAME.search(question[: found.start()]))
