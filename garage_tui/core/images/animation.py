"""A film of single steps from noise to pictures: an animated PNG, left x_t, right the model's guess of the end.

Each frame is a contact sheet of twice as many columns (`core/images/contact_sheet.py`), so the file is a contact sheet
too, of kind `steps`: its first frame is the noise, its last frame the samples. Any browser plays it.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.safe_open import open_regular
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.images import contact_sheet as sheets
from garage_tui.core.images.contact_sheet import ContactSheet

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

FRAME_SECONDS = 0.2
"""How long a frame is seen; the last one stays."""
_MOST_FRAMES, _MOST_BYTES = 1_000, 256_000_000


@dataclass(frozen=True)
class Animation:
    """A film that was read: its frames in RGB, how long each is seen, and what is on them."""

    frames: Sequence[Image]
    seconds: tuple[float, ...]
    sheet: ContactSheet

    def at(self, time: float) -> int:
        """Return the number of the frame that is seen so many seconds after the beginning; at the end it stays."""
        for number, length in enumerate(self.seconds):
            time -= length
            if time < 0:
                return number
        return len(self.frames) - 1


def write(
    path: Path,
    steps: Iterable[tuple[np.ndarray, np.ndarray]],
    columns: int | None = None,
    seconds: float = FRAME_SECONDS,
    **about: object,
) -> ContactSheet:
    """Write a film, whole or not at all, and return what it says of itself.

    Args:
        steps: x_t and the guess of the end for each step, both (count, size, size, 3) uint8; at least one step.
        columns: of each half; by default about as many as rows.
        about: fields of `Sheet`.

    Raises:
        OSError: it cannot be written.
    """
    import math

    from PIL.PngImagePlugin import PngInfo

    frames, sheet = [], None
    for noisy, guesses in steps:
        wide = columns or math.ceil(math.sqrt(len(noisy)))
        image, sheet = sheets.lay_out(_beside(noisy, guesses, wide), 2 * wide)
        frames.append(image)
    assert sheet is not None, "a film has at least one step"
    sheet = msgspec.structs.replace(sheet, kind="steps", **about)
    text = PngInfo()
    text.add_text(sheets.KEYWORD, msgspec.json.encode(sheet).decode())
    text.add_itxt("Description", sheet.words)
    text.add_text("Software", "garage_tui")
    data = io.BytesIO()
    lengths = [round(seconds * 1000)] * (len(frames) - 1) + [2000]
    more = {"save_all": True, "append_images": frames[1:], "duration": lengths} if len(frames) > 1 else {}
    frames[0].save(data, "PNG", pnginfo=text, **more)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, data.getvalue())
    return sheet


def read(path: Path) -> Animation:
    """Return a film.

    Raises:
        BadInputError: it is none, it is damaged, or it is too long to be held in memory.
    """
    from PIL import Image

    sheet, name = sheets.about(path), one_line(str(path))
    if sheet is None or sheet.kind != "steps":
        raise BadInputError(f"{name} is no film of steps")
    try:
        with open_regular(path) as file, Image.open(file, formats=("PNG",)) as image:
            count = getattr(image, "n_frames", 1)
            if count > _MOST_FRAMES or count * image.width * image.height * 3 > _MOST_BYTES:
                raise BadInputError(f"{name} is too long to be played: {count} frames")
            frames, seconds = [], []
            for number in range(count):
                image.seek(number)
                seconds.append(max(0.02, float(image.info.get("duration", 1000 * FRAME_SECONDS)) / 1000))
                frames.append(image.convert("RGB"))
    except BadInputError:
        raise
    except Exception as error:  # decoders raise almost anything on a file that is damaged
        raise BadInputError(f"{name} is damaged: {one_line(str(error))}") from error
    return Animation(frames, tuple(seconds), sheet)


def _beside(left: np.ndarray, right: np.ndarray, columns: int) -> np.ndarray:
    """Return the pictures of both in one order, each row of the left ones before the same row of the right ones."""
    import numpy as np

    spare = -len(left) % columns
    halves = [np.concatenate([half, np.zeros((spare, *half.shape[1:]), np.uint8)]) for half in (left, right)]
    return np.concatenate([half.reshape(-1, columns, *half.shape[1:]) for half in halves], axis=1).reshape(
        -1, *left.shape[1:]
    )
