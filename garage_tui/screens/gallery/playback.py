"""Films: the same seeds from epoch to epoch, and from noise to pictures step by step."""

from __future__ import annotations

import asyncio
import time

from textual.content import Content
from textual.timer import Timer

from garage_tui.core.images.animation import Animation
from garage_tui.screens.gallery.browser import GalleryPages
from garage_tui.screens.gallery.renderer import Place
from garage_tui.widgets.gauge import gauge

_TICK_SECONDS = 0.2
"""At most five frames a second: more is a burden to a line, and no terminal is a cinema."""
_SHEET_SECONDS = 0.8
"""How long the sheet of an epoch is seen."""
_BAR = 16


class GalleryFilms(GalleryPages):
    """Plays a film. Until the terminal has taken a frame, none is sent; those that were due meanwhile are left out."""

    _timer: Timer | None = None
    _film: Animation | None = None
    """The film of steps that is shown; without one the sheets of the epochs are played."""
    _played = 0.0
    """Seconds of the film that have been played."""
    _since = 0.0
    """When it was last looked at."""

    @property
    def is_played(self) -> bool:
        return self._timer is not None

    def action_play(self) -> None:
        """Play, or pause."""
        if self.is_played:
            self.pause()
            return
        if self.frame is not None and self._film:
            if self.frame >= len(self._film.frames) - 1:
                self._played = 0.0
            self._start()
            return
        epochs = self.album.epochs if self.album else ()
        if len(epochs) < 2:
            self.notice.wrong("a film needs the sheets of two epochs at least; t shows the steps of one")
            return
        page = self.place.page if self.place else None
        self._played = _SHEET_SECONDS * epochs.index(page) if page in epochs[:-1] else 0.0
        self._start()

    def _start(self) -> None:
        self._since = time.monotonic()
        self._timer = self.set_interval(_TICK_SECONDS, self._tick)
        self._show_position()

    def pause(self) -> None:
        """Stop where it is."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
            self.show_words()

    def conceal(self) -> None:
        super().conceal()
        self.pause()

    def _tick(self) -> None:
        now = time.monotonic()
        self._played += now - self._since
        self._since = now
        if self.ready and self.screen.is_current:
            self._show_position()

    def _show_position(self) -> None:
        """Show the frame that is due; at the end, pause."""
        if self.frame is not None and self._film:
            self.frame = self._film.at(self._played)
            self.show()
            if self.frame == len(self._film.frames) - 1:
                self.pause()
            return
        epochs = self.album.epochs if self.album else ()
        number = min(int(self._played / _SHEET_SECONDS), len(epochs) - 1)
        if number < 0:
            self.pause()
            return
        if self.place is None or epochs[number] != self.place.page:
            self.go(epochs[number])
        if number == len(epochs) - 1:
            self.pause()

    async def show_film(self, place: Place) -> None:
        """Show a film of steps from its beginning.

        Raises:
            GarageError: it cannot be read.
        """
        self._film = await asyncio.to_thread(self.maker.film, place.page.path)
        self.film_place, self.frame, self._played = place, 0, 0.0
        self._first = 0
        self._start()

    def go(self, page: object) -> None:
        """Leave the film of steps for a page."""
        if self.frame is not None:
            self.pause()
        super().go(page)  # type: ignore[arg-type]

    def action_page(self, pages: int) -> None:
        self.pause()
        if self.frame is None or self._film is None:
            super().action_page(pages)
            return
        self.frame = max(0, min(len(self._film.frames) - 1, self.frame + pages))
        self._played = sum(self._film.seconds[: self.frame])
        self.show()

    def action_end(self, at: int) -> None:
        self.pause()
        if self.frame is None or self._film is None:
            super().action_end(at)
        else:
            self.action_page(len(self._film.frames) if at else -len(self._film.frames))

    def words(self) -> Content:
        said = super().words()
        if self.frame is not None and self._film:
            number, count = self.frame, len(self._film.frames) - 1
        elif self.is_played and self.album and self.place and self.place.page in self.album.epochs:
            number, count = self.album.epochs.index(self.place.page), len(self.album.epochs) - 1
        else:
            return said
        sign = "▶ " if self.is_played else "‖ "
        return Content.assemble((sign, "$primary"), gauge(number, max(1, count), _BAR), "  ", said)
