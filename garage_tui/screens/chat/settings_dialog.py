"""The dialog of a chat's sampling parameters and system prompt."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Vertical
from textual.content import Content
from textual.widgets import Input, Label, Static

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.sanitize import plain
from garage_tui.core.chat import sampling_params as sampling
from garage_tui.core.chat.sampling_params import GREEDY, SamplingParams
from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.key_bar import KeyBar
from garage_tui.widgets.notice import Notice
from garage_tui.widgets.readline_area import ReadlineArea

_LABELS = {"temperature": "Temperature", "top_p": "Top p", "max_tokens": "Max tokens", "seed": "Seed"}
_HINTS = {
    "temperature": "0 always takes the most likely word, so a question has one answer. Higher values (up to 2) vary.",
    "top_p": "Draw only from the most likely words that together have this probability, 0 to 1. Empty: from all words.",
    "max_tokens": "The length limit of an answer.",
    "seed": "With a temperature above 0, the same seed gives the same answer. Empty: another answer each time.",
    "system": "What every model reads before the conversation: who it is, how it should answer. May be empty.",
}


class ChatSettingsDialog(Dialog[tuple[SamplingParams, str] | None]):
    """Asks for sampling parameters and system prompt; the result is both of them, or None."""

    HELP_PAGE = "guide/chat.md"
    HELP = (
        "Applies to all models, from your next question.\n\n"
        "At temperature 0 a model always gives its most likely answer. Above 0 its answers vary, and the seed decides "
        "how."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Apply"),
        Binding("ctrl+r", "reset", "Defaults"),
        Binding("escape", "cancel", "Cancel", key_display="Esc"),
    ]

    def __init__(self, current: SamplingParams, system: str) -> None:
        super().__init__()
        self._current, self._system = current, system

    def compose(self) -> ComposeResult:
        with Vertical(classes="box form") as box:
            box.border_title = "Sampling and system prompt"
            with Grid(id="chat-fields"):
                for name, label in _LABELS.items():
                    yield Label(label)
                    field = Input(self._text(name, self._current), id=name, compact=True, select_on_focus=False)
                    field.cursor_blink = False  # a blinking cursor repaints for ever
                    yield field
            yield Label("System prompt", classes="label")
            yield ReadlineArea(self._system, id="system")
            yield Static(id="chat-field-hint")
            yield Notice()
            yield KeyBar()

    @staticmethod
    def _text(name: str, params: SamplingParams) -> str:
        value = getattr(params, name)
        return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)

    def on_mount(self) -> None:
        self.query_one("#temperature").focus()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        hint = _HINTS.get(event.widget.id or "", "")
        self.query_one("#chat-field-hint", Static).update(Content.styled(hint, "$muted"))

    def on_input_submitted(self) -> None:
        self.action_save()

    def action_save(self) -> None:
        """Close with the content of the fields, if all of them are valid."""
        fields = {name: self.query_one(f"#{name}", Input).value for name in _LABELS}
        try:
            params = sampling.parse(**fields)
        except BadInputError as error:
            self.notice.wrong(plain(str(error)))
        else:
            self.dismiss((params, plain(self.query_one(ReadlineArea).text).strip()))

    def action_reset(self) -> None:
        """Fill the fields with the defaults, and clear the system prompt."""
        for name in _LABELS:
            self.query_one(f"#{name}", Input).value = self._text(name, GREEDY)
        self.query_one(ReadlineArea).text = ""

    def action_cancel(self) -> None:
        if self.may_close(self._system, self.query_one(ReadlineArea).text, "Not applied yet: Ctrl+S applies it"):
            self.dismiss(None)
