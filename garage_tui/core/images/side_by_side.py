"""Two pictures side by side as one PNG with metadata.

Under the keyword `garage` is the JSON of an `ImagePair`, under `Description` the same for people. It is no contact
sheet: the two halves may be of different sizes, and from different runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

import msgspec

from garage_tui.core.base.json_text import struct_json
from garage_tui.core.base.safe_open import open_regular
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.images import contact_sheet, montage, safe_image
from garage_tui.core.images.contact_sheet import BACKGROUND, KEYWORD, ContactSheet
from garage_tui.core.images.montage import Canvas

if TYPE_CHECKING:
    from PIL.Image import Image

_PHOTO_SIZE = (2048, 2048)
"""Pixels that are kept of a photograph: no screen shows more of it."""
_MAX_NAME = 110
"""Bytes of each half of a file name: two of them and what is between fit into any file system."""


class PairHalf(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The left or the right picture of a pair."""

    album: str
    """The run or the folder that the picture is from."""
    page: str
    """A title: `epoch 4`, the name of a file."""
    sheet: ContactSheet | None = None
    """The metadata of the file; None where it is not a contact sheet."""

    @property
    def description(self) -> str:
        """A description of the picture in one line, sanitised."""
        text = self.sheet.description if self.sheet else ""
        return one_line(text or f"{self.album} · {self.page}", 400)


class ImagePair(msgspec.Struct, frozen=True, kw_only=True):
    """The metadata of two pictures side by side."""

    kind: Literal["beside"] = "beside"
    left: PairHalf
    right: PairHalf


def file_name(left: tuple[str, Path], right: tuple[str, Path]) -> str:
    """Return a file name for two pictures, each given by its album and its path: `run-epoch-0004-beside-….png`."""
    albums = [album.rsplit("/", 1)[-1] for album, _ in (left, right)]
    stems = [path.stem for _, path in (left, right)]
    halves = [_short(f"{album}-{stem}".removeprefix("-")) for album, stem in zip(albums, stems, strict=True)]
    if albums[0] == albums[1]:
        halves[1] = _short(stems[1])
    return f"{'-beside-'.join(halves)}.png"


def _short(text: str) -> str:
    return text.encode(errors="replace")[:_MAX_NAME].decode(errors="ignore")


def write(out: BinaryIO, left: tuple[PairHalf, Path], right: tuple[PairHalf, Path]) -> ImagePair:
    """Write two picture files side by side, and return the metadata.

    Each keeps its own pixels, but the lower one is enlarged to the height of the other. `PairHalf.sheet` is read from
    the files.

    Raises:
        BadInputError: one of the files cannot be read.
        OSError: `out` cannot be written.
    """
    from PIL.PngImagePlugin import PngInfo

    images, halves = zip(*(_read(half, path) for half, path in (left, right)), strict=True)
    pair = ImagePair(left=halves[0], right=halves[1])
    whole = montage.side_by_side(images[0], images[1], Canvas(1, 1, enlarge=False), BACKGROUND)
    text = PngInfo()
    text.add_text(KEYWORD, struct_json(pair).decode())
    text.add_itxt("Description", f"left: {pair.left.description}; right: {pair.right.description}")
    text.add_text("Software", "garage_tui")
    whole.save(out, "PNG", pnginfo=text)
    return pair


def read_metadata(path: Path) -> ImagePair | None:
    """Return the metadata of two pictures side by side; None where the file is anything else."""
    from PIL import Image

    try:
        with open_regular(path) as file, Image.open(file, formats=("PNG",)) as image:
            text = image.info.get(KEYWORD)
            return msgspec.json.decode(text.encode(), type=ImagePair) if isinstance(text, str) else None
    except Exception:  # decoders raise almost anything on a file that is damaged
        return None


def _read(half: PairHalf, path: Path) -> tuple[Image, PairHalf]:
    image, sheet = safe_image.read(path), contact_sheet.read_metadata(path)
    if sheet is None:
        image.thumbnail(_PHOTO_SIZE)
    return image, msgspec.structs.replace(half, sheet=sheet)
