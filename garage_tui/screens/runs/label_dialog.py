"""The dialog that asks for the name and the note of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static
from textual.widgets import Label as Caption

from garage_tui.core.base.sanitize import quoted
from garage_tui.core.runs.label import MAX_NAME, MAX_NOTE, Label, clean_name, clean_note
from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.key_bar import KeyBar
from garage_tui.widgets.line_input import LineInput
from garage_tui.widgets.notice import Notice


class LabelDialog(Dialog[Label | None]):
    """Asks for the name and the note of a run; the result is None if the user cancels.

    Args:
        run_id: the id of the run.
        label: the name and the note that it has.
        reserved: names that commands use for something else.
    """

    HELP_PAGE = "guide/runs.md"
    HELP = (
        "A name and a note for this run. Lists show the name, and commands take it wherever they take a run. "
        "The run id and the folder stay as they are. An empty field removes the name or the note."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "save", "Save", key_display="⏎", priority=True, tooltip="Save name and note"),
        Binding("escape", "leave", "Cancel", key_display="Esc", tooltip="Close without a change"),
    ]

    def __init__(self, run_id: str, label: Label, reserved: Sequence[str]) -> None:
        super().__init__()
        self._run_id, self._label = run_id, label
        self._reserved = {name.casefold() for name in reserved}

    def compose(self) -> ComposeResult:
        with Vertical(classes="box form") as box:
            box.border_title = Content("Name and note")
            yield Static(Content(self._run_id), classes="text")
            yield Caption("Name", classes="label")
            yield LineInput(self._label.name, id="label-name", max_length=MAX_NAME, compact=True)
            yield Caption("Note", classes="label")
            yield LineInput(self._label.note, id="label-note", max_length=MAX_NOTE, compact=True)
            yield Notice()
            yield KeyBar()

    def on_mount(self) -> None:
        for line in self.query(Input):
            line.cursor_blink = False
        self.query_one("#label-name", Input).focus()

    @property
    def _now(self) -> Label:
        name, note = (self.query_one(f"#label-{field}", Input).value for field in ("name", "note"))
        return Label(name=clean_name(name), note=clean_note(note))

    def action_save(self) -> None:
        label = self._now
        if label.name.casefold() in self._reserved:
            self.notice.wrong(f"commands use {quoted(label.name)} for something else: choose another name")
            return
        self.dismiss(label)

    def action_leave(self) -> None:
        if self.may_close(self._label, self._now, "this is not saved: Enter saves it"):
            self.dismiss(None)
