"""The owner of a process: each process of a run has the run folder's absolute path among its arguments."""

from __future__ import annotations

import os
from pathlib import Path

from garage_tui.core.base.sanitize import decoded, one_line
from garage_tui.core.runs.folder import MANIFEST

_PROC = Path("/proc")
_SERVER = "garage_tui.jobs.serve"
_RUNS = "checkpoints"
_LONGEST = 60
_MAX_KNOWN = 500
_known: dict[tuple[int, float], tuple[str, bool]] = {}


def owner(pid: int) -> tuple[str, bool]:
    """Return a process's run or server and True, if it is ours; else its program's name and False.

    The name is empty if the process is not visible: it is in another container, or has ended.
    """
    try:
        stat = (_PROC / str(pid)).stat()
    except OSError:
        return "", False
    key = pid, stat.st_ctime
    if key not in _known:
        if len(_known) >= _MAX_KNOWN:
            _known.clear()
        found = _find(pid, stat.st_uid == os.getuid())
        if not found[0] and not _is_kernel_thread(pid):
            return found  # the process may just be starting
        _known[key] = found
    return _known[key]


def _find(pid: int, own: bool) -> tuple[str, bool]:
    try:
        arguments = decoded((_PROC / str(pid) / "cmdline").read_bytes()).split("\0")
    except OSError:
        return "", False
    if own and (_SERVER in arguments or _SERVER in _leader(pid)):
        return "the chat's server", True
    # Paths of other users' processes are not opened: they may be anything, even on a disk that hangs.
    for argument in arguments[1:] if own else ():
        if argument.startswith("/") and Path(argument).parent.name == _RUNS and _is_run(argument):
            return one_line(Path(argument).name, _LONGEST), True
    program = Path(arguments[0]).name
    script = next((one for one in arguments[1:] if one and not one.startswith("-")), "")
    return one_line(f"{program} {script}" if program.startswith("python") else program, _LONGEST), False


def _is_kernel_thread(pid: int) -> bool:
    """Return whether a process is a thread of the kernel: its parent is kthreadd, which is process 2 (proc(5))."""
    try:
        return pid == 2 or (_PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()[1] == b"2"
    except OSError:
        return False


def _leader(pid: int) -> list[str]:
    """Return the command line of the session's first process: vLLM's workers rename themselves."""
    try:
        return decoded((_PROC / str(os.getsid(pid)) / "cmdline").read_bytes()).split("\0")
    except OSError:
        return []


def _is_run(path: str) -> bool:
    try:
        return Path(path, MANIFEST).is_file()
    except (OSError, ValueError):  # no permission, or too long a name
        return False
