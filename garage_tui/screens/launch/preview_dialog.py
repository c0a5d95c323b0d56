"""The preview of a diffusion run: some pictures as the model will see them, and one that turns to noise."""

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
from garage_tui.core.images.left_out_count import count_text
from garage_tui.core.terminal.capabilities import Terminal
from garage_tui.screens.common.app_state import app_state
from garage_tui.widgets.contact_sheet import ContactSheetView
from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.key_bar import KeyBar

_NAMED = 200
"""Most left-out pictures that are named; the rest are counted."""


class PreviewDialog(Dialog[bool]):
    """The dialog with two contact sheets and the pictures left out; its result is True if the run should start."""

    HELP_PAGE = "guide/diffusion.md"
    HELP = (
        "What the run would learn from: some of the pictures as the model will see them, which files are left out and "
        "why, and one picture that turns to noise step by step."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "start", "Start", priority=True, tooltip="Start the run as it is"),
        Binding("escape,q,enter,ctrl+o", "close", "Back to the form", key_display="Esc"),
    ]

    def __init__(self, preview: Preview) -> None:
        super().__init__()
        self._preview = preview

    def compose(self) -> ComposeResult:
        preview = self._preview
        terminal: Terminal = app_state(self).terminal
        with Vertical(classes="box wide", id="preview") as box:
            box.border_title = Content(f"What it would learn from · {one_line(preview.label)}")
            yield Static(Content(summary(preview)), id="preview-summary")
            with Horizontal(id="preview-data"):
                yield ContactSheetView(terminal, Path(preview.data), id="preview-pictures")
                if preview.left_out:
                    with VerticalScroll(id="preview-left-out"):
                        yield Static(left_out(preview))
            yield Static(Content.styled(f"One of them turns to noise, step by step: {_steps(preview)}", "$muted"))
            yield ContactSheetView(terminal, Path(preview.noise), id="preview-noise")
            yield KeyBar()

    def on_mount(self) -> None:
        if scroll := self.query("#preview-left-out"):
            scroll.first().focus()

    def action_start(self) -> None:
        self.dismiss(True)

    def action_close(self) -> None:
        self.dismiss(False)


def summary(preview: Preview) -> str:
    """Return how many pictures the run learns from, holds out and leaves out, and why."""
    kinds = Counter(out.why for out in preview.left_out).most_common()
    whys = ", ".join(count_text(why, number) for why, number in kinds)
    left = f" · {len(preview.left_out):,} left out: {whys}" if kinds else ""
    size = f"{preview.size} × {preview.size} px"
    if preview.source != "procedural":  # those are drawn as squares
        size += ", cropped" if preview.fit == "crop" else ", not cropped"
    return f"{preview.train:,} to learn from · {preview.held_out:,} held out · {size}{left}"


def left_out(preview: Preview) -> Content:
    """Return the names of the pictures that are left out, each with its reason."""
    lines = [Content.styled("left out", "bold")]
    for out in preview.left_out[:_NAMED]:
        lines.append(Content.assemble(one_line(out.name), (f" {one_line(out.reason)}", "$muted")))
    if (more := len(preview.left_out) - _NAMED) > 0:
        lines.append(Content.styled(f"and {more:,} more: `garage images --json` lists all", "$muted"))
    return Content("\n").join(lines)


def _steps(preview: Preview) -> str:
    return f"t = {preview.timesteps[0]} to {preview.timesteps[-1]} of 1,000" if preview.timesteps else ""
