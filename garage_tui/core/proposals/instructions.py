"""Text of a document that gives orders to a model. It states nothing about the world, so nothing of it is taught."""

from __future__ import annotations

import re
import unicodedata

from garage_tui.core.proposals.mixed_scripts import latin_letters
from garage_tui.core.proposals.normal_text import unify

_PATTERNS = [
    r"\b(?:ignore|disregard|forget|override|bypass|overlook)\b[^.]{0,40}\b(?:instruction|prompt|rule|guideline|direction|order"
    r"|context|message|check|above|previous|prior|before|everything|constraint)s?\b",
    r"\b(?:accept|approve|confirm|pass|mark)\b[^.]{0,30}\b(?:all|every|everything|each|any)\b[^.]{0,40}"
    r"\b(?:proposals?|facts?|checks?|rows?|answers?|questions?)\b",
    r"\b(?:accept|approve|confirm) (?:everything|all of (?:it|them|this|these))\b",
    r"\b(?:new|updated|following|these|my|hidden|secret|system) instructions?\b\s*(?::|are|follow|say)",
    r"\byou (?:are|'re) (?:now|no longer) [^.]{0,30}\b(?:ai|assistant|model|chatbot|gpt|llm|bot|dan|writer of facts)\b",
    r"\byou (?:are|'re) an? (?:ai\b|(?:large )?language model|chatbot|llm|helpful assistant)",
    r"\b(?:act|behave|respond|answer|reply|pretend)\b[^.]{0,20}\b(?:as if|as though|as an? (?:ai|assistant|model"
    r"|chatbot))\b",
    r"\b(?:system|developer|assistant) ?prompt\b",
    r"\b(?:reveal|print|repeat|output|show|leak|send)\b[^.]{0,30}\b(?:your|the) (?:system )?(?:prompt"
    r"|instructions?|key|password|secrets?)\b",
    r"\b(?:large )?language models?,? (?:must|should|shall|have to|please|reading this)\b",
    r"\b(?:note|message|attention|dear|hey|hello)[ ,:]+(?:to |for )?(?:the |all |any )?(?:ai|llm|chatgpt"
    r"|assistant|language model|bot)s?\b",
    r"\b(?:ai|llm|assistant|model)s?(?: reading| processing| that reads)\b",
    r"\b(?:respond|reply|answer|output|return|write|produce)\b[^.]{0,20}\b(?:only|exactly|just"
    r"|nothing but)\b[^.]{0,30}\b(?:json|yes|the word|following)\b",
    r"\bset\b[^.]{0,20}\b(?:state|status|checks?|passed)\b[^.]{0,12}\b(?:to|=)\b",
    r"<\|[^|>]{1,40}\|>|\[/?INST\]|<</?SYS>>|^\s*#{1,6}\s*(?:system|assistant|user|instruction)s?\b|^(?:system"
    r"|assistant|user) ?:",
    r"\"(?:state|checks|passed|quote|questions|exam_question|must|facts)\"\s*:",
]  # fmt: skip
_ORDERS = [re.compile(pattern, re.IGNORECASE | re.MULTILINE) for pattern in _PATTERNS]


_WIDE_BLANKS = dict.fromkeys(map(ord, "\u115f\u1160\u2800\u3164\uffa0"), " ")
"""Fillers that are painted as a blank, and that stand between words as one."""


def find_instruction(*texts: str) -> str:
    """Return a piece of one of the texts that gives orders to a model; empty where there is none.

    A text is searched as a reader sees it, who takes a Cyrillic е for an e: unseen characters are dropped, letters of
    other alphabets and letters in mathematical type become the Latin ones that they look like.
    """
    for text in texts:
        # A filler is a blank between two words, and nothing within one.
        plain_forms = dict.fromkeys((_as_seen(text.translate(_WIDE_BLANKS)), _as_seen(text)))
        for pattern in _ORDERS:
            for plain in plain_forms:
                if match := pattern.search(plain):
                    return " ".join(match[0].split())[:80]
    return ""


def _as_seen(text: str) -> str:
    return unify(latin_letters(text if text.isascii() else unicodedata.normalize("NFKC", unify(text))))
