"""Contact sheets: pictures of one size in rows and columns, as one PNG with metadata.

Pictures are enlarged by a whole factor, so that `read` returns exactly what `write` was given. The metadata are text
chunks of the PNG: JSON under the keyword `garage`, and a description for people under `Description`.
"""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.base.errors import BadInputError, reason_of
from garage_tui.core.base.json_text import struct_json
from garage_tui.core.base.safe_open import open_regular
from garage_tui.core.base.sanitize import one_line

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

KEYWORD = "garage"
GAP = 2
"""Pixels between two pictures, and around all of them, before they are enlarged."""
BACKGROUND = (24, 24, 28)
"""The colour between pictures."""
_TARGET_WIDTH = 512
"""Pixels that a sheet is enlarged to, about, so that any viewer shows it large enough."""

Kind = Literal["samples", "steps", "data", "noise", "nearest"]


class ContactSheet(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The metadata of a contact sheet."""

    kind: Kind = "samples"
    """`samples` of a model, `steps` from noise to samples, `data` to learn from, that data turning to `noise`, or
    samples with their `nearest` training pictures."""
    columns: int
    rows: int
    size: int
    """Side of a picture, in pixels."""
    count: int
    """Number of pictures; the last row may not be full."""
    scale: int = 1
    """Pixels of the sheet for each pixel of a picture."""
    run: str = ""
    epoch: int | None = None
    step: int | None = None
    """Optimiser steps that the model had taken."""
    seed: int | None = None
    """Seed of the noise that the samples began with."""
    sampler: str = ""
    """The sampler and its steps: `DDIM, 50 steps`."""
    source: str = ""
    """The source of the training pictures; those drawn by rule are always called `procedural`."""
    notes: tuple[str, ...] = ()
    """A note for each picture, or no notes at all."""

    @property
    def description(self) -> str:
        """A description of the sheet in one line."""
        parts = [
            self.run,
            "" if self.epoch is None else f"epoch {self.epoch}",
            "" if self.seed is None else f"seed {self.seed}",
            self.sampler,
            self.source,
        ]
        return " · ".join(filter(None, parts))


def lay_out(images: np.ndarray, columns: int | None = None) -> tuple[Image, ContactSheet]:
    """Return pictures as one image, and its metadata.

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
    whole[:] = BACKGROUND
    for at, image in enumerate(images):
        top, left = (GAP + number * pitch for number in divmod(at, columns))
        whole[top : top + size, left : left + size] = image
    scale = max(1, _TARGET_WIDTH // whole.shape[1])
    whole = whole.repeat(scale, axis=0).repeat(scale, axis=1)
    return Image.fromarray(whole), ContactSheet(columns=columns, rows=rows, size=size, count=count, scale=scale)


def write(path: Path, images: np.ndarray, columns: int | None = None, **fields: object) -> ContactSheet:
    """Write pictures as a sheet, atomically, and return its metadata.

    Args:
        images, columns: as in `lay_out`.
        fields: fields of `ContactSheet`.

    Raises:
        OSError: it cannot be written.
    """
    from PIL.PngImagePlugin import PngInfo

    image, sheet = lay_out(images, columns)
    sheet = msgspec.structs.replace(sheet, **fields)
    text = PngInfo()
    text.add_text(KEYWORD, struct_json(sheet).decode())
    text.add_itxt("Description", sheet.description)
    text.add_text("Software", "garage_tui")
    data = io.BytesIO()
    image.save(data, "PNG", pnginfo=text)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, data.getvalue())
    return sheet


def read_metadata(path: Path) -> ContactSheet | None:
    """Return the metadata of a contact sheet; None where the file is anything else."""
    from PIL import Image

    try:
        with open_regular(path) as file, Image.open(file, formats=("PNG",)) as image:
            text = image.info.get(KEYWORD)
            sheet = msgspec.json.decode(text.encode(), type=ContactSheet) if isinstance(text, str) else None
            if sheet is None or min(sheet.columns, sheet.rows, sheet.size, sheet.count, sheet.scale) < 1:
                return None
            pitch = (sheet.size + GAP) * sheet.scale
            wide, high = (GAP * sheet.scale + number * pitch for number in (sheet.columns, sheet.rows))
            fits = image.size == (wide, high) and sheet.count <= sheet.columns * sheet.rows
            return sheet if fits else None
    except Exception:  # decoders raise almost anything on a file that is damaged
        return None


def read(path: Path) -> tuple[np.ndarray, ContactSheet]:
    """Return the pictures of a sheet, as they were given to `write`, and its metadata.

    Raises:
        BadInputError: the file is not a contact sheet, or cannot be read.
    """
    import numpy as np
    from PIL import Image

    sheet = read_metadata(path)
    if sheet is None:
        raise BadInputError(f"{one_line(str(path))} is not a contact sheet made by garage")
    try:
        with open_regular(path) as file, Image.open(file, formats=("PNG",)) as image:
            whole = np.asarray(image.convert("RGB"))[:: sheet.scale, :: sheet.scale]
    except Exception as error:  # as above
        raise BadInputError(f"{one_line(str(path))} is damaged: {reason_of(error)}") from error
    pitch = sheet.size + GAP
    corners = [tuple(GAP + index * pitch for index in divmod(at, sheet.columns)) for at in range(sheet.count)]
    cells = [whole[top : top + sheet.size, left : left + sheet.size] for top, left in corners]
    return np.stack(cells), sheet
