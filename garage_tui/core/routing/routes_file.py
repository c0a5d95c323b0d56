"""`routes.json` beside a run's adapter: the subjects by which a server recognises what the tuned model answers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.base.errors import GarageError, reason_of
from garage_tui.core.base.json_text import struct_document
from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.facts.file import FileStamp, file_stamp, load_facts
from garage_tui.core.routing.subjects import MAX_SUBJECTS, Subjects, find_subjects
from garage_tui.core.runs.folder import FACTS

ROUTES = "routes.json"
VERSION = 1
_Text = Annotated[str, msgspec.Meta(max_length=400)]


class _RoutesFile(msgspec.Struct, frozen=True):
    version: int = VERSION
    names: Annotated[list[_Text], msgspec.Meta(max_length=MAX_SUBJECTS)] = []
    parts: Annotated[list[_Text], msgspec.Meta(max_length=4 * MAX_SUBJECTS)] = []
    keywords: Annotated[list[list[_Text]], msgspec.Meta(max_length=MAX_SUBJECTS)] = []
    gap: _Text = ""


def write_routes(folder: Path, subjects: Subjects) -> None:
    """Replace the `routes.json` of a run folder.

    Raises:
        OSError: it cannot be written.
    """
    file = _RoutesFile(VERSION, subjects.names, subjects.parts, subjects.keywords, subjects.gap)
    write_atomic(folder / ROUTES, struct_document(file))


def read_routes(folder: Path) -> Subjects:
    """Return the subjects of a run: from its `routes.json`, or, where it has none, from its copy of the facts.

    Where that cannot be read, `gap` says so, and nothing is routed: a taught fact is not lost by a damaged file.
    """
    try:
        file = msgspec.json.decode(read_regular(folder / ROUTES), type=_RoutesFile)
    except FileNotFoundError:
        return _of_facts(folder)
    except UNREADABLE as error:
        return Subjects(
            gap=f"{folder / ROUTES} cannot be read ({reason_of(error)}); without it the facts say the subjects"
        )
    gap = file.gap if file.names or file.keywords or file.gap else f"{folder / ROUTES} lists no subjects"
    return Subjects(file.names, file.parts, file.keywords, gap)


def _of_facts(folder: Path) -> Subjects:
    try:
        return find_subjects(load_facts(folder / FACTS).training)
    except GarageError as error:
        return Subjects(gap=str(error))


def routes_stamp(folder: Path) -> tuple[FileStamp | None, FileStamp | None]:
    """Return what changes when the result of `read_routes` may change."""
    return file_stamp(folder / ROUTES), file_stamp(folder / FACTS)
