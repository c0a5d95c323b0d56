"""The sampling and the system prompt of a chat, as a box over it."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Vertical
from textual.content import Content
from textual.widgets import Input, Label, Static, TextArea

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.sanitize import plain
from garage_tui.core.chat import sampling_params as sampling
from garage_tui.core.chat.sampling_params import GREEDY, SamplingParams
from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.key_bar import KeyBar
from garage_tui.widgets.notice import Notice

_LABELS = {"temperature": "Temperature", "top_p": "Top p", "max_tokens": "Max tokens", "seed": "Seed"}
_WORDS = {
    "temperature": "0 takes the likeliest word always: one question, one answer. Higher is livelier, up to 2.",
    "top_p": "Of the likeliest words only so many that they make up this share, 0 to 1; empty takes all.",
    "max_tokens": "An answer ends here at the latest.",
    "seed": "With a temperature: the same seed draws the same answer again. Empty draws anew each time.",
    "system": "What every model is told before the conversation: who it is, how it shall answer. Empty tells nothing.",
}


class ChatSettingsDialog(Dialog[tuple[SamplingParams, str] | None]):
    """What every question goes with; the result is the sampling and the system prompt, or None."""

    HELP_PAGE = "guide/chat.md"
    HELP = (
        "What every question of this conversation goes with, for all models alike; from the next question on.\n\n"
        "At temperature 0 a model always says what it holds most likely; above, it varies, and the seed decides how."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Use these"),
        Binding("ctrl+r", "usual", "As usual"),
        Binding("escape", "cancel", "Cancel", key_display="Esc"),
    ]

    def __init__(self, now: SamplingParams, system: str) -> None:
        super().__init__()
        self._now, self._system = now, system

    def compose(self) -> ComposeResult:
        with Vertical(classes="box form") as box:
            box.border_title = "Sampling and system prompt"
            with Grid(id="chat-fields"):
                for name, label in _LABELS.items():
                    yield Label(label)
                    field = Input(self._text(name, self._now), id=name, compact=True, select_on_focus=False)
                    field.cursor_blink = False  # a blinking cursor repaints for ever
                    yield field
            yield Label("System prompt", classes="label")
            area = TextArea(self._system, id="system", soft_wrap=True, compact=True, tab_behavior="focus")
            area.cursor_blink = False
            yield area
            yield Static(id="chat-words")
            yield Notice()
            yield KeyBar()

    @staticmethod
    def _text(name: str, now: SamplingParams) -> str:
        value = getattr(now, name)
        return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)

    def on_mount(self) -> None:
        self.query_one("#temperature").focus()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        words = _WORDS.get(event.widget.id or "", "")
        self.query_one("#chat-words", Static).update(Content.styled(words, "$muted"))

    def on_input_submitted(self) -> None:
        self.action_save()

    def action_save(self) -> None:
        """Take what the fields say; what is wrong is said here."""
        fields = {name: self.query_one(f"#{name}", Input).value for name in _LABELS}
        try:
            wanted = sampling.parse(**fields)
        except BadInputError as error:
            self.notice.wrong(plain(str(error)))
        else:
            self.dismiss((wanted, plain(self.query_one(TextArea).text).strip()))

    def action_usual(self) -> None:
        """Have the fields say what is usual, and no system prompt."""
        for name in _LABELS:
            self.query_one(f"#{name}", Input).value = self._text(name, GREEDY)
        self.query_one(TextArea).text = ""

    def action_cancel(self) -> None:
        if self.may_close(self._system, self.query_one(TextArea).text, "The system prompt is new: Ctrl+S takes it"):
            self.dismiss(None)
