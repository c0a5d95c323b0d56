"""The processes of runs and of the chat's server on this box: how much processor and memory each of them takes."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import NamedTuple

from garage_tui.core.hardware.process_owner import owner

_PROC = Path("/proc")
_EVERY = 5.0
"""Seconds between two searches of all processes; those that were found to be ours are measured at each reading."""
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class OwnProcess(NamedTuple):
    """The processes of one run, or of the server, together."""

    name: str
    memory: int
    """Bytes of main memory; what several processes share (a mapped model) is divided among them."""
    cores: float | None = None
    """Mean number of cores that were used since the previous reading; None in the first one."""


class OwnProcessMeter:
    """Measures our processes again and again. One thread at a time may use it."""

    def __init__(self) -> None:
        self._pids: tuple[int, ...] = ()
        self._listed = -_EVERY
        self._ticks: dict[int, int] = {}
        self._memory: dict[int, int] = {}
        self._read = 0.0

    def read(self) -> tuple[OwnProcess, ...]:
        """Return what our processes take now, the busiest first; empty where there is no /proc."""
        now = time.monotonic()
        if now - self._listed >= _EVERY:
            self._pids, self._listed = tuple(pid for pid in _pids() if pid != os.getpid() and owner(pid)[1]), now
            self._memory = {}
        ticks: dict[int, int] = {}
        found: dict[str, OwnProcess] = {}
        seconds = now - self._read
        for pid in self._pids:
            name, ours = owner(pid)
            usage = _usage(pid) if ours else None  # the number may be another process's by now
            if usage is None:
                continue
            ticks[pid], resident = usage
            if pid not in self._memory:  # with every listing: the kernel walks all pages of the process for it
                self._memory[pid] = _share_of_memory(pid) or resident
            memory = self._memory[pid]
            before = self._ticks.get(pid)
            cores = (ticks[pid] - before) / _TICKS / seconds if before is not None and seconds > 0 else None
            old = found.get(name, OwnProcess(name, 0))
            found[name] = OwnProcess(name, old.memory + memory, _sum(old.cores, cores))
        self._ticks, self._read = ticks, now
        return tuple(sorted(found.values(), key=lambda one: (-(one.cores or 0.0), -one.memory)))


def _sum(one: float | None, other: float | None) -> float | None:
    return other if one is None else one if other is None else one + other


def _pids() -> list[int]:
    try:
        return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdecimal()]
    except OSError:
        return []


def _usage(pid: int) -> tuple[int, int] | None:
    """Return the clock ticks that a process has used and its resident bytes (proc(5)); None once it has ended."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    if fields[0] == "Z":
        return None
    return int(fields[11]) + int(fields[12]), int(fields[21]) * _PAGE


def _share_of_memory(pid: int) -> int | None:
    """Return the proportional set size of a process in bytes (proc(5)); None where the kernel does not tell it."""
    try:
        rollup = (_PROC / str(pid) / "smaps_rollup").read_text()
    except OSError:
        return None
    found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    return int(found[1]) * 1024 if found else None
