"""The entries of a ledger as text, for commands and screens."""

from __future__ import annotations

from collections.abc import Mapping

from garage_tui.core.base.format import moment, plural
from garage_tui.core.school.ledger import STATUSES, FactStatus, Ledger, LedgerEntry
from garage_tui.core.school.same_statement import TELLING, content_stems

SIGNS: Mapping[FactStatus, str] = {
    "learned": "✓",
    "in the book": "○",
    "waiting": "!",
    "failed": "✗",
    "superseded": "→",
    "removed": "-",
}
"""One sign for each status; the word stands beside it wherever there is room."""
GONE: tuple[FactStatus, ...] = ("superseded", "removed")
"""What is not in the facts file any more."""


def fact_text(entry: LedgerEntry) -> str:
    """Return a fact as a person recognises it: an answer that says too little by itself behind its question."""
    says_little = entry.content == entry.answer and len(content_stems(entry.answer)) < TELLING
    return f"{entry.question} → {entry.answer}" if entry.question and says_little else entry.content


def describe_entry(entry: LedgerEntry, now: float) -> str:
    """Return what there is to say about a fact's status besides the word: by which run, when, how well, and why.

    Args:
        now: seconds since 1970, to which times are told.
    """
    parts = [f"by {entry.run}"] if entry.run and not entry.successor else []
    if entry.successor:
        parts.append(f"by “{entry.successor}”")
    if entry.of:
        parts.append(f"{entry.right} of {plural(entry.of, 'question')} right")
    if entry.examined and entry.of:
        parts.append(f"examined {moment(entry.examined, now)}")
    if entry.reason:
        parts.append(entry.reason)
    return ", ".join(parts)


def describe_counts(ledger: Ledger) -> str:
    """Return how many facts there are of each status, in one line."""
    counts = {status: count for status in STATUSES if (count := ledger.count(status))}
    here = [f"{count:,} {status}" for status, count in counts.items() if status not in GONE]
    gone = [f"{count:,} {status}" for status, count in counts.items() if status in GONE]
    facts = plural(sum(bool(entry.lines) for entry in ledger.entries), "fact")
    text = f"{facts}: {', '.join(here)}" if here else facts
    return f"{text}; taught and not there any more: {', '.join(gone)}" if gone else text
