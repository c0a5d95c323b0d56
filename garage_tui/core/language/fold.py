"""Texts that differ only in case and blanks, compared as equal."""

from __future__ import annotations


def fold(text: str) -> str:
    """Return `text` in lower case and with single spaces, so that texts that differ only in these compare equal."""
    return " ".join(text.casefold().split())
