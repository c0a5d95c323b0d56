"""The picture of the gallery: it is made in a thread, and of several wishes the newest alone is fulfilled."""

from __future__ import annotations

import asyncio

from textual.content import Content
from textual.widgets import Static

from garage_tui.core.base.errors import GarageError
from garage_tui.core.terminal.capabilities import Way
from garage_tui.core.terminal.image_render import room_for
from garage_tui.screens.gallery.renderer import Made, Maker, Place, View
from garage_tui.widgets.frame import Frame
from garage_tui.widgets.pane import Pane
from garage_tui.widgets.picture import Picture


class GalleryShown(Pane):
    """What is shown now, how much of it, and in which words."""

    def __init__(self) -> None:
        super().__init__(id="gallery")
        self.place: Place | None = None
        """What is shown."""
        self.left: Place | None = None
        """What stands to the left of it."""
        self.marked: Place | None = None
        self.frame: int | None = None
        """Of a film of steps, which is then shown instead of the page."""
        self.film_place: Place | None = None
        self.made: Made | None = None
        """What was made of it."""
        self.maker = Maker()
        self.version = 0
        """Counts the looks at the files."""
        self._level: int | None = None
        self._first = 0
        self._wanted: View | None = None
        self._shown: View | None = None
        self._working = False
        self._said = Content()

    @property
    def nothing(self) -> str:
        """What is said where there is no picture."""
        return ""

    @property
    def shown_place(self) -> Place | None:
        """What is shown now: a page, or a film of steps."""
        return self.place if self.frame is None else self.film_place

    @property
    def ready(self) -> bool:
        """Whether what is to be shown is what is seen: only then a film goes on."""
        return not self._working and self._wanted == self._shown and self.query_one(Picture).ready

    def show(self) -> None:
        """Show what is to be shown now, in the room that there is."""
        picture = self.query_one(Picture)
        columns, rows = picture.content_size
        filming, place = self.frame is not None, self.shown_place
        if place is None:
            self._wanted = self._shown = self.made = None
            picture.empty, picture.source = self.nothing, None
            self.show_words()
        elif columns and rows:  # else hidden, and asked again when it is seen
            self._wanted = View(
                place,
                room_for(columns, rows, picture.cell, picture.how),
                picture.how,
                picture.ground,
                left=None if filming else self.left,
                level=self._level,
                first=self._first,
                frame=self.frame,
                version=self.version,
            )
            if not self._working and self._wanted != self._shown:
                self._working = True
                self.run_worker(self._work(), group="view")

    def show_as(self, way: Way) -> None:
        """Show it in another way, which may have other room for it: so the image that is there is not shown first."""
        self.query_one(Picture).set_reactive(Picture.how, way)
        self._level = None
        self.show()

    async def _work(self) -> None:
        picture = self.query_one(Picture)
        try:
            while (view := self._wanted) is not None and view != self._shown:
                made, wrong = None, ""
                try:
                    made = await asyncio.to_thread(self.maker.make, view)
                except GarageError as error:
                    wrong = str(error)
                if view == self._wanted:
                    old, self._shown, self.made = self.made, view, made
                    picture.empty = wrong
                    if made is None or made is not old:
                        picture.source = made.image if made else None
                    self.show_words()
        finally:
            self._working = False

    def on_picture_resized(self) -> None:
        self.show()

    def show_words(self) -> None:
        """Say what the picture shows."""
        said, line = self.words(), self.query_one("#gallery-words", Static)
        if said != self._said:
            lines = [-(-one.cell_length // max(1, line.size.width)) for one in (said, self._said)]
            self._said = said
            line.update(said, layout=lines[0] != lines[1])  # a new layout costs more than a new line
        self.query_one(Frame).name_it(*self.titles())
        self.refresh_bindings()

    def words(self) -> Content:
        """Return what the picture shows."""
        return Content(self.made.words if self.made else "")

    def titles(self) -> tuple[str, str]:
        """Return the name of what is shown, and which of how many it is."""
        raise NotImplementedError

    def action_part(self, parts: int) -> None:
        """Show another part of the sheet."""
        if self.made and self.made.parts > 1:
            self._first = (self._first + parts) % self.made.parts
            self.show()

    def action_zoom(self) -> None:
        """Show half as much of the sheet, twice as large; after a single picture all of it again."""
        if self.made and self.made.levels > 1:
            self._first = 0
            self._level = (self.made.level + 1) % self.made.levels
            self.show()
