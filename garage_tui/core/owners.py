"""Whose a process is: every process of a run carries the run folder's absolute path as an argument."""

from __future__ import annotations

from pathlib import Path

from garage_tui.core.runs import MANIFEST
from garage_tui.core.text import one_line

_PROC = Path("/proc")
_SERVER = "garage_tui.jobs.serve"
_LONGEST = 60


def owner(pid: int) -> tuple[str, bool]:
    """Return the name of the run that a process works for and True; else its program's name and False.

    The name is empty where the process cannot be seen: another user's, another container's, or gone.
    """
    try:
        words = (_PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return "", False
    for word in words[1:]:
        if word.startswith("/") and Path(word, MANIFEST).is_file():
            return one_line(Path(word).name, _LONGEST), True
    if _SERVER in words:
        return "the chat's server", True
    program = Path(words[0]).name
    script = next((word for word in words[1:] if not word.startswith("-")), "")
    return one_line(f"{program} {script}" if program.startswith("python") else program, _LONGEST), False
