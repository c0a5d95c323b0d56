"""The widget that shows one picture, in any of the four image modes."""

from __future__ import annotations

import asyncio
import contextlib
import textwrap
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import msgspec
from rich.segment import Segment
from textual.app import App
from textual.geometry import Offset, Region
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from garage_tui.core.terminal import image_render, kitty
from garage_tui.core.terminal.capabilities import ImageMode, Terminal, measure_cell
from garage_tui.widgets._textual_internals import driver_of, widgets_on_screen
from garage_tui.widgets.image_strips import EncodedImage, ImageStrip, StripJob, encode

if TYPE_CHECKING:
    from PIL.Image import Image

_BATCH = 4
"""Escape codes (of 4 KB) that are sent at once: between two batches, the effect of a pressed key can be painted."""
_BATCH_SECONDS = 0.02
_SHOW_DELAY_SECONDS = 0.05
_LOST_SECONDS = 10.0
"""Longest wait for a reply of the terminal, which may have lost the query."""
_SLOW_SECONDS = 1.0
"""A terminal that takes longer for a picture gets smaller ones."""
_QUERY = "\x1b[6n"
"""DSR: a terminal reports the position of its cursor after it has processed everything before."""
_send_locks: WeakKeyDictionary[App[Any], asyncio.Lock] = WeakKeyDictionary()
"""A lock for each app, held while a picture is sent: no other kitty code may come between its codes."""


