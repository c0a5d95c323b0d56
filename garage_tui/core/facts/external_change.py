"""A change of a facts file that somebody else made while it was open."""

from __future__ import annotations

import msgspec

from garage_tui.core.facts.coverage import Coverage
from garage_tui.core.facts.file import FactsFile, FileStamp
from garage_tui.core.facts.line import Line


class ExternalChange(msgspec.Struct, frozen=True):
    """A version of the file on disk that somebody else wrote, merged with what is not saved here."""

    version: int
    """The version of the document that it was merged with."""
    disk: FactsFile
    stamp: FileStamp | None
    merged: list[Line]
    coverage: Coverage
    clashes: list[tuple[list[Line], list[Line]]]
    """(mine, on disk) for each group of rows that both sides changed."""
