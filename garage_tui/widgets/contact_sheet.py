"""The view of a contact sheet in a dialog: as many of its pictures as are recognisable in the space there is."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from textual import work

from garage_tui.core.base.errors import GarageError
from garage_tui.core.images import contact_sheet, montage, safe_image
from garage_tui.core.images.montage import Canvas
from garage_tui.core.images.safe_image import RGB
from garage_tui.core.terminal.capabilities import ImageMode, Terminal
from garage_tui.core.terminal.image_render import canvas_for
from garage_tui.widgets.picture import Picture

if TYPE_CHECKING:
    from PIL.Image import Image

_MIN_DOTS = {"half": 12, "ascii": 16}
"""Least width of a recognisable picture in dots, in the image modes with large dots."""


class ContactSheetView(Picture):
    """The picture of a contact sheet; if not all of its samples fit, it shows evenly chosen ones."""

    def __init__(self, terminal: Terminal, sheet: Path, *, id: str | None = None) -> None:
        super().__init__(terminal, id=id)
        self._sheet = sheet

    def on_picture_resized(self) -> None:
        columns, rows = self.content_size
        if columns and rows:
            self._fit(canvas_for(columns, rows, self.cell_size, self.mode), self.mode, self.background_rgb)

    @work(exclusive=True, group="fit")
    async def _fit(self, canvas: Canvas, mode: ImageMode, background: RGB) -> None:
        try:
            self.source = await asyncio.to_thread(_compose, self._sheet, canvas, mode, background)
        except GarageError as error:
            self.empty_text = str(error)


def _compose(path: Path, canvas: Canvas, mode: ImageMode, background: RGB) -> Image:
    image, sheet = safe_image.read(path), contact_sheet.read_metadata(path)
    if sheet is None:
        return image
    units, least = montage.units(sheet), _MIN_DOTS.get(mode, 0)
    counts = range(len(units), 0, -1)
    count = next((some for some in counts if montage.dots_wide(sheet, some, canvas) >= least), 1)
    last = len(units) - 1
    chosen = [units[round(at * last / max(1, count - 1))] for at in range(count)]
    return montage.render_units(image, sheet, chosen, canvas, background)