class Picture(Widget):
    """The view of one picture, centred, as large as fits.

    A thread encodes the pictures; if several are set meanwhile, it encodes only the newest. A modal screen over the
    picture hides it (kitty, sixel) or tints it. A sixel leaves the last line of the terminal free, because it would
    scroll the screen there.

    If the app has a signal `terminal_answered`, published with every CursorPosition, the widget sends the next picture
    after the terminal has processed the last one: a slow connection never carries more than one.

    Args:
        terminal: what the terminal can show.
    """

    DEFAULT_CSS = "Picture { height: 1fr; }"
    ALLOW_SELECT = False

    class Resized(Message):
        """The space for the picture has changed."""

        def __init__(self, picture: Picture) -> None:
            super().__init__()
            self.picture = picture

    source: reactive[Path | Image | None] = reactive(None, repaint=False, always_update=True)
    """A file or an image; a file is read again each time it is set."""
    mode: reactive[ImageMode] = reactive("ascii", repaint=False)
    """The image mode in which it is shown."""
    empty_text: reactive[str] = reactive("", repaint=False)
    """The text that is shown while there is no picture."""

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
        self._requested: StripJob | None = None
        self._shown: StripJob | None = None
        self._encoded = EncodedImage()
        self._is_encoding = False
        self._is_blank = False
        self._terminal_replied = asyncio.Event()
        self.set_reactive(Picture.mode, terminal.image_mode)
        self.set_reactive(Picture.source, source)

    @property
    def is_settled(self) -> bool:
        """Whether the newest picture is shown, and the terminal has processed it."""
        return not self._is_encoding and self._shown == self._requested

    @property
    def cell_size(self) -> tuple[int, int]:
        """Width and height of a cell in pixels; the font may have changed since the terminal was queried."""
        now = None if self.app.is_headless else measure_cell()
        return now or self.terminal.cell or image_render.VT340_CELL

    @property
    def background_rgb(self) -> tuple[int, int, int]:
        """The colour around the picture and behind its transparent pixels."""
        return self.background_colors[1].rgb

    def on_mount(self) -> None:
        if signal := getattr(self.app, "terminal_answered", None):
            signal.subscribe(self, lambda _: self._terminal_replied.set(), immediate=True)

    def watch_source(self) -> None:
        self._number += 1
        self._request()

    def watch_mode(self) -> None:
        self._request()

    def watch_empty_text(self) -> None:
        self.refresh()

    def on_resize(self) -> None:
        self._request()
        self.post_message(self.Resized(self))

    def on_hide(self) -> None:
        self._is_blank = True
        self.refresh()

    def on_show(self) -> None:
        self._request()
        self.set_timer(_SHOW_DELAY_SECONDS, self._unblank)

    def _unblank(self) -> None:
        """Paint the picture after the rest of the pane, because each earlier step would repaint it."""
        if self._is_blank:
            self._is_blank = False
            self.refresh()

    async def on_unmount(self) -> None:
        await self._delete(self._encoded)

    def _request(self) -> None:
        """Encode the picture in a worker, unless it is shown already."""
        columns, rows = self.content_size
        if not (self.is_attached and columns and rows):
            return  # hidden: requested again when it is shown
        job = None
        if self.source is not None:
            job = StripJob(self._number, self.source, self.mode, columns, rows, self.cell_size, self.background_rgb)
        if job == self._requested:
            return
        self._requested = job
        if not self._is_encoding:
            self._is_encoding = True
            self.run_worker(self._encode_requested(), group="picture")

    async def _encode_requested(self) -> None:
        try:
            while (job := self._requested) != self._shown:
                encoded = await asyncio.to_thread(encode, job, self.terminal) if job else EncodedImage()
                if job != self._requested:
                    continue
                await self._send(encoded)
                if job != self._requested:
                    await self._delete(encoded)
                    continue
                old, self._encoded, self._shown = self._encoded, encoded, job
                self.refresh()
                painted = asyncio.Event()
                self.call_after_refresh(painted.set)
                await painted.wait()
                await self._delete(old)
                if await self._await_terminal() > _SLOW_SECONDS:
                    self.terminal = msgspec.structs.replace(self.terminal, seconds=_SLOW_SECONDS)
        finally:
            self._is_encoding = False

    async def _send(self, encoded: EncodedImage) -> None:
        """Send all codes of a picture, in batches, so that keys never wait."""
        if not encoded.codes:
            return
        async with self._send_lock:
            codes = list(encoded.codes)
            try:
                while codes:
                    self._write("".join(codes[:_BATCH]))
                    del codes[:_BATCH]
                    await asyncio.sleep(_BATCH_SECONDS)
                    await self._await_terminal()
            except asyncio.CancelledError:  # the widget is gone: the terminal still waits for the rest
                self._write("".join([*codes, self._delete_code(encoded)]))
                raise

    async def _await_terminal(self) -> float:
        """Wait until the terminal has processed everything that was sent; return the seconds that it took."""
        began = time.monotonic()
        if self.terminal.seconds is not None and getattr(self.app, "terminal_answered", None):
            self._terminal_replied.clear()
            self._write(_QUERY)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOST_SECONDS):
                    await self._terminal_replied.wait()
        return time.monotonic() - began

    async def _delete(self, encoded: EncodedImage) -> None:
        if encoded.id:
            async with self._send_lock:
                self._write(self._delete_code(encoded))

    def _delete_code(self, encoded: EncodedImage) -> str:
        return kitty.delete(encoded.id, tmux=self.terminal.tmux)

    @property
    def _send_lock(self) -> asyncio.Lock:
        return _send_locks.setdefault(self.app, asyncio.Lock())

    def _write(self, text: str) -> None:
        # The driver writes it: other output must not come into the middle of an escape code.
        if driver := driver_of(self.app):
            driver.write(text)

    def _corner(self) -> Offset:
        """Return the position of the upper left cell of the picture in the content."""
        size, encoded = self.content_size, self._encoded
        return Offset(max(0, size.width - encoded.columns) // 2, max(0, size.height - encoded.rows) // 2)

    def render_line(self, y: int) -> Strip:
        """Return a line of the content; a blank one for a picture in pieces."""
        style, width = self.visual_style.rich_style, self.content_size.width
        if self._is_blank:
            return Strip.blank(width, style)
        left, top = self._corner()
        lines = textwrap.wrap(self._encoded.error or (self.empty_text if self._shown is None else ""), max(1, width))
        if 0 <= (at := y - (self.content_size.height - len(lines)) // 2) < len(lines):
            return Strip([Segment(lines[at], style)]).text_align(width, "center").adjust_cell_length(width, style)
        if 0 <= y - top < len(self._encoded.lines):
            line = Strip([Segment(" " * left), *self._encoded.lines[y - top]]).apply_style(style)
            return line.adjust_cell_length(width, style)
        return Strip.blank(width, style)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the lines of a part of the widget."""
        strips, encoded = super().render_lines(crop), self._encoded
        if encoded.piece is None or self._is_blank:
            return strips
        corner = self._corner() + Offset(self.gutter.left, self.gutter.top)
        last = self.app.size.height - 1 - self.region.y if encoded.mode == "sixel" else -1
        region = Region(*(self.region.offset + corner), encoded.columns, encoded.rows)
        paint = encoded.piece
        if encoded.whole and region.bottom - self.region.y <= last and self._is_uncovered(region):
            paint = encoded.whole()
        return [
            ImageStrip(strip, corner.x - crop.x, encoded.columns, partial(paint, y - corner.y))
            if 0 <= y - corner.y < encoded.rows and y != last
            else strip
            for y, strip in zip(crop.line_range, strips, strict=True)
        ]

    def _is_uncovered(self, target: Region) -> bool:
        """Return whether a region of the screen is completely visible, with no widget over it."""
        for widget, (region, clip) in widgets_on_screen(self.screen).items():  # the uppermost first
            if widget is self:
                return clip.contains_region(target)
            if region.intersection(clip).overlaps(target):
                return False
        return False
