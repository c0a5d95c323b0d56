"""Loads a folder of pictures as training data."""

from __future__ import annotations

import os
import stat
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.sanitize import one_line, shown_line
from garage_tui.core.images import image_set
from garage_tui.core.images.image_set import ImageFile, ImageSet, SkippedImage, Why
from garage_tui.core.images.safe_image import PictureError, open_file, open_image
from garage_tui.core.images.square import Fit

MAX_FILES = 200_000
"""Most files in a folder and those in it: with more, it is probably the wrong folder."""
MAX_OPENED = 2_000
"""Most files that are opened before a run is started; among more, the run looks for its pictures itself."""


def load(
    folder: Path,
    size: int,
    fit: Fit = "crop",
    count: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ImageSet:
    """Return the pictures of a folder and the folders in it, sorted by their paths.

    Arguments are as in `image_set.load`.

    Raises:
        BadInputError: there is no such folder, it cannot be read, or too few pictures in it can be used.
    """
    name = one_line(str(folder))
    if not Path(os.path.realpath(folder)).is_dir():
        raise BadInputError(f"there is no folder {name}")
    files, left_out = find(folder)
    return image_set.load(files, size, fit, where=name, count=count, left_out=left_out, progress=progress)


def require_pictures(folder: Path) -> None:
    """Refuse a folder in which too few files begin as a picture does, with the sentence that `load` has for it.

    Only as many files are opened as are needed to find enough pictures. A picture that is damaged further on, is too
    small or is there twice is found by `load`.

    Raises:
        BadInputError: there is no such folder, it cannot be read, or it has too few pictures.
    """
    files, left_out = find(folder)
    found = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for file in files[:MAX_OPENED]:
            try:
                with file.open() as stream, open_image(stream, file.name, "used"):
                    found += 1
            except PictureError as error:
                left_out.append(SkippedImage(file.name, error.fault, error.reason))
            if found >= image_set.FEWEST:
                return
    if len(files) <= MAX_OPENED:
        raise BadInputError(image_set.too_few(found, one_line(str(folder)), left_out))


def find(folder: Path) -> tuple[list[ImageFile], list[SkippedImage]]:
    """Return the files in a folder, sorted by their paths, and what is skipped because it is no regular file.

    Hidden files and folders are ignored. A link to a file in the folder counts as that file; links that lead out of the
    folder, and links to folders, are skipped.

    Raises:
        BadInputError: the folder cannot be read, or there are more than `MAX_FILES`.
    """
    root = Path(os.path.realpath(folder))  # Path.resolve raises on a link to itself
    files: dict[bytes, ImageFile] = {}
    left_out: list[SkippedImage] = []

    def skip(path: Path, why: Why, reason: str) -> None:
        left_out.append(SkippedImage(_name(root, path), why, reason))

    def skip_unreadable(error: OSError) -> None:
        if Path(error.filename) == root:
            raise BadInputError(f"{one_line(str(root))} cannot be read: {error.strerror}") from error
        skip(Path(error.filename), "unreadable", f"cannot be read: {error.strerror}")

    seen = 0
    for where, folders, names in os.walk(root, onerror=skip_unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for path in (Path(where, name) for name in folders):
            if path.is_symlink():
                skip(path, "link", "is a link to a folder; such links are not followed")
        seen += len(names)
        if seen > MAX_FILES:
            most = f"has more than {MAX_FILES:,} files"
            raise BadInputError(f"{one_line(str(root))} {most}: name a folder that holds only the pictures")
        for path in (Path(where, name) for name in names if not name.startswith(".")):
            try:
                if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(root):
                    skip(path, "link", "is a link that leads out of the folder")
                    continue
                found = path.stat()
            except OSError as error:
                skip(path, "unreadable", f"cannot be read: {error.strerror}")
                continue
            if not stat.S_ISREG(found.st_mode):
                skip(path, "no picture", "is a pipe, a socket or a device")
            elif not found.st_size:  # like all files of /proc, some of which would block
                skip(path, "no picture", "is empty")
            else:
                name_ = _name(root, path)
                files[os.fsencode(path)] = ImageFile(name_, partial(open_file, path, name_, "used"))
    return [files[path] for path in sorted(files)], sorted(left_out, key=lambda out: out.name)


def _name(root: Path, path: Path) -> str:
    """Return a path relative to `root`, sanitised."""
    inside = str(path.relative_to(root))
    return one_line(inside) or shown_line(inside)
