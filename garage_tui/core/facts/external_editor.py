"""Editing a facts file, or one row of it, in the owner's text editor."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.json_text import escaped, json_line, read_json
from garage_tui.core.facts.line import BOM, Line, parse

_FALLBACKS = ("nano", "vim", "vi")
_KNOWS_LINES = ("vi", "vim", "nvim", "nano", "emacs", "micro", "kak", "joe", "ne", "mg")


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
        GarageError: it cannot be started, or ends with an error.
    """
    arguments = editor_command()
    at = [f"+{line}"] if Path(arguments[0]).name in _KNOWS_LINES else []
    try:
        done = subprocess.run([*arguments, *at, str(path)], check=False)
    except OSError as error:
        raise GarageError(
            f"{arguments[0]} cannot be started: {error.strerror}; set EDITOR to another editor"
        ) from error
    if done.returncode:
        raise GarageError(f"{arguments[0]} ended with an error ({done.returncode}); nothing was changed")


def open_row(line: Line, text: str = "") -> tuple[Line | None, str]:
    """Open one row, formatted over several lines; return the edited line, or None if it is not valid JSON.

    Args:
        text: what to begin with, where an earlier try came back broken.

    Returns:
        (line, text as it was written); the line is the one that was given where nothing was changed.

    Raises:
        GarageError: as `open_file`.
    """
    before = text or format_row(line)
    try:
        with tempfile.TemporaryDirectory(prefix="fact-") as folder:
            file = Path(folder, "fact.json")
            file.write_text(before, encoding="utf-8")
            open_file(file)
            after = file.read_text(encoding="utf-8", errors="replace")  # editors may replace the file
    except OSError as error:
        raise GarageError(f"the row cannot be edited in a file: {error.strerror}; nothing was changed") from error
    if after.strip() == format_row(line).strip():
        return line, after
    try:
        row = read_json(after)
    except (ValueError, RecursionError):
        return None, after
    end = b"\r" if line.raw.endswith(b"\r") else b""
    mark = BOM if line.raw.startswith(BOM) else b""
    return parse(mark + json_line(row) + end, bool(mark)), after


def format_row(line: Line) -> str:
    """Return a row as a person edits it: one key a line; a broken line as it is."""
    data = line.raw.removeprefix(BOM)
    try:
        return escaped(json.dumps(json.loads(data), ensure_ascii=False, indent=2)) + "\n"
    except (ValueError, RecursionError):
        return data.decode(errors="replace").rstrip("\r") + "\n"
