"""The signs and leading points of numbers, written one way: minus 18, −18 and 18 below zero are one number."""

from __future__ import annotations

import re

MINUS = "\u2212"
"""The sign of a negative number; the hyphen of a date, a range or a name stays one."""
_CURRENCY = "[$€£¥]"
_SIGN = re.compile(rf"(?:(?<![^\s(\[{{=~≈<>|\"'“‘])|(?<={_CURRENCY}))(?<!\d )[-−–]({_CURRENCY}?)(?=\d)")
_MINUS_WORD = re.compile(rf"(?<!\d )\b(?:minus|negative) ({_CURRENCY}?)(?=\d)")
_BELOW_ZERO = re.compile(
    r"(?<![\w.,−-])(\d[\d.,]*\s?(?:(?:°|degrees?|deg)?\s?(?:c|f|celsius|fahrenheit|centigrade)?)?)"
    r" below (?:zero|freezing)\b"
)
_POINT = re.compile(r"(?<![\w.])\.(?=\d)")


def write_signs(text: str) -> str:
    """Return a text in lower case with the signs of its numbers as `MINUS`, and .5 as 0.5."""
    text = _POINT.sub("0.", text)
    text = _MINUS_WORD.sub(rf"\1{MINUS}", _SIGN.sub(rf"\1{MINUS}", text))
    return _BELOW_ZERO.sub(rf"{MINUS}\1", text)


def sign_of(number: str, text: str) -> str:
    """Return the minus or the leading point that digits have wherever a text has them; empty where they stand alone."""
    found = re.findall(rf"(?<![\w.,])((?:[-−–]{_CURRENCY}?)?\.?){re.escape(number)}(?!\w|[.,]\d)", text)
    signs = {_only_signs(before, text, number) for before in found}
    return signs.pop() if len(signs) == 1 else ""


def _only_signs(before: str, text: str, number: str) -> str:
    point = "." if before.endswith(".") else ""
    is_negative = f"{MINUS}{'0.' if point else ''}{number}" in write_signs(text)
    return f"{'-' if is_negative and before[:1] in '-−–' else ''}{point}"


def stands_alone(text: str, start: int, end: int) -> bool:
    """Return whether a number in a text is no part of another one: 5 is none of -5, 0.5, 5.25 and 5,000.

    Numbers with several separators are dates and versions, of which a part counts: 2016 in 3.10.2016.
    """
    if text[start - 1 : start] == MINUS:
        return False
    before, after = re.search(r"\d[.,]\Z", text[max(0, start - 2) : start]), re.match(r"[.,](\d+)", text[end:])
    if before and after:
        return True
    if before:
        return re.search(r"[\d][.,]\d+[.,]\Z", text[max(0, start - 40) : start]) is not None
    if after:
        more = re.match(r"[.,]\d", text[end + after.end() :])
        return more is not None or (text[end] == "." and not after[1].strip("0"))
    return True
