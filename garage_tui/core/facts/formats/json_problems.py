"""What is wrong with a text that is not JSON, in plain English: a line of a facts file, or a file to import."""

from __future__ import annotations

import re
from json import JSONDecodeError

NO_VALUE = "a value is missing, or a text without quotes"
_MESSAGES = {
    "Expecting value": NO_VALUE,
    "Expecting property name enclosed in double quotes": 'a key in "double quotes" is missing, or a comma is too many',
    "Expecting ',' delimiter": 'a comma is missing, or a quote within a text that should be \\"',
    "Expecting ':' delimiter": "a colon is missing after a key",
    "Unterminated string starting at": "a text begins here and has no closing quote",
    "Invalid control character at": "a control character; take it out, or write a line feed as \\n and a tab as \\t",
    "Invalid \\escape": "an unknown escape; write a \\ as \\\\",
    "Extra data": "text follows the object; give it a line of its own",
    "Illegal trailing comma before end of object": "a comma too many",
}
"""Messages of Python's JSON reader, in plain English."""
# Patterns, which `re` compiles at their first use: most starts of the app need none of them.
_BLANK = r"[ \t\r\n]*"
_COMMENT = r"\s*(?://|/\*|#)"
_PYTHON = {"True": "true", "False": "false", "None": "null"}


def explain(text: str, error: JSONDecodeError) -> tuple[int, str]:
    """Return (position in the text, what is wrong there) in plain English."""
    at = error.pos
    if error.msg.startswith(("Unterminated", "Invalid")):
        return at, _MESSAGES.get(error.msg, error.msg)
    found = re.compile(_BLANK).match(text, at)
    at = found.end() if found else at
    before = text[:at].rstrip(" \t\r\n")
    if before and at >= len(text):
        return at, "it ends in the middle of a value; a } or a ] may be missing, or it was cut off"
    if re.compile(_COMMENT).match(text, at):
        return at, "a comment, which JSON does not have; take it out"
    if text[at : at + 1] in ("]", "}") and before.endswith(","):
        return len(before) - 1, f"a comma before {text[at]}; take it out"
    if error.msg == "Extra data" and text[at : at + 1] == ",":
        return at, "a comma after the object; take it out"
    if text[at : at + 1] == "'":
        return at, "a text in 'single quotes'; JSON needs \"double quotes\""
    if text[at : at + 1] in ("“", "”", "„", "«"):
        return at, f'a curly quote {text[at]}; JSON needs straight "double quotes"'
    if (word := re.compile(r"[A-Za-z]*").match(text, at)) and word[0] in _PYTHON:
        return at, f"{word[0]}, which JSON writes as {_PYTHON[word[0]]}"
    return error.pos, _MESSAGES.get(error.msg, error.msg)
