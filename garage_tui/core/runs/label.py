"""The label of a run: a name and a note that its owner gives it; both are in `label.json` of the run folder."""

from __future__ import annotations

from pathlib import Path

import msgspec

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.base.errors import BadInputError, GarageError, reason_of
from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.base.sanitize import one_line, quoted
from garage_tui.core.base.write_errors import why_not_written

LABEL = "label.json"
MAX_NAME, MAX_NOTE = 60, 500
"""Most characters of a name and of a note."""
RESERVED = ("last",)
"""What RUN means on the command line besides names and ids."""
_MAX_BYTES = 64_000


class Label(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Name and note of a run; empty where it has none. Both are one line of clean text."""

    name: str = ""
    note: str = ""

    def __bool__(self) -> bool:
        return bool(self.name or self.note)


class DamagedLabelError(GarageError):
    """The file of a label cannot be read; the run counts as one without a label."""


def clean_name(text: str) -> str:
    """Return a text as a name: one line without control characters, at most `MAX_NAME` characters."""
    return one_line(text, MAX_NAME)


def clean_note(text: str) -> str:
    """Return a text as a note: one line without control characters, at most `MAX_NOTE` characters."""
    return one_line(text, MAX_NOTE)


def read_label(folder: Path) -> Label:
    """Return the label of a run folder; an empty one where there is none.

    Raises:
        DamagedLabelError: the file is damaged.
    """
    try:
        found = msgspec.json.decode(read_regular(folder / LABEL, _MAX_BYTES), type=Label)
    except (FileNotFoundError, NotADirectoryError):
        return Label()
    except UNREADABLE as error:
        raise DamagedLabelError(f"the name and the note cannot be read: {LABEL}: {reason_of(error)}") from error
    return Label(name=clean_name(found.name), note=clean_note(found.note))


def label_of(folder: Path) -> Label:
    """Return the label of a run folder; an empty one also where its file is damaged."""
    try:
        return read_label(folder)
    except DamagedLabelError:
        return Label()


def write_label(folder: Path, label: Label) -> Label:
    """Replace the label of a run atomically, or remove it if it is empty; return what was written.

    Raises:
        BadInputError: name or note is too long, or commands use the name for something else.
        GarageError: the file cannot be written.
    """
    for what, text, most in (("name", label.name, MAX_NAME), ("note", label.note, MAX_NOTE)):
        if (length := len(one_line(text, 100_000))) > most:
            raise BadInputError(f"the {what} has {length:,} characters: shorten it to at most {most}")
    label = Label(name=clean_name(label.name), note=clean_note(label.note))
    if label.name.casefold() in RESERVED:
        raise BadInputError(
            f"a run cannot be called {quoted(label.name)}, because commands use that: choose another name"
        )
    try:
        if label:
            write_atomic(folder / LABEL, msgspec.json.format(msgspec.json.encode(label), indent=2) + b"\n")
        else:
            (folder / LABEL).unlink(missing_ok=True)
    except OSError as error:
        raise GarageError(f"{folder / LABEL} cannot be written: {why_not_written(error, folder)}") from error
    return label
