"""What a diffusion run would learn from, seen before it starts: some pictures as it sees them, one turning to noise."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from garage_tui.core.base.sanitize import one_line
from garage_tui.core.diffusion.preview import Preview
from garage_tui.core.terminal.capabilities import Terminal
from garage_tui.screens.common.app_state import app_state
from garage_tui.widgets.contact_sheet import ContactSheetView
from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.key_bar import KeyBar

_NAMED = 200
"""Pictures that are left out and named; of more, only how many."""


class PreviewDialog(Dialog[bool]):
    """Two sheets, and what is left out and why; the result is True where the run is to be started as it is."""

    HELP_PAGE = "guide/diffusion.md"
    HELP = (
        "What a run would learn from, as it will see it: some of the pictures, which files are left out and why, and "
        "one picture as it turns to noise."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "start", "Start", priority=True, tooltip="Start the run as it is"),
        Binding("escape,q,enter,ctrl+o", "close", "Back to the form", key_display="Esc"),
    ]

    def __init__(self, found: Preview) -> None:
        super().__init__()
        self._found = found

    def compose(self) -> ComposeResult:
        found = self._found
        terminal: Terminal = app_state(self).terminal
        with Vertical(classes="box wide", id="look") as box:
            box.border_title = Content(f"What it would learn from · {one_line(found.label)}")
            yield Static(Content(in_short(found)), id="look-words")
            with Horizontal(id="look-data"):
                yield ContactSheetView(terminal, Path(found.data), id="look-pictures")
                if found.left_out:
                    with VerticalScroll(id="look-left"):
                        yield Static(left_out(found))
            yield Static(Content.styled(f"One of them turns to noise, step by step: {_steps(found)}", "$muted"))
            yield ContactSheetView(terminal, Path(found.noise), id="look-noise")
            yield KeyBar()

    def on_mount(self) -> None:
        if scroll := self.query("#look-left"):
            scroll.first().focus()

    def action_start(self) -> None:
        self.dismiss(True)

    def action_close(self) -> None:
        self.dismiss(False)


def in_short(found: Preview) -> str:
    """Return how many pictures there are: to learn from, held out, left out and why."""
    kinds = Counter(out.why for out in found.left_out).most_common()
    whys = ", ".join(f"{number:,} {why}" for why, number in kinds)
    left = f" · {len(found.left_out):,} left out: {whys}" if kinds else ""
    size = f"{found.size} × {found.size} px" + (", cropped" if found.fit == "crop" else ", fitted in")
    size = f"{found.size} × {found.size} px" if found.source == "procedural" else size
    return f"{found.train:,} to learn from · {found.held_out:,} held out · {size}{left}"


def left_out(found: Preview) -> Content:
    """Return the names of what is left out, each with its reason."""
    lines = [Content.styled("left out", "bold")]
    for out in found.left_out[:_NAMED]:
        lines.append(Content.assemble(one_line(out.name), (f" {one_line(out.reason)}", "$muted")))
    if (more := len(found.left_out) - _NAMED) > 0:
        lines.append(Content.styled(f"and {more:,} more: `garage images --json` names all", "$muted"))
    return Content("\n").join(lines)


def _steps(found: Preview) -> str:
    return f"t = {found.timesteps[0]} to {found.timesteps[-1]} of 1,000" if found.timesteps else ""
