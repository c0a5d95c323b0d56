"""What the app does about an exception that nobody expected: it writes a report, shows a sentence, and goes on."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from garage_tui.app.monitor import ErrorOutside, from_home
from garage_tui.core.base.error_report import headline, write_report

if TYPE_CHECKING:
    from garage_tui.app.host import AppHost

_SHOWN = 3
"""How often in a row the same error is shown; a timer or a paint repeats it for ever."""
_QUIET_SECONDS = 30.0
"""An error that has not come for so long is shown again."""
_TOO_MANY, _IN_SECONDS = 200, 10.0
"""With so many errors in so many seconds the app is of no use any more."""


class UnexpectedErrors:
    """Reports each kind of error once, and shows it where the user looks."""

    def __init__(self, app: AppHost) -> None:
        self._app = app
        self._known: dict[tuple[str, ...], _Kind] = {}
        self._times: deque[float] = deque(maxlen=_TOO_MANY)
        self.last = ""
        """The end of a sentence on the last error, from behind a `(`: its name, its text, the path of its report."""

    def listen(self) -> None:
        """Hear of exceptions in tasks that nobody awaits, which asyncio would print."""
        asyncio.get_running_loop().set_exception_handler(self._in_task)

    def in_thread(self, error: BaseException, doing: str) -> None:
        """Take an exception that ended a thread; called in that thread."""
        if isinstance(error, Exception) and not self._app.post_message(ErrorOutside(error, doing)):
            write_report(error, doing)  # the app has ended

    def take(self, error: Exception, doing: str, painting: bool = False) -> bool:
        """Report an error and show it; return whether the app can go on."""
        now = time.monotonic()
        kind = self._known.setdefault(_kind_of(error), _Kind())
        if now - kind.last > _QUIET_SECONDS:
            kind.count = 0
        kind.count, kind.last = kind.count + 1, now
        if not kind.details:
            path, why = write_report(error, f"garage (the app): {doing}")
            kind.details = f"the details are in {from_home(path)}" if path else f"no report could be written ({why})"
        self.last = f"{headline(error)}); {kind.details}"
        if kind.count <= _SHOWN:
            self.show_last()
        if painting:  # as often as the screen changes
            return True
        self._times.append(now)
        return len(self._times) < _TOO_MANY or now - self._times[0] > _IN_SECONDS

    def show_last(self) -> None:
        """Show the last error in front."""
        try:
            self._app.show_error(f"Something went wrong, and the app goes on ({self.last}")
        except Exception as error:  # the screen itself may be what is broken
            write_report(error, "garage (the app): showing an error")

    def _in_task(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if isinstance(error := context.get("exception"), Exception):
            self._app.post_message(ErrorOutside(error, str(context.get("message", "a task"))))


class _Kind:
    """Errors of one class from one line of the code."""

    count = 0
    """How many there were, without a long pause in between."""
    last = float("-inf")
    details = ""


def _kind_of(error: Exception) -> tuple[str, ...]:
    frames = traceback.extract_tb(error.__traceback__)[-1:]
    return (type(error).__name__, *(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames))
