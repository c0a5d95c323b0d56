"""Exceptions that nobody can catch: those that end a thread, or that come up while something is cleaned up."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def passing_on(take: Callable[[BaseException, str], object]) -> Iterator[None]:
    """Within `with`, pass such exceptions on; Python would print their tracebacks.

    Args:
        take: is called with an exception and what was going on, perhaps in another thread.
    """
    before = threading.excepthook, sys.unraisablehook

    def in_thread(found: threading.ExceptHookArgs) -> None:
        if isinstance(found.exc_value, Exception):
            take(found.exc_value, f"thread {found.thread.name if found.thread else '?'}")

    def in_cleaning_up(found: sys.UnraisableHookArgs) -> None:
        if isinstance(found.exc_value, Exception) and not isinstance(found.exc_value, Warning):
            take(found.exc_value, found.err_msg or "cleaning up")

    threading.excepthook, sys.unraisablehook = in_thread, in_cleaning_up
    try:
        yield
    finally:
        threading.excepthook, sys.unraisablehook = before
