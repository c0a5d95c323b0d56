"""Picture files, opened so that none can hang us, run anything or fill the memory: either a picture or a sentence."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.safe_open import IrregularFileError, check_regular, open_regular
from garage_tui.core.base.sanitize import one_line

if TYPE_CHECKING:
    from PIL.Image import Image

if TYPE_CHECKING:
    from PIL.Image import Image

RGB = tuple[int, int, int]
Stream = BufferedReader | BytesIO
MOST_PIXELS = 64_000_000
MOST_FILE_BYTES = 256_000_000

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "PPM")
"""Formats whose decoders run no program, as that of EPS does, and write nothing to stderr, as that of TIFF does."""

Fault = Literal["not there", "unreadable", "no picture", "damaged", "too large", "too small", "too thin"]


class PictureError(BadInputError):
    """A picture file cannot be used.

    Args:
        name: of the file, cleaned.
        fault: what kind of fault it is.
        words: what is wrong with it, to follow its name: `is damaged: …`.
    """

    def __init__(self, name: str, fault: Fault, words: str) -> None:
        super().__init__(f"no file {name}" if fault == "not there" else f"{name} {words}")
        self.fault: Fault = fault
        self.words = words


@contextmanager
def regular_file(path: Path, name: str, use: str = "shown") -> Iterator[BufferedReader]:
    """Open a file that is one: no folder, no pipe and no device, which may do something when it is opened.

    Args:
        name: what it is called in errors, cleaned.
        use: what it is wanted for, in errors: `shown`, `used`.

    Raises:
        PictureError: it is not there, it is no file, it is too large, or it cannot be read.
    """
    try:
        if check_regular(path).st_size > MOST_FILE_BYTES:
            words = f"is too large to be {use}: more than {MOST_FILE_BYTES // 1_000_000} MB"
            raise PictureError(name, "too large", words)
        stream = open_regular(path)
    except IrregularFileError:
        raise PictureError(name, "no picture", f"is no file: name a picture ({', '.join(FORMATS)})") from None
    except FileNotFoundError:
        raise PictureError(name, "not there", "is not there") from None
    except PermissionError:
        raise PictureError(name, "unreadable", "cannot be read: permission denied") from None
    except (OSError, ValueError) as error:
        raise PictureError(name, "unreadable", f"cannot be read: {one_line(str(error))}") from error
    with stream:
        try:
            yield stream
        except OSError as error:
            raise PictureError(name, "unreadable", f"cannot be read: {one_line(str(error))}") from error


@contextmanager
def opened(stream: Stream, name: str, use: str = "shown") -> Iterator[Image]:
    """Open the first picture of a file; whatever goes wrong until the block is left is told in words.

    Pillow may warn of what it finds: whoever cares filters that. Arguments are as in `regular_file`.

    Raises:
        PictureError: it is no picture, it is damaged, or it is too large to be safe.
    """
    from PIL import Image, UnidentifiedImageError

    huge = PictureError(
        name, "too large", f"is too large to be {use}: more than {MOST_PIXELS // 1_000_000} million pixels"
    )
    try:
        with Image.open(stream, formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise huge
            yield image
    except BadInputError:
        raise
    except UnidentifiedImageError:
        words = f"is no picture that can be {use}: {', '.join(FORMATS)} can"
        raise PictureError(name, "no picture", words) from None
    except Image.DecompressionBombError:
        raise huge from None
    except Exception as error:  # decoders raise almost anything on a file that is damaged
        words = f"is damaged: {one_line(str(error)) or type(error).__name__}"
        raise PictureError(name, "damaged", words) from error


def flat(image: Image, background: RGB = (0, 0, 0)) -> Image:
    """Return an image of any mode as a new upright one in RGB; 16 and 32 bits a channel become 8."""
    from PIL import Image, ImageOps

    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16"):
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    elif image.mode in ("I", "F"):  # of these nobody says what white is: the brightest pixel is
        image = image.convert("F")
        low, high = (float(end) for end in image.getextrema())  # type: ignore[arg-type]
        scale = 255 / (high - low or 1.0)
        image = image.point(lambda value: value * scale - low * scale).convert("L")
    if image.has_transparency_data:
        ground = Image.new("RGBA", image.size, (*background, 255))
        return Image.alpha_composite(ground, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")


_DRAFT = (2048, 2048)
"""Pixels that are enough for any terminal: a larger JPEG is decoded at half, a quarter or an eighth of its size."""


def read(path: Path, background: RGB = (0, 0, 0)) -> Image:
    """Return the first picture of a file, upright, in RGB, what is transparent laid on `background`.

    Raises:
        BadInputError: there is no such file, it is no picture, it is damaged, or it is too large to be safe.
    """
    name = one_line(str(path))
    with warnings.catch_warnings(), regular_file(path, name) as stream:
        warnings.simplefilter("ignore")
        with opened(stream, name) as image:
            image.draft("RGB", _DRAFT)
            return flat(image, background)
