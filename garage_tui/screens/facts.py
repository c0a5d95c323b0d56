"""Facts: the questions and answers that a model shall learn, as a table that is edited in place."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar, TypeVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from garage_tui.core.errors import GarageError
from garage_tui.core.settings import Workspace
from garage_tui.core.text import one_line, plain
from garage_tui.screens.facts_store import FactsStore, find_files
from garage_tui.widgets.dialogs import Confirm, Pick
from garage_tui.widgets.notice import Notice
from garage_tui.widgets.pane import Pane
from garage_tui.widgets.table import Column, Table

_EMPTY = (
    "No facts yet.\n\nPress a to write the first one: a question, and the answer the model shall give.\n"
    "It is kept in {path}, one JSON object a line."
)
_LOOK_SECONDS = 1.0
T = TypeVar("T")


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

    def compose(self) -> ComposeResult:
        yield Table(
            Column("", 1),
            Column("Line", 4, right=True),
            Column("Question", share=5),
            Column("Answer", share=7),
            Column("", 4),
            id="facts-table",
        )
        yield Static(id="facts-empty", classes="empty")
        with VerticalScroll(id="facts-details"):
            yield Static(id="facts-words")
        yield Notice()

    def on_mount(self) -> None:
        self.query_one("#facts-details").border_title = "Fact"
        self._timer = self.set_interval(_LOOK_SECONDS, self._look, pause=True)
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

    def _name(self, path: Path) -> str:
        inside = path.is_relative_to(self._workspace.root)
        return plain(str(path.relative_to(self._workspace.root) if inside else path))

    @work(exclusive=True, group="facts")
    async def _open(self, path: Path | None) -> None:
        def read() -> FactsStore | None:
            chosen = path or next(iter(find_files(self._workspace.datasets)), None)
            return FactsStore(chosen) if chosen else None

        try:
            self.store = await asyncio.to_thread(read)
        except GarageError as error:
            self.query_one(Notice).wrong(plain(str(error)))
        self._show(0)

    def _show(self, cursor: int | None = None) -> None:
        store = self.store
        count = len(store.rows) if store else 0
        table = self.query_one(Table)
        self.set_class(not count, "-empty")
        path = store.path if store else self._workspace.datasets / "garage.jsonl"
        self.query_one("#facts-empty", Static).update(Content(_EMPTY.format(path=self._name(path))))
        table.border_title = Content(self._name(path))
        table.border_subtitle = self._counts()
        table.show_rows(count, self._cells, cursor)
        if store and store.file.problems:
            first = (store.file.errors or store.file.problems)[0]
            more = len(store.file.problems) - 1
            others = f" · {more} more problem{'s' if more > 1 else ''}" if more else ""
            self.query_one(Notice).wrong(f"line {first.line}: {one_line(first.text)}{others}")

    def _counts(self) -> Content:
        if self.store is None:
            return Content("")
        file = self.store.file
        facts, exam = len(file.facts), len(file.facts) - len(file.training)
        words = [f"{facts} fact{'s' if facts != 1 else ''}"]
        if exam:
            words.append(f"{exam} exam")
        problems = len(file.problems)
        words.append(f"{problems} problem{'s' if problems != 1 else ''}" if problems else "no problems")
        return Content(" · ".join(words))

    def _cells(self, row: int) -> Sequence[Content]:
        store = self.store
        if store is None:
            return ()
        line, problems = store.line(row), store.problems(row)
        number = Content.styled(str(store.number(row)), "$muted")
        if line.fact is None:
            raw = one_line(line.raw[:400].decode(errors="replace"), 200)
            words = one_line(problems[0].text) if problems else "holds no fact"
            return Content.styled("✗", "bold $error"), number, Content.styled(raw, "$muted"), Content(words), Content("")
        mark = Content.styled("!", "bold $warning") if problems else Content("")
        exam = Content.styled("exam", "$secondary") if line.fact.exam else Content("")
        return mark, number, Content(one_line(line.fact.question)), Content(one_line(line.fact.answer)), exam

    def on_table_moved(self, event: Table.Moved) -> None:
        if type(event) is Table.Moved:
            self._show_details()

    def on_table_selected(self) -> None:
        self.action_edit()

    def _show_details(self) -> None:
        row, details = self.row, self.query_one("#facts-details")
        if row is None or self.store is None or row >= len(self.store.rows):
            return
        line, number = self.store.line(row), self.store.number(row)
        details.border_title = Content(f"Line {number}")
        notes = [
            Content.assemble(("✗ " if problem.error else "! ", "bold $warning"), (one_line(problem.text, 400), "$warning"))
            for problem in self.store.problems(row)
        ]
        if line.fact is None:
            raw = one_line(line.raw[:4000].decode(errors="replace"), 2000)
            body = [*notes, Content.styled("Kept as it is, and not taught. Mend it in an editor, or press d.", "$muted")]
            parts = [*body, Content(""), Content(raw)]
        else:
            parts = [Content.styled(plain(line.fact.question), "bold"), Content(plain(line.fact.answer)), *notes]
            if line.fact.exam:
                parts.append(Content.styled("exam: never taught, kept to ask later", "$secondary"))
            for key, value in line.fact.extra.items():
                if key != "exam":
                    words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
                    parts.append(Content.styled(f"{one_line(key, 40)}: {one_line(words, 400)}", "$muted"))
        self.query_one("#facts-words", Static).update(Content("\n").join(parts))
        details.scroll_home(animate=False)

    async def _look(self) -> None:
        """Follow what an editor or another app does to the file."""
        store = self.store
        if store is None or self.app.screen is not self.screen or not await asyncio.to_thread(store.changed):
            return
        if store is self.store:
            await self._change(lambda: store.read(), f"{self._name(store.path)} was changed on disk; it was read again")

    async def _change(self, act: Callable[[], T], said: str) -> T | None:
        """Do something to the file in a thread, show the file as it is then, and say what was done."""
        notice = self.query_one(Notice)
        try:
            result = await asyncio.to_thread(act)
        except GarageError as error:
            self._show()
            notice.wrong(plain(str(error)))
            return None
        self._show(result if isinstance(result, int) else None)
        notice.done(said)
        return result

    def _saved(self) -> str:
        name = self._name(self.store.path) if self.store else ""
        return f"Saved {name} · the version before it is {name.rsplit('/', 1)[-1]}.bak"
