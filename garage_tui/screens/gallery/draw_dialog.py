"""A dialog that asks which samples to draw."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Vertical
from textual.content import Content
from textual.widgets import Input, Label, Static

from garage_tui.core.diffusion.sample import MAX_SAMPLES, MAX_SEED, MAX_STEPS, SampleRequest
from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.key_bar import KeyBar
from garage_tui.widgets.notice import Notice

_FIELDS = (
    ("seed", "Seed", MAX_SEED, "the same seed gives the same pictures"),
    ("count", "Pictures", MAX_SAMPLES, f"1 to {MAX_SAMPLES}"),
    ("steps", "Steps", MAX_STEPS, "empty: the run's own setting"),
)


class DrawDialog(Dialog[SampleRequest | None]):
    """Asks for seed, count and steps; the answer is None if it is cancelled.

    Args:
        name: name of the run.
        seed: the seed that is filled in.
    """

    HELP_PAGE = "guide/gallery.md"
    HELP = (
        "Draws new samples with the model of this run, while everything else goes on. The same seed draws the same "
        "pictures again. More steps take longer and give better pictures."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "draw", "Draw", key_display="⏎", priority=True),
        Binding("escape", "leave", "Cancel", key_display="Esc"),
    ]

    def __init__(self, name: str, seed: int) -> None:
        super().__init__()
        self._run_name, self._first = name, {"seed": str(seed), "count": "16", "steps": ""}

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = Content("Draw new samples")
            yield Static(Content(f"With the model of {self._run_name}, while other runs go on."), classes="text")
            with Grid(id="order-fields"):
                for name, label, most, hint in _FIELDS:
                    yield Label(label)
                    yield Input(
                        self._first[name], id=f"order-{name}", type="integer", max_length=len(str(most)), compact=True
                    )
                    yield Label(Content(hint), classes="hint")
            yield Notice()
            yield KeyBar()

    def on_mount(self) -> None:
        for line in self.query(Input):
            line.cursor_blink = False
        self.query_one("#order-seed", Input).focus()

    def action_draw(self) -> None:
        values: dict[str, int | None] = {}
        for name, label, most, _ in _FIELDS:
            line = self.query_one(f"#order-{name}", Input)
            text, least = line.value.strip(), 0 if name == "seed" else 1
            value = int(text) if text.isdecimal() else None
            if (value is None and (text or name != "steps")) or (value is not None and not least <= value <= most):
                self.notice.wrong(f"{label} must be a number from {least} to {most}")
                line.focus()
                return
            values[name] = value
        self.dismiss(SampleRequest(values["seed"] or 0, values["count"] or 1, values["steps"]))

    def action_leave(self) -> None:
        self.dismiss(None)
