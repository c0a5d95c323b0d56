"""What a budget asks for and what was measured, in one table."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One row: of what, how much is allowed, how much it was, beside what measured in the same run."""

    what: str
    budget: float
    figure: float
    unit: str
    reference: str = ""

    @property
    def holds(self) -> bool:
        return self.figure <= self.budget


def show(figures: Iterable[Figure]) -> bool:
    """Print each row as it comes, and the machine; True where all budgets hold."""
    print(f"{'what':46} {'budget':>13} {'measured':>13}           reference, in the same run", flush=True)
    all_hold = True
    for one in figures:
        all_hold &= one.holds
        verdict = "held" if one.holds else "MISSED"
        print(
            f"{one.what:46} {number(one.budget, one.unit):>13} {number(one.figure, one.unit):>13}  {verdict:7}  "
            f"{one.reference}",
            flush=True,
        )
    print(machine())
    return all_hold


def number(value: float, unit: str) -> str:
    return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2}f} {unit}"


def machine() -> str:
    """Return what it was measured on, in a line."""
    model = next(
        (line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "?"
    )
    memory = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    system = f"{platform.system()} {platform.release().split('-')[0]}, Python {sys.version.split()[0]}"
    return (
        f"on {os.cpu_count()} × {model}, {memory / 1e6:.0f} GB, load {os.getloadavg()[0]:.1f}, "
        f"{system}, Textual {version('textual')}"
    )


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
