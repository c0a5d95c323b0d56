"""Facts: the questions and answers that a model shall learn, as a table that is edited in place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar, TypeVar

from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from garage_tui.core.errors import GarageError
from garage_tui.core.settings import Workspace
from garage_tui.core.text import one_line, plain
from garage_tui.screens import fact_words
from garage_tui.screens.facts_store import FactsStore, find_files
from garage_tui.widgets.notice import Notice
from garage_tui.widgets.pane import Pane
from garage_tui.widgets.table import Column, Table

_EMPTY = (
    "No facts yet.\n\nPress a to write the first one: a question, and the answer the model shall give.\n"
    "It is kept in {path}, one JSON object a line."
)
_LOOK_SECONDS = 1.0
_SMALL = 64 * 1024  # bytes: a file that is read in less than a millisecond or two
T = TypeVar("T")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return _SMALL


async def _ask_for_fact(
    app: App[object], title: str, question: str = "", answer: str = "", complaint: str = ""
) -> tuple[str, str] | None:
    """Open the form for one fact; return question and answer, or None."""
    from garage_tui.screens.fact_form import FactForm  # noqa: PLC0415 (25 ms that the first paint does not need)

    return await app.push_screen_wait(FactForm(title, question, answer, complaint))


class FactsPane(Pane):
    """A facts file: its rows, and the row under the cursor in full."""

    HELP = (
        "Here you write what the model shall learn: questions as a person would ask them, and the answers you want. "
        "Several wordings of one question work better than one. Then press t to teach them.\n\n"
        "Every change is saved at once; the version before it stays beside the file, with .bak at its end. "
        "Rows marked exam are never taught: they are kept to ask later. Lines marked ✗ cannot be read; they are kept "
        "as they are until you mend them in an editor."
    )
    FIRST_FOCUS = "#facts-table"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add", "Add", tooltip="Add a fact"),
        Binding("e", "edit", "Edit", tooltip="Edit the chosen fact (Enter does it too)"),
        Binding("d,delete", "delete", "Delete", tooltip="Delete the chosen fact"),
        Binding("t", "app.teach", "Teach", tooltip="Teach these facts to a model"),
        Binding("o", "open", "Open", show=False, tooltip="Open another facts file of datasets/"),
    ]

    def __init__(self, workspace: Workspace, path: Path | None = None) -> None:
        super().__init__(id="facts")
        self._workspace = workspace
        self._path = path
        self._timer: Timer | None = None
        self.store: FactsStore | None = None
        self._unread = ""

    def compose(self) -> ComposeResult:
        yield Table(
            Column("#", 5, right=True),
            Column("Question", share=5),
            Column("Answer", share=7),
            id="facts-table",
        )
        with VerticalScroll(id="facts-details", classes="panel"):
            yield Static(id="facts-words")
        yield Notice()

    def on_mount(self) -> None:
        self.query_one("#facts-details").border_title = "Fact"
        self._timer = self.set_interval(_LOOK_SECONDS, self._look, pause=True)
        small = _size(self._path or self._workspace.datasets / "garage.jsonl") < _SMALL
        if small:  # read at once, so that the first paint shows it
            self._read(self._path)
            self._show(0)
        else:
            self._open(self._path)

    def reveal(self) -> None:
        super().reveal()
        if self._timer:
            self._timer.resume()

    def conceal(self) -> None:
        super().conceal()
        if self._timer:
            self._timer.pause()

    @property
    def path(self) -> Path | None:
        """The open file."""
        return self.store.path if self.store else None

    @property
    def row(self) -> int | None:
        """The row under the cursor."""
        table = self.query_one(Table)
        return table.cursor if self.store and table.count else None

    def _label(self, path: Path) -> str:
        inside = path.is_relative_to(self._workspace.root)
        return plain(str(path.relative_to(self._workspace.root) if inside else path))

    @work(exclusive=True, group="facts")
    async def _open(self, path: Path | None) -> None:
        await asyncio.to_thread(self._read, path)
        self._show(0)

    def _read(self, path: Path | None) -> None:
        chosen = path or next(iter(find_files(self._workspace.datasets)), None)
        try:
            self.store = FactsStore(chosen) if chosen else None
        except GarageError as error:
            self._unread = plain(str(error))

    def _show(self, cursor: int | None = None) -> None:
        store = self.store
        count = len(store.rows) if store else 0
        table = self.query_one(Table)
        self.set_class(not count, "-empty")
        path = store.path if store else self._workspace.datasets / "garage.jsonl"
        if not count and not self.query("#facts-empty"):
            words = Content(_EMPTY.format(path=self._label(path)))
            self.mount(Static(words, id="facts-empty", classes="empty"), after=0)
        table.border_title = Content(self._label(path))
        table.border_subtitle = Content(fact_words.counts(store.file)) if store else ""
        table.show_rows(count, self._cells, cursor)
        if self._unread:
            self.query_one(Notice).wrong(self._unread)
            self._unread = ""
        elif store and store.file.problems:
            first = (store.file.errors or store.file.problems)[0]
            more = len(store.file.problems) - 1
            others = f" · {more} more problem{'s' if more > 1 else ''}" if more else ""
            self.query_one(Notice).wrong(f"line {first.line}: {one_line(first.text)}{others}")

    def _cells(self, row: int) -> Sequence[Content]:
        return fact_words.cells(self.store, row) if self.store else ()

    def on_table_moved(self, event: Table.Moved) -> None:
        if type(event) is Table.Moved:
            self._show_details()

    def on_table_selected(self) -> None:
        self.action_edit()

    def _show_details(self) -> None:
        row, details = self.row, self.query_one("#facts-details")
        if row is None or self.store is None or row >= len(self.store.rows):
            return
        details.border_title = Content(f"Line {self.store.number(row)}")
        self.query_one("#facts-words", Static).update(fact_words.details(self.store, row))
        details.scroll_home(animate=False)

    async def _look(self) -> None:
        """Follow what an editor or another app does to the file."""
        store = self.store
        if store is None or self.app.screen is not self.screen or not await asyncio.to_thread(store.changed):
            return
        if store is self.store:
            await self._change(store.read, lambda: f"{self._label(store.path)} was changed on disk; it was read again")

    async def _change(self, act: Callable[[], T], said: Callable[[], str]) -> T | None:
        """Do something to the file in a thread, show the file as it is then, and say what was done."""
        notice = self.query_one(Notice)
        try:
            result = await asyncio.to_thread(act)
        except GarageError as error:
            self._show()
            notice.wrong(plain(str(error)))
            return None
        self._show(result if isinstance(result, int) else None)
        notice.done(said())
        return result

    def _saved(self) -> str:
        if self.store is None:
            return ""
        name = self._label(self.store.path)
        if self.store.caught_up:
            return f"Saved {name} · somebody else had changed it; it was read again and your change put into it"
        return f"Saved {name} · the version before it is {self.store.path.name}.bak"

    @work(group="form", exclusive=True)
    async def action_add(self) -> None:
        """Write a new fact at the end of the file."""
        if written := await _ask_for_fact(self.app, "Add a fact"):
            await self._add(written)

    async def _add(self, written: tuple[str, str]) -> None:
        if self.store is None:
            path = self._path or self._workspace.datasets / "garage.jsonl"

            def create() -> None:
                self.store = FactsStore.create(path, *written)

            await self._change(create, lambda: f"Saved {self._label(path)} · a new file")
        else:
            store = self.store
            await self._change(lambda: store.add(*written), self._saved)

    @work(group="form", exclusive=True)
    async def action_edit(self) -> None:
        """Edit the chosen fact."""
        store, row = self.store, self.row
        if store is None or row is None:
            return
        line = store.line(row)
        if line.fact is None:
            self.query_one(Notice).wrong(
                f"line {store.number(row)} cannot be read, and is kept as it is: mend it in an editor"
            )
            return
        written = await _ask_for_fact(self.app, "Edit this fact", line.fact.question, line.fact.answer)
        if written is None or written == (line.fact.question, line.fact.answer):
            return
        if await self._change(lambda: store.replace(row, line, *written), self._saved) is None:
            # Somebody else rewrote the row meanwhile: what was typed is offered as a new fact, never thrown away.
            complaint = "Not saved: the row was changed on disk meanwhile. Ctrl+S adds this as a new fact."
            if again := await _ask_for_fact(self.app, "Add your version", *written, complaint=complaint):
                await self._add(again)

    @work(group="form", exclusive=True)
    async def action_delete(self) -> None:
        """Ask, then remove the chosen row."""
        store, row = self.store, self.row
        if store is None or row is None:
            return
        line = store.line(row)
        words = line.fact.question if line.fact else line.raw[:400].decode(errors="replace")
        from garage_tui.widgets.dialogs import Confirm  # noqa: PLC0415 (not needed for the first paint)

        question = Confirm("Delete this row?", one_line(words, 300), "Delete", "Keep it")
        if await self.app.push_screen_wait(question):
            await self._change(lambda: store.delete(row, line), self._saved)

    @work(group="form", exclusive=True)
    async def action_open(self) -> None:
        """Choose another facts file."""
        files = await asyncio.to_thread(find_files, self._workspace.datasets)
        if not files:
            self.query_one(Notice).wrong(
                f"no .jsonl file in {self._label(self._workspace.datasets)}: press a to write one"
            )
            return
        from garage_tui.widgets.dialogs import Pick  # noqa: PLC0415 (not needed for the first paint)

        current = files.index(self.path) if self.path in files else 0
        choice = await self.app.push_screen_wait(Pick("Open a facts file", [plain(f.name) for f in files], current))
        if choice is not None:
            self.query_one(Notice).clear()
            self._open(files[choice])
