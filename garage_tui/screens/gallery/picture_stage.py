"""The framed picture of the Gallery and its caption."""

from __future__ import annotations

import asyncio

from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from garage_tui.core.base.errors import GarageError
from garage_tui.core.terminal.capabilities import ImageMode, Terminal
from garage_tui.core.terminal.image_render import canvas_for
from garage_tui.screens.gallery.renderer import RenderedView, ViewRenderer
from garage_tui.screens.gallery.view import Surface, View
from garage_tui.widgets.frame import Frame
from garage_tui.widgets.picture import Picture


class PictureStage(Frame):
    """Renders views in a thread and shows them; of several views that are requested meanwhile, only the newest.

    Args:
        terminal: what the terminal can show.
    """

    class Rendered(Message):
        """Another view is shown."""

    def __init__(self, terminal: Terminal, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="panel")
        self.picture = Picture(terminal, id="gallery-picture")
        self.renderer = ViewRenderer()
        self.rendered: RenderedView | None = None
        """The rendered view; None if there is none, or it could not be rendered."""
        self._requested: View | None = None
        self._shown: View | None = None
        self._is_rendering = False
        self._caption = Content()

    def compose(self) -> ComposeResult:
        yield self.picture
        yield Static(id="gallery-caption")

    @property
    def is_settled(self) -> bool:
        """Whether the view that was requested last is on the terminal: only then a film goes on."""
        return not self._is_rendering and self._requested == self._shown and self.picture.is_settled

    @property
    def surface(self) -> Surface | None:
        """The surface for which views are rendered; None while the picture is hidden."""
        picture = self.picture
        columns, rows = picture.content_size
        if not (columns and rows):
            return None
        return Surface(canvas_for(columns, rows, picture.cell_size, picture.mode), picture.mode, picture.background_rgb)

    def clear(self, text: str) -> None:
        """Show a text instead of a picture."""
        self._requested = self._shown = self.rendered = None
        self.picture.empty_text, self.picture.source = text, None
        self.post_message(self.Rendered())

    def show(self, view: View) -> None:
        """Request a view."""
        self._requested = view
        if not self._is_rendering and view != self._shown:
            self._is_rendering = True
            self.run_worker(self._render_requested(), group="view")

    async def _render_requested(self) -> None:
        try:
            while (view := self._requested) is not None and view != self._shown:
                rendered, error = None, ""
                try:
                    rendered = await asyncio.to_thread(self.renderer.render, view)
                except GarageError as raised:
                    error = str(raised)
                if view == self._requested:
                    before, self._shown, self.rendered = self.rendered, view, rendered
                    self.picture.empty_text = error
                    if rendered is None or rendered is not before:
                        self.picture.source = rendered.image if rendered else None
                    self.post_message(self.Rendered())
        finally:
            self._is_rendering = False

    def set_mode(self, mode: ImageMode) -> None:
        """Show pictures in another mode from the next view on."""
        # Without a repaint: in another mode the canvas may differ, and the image that is there must not be shown first.
        self.picture.set_reactive(Picture.mode, mode)

    def show_caption(self, caption: Content) -> None:
        """Show a text below the picture."""
        if caption != self._caption:
            line = self.query_one("#gallery-caption", Static)
            heights = [-(-one.cell_length // max(1, line.size.width)) for one in (caption, self._caption)]
            self._caption = caption
            line.update(caption, layout=heights[0] != heights[1])  # a new layout costs more than a new line
