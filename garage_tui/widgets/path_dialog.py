"""The dialog that asks for the path of a file; Tab and → complete it from the names on disk."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.suggester import Suggester
from textual.widgets import Input, Static

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.home_path import expand_home
from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.key_bar import KeyBar
from garage_tui.widgets.line_input import LineInput
from garage_tui.widgets.notice import Notice

_MAX_ENTRIES = 5_000


class _Paths(Suggester):
    """Suggests the first file or folder whose name begins with the text in the field."""

    def __init__(self, root: Path) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._root = root

    async def get_suggestion(self, value: str) -> str | None:
        return await asyncio.to_thread(self._find, value) if value else None

    def _find(self, value: str) -> str | None:
        folder, _, begun = value.rpartition("/")
        where = self._root / os.path.expanduser(f"{folder}/" if "/" in value else ".")  # noqa: PTH111 (keeps "/")
        try:
            with os.scandir(where) as entries:
                names = [
                    entry.name + ("/" if entry.is_dir() else "")
                    for entry, _ in zip(entries, range(_MAX_ENTRIES), strict=False)
                    if entry.name.startswith(begun) and entry.name.isprintable()
                ]
        except OSError:
            return None
        names = [name for name in names if begun or not name.startswith(".")]
        return value[: len(value) - len(begun)] + min(names) if names else None


class PathDialog(Dialog[Path | None]):
    """The dialog that asks for one path; its result is the path, or None if the user cancels.

    Args:
        text: shown above the field.
        root: the folder in which relative paths begin; ~ is the home folder.
        start: the path in the field at first.
        new: the file may be missing; its folder must exist.
        folder: a folder is accepted too.
    """

    HELP = (
        "Enter the path of a file or a folder. The text above the field says in which folder a relative path begins; ~ "
        "is your home folder. Tab takes the suggestion in grey."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", "Take this path", key_display="⏎", priority=True),
        Binding("tab", "complete", "Complete"),
        Binding("escape", "leave", "Cancel", key_display="Esc"),
    ]

    def __init__(
        self, title: str, text: str, root: Path, start: Path | None = None, *, new: bool = False, folder: bool = False
    ) -> None:
        super().__init__()
        self._title, self._text, self._root, self._new, self._folder = title, text, root, new, folder
        self._start = str(start.relative_to(root) if start and start.is_relative_to(root) else start or "")

    def compose(self) -> ComposeResult:
        with Vertical(classes="box form") as box:
            box.border_title = Content(self._title)
            yield Static(Content(self._text), classes="text")
            yield LineInput(self._start, suggester=_Paths(self._root), compact=True)
            yield Notice()
            yield KeyBar()

    def on_mount(self) -> None:
        line = self.query_one(Input)
        line.cursor_blink = False
        line.focus()

    def action_complete(self) -> None:
        """Take the suggestion."""
        self.query_one(Input).action_cursor_right()

    def action_take(self) -> None:
        text = self.query_one(Input).value.strip()
        try:
            path = self._root / expand_home(text)
            wrong = self._wrong(path) if text else f"enter the path of a file{' or a folder' if self._folder else ''}"
        except OSError as error:  # a folder without read permission, a name that is too long
            wrong = f"the path cannot be read: {error.strerror}"
        except (BadInputError, ValueError):  # ~nobody; a name that no file can have
            wrong = "there is no such path: check its name"
        if wrong:
            self.notice.wrong(wrong)
        else:
            self.dismiss(path)

    def _wrong(self, path: Path) -> str:
        """Return what is wrong with a path; empty if it is accepted."""
        if path.is_dir():
            return "" if self._folder else "this is a folder: add the name of a file"
        if self._new:
            return "" if path.parent.is_dir() else "there is no such folder"
        if path.is_file():
            return ""
        what = "file or folder" if self._folder else "file"
        return f"there is no such {what}" if not path.exists() else "this is not a regular file"

    def action_leave(self) -> None:
        self.dismiss(None)
