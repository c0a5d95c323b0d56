"""A table in memory that finds texts by their words, with SQLite's FTS5."""

from __future__ import annotations

from typing import TYPE_CHECKING

from garage_tui.core.base.errors import GarageError

if TYPE_CHECKING:
    import sqlite3

_TOKENS = "porter unicode61 remove_diacritics 2"


def open_full_text(table: str, columns: str, impossible: str) -> sqlite3.Connection:
    """Return a database in memory with one empty FTS5 table; English words are found by their stems.

    Threads may share it, one at a time.

    Args:
        impossible: begins the error: what cannot be done without FTS5.

    Raises:
        GarageError: this Python's SQLite was built without FTS5.
    """
    import sqlite3

    found = sqlite3.connect(":memory:", check_same_thread=False)
    try:
        found.execute(f'CREATE VIRTUAL TABLE {table} USING fts5({columns}, tokenize="{_TOKENS}")')
    except sqlite3.OperationalError as error:
        raise GarageError(f"{impossible}: this Python's SQLite has no FTS5 ({error})") from error
    return found
