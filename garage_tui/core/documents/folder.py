"""The documents in a folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.home_path import expand_home
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.workspace import Workspace

MAX_FILES = 5_000
_ENDS = (
    ".pdf",
    ".html",
    ".htm",
    ".xhtml",
    ".docx",
    ".epub",
    ".md",
    ".markdown",
    ".txt",
    ".text",
    ".rst",
    ".adoc",
    ".org",
)
_MANUAL_ENDS = tuple(f".{section}" for section in "12345678")


class FoundFiles(NamedTuple):
    """What a folder holds."""

    names: list[str]
    """Files that are read, as paths like the one that the owner gave; sorted."""
    others: int
    """Files in formats that are not read, by their names."""
    links: int
    """Links, which may lead anywhere and are not followed."""


def find_documents(name: str, workspace: Workspace) -> FoundFiles | None:
    """Return the documents in a folder and its subfolders; None if `name` is no folder. Hidden ones are left out.

    Raises:
        BadInputError: it cannot be read, or holds too many.
    """
    folder = workspace.root / expand_home(name)
    try:
        if not folder.is_dir():
            return None
        next(os.scandir(folder), None)
    except (OSError, ValueError) as error:
        raise BadInputError(f"{one_line(name)}: {getattr(error, 'strerror', '') or error}") from error
    names: list[str] = []
    others = links = 0
    for path, folders, files in os.walk(folder):
        links += sum(Path(path, one).is_symlink() for one in folders)
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for file in sorted(files):
            if file.startswith("."):
                continue
            if Path(path, file).is_symlink():
                links += 1
            elif _is_document(file):
                names.append(str(Path(name) / Path(path, file).relative_to(folder)))
            else:
                others += 1
        if len(names) > MAX_FILES:
            raise BadInputError(
                f"{one_line(name)}: it holds more than {MAX_FILES:,} documents; name a folder inside it"
            )
    return FoundFiles(sorted(names), others, links)


def _is_document(file: str) -> bool:
    bare = file.lower().removesuffix(".gz")
    return bare.endswith(_ENDS) or bare.endswith(_MANUAL_ENDS) or bare in ("readme", "changelog", "news", "install")
