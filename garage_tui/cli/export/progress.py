"""Runs an export and prints its progress to stderr; for the commands that export."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from garage_tui.core.export.export_process import ExportEvent, ExportRequest
    from garage_tui.core.runs.record import Run


async def run_export_job(run: Run, request: ExportRequest) -> ExportEvent:
    """Export, print the progress to stderr, and return the last event."""
    from garage_tui.core.base.sanitize import one_line
    from garage_tui.core.export import export_process

    last = export_process.ExportEvent()
    line_open = False
    async with contextlib.aclosing(export_process.export(run.path, request)) as events:
        async for event in events:
            if event.text and event.text != last.text:
                if event.share is None:
                    print("\n" * line_open + one_line(event.text), file=sys.stderr, flush=True)
                    line_open = False
                elif sys.stderr.isatty():  # in place; a file would get a hundred lines
                    filled = round(20 * event.share)
                    bar = "━" * filled + "─" * (20 - filled)
                    print(f"\r{bar} {one_line(event.text)}\x1b[K", end="", file=sys.stderr, flush=True)
                    line_open = True
            last = event
    return last
