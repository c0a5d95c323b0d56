"""The log of the chosen run, with the line in which one searches it."""

from __future__ import annotations

from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Vertical

from garage_tui.core.base.log_reader import LogChunk
from garage_tui.core.monitor.run_watcher import RunSnapshot
from garage_tui.widgets.log.log_file_view import LogFileView
from garage_tui.widgets.log.log_view import NO_LINES
from garage_tui.widgets.log.search_input import SearchInput


class RunLog(Vertical):
    """Follows the end of a log, or holds it still; can be searched from its end backwards."""

    def compose(self) -> ComposeResult:
        yield LogFileView(classes="panel")
        yield SearchInput(id="runs-search")

    def on_mount(self) -> None:
        self.view.border_title = "Log"

    @property
    def view(self) -> LogFileView:
        """The lines of the log."""
        return self.query_one(LogFileView)

    def explain(self, run: RunSnapshot) -> None:
        """Set what is shown while the run has written no log."""
        if run.status == "queued":
            self.view.empty = f"No lines yet: the run waits ({run.reason or 'for its turn in the queue'})."
        else:
            self.view.empty = NO_LINES if run.alive else "The run wrote no log."

    def take(self, path: Path, chunk: LogChunk, *, fresh: bool) -> None:
        """Append new lines; `fresh` marks the first ones of another run."""
        self.view.take(path, chunk, fresh=fresh)

    def on_log_file_view_search_requested(self) -> None:
        """Open the search line."""
        line = self.query_one(SearchInput)
        line.display = True
        self.screen.set_focus(line)

    def hold(self) -> None:
        """Hold the log still, or follow its end again."""
        self.view.hold_or_follow()

    def pan(self, direction: int) -> None:
        """Scroll sideways: to the beginning of long lines (negative), or to their end."""
        self.view.action_pan(direction)

    def wrap(self) -> None:
        """Wrap long lines, or cut them."""
        self.view.wrap = not self.view.wrap
        self.on_log_view_followed()

    def on_log_view_followed(self) -> None:
        view = self.view
        held = "" if view.following else " ".join(filter(None, ("held still", view.position, "· End follows again")))
        view.border_subtitle = " · ".join(filter(None, (view.found, held, "wrapped" if view.wrap else view.cut)))

    def on_input_changed(self, event: SearchInput.Changed) -> None:
        self.view.search(event.value)

    def on_search_input_go(self, event: SearchInput.Go) -> None:
        self.view.go_to_match(event.steps)

    def on_search_input_closed(self) -> None:
        self.view.search("")
        self.view.focus()
