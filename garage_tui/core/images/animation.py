"""An animation of the sampling steps: an animated PNG, left x_t, right the model's estimate of x_0.

Each frame is a contact sheet of twice as many columns (`core/images/contact_sheet.py`), so the file is a contact sheet
too, of kind `steps`: its first frame is the noise, its last frame the samples. Any web browser plays it.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.base.errors import BadInputError, reason_of
from garage_tui.core.base.json_text import struct_json
from garage_tui.core.base.safe_open import open_regular
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.images import contact_sheet
from garage_tui.core.images.contact_sheet import ContactSheet

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

FRAME_SECONDS = 0.2
"""Seconds for which a frame is shown; the last one stays."""
_MAX_FRAMES, _MAX_BYTES = 1_000, 256_000_000


@dataclass(frozen=True)
class Animation:
    """Frames in RGB, how long each is shown in seconds, and the metadata of the sheets."""

    frames: Sequence[Image]
    seconds: tuple[float, ...]
    sheet: ContactSheet

    def frame_at(self, time: float) -> int:
        """Return the number of the frame that is shown so many seconds after the beginning; the last one stays."""
        for number, duration in enumerate(self.seconds):
            time -= duration
            if time < 0:
                return number
        return len(self.frames) - 1


def write(
    path: Path,
    steps: Iterable[tuple[np.ndarray, np.ndarray]],
    columns: int | None = None,
    seconds: float = FRAME_SECONDS,
    **fields: object,
) -> ContactSheet:
    """Write an animation atomically, and return its metadata.

    Args:
        steps: x_t and the estimate of x_0 for each step, both (count, size, size, 3) uint8; at least one step.
        columns: columns of each half; by default about as many as rows.
        seconds: how long a frame is shown.
        fields: fields of `ContactSheet`.

    Raises:
        OSError: it cannot be written.
    """
    import math

    from PIL.PngImagePlugin import PngInfo

    frames, sheet = [], None
    for noisy, estimates in steps:
        wide = columns or math.ceil(math.sqrt(len(noisy)))
        image, sheet = contact_sheet.lay_out(_interleave(noisy, estimates, wide), 2 * wide)
        frames.append(image)
    assert sheet is not None, "an animation has at least one step"
    sheet = msgspec.structs.replace(sheet, kind="steps", **fields)
    text = PngInfo()
    text.add_text(contact_sheet.KEYWORD, struct_json(sheet).decode())
    text.add_itxt("Description", sheet.description)
    text.add_text("Software", "garage_tui")
    data = io.BytesIO()
    durations = [round(seconds * 1000)] * (len(frames) - 1) + [2000]
    more = {"save_all": True, "append_images": frames[1:], "duration": durations} if len(frames) > 1 else {}
    frames[0].save(data, "PNG", pnginfo=text, **more)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, data.getvalue())
    return sheet


def read(path: Path) -> Animation:
    """Return an animation.

    Raises:
        BadInputError: the file is no such animation, is damaged, or is too long to be held in memory.
    """
    from PIL import Image

    sheet, name = contact_sheet.read_metadata(path), one_line(str(path))
    if sheet is None or sheet.kind != "steps":
        raise BadInputError(f"{name} is not a film of sampling steps")
    try:
        with open_regular(path) as file, Image.open(file, formats=("PNG",)) as image:
            count = getattr(image, "n_frames", 1)
            if count > _MAX_FRAMES or count * image.width * image.height * 3 > _MAX_BYTES:
                raise BadInputError(f"{name} is too long to be played: {count} frames")
            frames, seconds = [], []
            for number in range(count):
                image.seek(number)
                seconds.append(max(0.02, float(image.info.get("duration", 1000 * FRAME_SECONDS)) / 1000))
                frames.append(image.convert("RGB"))
    except BadInputError:
        raise
    except Exception as error:  # decoders raise almost anything on a file that is damaged
        raise BadInputError(f"{name} is damaged: {reason_of(error)}") from error
    return Animation(frames, tuple(seconds), sheet)


def _interleave(left: np.ndarray, right: np.ndarray, columns: int) -> np.ndarray:
    """Return the pictures of both in one order: each row of the left ones, then the same row of the right ones."""
    import numpy as np

    spare = -len(left) % columns
    halves = [np.concatenate([half, np.zeros((spare, *half.shape[1:]), np.uint8)]) for half in (left, right)]
    return np.concatenate([half.reshape(-1, columns, *half.shape[1:]) for half in halves], axis=1).reshape(
        -1, *left.shape[1:]
    )
