"""The phases of a job in a shell: a progress bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn

from garage_tui.core.base.phase import Phase
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.terminal.safe_stdout import unwrapped

_REPORT_SECONDS = 5.0


def bar_columns() -> tuple[ProgressColumn, ...]:
    """Return the columns of a progress bar whose tasks have a field `numbers`."""
    return (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[numbers]}", markup=False),
    )


def print_phases(lines: Iterable[bytes]) -> None:
    """Show the phases that a job reports, one JSON list `[text, done, total, unit]` a line, as they come."""
    console = Console(file=unwrapped(sys.stdout))
    if not console.is_terminal:
        _print_lines(lines)
        return
    last = ""
    with Progress(*bar_columns(), console=console, transient=True, refresh_per_second=4) as bar:
        task = bar.add_task("starting", total=None, numbers="")
        for phase in _phases(lines):
            last = phase.text
            bar.update(
                task,
                description=last,
                completed=phase.done,
                total=phase.total or None,
                numbers=phase.numbers,
            )
    print(last, flush=True)


def _print_lines(lines: Iterable[bytes]) -> None:
    last, printed = "", 0.0
    for phase in _phases(lines):
        if phase.text == last and time.monotonic() - printed < _REPORT_SECONDS:
            continue
        print(phase.text if phase.text != last else phase.describe(), flush=True)
        last, printed = phase.text, time.monotonic()


def _phases(lines: Iterable[bytes]) -> Iterator[Phase]:
    """Yield each report as a phase, with the time at which it began."""
    text, started = "", 0.0
    for line in lines:
        new, done, total, unit = json.loads(line)
        if new != text:
            text, started = new, time.time()
        yield Phase(one_line(text, 200), done, total, unit, started)
