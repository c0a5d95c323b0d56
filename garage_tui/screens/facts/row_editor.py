"""The panel below the table in which a row is written: its fields, one below the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec
from rich.segment import Segment
from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets.text_area import EditHistory, Selection

from garage_tui.core.base.sanitize import from_shown, shown, shown_line
from garage_tui.core.facts.row_draft import EXAM, FIELDS
from garage_tui.screens.facts.field_area import FieldArea

if TYPE_CHECKING:
    from garage_tui.core.facts.journal import Field
    from garage_tui.core.facts.row_draft import FinishKey

LABEL_WIDTH = 12
_MAX_REFERENCE_LINES = 2
_NOTHING: dict[Field, str] = {
    "question": "",
    "answer": "",
    "fact": "none: rows with the same answer are one fact",
    "must": "none: words of a right answer, as in MIT | MIT License, free",
}
_TAUGHT, _EXAM = "no: the row is taught", "yes: never taught, asked by the report card"
_SPARE_ORDER: tuple[Field, ...] = ("answer", "question", "fact", "must")


class FieldState(msgspec.Struct):
    """A field of the row while it is not open."""

    original: str
    """Its text before anything was written in it."""
    begun: str
    """The same as it was shown."""
    text: str
    """What it shows now; invisible characters as visible marks."""
    marked: bool
    """True if marks stand for characters."""
    history: EditHistory
    selection: Selection | None = None
    """Where the cursor was; None: at the end."""

    @property
    def written(self) -> str:
        """The text to keep: marks are turned back into the characters that they stand for."""
        return from_shown(self.text) if self.marked else self.text

    @property
    def value(self) -> str:
        """The value for the row: the original if nothing was changed, else the text without surrounding spaces."""
        if self.text == self.begun:
            return self.original
        visible = self.text.strip()
        return from_shown(visible) if self.marked else visible


class RowEditor(Widget):
    """The fields of a row; the open one lies in a text area, the others are painted.

    Args:
        finish: called when the open field is left, with the key's meaning.
        give_up: called when Esc is pressed.
        choose: called when another field was clicked.
    """

    def __init__(
        self,
        finish: Callable[[FinishKey], object],
        give_up: Callable[[], object],
        choose: Callable[[Field], object],
    ) -> None:
        super().__init__(id="facts-editor", classes="panel")
        self.area = FieldArea(finish, give_up, self.switch_exam)
        self.field: Field = "question"
        """The field that is open."""
        self._choose = choose
        self._states: dict[Field, FieldState] = {}
        self._reference = ""
        self._heights: dict[Field, int] = dict.fromkeys(FIELDS, 1)
        self._lines: dict[Field, list[Content]] = {}
        """The lines of the fields that are not open, wrapped."""
        self._reference_lines: list[Content] = []
        self._wrapped_width = 0
        """The width for which they are wrapped."""

    def compose(self) -> ComposeResult:
        yield self.area

    # What is written

    def begin(self, title: str, texts: Mapping[Field, str], reference: str) -> None:
        """Begin to write a row.

        Args:
            title: of the panel.
            texts: what the fields hold.
            reference: the question to which the row is a variant; empty if it is none.
        """
        self.border_title = Content(title)
        self._reference = reference
        self._states = {}
        for field, text in texts.items():
            visible = shown(text)
            history = EditHistory(max_checkpoints=50, checkpoint_timer=2.0, checkpoint_max_characters=100)
            self._states[field] = FieldState(text, visible, visible, visible != text, history)
        self.area.closed = False

    def open_field(self, field: Field) -> None:
        """Open a field; the one that was open keeps its text, its history and its cursor."""
        self.field, state, area = field, self._states[field], self.area
        area.has_two_values = area.read_only = field == "exam"
        area.history = EditHistory(max_checkpoints=50, checkpoint_timer=2.0, checkpoint_max_characters=100)
        area.load_text(self._shown_text(field))
        area.history = state.history
        if state.selection is None or field == "exam":
            area.move_cursor(area.document.end)
        else:
            area.selection = state.selection
        self._wrap()
        self._lay_out(anew=True)

    def keep(self) -> FieldState:
        """Take over what is written in the open field, and return its state."""
        state = self._states[self.field]
        if self.field != "exam":
            state.text, state.selection, state.history = self.area.text, self.area.selection, self.area.history
        return state

    def put(self, field: Field, text: str) -> None:
        """Replace the text of a field that is not open, as if it had been written there."""
        state = self._states[field]
        visible = shown(text)
        state.text, state.marked, state.selection = visible, state.marked or visible != text, None

    def switch_exam(self) -> None:
        """Make the row an exam question, or a taught one."""
        state = self._states["exam"]
        state.text = "" if state.text else EXAM
        self.area.load_text(self._shown_text("exam"))
        self.area.move_cursor(self.area.document.end)

    def _shown_text(self, field: Field) -> str:
        text = self._states[field].text
        if field == "exam":
            return _EXAM if text else _TAUGHT
        return text

    # How it is arranged

    def on_resize(self) -> None:
        self._wrap()
        self._lay_out(anew=True)

    def on_text_area_changed(self) -> None:
        self._lay_out()

    def on_click(self, event: events.Click) -> None:
        line = event.screen_offset.y - self.content_region.y - len(self._reference_lines)
        for field in FIELDS if line >= 0 else ():
            line -= self._heights[field]
            if line < 0:
                if field != self.field:
                    self._choose(field)
                return

    @property
    def _text_width(self) -> int:
        return max(1, self.content_size.width - LABEL_WIDTH - 1)  # the last column is the cursor's

    def _wrap(self) -> None:
        """Wrap the texts of the fields that are not open, as far as there may be lines for them."""
        height = self.content_size.height
        self._wrapped_width = self._text_width
        reference = Content.styled(shown_line(self._reference, 1000), "$muted")
        self._reference_lines = _cut(reference.wrap(self._text_width), _MAX_REFERENCE_LINES) if self._reference else []
        for field in self._states:
            text = self._shown_text(field)
            if text:
                self._lines[field] = self._wrapped(text, height)
            else:
                self._lines[field] = [Content.styled(_NOTHING[field], "$muted italic")]

    def _wrapped(self, text: str, most: int) -> list[Content]:
        """Return the lines of a text; of a long one at least `most` and some."""
        lines: list[Content] = []
        for line in text[: (most + 2) * self._text_width].split("\n"):
            lines += Content(line).wrap(self._text_width) if line else [Content()]
        return lines

    def _lay_out(self, *, anew: bool = False) -> None:
        """Give each field as many lines as its text has, as far as there are lines; the open one comes first.

        Args:
            anew: paint it even where all fields stay where they are.
        """
        width, height = self.content_size
        if not self._states or not width:
            return
        if self.area.size.width == width - LABEL_WIDTH:
            open_lines = self.area.wrapped_document.height
        else:
            open_lines = len(self._wrapped(self.area.text, height))
        heights: dict[Field, int] = dict.fromkeys(FIELDS, 1)
        spare = max(0, height - len(self._reference_lines) - len(FIELDS))
        for field in (self.field, *_SPARE_ORDER):
            needed = open_lines if field == self.field else len(self._lines[field])
            more = max(0, min(needed - heights[field], spare))
            heights[field] += more
            spare -= more
        if heights == self._heights and not anew:
            return
        self._heights = heights
        above = FIELDS[: FIELDS.index(self.field)]
        styles = self.area.styles
        styles.offset = (LABEL_WIDTH, len(self._reference_lines) + sum(heights[field] for field in above))
        styles.width, styles.height = width - LABEL_WIDTH, heights[self.field]
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one line: a label, and what its field holds."""
        width = self.content_size.width
        if self._wrapped_width != self._text_width:  # a first frame comes before the event of its size
            self._wrap()
        reference = self._reference_lines
        label, text = "", Content()
        if y < len(reference):
            label, text = ("Variant of" if y == 0 else ""), reference[y]
            return self._strip(Content.styled(label, "$muted"), text, width)
        y -= len(reference)
        for field in FIELDS if self._states else ():
            if y < self._heights[field]:
                is_open = field == self.field
                mark = ("▸ " if is_open else "  ") + field.capitalize() if y == 0 else ""
                style = "bold $primary" if is_open else "$muted"
                if not is_open:
                    lines = _cut(self._lines[field], self._heights[field])
                    text = lines[y] if y < len(lines) else text
                return self._strip(Content.styled(mark, style), text, width)
            y -= self._heights[field]
        return Strip.blank(width, self.rich_style)

    def _strip(self, label: Content, text: Content, width: int) -> Strip:
        space = Content(" " * (LABEL_WIDTH - label.cell_length))
        line = Content.assemble(label, space, text).truncate(width, pad=True)
        drawn = line.render(self.visual_style, end="", parse_style=self.app.stylesheet.parse_style)
        return Strip([Segment(text, part.rich_style) for text, part in drawn], width)


def _cut(lines: list[Content], most: int) -> list[Content]:
    """Return the first lines; an ellipsis says that there are more."""
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], lines[most - 1] + Content("…")]
