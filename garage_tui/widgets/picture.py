"""One picture in cells, by any of the four ways, without ghosts: what is painted over it wipes it away."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import textwrap
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from rich.segment import Segment
from textual.app import App
from textual.geometry import Offset, Region
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from garage_tui.core.terminal import image_render as pictures
from garage_tui.core.terminal import kitty
from garage_tui.core.terminal.capabilities import Terminal, Way, measured
from garage_tui.widgets._textual_internals import driver_of, widgets_on_screen
from garage_tui.widgets.image_strips import Drawn, StripJob, Woven, prepare

if TYPE_CHECKING:
    from PIL.Image import Image

_BATCH = 4
"""Escape codes (of 4 KB) that are sent at once: a key pressed in the meantime is painted between two batches."""
_BATCH_SECONDS = 0.02
_REST_SECONDS = 0.05
_LOST_SECONDS = 10.0
"""After so long without an answer, none is waited for: the terminal may have lost the question."""
_SLOW_SECONDS = 1.0
"""A terminal that needs so long to take a picture gets smaller ones."""
_QUESTION = "\x1b[6n"
"""DSR: every terminal answers where its cursor is, once it has taken all that came before."""
_sending: WeakKeyDictionary[App[Any], asyncio.Lock] = WeakKeyDictionary()
"""Held while a picture is sent: nothing else of kitty's protocol may come between its codes."""


