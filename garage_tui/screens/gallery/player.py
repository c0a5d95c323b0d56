"""Plays films in the Gallery: a run's sheets from epoch to epoch, and the steps from noise to pictures."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from textual.content import Content

from garage_tui.widgets.charts.gauge import gauge

if TYPE_CHECKING:
    from textual.timer import Timer

    from garage_tui.core.images.albums import AlbumPage
    from garage_tui.core.images.animation import Animation
    from garage_tui.screens.gallery.host import GalleryHost
    from garage_tui.screens.gallery.view import PageRef

_TICK_SECONDS = 0.2
"""Seconds between two frames: more than five frames a second would overload a slow connection."""
_SHEET_SECONDS = 0.8
"""Seconds for which the sheet of an epoch is shown."""
_GAUGE_WIDTH = 16


class Player:
    """Plays, pauses and steps.

    A frame is sent only after the terminal has taken the one before; frames that were due meanwhile are skipped.
    """

    def __init__(self, host: GalleryHost) -> None:
        self._host = host
        self._timer: Timer | None = None
        self._animation: Animation | None = None
        """The animation of sampling steps that was shown last."""
        self._position = 0.0
        """Seconds of the film that have been played."""
        self._last_tick = 0.0
        self._plays_animation = False

    @property
    def is_playing(self) -> bool:
        """Whether a film is being played."""
        return self._timer is not None

    @property
    def _shown_animation(self) -> Animation | None:
        """The animation that is shown; None where a page is."""
        return self._animation if self._host.browser.frame is not None else None

    @property
    def _epochs(self) -> tuple[AlbumPage, ...]:
        album = self._host.browser.album
        return album.epochs if album else ()

    def toggle(self) -> None:
        """Play, or pause."""
        if self.is_playing:
            self.pause()
            return
        browser = self._host.browser
        if animation := self._shown_animation:
            if (browser.frame or 0) >= len(animation.frames) - 1:
                self._position = 0.0
            self._start()
            return
        epochs = self._epochs
        if len(epochs) < 2:
            self._host.notice.wrong("a film needs the sheets of at least two epochs; t plays the steps of one sheet")
            return
        page = browser.current.page if browser.current else None
        self._position = _SHEET_SECONDS * epochs.index(page) if page in epochs[:-1] else 0.0
        self._start()

    def _start(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._plays_animation = self._shown_animation is not None
        self._last_tick = time.monotonic()
        self._timer = self._host.set_interval(_TICK_SECONDS, self._tick)
        self._show_position()

    def pause(self) -> None:
        """Stop at the frame that is shown."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
            self._host.show_caption()

    def _tick(self) -> None:
        now = time.monotonic()
        self._position += now - self._last_tick
        self._last_tick = now
        if self._host.stage.is_settled and self._host.is_in_front:
            self._show_position()

    def _show_position(self) -> None:
        """Show the frame that is due; at the end, pause."""
        browser = self._host.browser
        if animation := self._shown_animation:
            browser.frame = animation.frame_at(self._position)
            self._host.show()
            if browser.frame == len(animation.frames) - 1:
                self.pause()
            return
        epochs = self._epochs
        number = min(int(self._position / _SHEET_SECONDS), len(epochs) - 1)
        if number < 0:
            self.pause()
            return
        if browser.current is None or epochs[number] != browser.current.page:
            browser.go(epochs[number])
            self._host.show_page()
        if number == len(epochs) - 1:
            self.pause()

    async def play_animation(self, page: PageRef) -> None:
        """Play an animation of sampling steps from its beginning.

        Raises:
            GarageError: it cannot be read.
        """
        self._animation = await asyncio.to_thread(self._host.stage.renderer.animation, page.page.path)
        self._host.browser.show_animation(page)
        self._position = 0.0
        self._start()

    def leave_animation(self) -> None:
        """Stop an animation that is being played, where a page is shown instead of it now."""
        if self._plays_animation and self._host.browser.frame is None:
            self.pause()

    def step(self, steps: int) -> None:
        """Pause, and go forward or back by so many frames of the animation, else by so many pages."""
        self.pause()
        browser = self._host.browser
        if animation := self._shown_animation:
            browser.frame = max(0, min(len(animation.frames) - 1, (browser.frame or 0) + steps))
            self._position = sum(animation.seconds[: browser.frame])
            self._host.show()
        elif browser.move_page(steps):
            self._host.show_page()

    def jump(self, index: int) -> None:
        """Pause, and go to the first (0) or the last (-1) frame of the animation, else to that page."""
        self.pause()
        if animation := self._shown_animation:
            self.step(len(animation.frames) if index else -len(animation.frames))
        elif self._host.browser.go_to_end(index):
            self._host.show_page()

    def caption(self, text: str) -> Content:
        """Return the caption of what is shown: of a film it begins with how far it is.

        Args:
            text: what the picture shows.
        """
        browser = self._host.browser
        if animation := self._shown_animation:
            number, last = browser.frame or 0, len(animation.frames) - 1
        elif self.is_playing and browser.current and browser.current.page in self._epochs:
            number, last = self._epochs.index(browser.current.page), len(self._epochs) - 1
        else:
            return Content(text)
        sign = "▶ " if self.is_playing else "‖ "
        return Content.assemble((sign, "$primary"), gauge(number, max(1, last), _GAUGE_WIDTH), "  ", text)
