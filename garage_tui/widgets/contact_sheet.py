"""A contact sheet in a dialog: as many of its pictures as can be made out in the room that there is."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from textual import work

from garage_tui.core.base.errors import GarageError
from garage_tui.core.images import contact_sheet as sheets
from garage_tui.core.images import montage
from garage_tui.core.images import safe_image as picture_files
from garage_tui.core.images.montage import Canvas
from garage_tui.core.images.safe_image import RGB
from garage_tui.core.terminal.capabilities import Terminal, Way
from garage_tui.core.terminal.image_render import room_for
from garage_tui.widgets.picture import Picture

if TYPE_CHECKING:
    from PIL.Image import Image

_LEAST_DOTS = {"half": 12, "ascii": 16}
"""How many dots wide a picture has to be to be made out, where dots are large."""


class ContactSheetView(Picture):
    """Pictures of a sheet, evenly chosen where there is no room for all, in the rows and columns that suit the room."""

    def __init__(self, terminal: Terminal, sheet: Path, *, id: str | None = None) -> None:
        super().__init__(terminal, id=id)
        self._sheet = sheet

    def on_picture_resized(self) -> None:
        columns, rows = self.content_size
        if columns and rows:
            self._fit(room_for(columns, rows, self.cell, self.how), self.how, self.ground)

    @work(exclusive=True, group="fit")
    async def _fit(self, room: Canvas, way: Way, ground: RGB) -> None:
        try:
            self.source = await asyncio.to_thread(_make, self._sheet, room, way, ground)
        except GarageError as error:
            self.empty = str(error)


def _make(path: Path, room: Canvas, way: Way, ground: RGB) -> Image:
    image, sheet = picture_files.read(path), sheets.about(path)
    if sheet is None:
        return image
    units, least = montage.units(sheet), _LEAST_DOTS.get(way, 0)
    counts = range(len(units), 0, -1)
    count = next((some for some in counts if montage.side(sheet, some, room) >= least), 1)
    last = len(units) - 1
    chosen = [units[round(at * last / max(1, count - 1))] for at in range(count)]
    return montage.sheet_image(image, sheet, chosen, room, ground)
