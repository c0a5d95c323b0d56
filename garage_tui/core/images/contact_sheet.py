"""Contact sheets: pictures of one size in rows and columns, as one PNG that knows what is on it.

Each picture stands enlarged by whole pixels, so that `read` returns exactly what `write` was given. What the sheet
shows is in the PNG itself, as text under the keyword `garage` (JSON) and, for people, under `Description`.
"""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.safe_open import open_regular
from garage_tui.core.base.sanitize import one_line

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

KEYWORD = "garage"
GAP = 2
"""Pixels between two pictures, and around all of them, before they are enlarged."""
GROUND = (24, 24, 28)
"""The colour between pictures."""
_WIDE = 512
"""A sheet is enlarged to about this many pixels, so that it can be looked at anywhere."""

Kind = Literal["samples", "steps", "data", "noise", "nearest"]


class ContactSheet(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is on a sheet."""

    kind: Kind = "samples"
    """`samples` of a model; `steps` from noise to pictures; `data` it learns from; that data turned to `noise`."""
    columns: int
    rows: int
    size: int
    """Side of a picture in its own pixels."""
    count: int
    """Pictures; the last row may not be full."""
    scale: int = 1
    """Pixels of the sheet for each pixel of a picture."""
    run: str = ""
    epoch: int | None = None
    step: int | None = None
    """Optimiser steps that the model had taken."""
    seed: int | None = None
    """Of the noise that the samples began with."""
    sampler: str = ""
    """In words: `DDIM, 50 steps`."""
    source: str = ""
    """What the model learned from; of `procedural` pictures it always says so."""
    notes: tuple[str, ...] = ()
    """A few words for each picture, or none at all."""

    @property
    def words(self) -> str:
        """What it shows, in a line."""
        parts = [
            self.run,
            "" if self.epoch is None else f"epoch {self.epoch}",
            "" if self.seed is None else f"seed {self.seed}",
            self.sampler,
            self.source,
        ]
        return " · ".join(filter(None, parts))


def lay_out(images: np.ndarray, columns: int | None = None) -> tuple[Image, ContactSheet]:
    """Return pictures as one, and how they lie.

    Args:
        images: (count, size, size, 3) uint8, sRGB; at least one.
        columns: by default as many as rows, or one more.
    """
    import numpy as np
    from PIL import Image

    count, size = images.shape[:2]
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    pitch = size + GAP
    whole = np.empty((GAP + rows * pitch, GAP + columns * pitch, 3), np.uint8)
    whole[:] = GROUND
    for at, image in enumerate(images):
        top, left = (GAP + number * pitch for number in divmod(at, columns))
        whole[top : top + size, left : left + size] = image
    scale = max(1, _WIDE // whole.shape[1])
    whole = whole.repeat(scale, axis=0).repeat(scale, axis=1)
    return Image.fromarray(whole), ContactSheet(columns=columns, rows=rows, size=size, count=count, scale=scale)


def write(path: Path, images: np.ndarray, columns: int | None = None, **about: object) -> ContactSheet:
    """Write pictures as a sheet, whole or not at all, and return what it says of itself.

    Args:
        images, columns: as in `lay_out`.
        about: fields of `Sheet`.

    Raises:
        OSError: it cannot be written.
    """
    from PIL.PngImagePlugin import PngInfo

    image, sheet = lay_out(images, columns)
    sheet = msgspec.structs.replace(sheet, **about)
    text = PngInfo()
    text.add_text(KEYWORD, msgspec.json.encode(sheet).decode())
    text.add_itxt("Description", sheet.words)
    text.add_text("Software", "garage_tui")
    data = io.BytesIO()
    image.save(data, "PNG", pnginfo=text)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, data.getvalue())
    return sheet


def about(path: Path) -> ContactSheet | None:
    """Return what a PNG says of itself as a sheet; None where it is another picture, or none at all."""
    from PIL import Image

    try:
        with open_regular(path) as file, Image.open(file, formats=("PNG",)) as image:
            text = image.info.get(KEYWORD)
            sheet = msgspec.json.decode(text.encode(), type=ContactSheet) if isinstance(text, str) else None
            if sheet is None or min(sheet.columns, sheet.rows, sheet.size, sheet.count, sheet.scale) < 1:
                return None
            pitch = (sheet.size + GAP) * sheet.scale
            wide, high = (GAP * sheet.scale + number * pitch for number in (sheet.columns, sheet.rows))
            whole = image.size == (wide, high) and sheet.count <= sheet.columns * sheet.rows
            return sheet if whole else None
    except Exception:  # decoders raise almost anything on a file that is damaged
        return None


def read(path: Path) -> tuple[np.ndarray, ContactSheet]:
    """Return the pictures of a sheet, as they were given to `write`, and what it says of itself.

    Raises:
        BadInputError: it is no sheet of ours, or cannot be read.
    """
    import numpy as np
    from PIL import Image

    sheet = about(path)
    if sheet is None:
        raise BadInputError(f"{one_line(str(path))} is no contact sheet of garage")
    try:
        with open_regular(path) as file, Image.open(file, formats=("PNG",)) as image:
            whole = np.asarray(image.convert("RGB"))[:: sheet.scale, :: sheet.scale]
    except Exception as error:  # as above
        raise BadInputError(f"{one_line(str(path))} is damaged: {one_line(str(error))}") from error
    pitch = sheet.size + GAP
    corners = [tuple(GAP + place * pitch for place in divmod(at, sheet.columns)) for at in range(sheet.count)]
    cells = [whole[top : top + sheet.size, left : left + sheet.size] for top, left in corners]
    return np.stack(cells), sheet
