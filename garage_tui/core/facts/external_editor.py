"""Editing a facts file, or one row of it, in the owner's text editor."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.json_text import escaped, json_line, read_json
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.base.write_errors import why_not_written
from garage_tui.core.facts.file import file_stamp
from garage_tui.core.facts.formats.json_problems import explain
from garage_tui.core.facts.line import BOM, Line, rewrite

_FALLBACKS = ("nano", "vim", "vi")
_KNOWS_LINES = ("vi", "vim", "nvim", "nano", "emacs", "micro", "kak", "joe", "ne", "mg")


class EditedRow(NamedTuple):
    """A row as it came back from the editor."""

    line: Line | None
    """The edited line; the one that was given where nothing was changed; None where it cannot be taken."""
    text: str
    """The text as it was written."""
    why: str = ""
    """Why it cannot be taken, as a clause."""


def editor_command() -> list[str]:
    """Return the owner's editor: `$VISUAL`, else `$EDITOR`, else one that is there.

    Raises:
        GarageError: there is none, or its command line cannot be read.
    """
    for name in ("VISUAL", "EDITOR"):
        try:
            arguments = shlex.split(value := os.environ.get(name, ""))
        except ValueError as error:
            why = str(error)[:1].lower() + str(error)[1:]
            raise GarageError(f"{name} is not a command ({why}): {value}; set it again: export {name}=nano") from error
        if arguments:
            return arguments
    for fallback in _FALLBACKS:
        if shutil.which(fallback):
            return [fallback]
    raise GarageError("no editor found: set EDITOR, for example `export EDITOR=nano`")


def open_file(path: Path, line: int = 1) -> None:
    """Open a file at a line, and wait until the editor ends. It takes over the terminal.

    Raises:
        GarageError: it cannot be started, or ends with an error; the text says whether the file was changed all the
            same.
    """
    arguments, before = editor_command(), file_stamp(path)
    at = [f"+{line}"] if Path(arguments[0]).name in _KNOWS_LINES else []
    try:
        done = subprocess.run([*arguments, *at, str(path)], check=False)
    except OSError as error:
        raise GarageError(
            f"{arguments[0]} cannot be started: {error.strerror}; set EDITOR to another editor"
        ) from error
    if done.returncode:
        changed = ", but the file was changed" if file_stamp(path) != before else "; nothing was changed"
        raise GarageError(f"{Path(arguments[0]).name} ended with an error ({done.returncode}){changed}")


def open_row(line: Line, text: str = "") -> EditedRow:
    """Open one row, formatted over several lines; return it as it came back.

    Args:
        text: what to begin with, where an earlier try came back broken.

    Raises:
        GarageError: the editor cannot be started, or left nothing that could be read; nothing was changed.
    """
    failed = ""
    before = text or format_row(line)
    try:
        with tempfile.TemporaryDirectory(prefix="fact-") as folder:
            file = Path(folder, "fact.json")
            file.write_text(before, encoding="utf-8")
            written = file_stamp(file)
            try:
                open_file(file)
            except GarageError as error:
                if file_stamp(file) in (None, written):
                    raise
                failed = str(error).partition(", but")[0]  # what was written before the editor failed is not lost
            data = read_regular(file)  # editors may replace the file, by a pipe too
    except FileNotFoundError as error:
        raise GarageError("the editor left no file; nothing was changed") from error
    except OSError as error:
        why = why_not_written(error, Path(tempfile.gettempdir()))
        raise GarageError(f"the row cannot be edited in a file: {why}; nothing was changed") from error
    after, problem = _read_text(data)
    if after.strip() == format_row(line).strip():
        return EditedRow(line, after)
    row, why = _read_row(after)
    if failed or problem or why:
        return EditedRow(None, after, failed or problem or why)
    end = b"\r" if line.raw.endswith(b"\r") else b""
    return EditedRow(rewrite(line, json_line(row) + end), after)


def _read_text(data: bytes) -> tuple[str, str]:
    """Return (the text of a file, what is wrong with it); in another encoding than UTF-8 it can still be corrected."""
    data = data.removeprefix(BOM)
    try:
        return data.decode(), ""
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return data.decode("latin-1"), f"line {line} of the edited row is not UTF-8: save it as UTF-8"


def _read_row(text: str) -> tuple[object, str]:
    """Return (the value of an edited row, why it is no row)."""
    if not text.strip():
        return None, "the edited row is empty (d deletes a row)"
    try:
        row = read_json(text)
    except json.JSONDecodeError as error:
        at, why = explain(text, error)
        line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
        return None, f"the edited row is not valid JSON at line {line}, column {column} ({why})"
    except (ValueError, RecursionError):
        return None, "the edited row is not valid JSON (a number is too long, or it is nested too deeply)"
    return row, "" if isinstance(row, dict) else 'the edited row is not {"question": "…", "answer": "…"}'


def format_row(line: Line) -> str:
    """Return a row as a person edits it: one key a line; a broken line as it is."""
    data = line.raw.removeprefix(BOM)
    try:
        return escaped(json.dumps(json.loads(data), ensure_ascii=False, indent=2)) + "\n"
    except (ValueError, RecursionError):
        return _read_text(data)[0].rstrip("\r") + "\n"
