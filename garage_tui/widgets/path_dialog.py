"""A question for a file, answered by writing its path; Tab and → take what the file system suggests."""

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

from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.key_bar import KeyBar
from garage_tui.widgets.notice import Notice

_MAX_ENTRIES = 5_000


class _Paths(Suggester):
    """Suggests the first file or folder whose name begins with what is written."""

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
    """One path; relative ones begin in `root`, and ~ is the home folder. The answer is None where it is given up.

    Args:
        start: what is written there at first.
        new: the file need not be there yet, only its folder.
        folder: a folder will do too.
    """

    HELP = "The path of a file: from the workspace, from / or from ~. Tab takes what is suggested in grey."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", "Take it", key_display="⏎"),
        Binding("tab", "complete", "Complete"),
        Binding("escape", "leave", "Cancel", key_display="Esc"),
    ]

    def __init__(
        self, title: str, words: str, root: Path, start: Path | None = None, *, new: bool = False, folder: bool = False
    ) -> None:
        super().__init__()
        self._title, self._words, self._root, self._new, self._folder = title, words, root, new, folder
        self._start = str(start.relative_to(root) if start and start.is_relative_to(root) else start or "")

    def compose(self) -> ComposeResult:
        with Vertical(classes="box form") as box:
            box.border_title = Content(self._title)
            yield Static(Content(self._words), classes="words")
            yield Input(self._start, suggester=_Paths(self._root), compact=True)
            yield Notice()
            yield KeyBar()

    def on_mount(self) -> None:
        line = self.query_one(Input)
        line.cursor_blink = False
        line.focus()

    def action_complete(self) -> None:
        """Take what is suggested."""
        self.query_one(Input).action_cursor_right()

    def on_input_submitted(self) -> None:
        self.action_take()

    def action_take(self) -> None:
        text = self.query_one(Input).value.strip()
        try:
            path = self._root / Path(text).expanduser()
            wrong = self._wrong(path) if text else f"write the path of a file{' or a folder' if self._folder else ''}"
        except OSError as error:  # a folder that may not be looked into, a name that is too long
            wrong = f"that cannot be looked at: {error.strerror}"
        except (RuntimeError, ValueError):  # ~nobody; a name that no file can have
            wrong = "there is no such path"
        if wrong:
            self.notice.wrong(wrong)
        else:
            self.dismiss(path)

    def _wrong(self, path: Path) -> str:
        """Return what is wrong with a path; nothing where it will do."""
        if path.is_dir():
            return "" if self._folder else "that is a folder: name a file in it"
        if self._new:
            return "" if path.parent.is_dir() else "there is no such folder"
        if path.is_file():
            return ""
        what = "file or folder" if self._folder else "file"
        return f"there is no such {what}" if not path.exists() else "that is no ordinary file"

    def action_leave(self) -> None:
        self.dismiss(None)
