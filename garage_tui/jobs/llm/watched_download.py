"""Watches a download by what arrives on the disk, and reports it: not every program says how far it is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from garage_tui.core.base.files_under import files_under
from garage_tui.core.base.phase import Say

_POLL_SECONDS = 0.5


def watched(download: Callable[[], object], folder: Path, size: int, say: Say, text: str) -> Exception | None:
    """Call `download` in a thread of its own, report how much has arrived in `folder`, and return what was raised.

    Args:
        size: bytes that will arrive; 0 where that is unknown.
        say: may raise to cancel.
        text: what is reported: `downloading from the Hub`.
    """
    raised: list[Exception] = []

    def work() -> None:
        try:
            download()
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=work, daemon=True, name="download")  # a cancelled job does not wait for it
    thread.start()
    while thread.is_alive():
        say(text, *megabytes(min(_bytes_in(folder), size), size))
        thread.join(_POLL_SECONDS)
    return raised[0] if raised else None


def megabytes(done: int, total: int) -> tuple[int, int, str]:
    """Return the arguments of `say` for a count of bytes."""
    return round(done / 1e6), max(1, round(total / 1e6)) if total else 0, "MB"


def _bytes_in(folder: Path) -> int:
    """Return the bytes on disk of all files in a folder; those that are moved or removed meanwhile are left out."""
    found = 0
    for file in files_under(folder):
        with suppress(OSError):
            found += file.lstat().st_blocks * 512
    return found
