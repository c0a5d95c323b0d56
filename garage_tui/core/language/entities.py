"""Tokens, named entities (names, numbers, URLs) and content words of English text."""

from __future__ import annotations

import re

from garage_tui.core.language.fold import composed

# Each part ends somewhere, and none is tried again from its middle: else a page of text without spaces takes minutes.
_URL = re.compile(
    r"(?:https?://|www\.)\S+"
    r"|(?<![\w.+-])[\w.+-]{1,64}+@[\w-]++(?:\.[\w-]++)++"
    r"|\b[\w-]{1,63}+(?:\.[\w-]{1,63}+){1,20}+/\S*",
    re.IGNORECASE,
)
_WORD = re.compile(r"\d+(?:[.,:]\d+)*(?![^\W_])|[^\W_]+(?:[.'’&][^\W_]+)*(?:\+\+|#)?")
_SENTENCE_BEGINS = re.compile(r"(?:\A|[.!?:…\n\"“”‘(\[]|^[-*•])[\s\"“‘(\[]*\Z")
_POSSESSIVE = re.compile(r"['’]s?\Z")
_WRAPS = ".,;:!?…'\"’”>)]}*`"

_STOP = """
    a about above after again all also am an and another any anybody anyone are as at be because been before being
    below between both but by can could did do does doing done each either else every few for from further get had has
    have having he her here hers him his how i if in into is it its just let like many may me might mine more most much
    must my no nor not now of off on once one only or other our ours out over own per please same shall she should so
    some somebody someone such than that the their theirs them then there these they this those through to too under
    until up upon us use used using very was we were what when where whether which while who whom whose why will with
    within without would yes you your yours i'm i've i'd i'll don't doesn't didn't isn't aren't can't e.g i.e"""
STOP_WORDS = frozenset(_STOP.split())
"""Function words, which say nothing about the topic of a text."""
_OPENERS = """
    add alright although always answer anything apart ask assume based besides briefly buy call change check choose
    click close come compare consider contribute count create currently define delete describe despite discuss download
    during elaborate enter everyone everything exactly explain explore fill find finally first follow generally give
    given go hello help hey hi hold how's however identify imagine in inform install instead introduce keep know later
    launch learn list look make mention modify move name near never next nobody nothing often ok okay once open
    originally outline people perhaps pick press provide put quick quickly read recently recall remember remove report
    run say search see select self send set show simply since sometimes somewhere specify start state still stop suggest
    summarise summarize sure take talk teach tell thanks think today together tomorrow try turn type typically unlike
    usually visit wait want well what's when's where's who's whenever wherever write yesterday yet that's it's there's
    """
SENTENCE_OPENERS = STOP_WORDS | frozenset(_OPENERS.split())
"""Words that often begin a sentence, where a capital letter does not make them a name."""
_SINGULAR = {"always", "gas", "lens", "news", "perhaps", "series", "species", "yes"}


def entity_spellings(text: str) -> dict[str, str]:
    """Return the named entities of a text: in lower case → as they are spelled there, with composed letters."""
    found: dict[str, str] = {}
    text = composed(text)
    for match in _URL.finditer(text):
        url = match[0].rstrip(_WRAPS)
        found.setdefault(url.casefold(), url)
    rest = _URL.sub(lambda match: " " * len(match[0]), text)
    shouting = rest.isupper()
    for match in _WORD.finditer(rest):
        word = _POSSESSIVE.sub("", match[0])
        folded = _folded_number(word.casefold())
        # Of a text all in capitals, no capital says anything.
        capital = word[0].isupper() and not shouting
        inside = not shouting and any(letter.isupper() for letter in word[1:])
        number = any(letter.isdigit() for letter in word)
        # A stop word counts only where its capitals say so: the US, IT.
        if number or inside or word[-1] in "+#" or ("." in word and folded not in STOP_WORDS):
            found.setdefault(folded, word)
        elif capital and folded not in STOP_WORDS:
            begins = _SENTENCE_BEGINS.search(rest[max(0, match.start() - 80) : match.start()])
            if not begins or folded not in SENTENCE_OPENERS:
                found.setdefault(folded, word)
    return found


def find_entities(text: str) -> frozenset[str]:
    """Return the named entities of a text (names, numbers, URLs), in lower case."""
    return frozenset(entity_spellings(text))


def tokenize(text: str) -> frozenset[str]:
    """Return the set of tokens of a text (words, numbers, URLs), in lower case."""
    text = composed(text)
    urls = (match[0].rstrip(_WRAPS).casefold() for match in _URL.finditer(text))
    rest = _URL.sub(" ", text).casefold()
    return frozenset([*urls, *(_folded_number(_POSSESSIVE.sub("", word)) for word in _WORD.findall(rest))])


def content_words(text: str) -> frozenset[str]:
    """Return the tokens without stop words, in lower case, plurals as singulars."""
    return frozenset(_singular(word) for word in tokenize(text) if word not in STOP_WORDS)


def _folded_number(word: str) -> str:
    """Return 2,000 as 2000; 3,5 stays."""
    return word.replace(",", "") if re.fullmatch(r"\d{1,3}(?:,\d{3})+", word) else word


def _singular(word: str) -> str:
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")) or word in _SINGULAR or "." in word:
        return word
    return word[:-3] + "y" if word.endswith("ies") and len(word) > 4 else word[:-1]
