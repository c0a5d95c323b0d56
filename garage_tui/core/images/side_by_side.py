"""Two pictures side by side as one PNG, which says in itself what both are.

Under the keyword `garage` stands the JSON of a `ImagePair`, under `Description` the same for people. It is no contact
sheet:
the two halves may be of different sizes, and come from different runs.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.base.safe_open import open_regular
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.images import contact_sheet as sheets
from garage_tui.core.images import montage
from garage_tui.core.images import safe_image as picture_files
from garage_tui.core.images.contact_sheet import GROUND, KEYWORD, ContactSheet
from garage_tui.core.images.montage import Canvas

if TYPE_CHECKING:
    from PIL.Image import Image

_MOST_PIXELS = (2048, 2048)
"""Of each half that is a photograph: a screen shows no more of it."""
_NAME = 110
"""Bytes of a half in the name of the file: two of them and what is between fit into any file system."""


class PairHalf(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The left or the right picture of a pair."""

    album: str
    """The run or the folder that it is of."""
    page: str
    """For people: `epoch 4`, a file's own name."""
    sheet: ContactSheet | None = None
    """What its file says of itself; None where it is no sheet of ours."""

    @property
    def words(self) -> str:
        said = self.sheet.words if self.sheet else ""
        return one_line(said or f"{self.album} · {self.page}", 400)


class ImagePair(msgspec.Struct, frozen=True, kw_only=True):
    """What a picture of two says of itself."""

    kind: Literal["beside"] = "beside"
    left: PairHalf
    right: PairHalf


def name(left: tuple[str, Path], right: tuple[str, Path]) -> str:
    """Return a file's name for two pictures, each given by its album and its path: `run-epoch-0004-beside-….png`."""
    albums = [album.rsplit("/", 1)[-1] for album, _ in (left, right)]
    stems = [path.stem for _, path in (left, right)]
    halves = [_short(f"{album}-{stem}".removeprefix("-")) for album, stem in zip(albums, stems, strict=True)]
    if albums[0] == albums[1]:
        halves[1] = _short(stems[1])
    return f"{'-beside-'.join(halves)}.png"


def _short(text: str) -> str:
    return text.encode(errors="replace")[:_NAME].decode(errors="ignore")


def write(out: Path, left: tuple[PairHalf, Path], right: tuple[PairHalf, Path]) -> ImagePair:
    """Write two picture files side by side, whole or not at all, and return what the new one says of itself.

    Each is shown in its own pixels; the lower one is enlarged to the height of the other. What `Half.sheet` says is
    read from the files.

    Raises:
        BadInputError: one of them cannot be read.
        OSError: it cannot be written.
    """
    from PIL.PngImagePlugin import PngInfo

    images, halves = zip(*(_read(half, path) for half, path in (left, right)), strict=True)
    pair = ImagePair(left=halves[0], right=halves[1])
    whole = montage.side_by_side(images[0], images[1], Canvas(1, 1, enlarge=False), GROUND)
    text = PngInfo()
    text.add_text(KEYWORD, msgspec.json.encode(pair).decode())
    text.add_itxt("Description", f"left: {pair.left.words}; right: {pair.right.words}")
    text.add_text("Software", "garage_tui")
    data = io.BytesIO()
    whole.save(data, "PNG", pnginfo=text)
    write_atomic(out, data.getvalue())
    return pair


def about(path: Path) -> ImagePair | None:
    """Return what a PNG says of itself as two pictures side by side; None where it is another one, or none at all."""
    from PIL import Image

    try:
        with open_regular(path) as file, Image.open(file, formats=("PNG",)) as image:
            text = image.info.get(KEYWORD)
            return msgspec.json.decode(text.encode(), type=ImagePair) if isinstance(text, str) else None
    except Exception:  # decoders raise almost anything on a file that is damaged
        return None


def _read(half: PairHalf, path: Path) -> tuple[Image, PairHalf]:
    image, sheet = picture_files.read(path), sheets.about(path)
    if sheet is None:
        image.thumbnail(_MOST_PIXELS)
    return image, msgspec.structs.replace(half, sheet=sheet)
