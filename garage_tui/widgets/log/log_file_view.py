"""The view of a log file of any size: it reads more lines as the user scrolls, and searches the whole file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from garage_tui.core.base.log_reader import PAGE, LogChunk, find, lines_after, lines_before
from garage_tui.widgets.log.log_view import MAX_LINES, LogView

_REPORT_SECONDS = 0.2


class LogFileView(LogView):
    """The log view of one file. Its owner passes the newest lines to `take`; it reads earlier ones by itself."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("home,g", "first", "Beginning", show=False, tooltip="Go to the beginning of the log"),
        Binding("slash", "search", "Search", show=False, key_display="/", tooltip="Search the log"),
    ]

    class SearchRequested(Message):
        """The user wants to search the log."""

    def __init__(self, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._path = Path()
        self._newest = LogChunk()
        """The newest lines that `take` got."""
        self._reading: object = None
        """The read that is in progress; None if there is none."""
        self._gone = False
        """True if a read returned nothing: the file has become shorter or is gone."""
        self._search = 0
        """Number of the current search, so that an older one notices that it is over."""
        self._searched: int | None = None
        """The byte that the search in the file has reached; None while there is no search."""

    @property
    def is_at_end(self) -> bool:
        return self.end >= self._newest.end

    # ── the end ──

    def take(self, path: Path, piece: LogChunk, *, fresh: bool) -> None:
        """Show the newest lines of a file.

        Args:
            path: the file.
            piece: its last lines.
            fresh: True if it is another file than before.
        """
        was_at_end = self.is_at_end
        begins_anew = piece.end < self._newest.end
        self._path, self._newest, self._gone = path, piece, False
        if fresh or begins_anew:
            self._end_search()
            self.clear()
            self.replace(piece)
        elif piece.start == self.end and was_at_end and (self.following or len(self.lines) < MAX_LINES):
            self.add_after(piece)
        elif self.following and not self._reading:
            self.replace(piece)  # many lines at once: those between are read when the user scrolls there
        else:
            self._drop_rest()
        self._look_further()

    def action_follow(self) -> None:
        self.following = True
        if self.is_at_end:
            super().action_follow()
        else:
            self._read(self._to_the_end)

    async def _to_the_end(self) -> None:
        end = -1
        while end != self._newest.end:  # the file may grow meanwhile
            end = self._newest.end
            piece = await asyncio.to_thread(lines_before, self._path, end)
        self.following = True
        self.replace(replace(piece, rest=self._newest.rest))
        super().action_follow()

    # ── other parts of the file ──

    def action_first(self) -> None:
        """Go to the beginning of the log."""
        self.following = False
        if self.start == 0:
            self.scroll_home(animate=False, immediate=True, force=True, x_axis=False)
        else:
            self._read(self._to_the_beginning)

    async def _to_the_beginning(self) -> None:
        piece = await asyncio.to_thread(lines_after, self._path, 0, min(PAGE, self._newest.end))
        self.following = False
        self.replace(self._with_rest(piece))
        self.scroll_home(animate=False, immediate=True, force=True, x_axis=False)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._look_further()
        if not self.following:
            self.post_message(self.Followed())

    def _look_further(self) -> None:
        """Read more lines if the visible ones are near an end of those in memory."""
        if self._reading or self._gone or not self.is_mounted:
            return
        if self.scroll_y < self.size.height and self.start > 0:
            self._read(self._earlier)
        elif not self.is_at_end and self.scroll_y > self.max_scroll_y - self.size.height:
            self._read(self._later)

    async def _earlier(self) -> None:
        start = self.start
        piece = await asyncio.to_thread(lines_before, self._path, start)
        self._gone = not piece.lines
        if self.start == start:
            self.add_before(piece)

    async def _later(self) -> None:
        end = self.end
        piece = await asyncio.to_thread(lines_after, self._path, end, min(PAGE, self._newest.end - end))
        self._gone = not piece.lines
        if self.end == end:
            self.add_after(self._with_rest(piece))

    def _with_rest(self, piece: LogChunk) -> LogChunk:
        return replace(piece, rest=self._newest.rest if piece.end >= self._newest.end else "")

    def _read(self, reading: Callable[[], object]) -> None:
        self._reading = reading
        self.run_worker(self._await_read(reading), group="log", exclusive=True)

    async def _await_read(self, reading: Callable[[], object]) -> None:
        path = self._path
        try:
            await reading()  # type: ignore[misc]
        finally:
            if self._reading is reading:
                self._reading = None
        if path == self._path:
            self.call_after_refresh(self._look_further)

    # ── searching ──

    def action_search(self) -> None:
        """Ask the owner for its search line."""
        self.post_message(self.SearchRequested())

    @property
    def position(self) -> str:
        """How far into the file the visible lines are, as `at 40%`; empty if all lines are in memory."""
        if not self.starts or not self._newest.end or (self.start == 0 and self.is_at_end):
            return ""
        line = self._line_at(round(self.scroll_y))
        return f"at {self.starts[min(line, len(self.starts) - 1)] / self._newest.end:.0%}"

    @property
    def found(self) -> str:
        """The state of the search: `match 3 of 17`, `no match`, or how far it is; empty without a search."""
        if not self.term:
            return ""
        if self._searched is not None:
            return f"searching, {self._searched / max(1, self._newest.end):.0%}"
        if not self.hits:
            return "no match"
        if self.start == 0 and self.is_at_end:
            return f"match {self.hit + 1} of {len(self.hits)}"
        return f"match at {self.starts[self.hits[self.hit]] / max(1, self._newest.end):.0%}"

    def search(self, term: str) -> None:
        """Mark every line that contains `term` in any case, and go to the newest one; an empty term ends the search."""
        self._end_search()
        self.mark(term)
        if self.hits or not self.term:
            self.show_hit()
        else:
            self._seek(self.start if self.is_at_end else self._newest.end, backwards=True)

    def go_to_match(self, steps: int) -> None:
        """Go to an older match (negative) or a newer one; after the last match comes the first."""
        if not self.term or self._searched is not None:
            return
        if self.hits and 0 <= self.hit + steps < len(self.hits):
            self.hit += steps
            self.show_hit()
        elif self.start == 0 and self.is_at_end:
            if self.hits:
                self.hit = (self.hit + steps) % len(self.hits)
                self.show_hit()
        else:
            self._seek(self.start if steps < 0 else self.end, backwards=steps < 0)

    def _seek(self, start: int, *, backwards: bool) -> None:
        self._searched = start
        self.run_worker(self._find_in_file(self._search, start, backwards), group="search", exclusive=True)

    async def _find_in_file(self, search: int, start: int, backwards: bool) -> None:
        def goes_on(at: int) -> bool:
            if here := search == self._search:
                self._searched = at
            return here

        timer = self.set_interval(_REPORT_SECONDS, lambda: self.post_message(self.Followed()))
        try:
            for begin in (start, self._newest.end if backwards else 0):  # from the other end, if nothing is found
                at = await asyncio.to_thread(find, self._path, self.term, begin, backwards=backwards, goes_on=goes_on)
                if at is not None or search != self._search:
                    break
        finally:
            timer.stop()
        if search != self._search:
            return
        self._searched = None
        if at is not None:
            await self._show_around(at)
        self.show_hit()

    async def _show_around(self, at: int) -> None:
        """Show the lines around the one that begins at byte `at`, and choose that one as the current match."""
        above = await asyncio.to_thread(lines_before, self._path, at, PAGE // 2)
        below = await asyncio.to_thread(lines_after, self._path, at, max(1, min(PAGE // 2, self._newest.end - at)))
        self.following = False
        both = LogChunk((*above.lines, *below.lines), (*above.starts, *below.starts), below.end)
        self.replace(self._with_rest(both))
        self.hit = next((one for one, number in enumerate(self.hits) if self.starts[number] >= at), 0)

    def _end_search(self) -> None:
        self._search += 1
        self._searched = None
