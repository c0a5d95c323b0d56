"""What the kernel says of a process."""

from __future__ import annotations

from pathlib import Path


def ticks(pid: int) -> int:
    """Return the clock ticks of processor that it has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def megabytes(pid: int) -> float:
    """Return its resident memory; one that has ended and is not waited for yet has none."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")), 0) / 1024
