"""Words that point at a document or at another place in it: "this manual", "the table above", "the author"."""

from __future__ import annotations

import re

_PARTS = (
    "appendix|appendices|article|book|booklet|brochure|chapter|column|diagram|document|documentation|example|excerpt"
    "|extract|faq|figure|footnote|guide|handbook|heading|illustration|leaflet|list|listing|manual|memo|note|notes|page"
    "|paper|paragraph|passage|picture|policy|pdf|quote|quotation|readme|report|section|sentence|snippet|specification"
    "|statement|subsection|table|text|tutorial|web ?page|website|wiki"
)
_PEOPLE = "author|authors|writer|writers|editor|editors|narrator|speaker"
_OF_WHAT = "“{0}” is not said of what"
_AT_DOCUMENT = "“{0}” points at the document"
_ELSEWHERE = "“{0}” points at another place of the document"
_POINTING = [
    # "this document", "these packages", "that file": what is near to whoever reads the page
    (re.compile(r"\b(?:this|these|those|such an?|such)\b(?! (?:as|that)\b)", re.I), _AT_DOCUMENT),
    (
        re.compile(
            rf"\bthat (?:{_PARTS}|{_PEOPLE}|package|file|case|value|field|option|command|system|program|number"
            rf"|name)s?\b",
            re.I,
        ),
        _AT_DOCUMENT,
    ),
    (re.compile(r"\b(?:what|who|why|how|where|when) (?:is|was|does|did|means?) that\b", re.I), "“that” has no name"),
    (
        re.compile(
            rf"\bthe (?:(?:same|current|given|present|provided|quoted|entire|whole) )?(?:{_PARTS})s?\b"
            r"(?! (?:of|for|about|by|on|in|called|named|titled) (?:the |an? )?[\w“\"'`/])(?! (?-i:[A-Z])"
            r"| [“\"'`/])(?!['’]s)",
            re.I,
        ),
        _OF_WHAT,
    ),
    (
        re.compile(
            rf"\bthe (?:{_PARTS})s? (?:of|for|about|by|on|in) (?:the |an? |this )?(?:{_PARTS}|{_PEOPLE}|question)\b",
            re.I,
        ),
        _OF_WHAT,
    ),
    (re.compile(rf"\bthe (?:{_PARTS})['’]s\b", re.I), _OF_WHAT),
    (
        re.compile(rf"\b(?:the|its|their|an?) (?:{_PEOPLE})\b(?! (?:of|for|behind) (?:the )?[\w“\"'`])", re.I),
        _OF_WHAT,
    ),
    (
        re.compile(
            rf"\bthe (?:{_PEOPLE}) (?:of|for|behind) (?:the |an? |this )?(?:{_PARTS}|it|that)\b(?! (?:of"
            rf"|on) (?-i:[A-Z]))",
            re.I,
        ),
        _OF_WHAT,
    ),
    (
        re.compile(
            r"\b(?:above|below|previously|earlier|later|following|aforementioned|afore?said|hereafter|hereby|herein"
            r"|foregoing|preceding)[- ](?:mentioned|described|listed|named|given|stated|defined|shown)\b",
            re.I,
        ),
        _ELSEWHERE,
    ),
    (
        re.compile(
            r"\b(?:mentioned|described|listed|named|given|stated|defined|shown|discussed|explained|quoted|presented|outlined)"
            r" (?:above|below|here|earlier|before|previously|later|there)\b",
            re.I,
        ),
        _ELSEWHERE,
    ),
    (
        re.compile(
            r"\bthe (?:above|below|following|preceding|previous|aforementioned|former|latter|next|said)\b"
            r"(?! (?:of|year|day|month|week|release|version|step) (?:(?-i:[A-Z])|[“\"']))",
            re.I,
        ),
        _ELSEWHERE,
    ),
    (
        re.compile(
            r"\b(?:table|figure|section|chapter|example|list|page|appendix|paragraph)s? (?:above|below)\b", re.I
        ),
        _ELSEWHERE,
    ),
    (
        re.compile(r"\b(?:above|below|hereafter|herein|aforementioned|hereinafter)\s*[?.!]*$", re.I),
        "“{0}” points at it",
    ),
    (
        re.compile(
            r"\b(?:according to|as|mentioned in|described in|stated in|in|from|based on|per) "
            rf"(?:the|this|that) (?:{_PARTS}|context|information|data|fact|facts|source|quote)s?\b(?! (?:of|about) )"
            r"(?! (?-i:[A-Z]))",
            re.I,
        ),
        _AT_DOCUMENT,
    ),
    (re.compile(r"\b(?:the context|the information (?:above|given|provided))\b", re.I), _AT_DOCUMENT),
]


def find_pointing(text: str) -> str:
    """Return which words of a text point at its document, and why that is a fault; empty if none do."""
    for pattern, reason in _POINTING:
        match = pattern.search(text)
        if match and not (reason is _OF_WHAT and re.search(r"\bthe [A-Z]", match[0])):  # the Section field
            return reason.format(match[0].strip())
    return ""