class Picture(Widget):
    """One picture, as large as there is room for, in the middle.

    It is prepared in a thread; of several that are asked for in the meantime only the newest is. A modal screen over
    it leaves it out (kitty, sixel) or tints it. A sixel leaves the last line of the terminal free: there it would
    scroll everything up.

    Where the app has a signal `terminal_answered`, published with every CursorPosition, the next picture is sent when
    the terminal has taken the last one: over a slow line there is never more than one on its way.

    Args:
        terminal: what the terminal said it can show.
    """

    DEFAULT_CSS = "Picture { height: 1fr; }"
    ALLOW_SELECT = False

    class Resized(Message):
        """There is more room for the picture, or less."""

        def __init__(self, picture: Picture) -> None:
            super().__init__()
            self.picture = picture

    source: reactive[Path | Image | None] = reactive(None, repaint=False, always_update=True)
    """A file or an image; set again, it is read again."""
    how: reactive[Way] = reactive("ascii", repaint=False)
    """The way it is shown."""
    empty: reactive[str] = reactive("", repaint=False)
    """What is said where there is no picture."""

    def __init__(
        self,
        terminal: Terminal,
        source: Path | Image | None = None,
        *,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.terminal = terminal
        self._number = 0
        self._wanted: StripJob | None = None
        self._done: StripJob | None = None
        self._drawn = Drawn()
        self._working = False
        self._rests = False
        self._taken = asyncio.Event()
        self.set_reactive(Picture.how, terminal.pictures)
        self.set_reactive(Picture.source, source)

    @property
    def ready(self) -> bool:
        """Whether what is shown is what was asked for last, and the terminal has taken it."""
        return not self._working and self._done == self._wanted

    @property
    def cell(self) -> tuple[int, int]:
        """Width and height of a cell in pixels; letters may have become larger since the terminal was asked."""
        now = None if self.app.is_headless else measured()
        return now or self.terminal.cell or pictures.VT340_CELL

    @property
    def ground(self) -> tuple[int, int, int]:
        """The colour around the picture, and of what is transparent in it."""
        return self.background_colors[1].rgb

    def on_mount(self) -> None:
        if signal := getattr(self.app, "terminal_answered", None):
            signal.subscribe(self, lambda _: self._taken.set(), immediate=True)

    def watch_source(self) -> None:
        self._number += 1
        self._want()

    def watch_how(self) -> None:
        self._want()

    def watch_empty(self) -> None:
        self.refresh()

    def on_resize(self) -> None:
        self._want()
        self.post_message(self.Resized(self))

    def on_hide(self) -> None:
        self._rests = True
        self.refresh()

    def on_show(self) -> None:
        self._want()
        self.set_timer(_REST_SECONDS, self._wake)

    def _wake(self) -> None:
        """Be painted, after all else that belongs to another pane: each of its steps would paint the picture again."""
        if self._rests:
            self._rests = False
            self.refresh()

    async def on_unmount(self) -> None:
        await self._forget(self._drawn)

    def _want(self) -> None:
        """Have what is to be shown now prepared, unless it is what is shown."""
        columns, rows = self.content_size
        if not (self.is_attached and columns and rows):
            return  # hidden: asked again when it is seen
        job = None
        if self.source is not None:
            job = StripJob(self._number, self.source, self.how, columns, rows, self.cell, self.ground)
        if job == self._wanted:
            return
        self._wanted = job
        if not self._working:
            self._working = True
            self.run_worker(self._work(), group="picture")

    async def _work(self) -> None:
        try:
            while (job := self._wanted) != self._done:
                drawn = await asyncio.to_thread(prepare, job, self.terminal) if job else Drawn()
                if job != self._wanted:
                    continue
                await self._send(drawn)
                if job != self._wanted:
                    await self._forget(drawn)
                    continue
                old, self._drawn, self._done = self._drawn, drawn, job
                self.refresh()
                painted = asyncio.Event()
                self.call_after_refresh(painted.set)
                await painted.wait()
                await self._forget(old)
                if await self._taking() > _SLOW_SECONDS:
                    self.terminal = dataclasses.replace(self.terminal, seconds=_SLOW_SECONDS)
        finally:
            self._working = False

    async def _send(self, drawn: Drawn) -> None:
        """Send a picture, always to its end, but never so much at once that a key would have to wait."""
        if not drawn.codes:
            return
        async with self._alone:
            codes = list(drawn.codes)
            try:
                while codes:
                    self._write("".join(codes[:_BATCH]))
                    del codes[:_BATCH]
                    await asyncio.sleep(_BATCH_SECONDS)
                    await self._taking()
            except asyncio.CancelledError:  # the widget is gone: the terminal still waits for the rest
                self._write("".join([*codes, self._forgetting(drawn)]))
                raise

    async def _taking(self) -> float:
        """Wait until the terminal has taken all that was sent, and return how many seconds that took."""
        began = time.monotonic()
        if self.terminal.seconds is not None and getattr(self.app, "terminal_answered", None):
            self._taken.clear()
            self._write(_QUESTION)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOST_SECONDS):
                    await self._taken.wait()
        return time.monotonic() - began

    async def _forget(self, drawn: Drawn) -> None:
        if drawn.id:
            async with self._alone:
                self._write(self._forgetting(drawn))

    def _forgetting(self, drawn: Drawn) -> str:
        return kitty.delete(drawn.id, tmux=self.terminal.tmux)

    @property
    def _alone(self) -> asyncio.Lock:
        return _sending.setdefault(self.app, asyncio.Lock())

    def _write(self, text: str) -> None:
        # The app's own writer: what went around it could land in the middle of an escape code.
        if driver := driver_of(self.app):
            driver.write(text)

    def _corner(self) -> Offset:
        """Return where in the content the picture's upper left cell is."""
        size, drawn = self.content_size, self._drawn
        return Offset(max(0, size.width - drawn.columns) // 2, max(0, size.height - drawn.rows) // 2)

    def render_line(self, y: int) -> Strip:
        """Return a line of the content; of a picture in pieces a blank one."""
        style, width = self.visual_style.rich_style, self.content_size.width
        if self._rests:
            return Strip.blank(width, style)
        left, top = self._corner()
        words = textwrap.wrap(self._drawn.words or (self.empty if self._done is None else ""), max(1, width))
        if 0 <= (at := y - (self.content_size.height - len(words)) // 2) < len(words):
            return Strip([Segment(words[at], style)]).text_align(width, "center").adjust_cell_length(width, style)
        if 0 <= y - top < len(self._drawn.lines):
            line = Strip([Segment(" " * left), *self._drawn.lines[y - top]]).apply_style(style)
            return line.adjust_cell_length(width, style)
        return Strip.blank(width, style)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the lines of a part of the widget."""
        strips, drawn = super().render_lines(crop), self._drawn
        if drawn.piece is None or self._rests:
            return strips
        corner = self._corner() + Offset(self.gutter.left, self.gutter.top)
        last = self.app.size.height - 1 - self.region.y if drawn.way == "sixel" else -1
        place = Region(*(self.region.offset + corner), drawn.columns, drawn.rows)
        paint = drawn.piece
        if drawn.whole and place.bottom - self.region.y <= last and self._is_clear(place):
            paint = drawn.whole()
        return [
            Woven(strip, corner.x - crop.x, drawn.columns, partial(paint, y - corner.y))
            if 0 <= y - corner.y < drawn.rows and y != last
            else strip
            for y, strip in zip(crop.line_range, strips, strict=True)
        ]

    def _is_clear(self, place: Region) -> bool:
        """Return whether all of a place on the screen is seen, and nothing lies over it."""
        for widget, (region, clip) in widgets_on_screen(self.screen).items():  # the uppermost first
            if widget is self:
                return clip.contains_region(place)
            if region.intersection(clip).overlaps(place):
                return False
        return False
