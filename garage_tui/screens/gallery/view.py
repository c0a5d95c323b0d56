"""A view of the Gallery as a value: which page, how much of it, on which part of the screen."""

from __future__ import annotations

from dataclasses import dataclass

from garage_tui.core.images.albums import AlbumPage
from garage_tui.core.images.montage import Canvas
from garage_tui.core.images.safe_image import RGB
from garage_tui.core.terminal.capabilities import ImageMode


@dataclass(frozen=True)
class PageRef:
    """A page, and the name of its album."""

    page: AlbumPage
    album: str


@dataclass(frozen=True)
class Surface:
    """The part of the screen that a view is rendered for."""

    canvas: Canvas
    mode: ImageMode
    background: RGB


@dataclass(frozen=True)
class View:
    """The input of the renderer. Two views are equal if rendering the second would change nothing."""

    page: PageRef
    surface: Surface
    left: PageRef | None = None
    """The page to the left of it."""
    zoom: int | None = None
    """The zoom level of a sheet: 0 is all of it, 1 half of it …; None chooses what can be made out."""
    part: int = 0
    """Which part of a sheet is shown, from 0; counted modulo the number of parts."""
    frame: int | None = None
    """The frame of an animation; None where the page is no animation."""
    version: int = 0
    """Grows each time the files are looked at: they may have changed under the same names."""
