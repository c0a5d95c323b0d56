"""A terminal that answers all that it is asked, in order, and as late as the line to it is long."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import termios
import time
from collections import deque

_ASKED = re.compile(
    rb"\x1b_G[^\x1b]*a=q[^\x1b]*\x1b\\|\x1b\[>q|\x1b\[1[46]t|\x1b\[\?[12];1;0S|\x1b\[\?(\d+)\$p|\x1b\[[56]n|\x1b\[c"
)


def _answer(asked: re.Match[bytes]) -> bytes:
    words = asked[0]
    if words.startswith(b"\x1b_G"):
        return b"\x1b_Gi=31;OK\x1b\\"
    if asked[1]:
        return b"\x1b[?%s;2$y" % asked[1]
    return {
        b"\x1b[>q": b"\x1bP>|kitty(0.43.1)\x1b\\",
        b"\x1b[16t": b"\x1b[6;20;10t",
        b"\x1b[14t": b"\x1b[4;800;1200t",
        b"\x1b[?1;1;0S": b"\x1b[?1;0;256S",
        b"\x1b[?2;1;0S": b"\x1b[?2;0;1200;800S",
        b"\x1b[5n": b"\x1b[0n",
        b"\x1b[6n": b"\x1b[1;1R",
        b"\x1b[c": b"\x1b[?62;22c",
    }[words]


class LateTerminal:
    """A program in a pty of 120 by 40; the test is the terminal.

    Args:
        command: the program and its arguments.
        late: seconds until an answer is sent.
    """

    def __init__(self, command: list[str], late: float = 0.0, **variables: str) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            for name in ("TMUX", "NO_COLOR", "COLORTERM", "GARAGE_PICTURES", "LC_ALL"):
                os.environ.pop(name, None)
            os.environ.update({"TERM": "xterm-kitty", "LANG": "C.UTF-8"} | variables)
            os.execvp(command[0], command)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("4H", 40, 120, 1200, 800))
        self.late, self.seen, self._looked = late, b"", 0
        self.asked: list[bytes] = []
        self._answers: deque[tuple[float, bytes]] = deque()

    def send(self, data: bytes) -> None:
        """Type, or say anything else that a terminal says."""
        os.write(self.fd, data)

    def read(self, seconds: float) -> bytes:
        """Take what is sent for a while, answer what is asked, and return what came."""
        before, end = len(self.seen), time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            while self._answers and self._answers[0][0] <= now:
                self.send(self._answers.popleft()[1])
            if not select.select([self.fd], [], [], min(end - now, 0.01))[0]:
                continue
            try:
                data = os.read(self.fd, 65536)
            except OSError:  # EIO: nobody has it open any more
                break
            self.seen += data
            for asked in _ASKED.finditer(self.seen, self._looked):
                self.asked.append(asked[0])
                self._answers.append((time.monotonic() + self.late, _answer(asked)))
                self._looked = asked.end()
        return self.seen[before:]

    def reads(self, *wanted: bytes, seconds: float = 60) -> bytes:
        """Read until all of `wanted` have come, and return everything so far."""
        end = time.monotonic() + seconds
        while not all(part in self.seen for part in wanted):
            assert time.monotonic() < end, f"{wanted} not sent; but:\n{self.seen[-3000:]!r}"
            self.read(0.05)
        return self.seen

    def hang_up(self) -> None:
        """Be gone, as a terminal is whose window is closed."""
        os.close(self.fd)
        self.fd = -1

    def close(self) -> None:
        """End the program, and be gone."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, 9)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
        if self.fd >= 0:
            os.close(self.fd)
