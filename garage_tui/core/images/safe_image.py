"""Opens picture files safely: none can block, run anything or fill the memory. Errors are one sentence each."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from garage_tui.core.base.errors import BadInputError, reason_of
from garage_tui.core.base.safe_open import IrregularFileError, check_regular, open_regular
from garage_tui.core.base.sanitize import one_line

if TYPE_CHECKING:
    from PIL.Image import Image

RGB = tuple[int, int, int]
Stream = BufferedReader | BytesIO
MAX_PIXELS = 64_000_000
MAX_FILE_BYTES = 256_000_000

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "PPM")
"""Formats whose decoders run no program, as that of EPS does, and write nothing to stderr, as that of TIFF does."""

Fault = Literal["not there", "unreadable", "no picture", "damaged", "too large", "too small", "too thin"]


class PictureError(BadInputError):
    """A picture file cannot be used.

    Args:
        name: name of the file, sanitised.
        fault: the kind of fault.
        reason: what is wrong, to follow the name: `is damaged: …`.
    """

    def __init__(self, name: str, fault: Fault, reason: str) -> None:
        super().__init__(f"there is no file {name}" if fault == "not there" else f"{name} {reason}")
        self.fault: Fault = fault
        self.reason = reason


@contextmanager
def open_file(path: Path, name: str, use: str = "shown") -> Iterator[BufferedReader]:
    """Open a regular file: no folder, and no pipe or device, which might act when it is opened.

    Args:
        name: name of the file in errors, sanitised.
        use: the purpose, in errors: `shown`, `used`.

    Raises:
        PictureError: the file is missing, is not a regular file, is too large, or cannot be read.
    """
    try:
        if check_regular(path).st_size > MAX_FILE_BYTES:
            reason = f"is too large to be {use}: more than {MAX_FILE_BYTES // 1_000_000} MB"
            raise PictureError(name, "too large", reason)
        stream = open_regular(path)
    except IrregularFileError:
        raise PictureError(name, "no picture", f"is not a file: name a picture ({', '.join(FORMATS)})") from None
    except FileNotFoundError:
        raise PictureError(name, "not there", "does not exist") from None
    except PermissionError:
        raise PictureError(name, "unreadable", "cannot be read: permission denied") from None
    except (OSError, ValueError) as error:
        raise PictureError(name, "unreadable", f"cannot be read: {reason_of(error)}") from error
    with stream:
        try:
            yield stream
        except OSError as error:
            raise PictureError(name, "unreadable", f"cannot be read: {reason_of(error)}") from error


@contextmanager
def open_image(stream: Stream, name: str, use: str = "shown") -> Iterator[Image]:
    """Open the first picture of a file; everything that fails until the block is left raises a `PictureError`.

    Pillow may issue warnings, which the caller filters. Arguments are as in `open_file`.

    Raises:
        PictureError: the file is not a picture, is damaged, or is too large to be safe.
    """
    from PIL import Image, UnidentifiedImageError

    huge = PictureError(
        name, "too large", f"is too large to be {use}: more than {MAX_PIXELS // 1_000_000} million pixels"
    )
    try:
        with Image.open(stream, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise huge
            yield image
    except BadInputError:
        raise
    except UnidentifiedImageError:
        reason = f"is not a picture that can be {use}: only {', '.join(FORMATS)}"
        raise PictureError(name, "no picture", reason) from None
    except Image.DecompressionBombError:
        raise huge from None
    except Exception as error:  # decoders raise almost anything on a file that is damaged
        reason = f"is damaged: {reason_of(error)}"
        raise PictureError(name, "damaged", reason) from error


def to_rgb(image: Image, background: RGB = (0, 0, 0)) -> Image:
    """Return an image of any mode as a new, upright one in RGB with 8 bits a channel.

    Args:
        background: the colour behind transparent pixels.
    """
    from PIL import Image, ImageOps

    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16"):
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    elif image.mode in ("I", "F"):  # no standard says which value is white: the brightest pixel becomes white
        image = image.convert("F")
        low, high = (float(end) for end in image.getextrema())  # type: ignore[arg-type]
        scale = 255 / (high - low or 1.0)
        image = image.point(lambda value: value * scale - low * scale).convert("L")
    if image.has_transparency_data:
        behind = Image.new("RGBA", image.size, (*background, 255))
        return Image.alpha_composite(behind, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")


_DRAFT = (2048, 2048)
"""Pixels that are enough for any terminal: a larger JPEG is decoded at a half, a quarter or an eighth of its size."""


def read(path: Path, background: RGB = (0, 0, 0)) -> Image:
    """Return the first picture of a file, upright, in RGB.

    Args:
        background: the colour behind transparent pixels.

    Raises:
        BadInputError: the file is missing, is not a picture, is damaged, or is too large to be safe.
    """
    name = one_line(str(path))
    with warnings.catch_warnings(), open_file(path, name) as stream:
        warnings.simplefilter("ignore")
        with open_image(stream, name) as image:
            image.draft("RGB", _DRAFT)
            return to_rgb(image, background)
