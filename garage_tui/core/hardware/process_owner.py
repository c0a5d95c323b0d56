"""Whose a process is: every process of a run carries the run folder's absolute path as an argument."""

from __future__ import annotations

import os
from pathlib import Path

from garage_tui.core.base.sanitize import one_line
from garage_tui.core.runs.folder import MANIFEST

_PROC = Path("/proc")
_SERVER = "garage_tui.jobs.serve"
_RUNS = "checkpoints"
_LONGEST = 60
_MOST_KNOWN = 500
_known: dict[tuple[int, float], tuple[str, bool]] = {}


def owner(pid: int) -> tuple[str, bool]:
    """Return the name of the run that a process works for and True; else its program's name and False.

    The name is empty where the process cannot be seen: another user's, another container's, or gone.
    """
    try:
        seen = (_PROC / str(pid)).stat()
    except OSError:
        return "", False
    key = pid, seen.st_ctime
    if key not in _known:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        found = _look(pid, seen.st_uid == os.getuid())
        if not found[0]:
            return found  # it may just be starting
        _known[key] = found
    return _known[key]


def _look(pid: int, own: bool) -> tuple[str, bool]:
    try:
        words = (_PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return "", False
    if own and (_SERVER in words or _SERVER in _leader(pid)):
        return "the chat's server", True
    # Paths of other people's processes are not looked at: they may be anything, and on a disk that hangs.
    for word in words[1:] if own else ():
        if word.startswith("/") and Path(word).parent.name == _RUNS and _is_run(word):
            return one_line(Path(word).name, _LONGEST), True
    program = Path(words[0]).name
    script = next((word for word in words[1:] if word and not word.startswith("-")), "")
    return one_line(f"{program} {script}" if program.startswith("python") else program, _LONGEST), False


def _leader(pid: int) -> list[str]:
    """Return the command line of the first process of its session: vLLM's processes give themselves other names."""
    try:
        return (_PROC / str(os.getsid(pid)) / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def _is_run(path: str) -> bool:
    try:
        return Path(path, MANIFEST).is_file()
    except (OSError, ValueError):  # no permission, too long a name
        return False
