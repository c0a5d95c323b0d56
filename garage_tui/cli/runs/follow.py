"""Following of a run in a shell until it ends: as a progress bar, as plain lines, or as JSON lines."""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from garage_tui.cli.phase_bar import bar_columns
from garage_tui.core.base.format import rough_time
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.tail import FileFollower
from garage_tui.core.runs.diffusion_files import parse_sheet
from garage_tui.core.runs.folder import EVENTS
from garage_tui.core.runs.grades import LEGEND
from garage_tui.core.runs.probe_events import Probe, parse_probe
from garage_tui.core.runs.record import Run, read_run
from garage_tui.core.terminal.safe_stdout import unwrapped

_POLL_SECONDS = 0.2
_REPORT_SECONDS = 5.0


def watch(folder: Path) -> Iterator[tuple[Run, list[dict[str, Any]]]]:
    """Yield the run and its new events, five times a second, until it has ended and its last event was read."""
    events, ended = FileFollower(folder / EVENTS), False
    while True:
        run = read_run(folder)
        # A job writes its last state before its last event: while its processes live, the event is still to come.
        over = run.over and (ended or not run.alive)
        new = events.events(final=over)
        ended = new[-1].get("event") == "ended" if new else ended  # an earlier one is from before a resume
        yield run, new
        if over and not events.behind:
            return
        if not events.behind:
            time.sleep(_POLL_SECONDS)


def follow_as_json(folder: Path) -> int:
    """Print every event as a line of JSON. Returns the exit code of the command."""
    try:
        for _, events in watch(folder):
            for event in events:
                print(json.dumps(event), flush=True)
    except KeyboardInterrupt:
        return 0
    run = read_run(folder)
    if run.status == "interrupted":  # no process was left to write the last event
        print(json.dumps({"event": "ended", "state": run.status, "reason": run.reason}), flush=True)
    return exit_code(run)


def follow_as_text(folder: Path) -> int:
    """Draw a progress bar, or print plain lines without a terminal; after Ctrl-C the run continues."""
    console = Console(file=unwrapped(sys.stdout))  # the text in the bar is sanitised
    try:
        if console.is_terminal:
            _draw_bar(folder, console)
        else:
            _print_lines(folder)
    except KeyboardInterrupt:
        name = folder.name
        print(f"\n{name} continues: `garage logs {name} -f` follows it, `garage stop {name}` stops it")
        return 0
    run = read_run(folder)
    print(f"{run.status}{': ' if run.reason else ''}{run.reason}")
    print_results(run)
    return exit_code(run)


def print_results(run: Run) -> None:
    """Print what a run has produced, and the commands that show it."""
    if run.adapter:
        print(f'adapter: {run.adapter}\nask it:  garage ask --run {run.id} "…"')
    if not run.draws:
        return
    from garage_tui.core.diffusion import sample
    from garage_tui.core.images import albums

    if sheets := albums.run_album(run.path).epochs:
        last = sheets[-1].path
        print(f"sheets:  {last.parent} (epochs {', '.join(str(page.epoch) for page in sheets)})")
        print(f"see one: garage show {shlex.quote(str(last))}")
    if not sample.why_not(run.path):
        print(f"draw:    garage sample {run.id} --out FILE.png")


def exit_code(run: Run) -> int:
    """Return 1 for a run that failed, was interrupted or cannot be read, else 0."""
    return 1 if run.status in ("failed", "interrupted", "broken") else 0


def _progress(run: Run, probe: Probe | None = None) -> str:
    state = run.state
    if state is None or not state.step:
        return ""
    parts = [f"{state.step}/{state.total_steps}", f"epoch {state.epoch:.1f}"]
    if state.loss is not None:
        parts.append(f"loss {state.loss:.3f}")
    if probe:
        parts += [figure.text for figure in probe.figures[:2]]
    if state.time_left is not None:
        parts.append(f"{rough_time(state.time_left, brief=True)} left")
    if state.tokens_per_s is not None:  # last, because a narrow terminal cuts the end
        parts.append(f"{state.tokens_per_s:.0f} tokens/s")
    if state.images_per_s is not None:
        parts.append(f"{state.images_per_s:.0f} images/s")
    return " · ".join(parts)


def _draw_bar(folder: Path, console: Console) -> None:
    with Progress(*bar_columns(), console=console, auto_refresh=False) as bar:
        task, probe = bar.add_task("starting", total=None, numbers=""), None
        for run, events in watch(folder):
            probe = next(filter(None, map(parse_probe, reversed(events))), probe)
            for sheet in filter(None, map(parse_sheet, events)):
                bar.print(sheet.text, markup=False, highlight=False)
            if state := run.state:
                waits = run.status == "paused" or bool(state.waits)
                text = one_line(f"{run.status}: {run.reason}" if waits else state.phase or run.status, 60)
                if waits or (state.step and not state.shows_phase):
                    total, done, numbers = state.total_steps if state.step else None, state.step, _progress(run, probe)
                else:
                    total, done, numbers = state.phase_total or None, state.phase_done, state.now.numbers
                bar.update(task, description=text, completed=done, total=total, numbers=numbers)
                bar.refresh()


def _print_lines(folder: Path) -> None:
    last, forgets, printed, explained, counted = "", "", 0.0, False, ("", time.monotonic())
    for run, events in watch(folder):
        now = run.state.now if run.state and run.alive and run.status == "running" else None
        if now and now.text != counted[0]:
            counted = now.text, time.monotonic()
        elif now and now.share is not None and time.monotonic() - counted[1] >= _REPORT_SECONDS:
            counted = now.text, time.monotonic()
            print(one_line(now.describe(), 300), flush=True)
        for event in events:
            if probe := parse_probe(event):
                forgets = probe.forgetting
                legend = "" if explained else f" ({LEGEND})"
                print(f"probe at step {probe.step}: {probe.text}{legend}", flush=True)
                explained = True
                if forgets:
                    print(
                        f"the model starts to forget: {forgets}; `garage stop {folder.name}` stops the run", flush=True
                    )
            elif sheet := parse_sheet(event):
                print(sheet.text, flush=True)
            elif event.get("event") in ("phase", "warning"):
                text = one_line(str(event.get("phase") or event.get("text")), 600)
                if not (forgets and forgets in text):  # the run warns about what its probe has just shown
                    print(text, flush=True)
            elif event.get("event") in ("paused", "resumed", "waits", "left"):
                why = one_line(str(event.get("reason") or ""), 200)
                print(f"{event['event']}{': ' if why else ''}{why}", flush=True)
        # A diffusion run takes thousands of steps: a line for each would hide its sheets.
        due = not run.draws or run.over or time.monotonic() - printed >= _REPORT_SECONDS
        if due and (progress := _progress(run)) != last:
            last, printed = progress, time.monotonic()
            print(progress, flush=True)
