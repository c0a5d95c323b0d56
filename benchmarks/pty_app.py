"""A terminal app under a pty, as a terminal sees it: what it sends, when a text is there, and what it costs."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from processes import megabytes, ticks

_ESCAPES = re.compile(
    rb"\x1b\[[0-9;?<>=]*[ -/]*[@-~]|\x1b[()][A-Z0-9]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[PX^_].*?\x1b\\|\x1b[=>78M]",
    re.S,
)
_ASKED = re.compile(rb"\x1b\[(?:0)?c")
KEYS = {"f2": b"\x1bOQ", "f3": b"\x1bOR", "f4": b"\x1bOS", "f5": b"\x1b[15~", "f6": b"\x1b[17~", "down": b"\x1b[B"}
KEYS |= {"up": b"\x1b[A", "home": b"\x1b[H", "end": b"\x1b[F", "pageup": b"\x1b[5~"}


class PtyApp:
    """A process under a pty of its own.

    Args:
        command: what is started.
        size: columns and rows.
    """

    def __init__(self, command: Sequence[str], size: tuple[int, int] = (120, 40)) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            left_out = ("TMUX", "COLUMNS", "LINES", "NO_COLOR", "PYTHONDONTWRITEBYTECODE")
            env = {name: value for name, value in os.environ.items() if name not in left_out}
            os.execvpe(command[0], list(command), {**env, "TERM": "xterm-256color", "COLORTERM": "truecolor"})
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.sent = 0
        """Bytes that it has sent to the terminal."""

    def read(self, seconds: float, until: bytes | None = None) -> float | None:
        """Read for so long, or until a text is there; return how long that took, None where it did not come."""
        seen, start = b"", time.perf_counter()
        while (left := seconds - (time.perf_counter() - start)) > 0:
            if not select.select([self.fd], [], [], left)[0]:
                continue
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return None
            self.sent += len(data)
            if _ASKED.search(data):
                os.write(self.fd, b"\x1b[?62;22c")  # as a plain terminal would
            seen += data
            if until is not None and until in _ESCAPES.sub(b"", seen):
                return time.perf_counter() - start
        return None

    def quiet(self, seconds: float = 0.3, most: float = 20.0) -> None:
        """Read until nothing has come for so long."""
        end = time.perf_counter() + most
        while time.perf_counter() < end and select.select([self.fd], [], [], seconds)[0]:
            try:
                self.sent += len(os.read(self.fd, 65536))
            except OSError:
                return

    def press(self, key: str) -> float:
        """Press a key; return the seconds until the first byte of the painting that it causes."""
        start = time.perf_counter()
        os.write(self.fd, KEYS.get(key, key.encode()))
        select.select([self.fd], [], [], 5)
        return time.perf_counter() - start

    def press_until(self, key: str, text: str) -> float:
        """Press a key; return the seconds until a text is there.

        Raises:
            TimeoutError: it did not come within ten seconds.
        """
        start = time.perf_counter()
        os.write(self.fd, KEYS.get(key, key.encode()))
        if self.read(10, text.encode()) is None:
            raise TimeoutError(f"{key}: {text!r} was not seen")
        return time.perf_counter() - start

    @property
    def cpu(self) -> float:
        """Seconds of a core that it and its children have used."""
        used = 0
        for pid in self._tree():
            with contextlib.suppress(OSError):
                used += ticks(pid)
        return used / os.sysconf("SC_CLK_TCK")

    @property
    def megabytes(self) -> float:
        """Resident memory of it and its children."""
        total = 0.0
        for pid in self._tree():
            with contextlib.suppress(OSError):
                total += megabytes(pid)
        return total

    def _tree(self) -> list[int]:
        children: dict[int, list[int]] = {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                parent = int(path.read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(path.parent.name))
        found, todo = [], [self.pid]
        while todo:
            found.append(todo.pop())
            todo += children.get(found[-1], [])
        return found

    def end(self) -> None:
        for pid in self._tree():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        os.close(self.fd)
        os.waitpid(self.pid, 0)


@contextlib.contextmanager
def opened(command: Sequence[str], ready: str, size: tuple[int, int] = (120, 40)) -> Iterator[tuple[PtyApp, float]]:
    """Start an app; yield it and the seconds until a text was on its screen.

    Raises:
        TimeoutError: the text did not come.
    """
    start = time.perf_counter()
    app = PtyApp(command, size)
    try:
        if app.read(60, ready.encode()) is None:
            raise TimeoutError(f"{' '.join(command)}: {ready!r} was not seen")
        yield app, time.perf_counter() - start
    finally:
        app.end()
