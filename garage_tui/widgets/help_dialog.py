"""The help dialog: the purpose of the screen or dialog in front, and its keys, read from the bindings."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import ScrollableContainer, Vertical, VerticalScroll
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, OptionList, Select, Static, TextArea

from garage_tui.widgets._textual_internals import bindings_of, is_action_enabled
from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.fitted_text import FittedText
from garage_tui.widgets.key_bar import KeyBar
from garage_tui.widgets.readline_area import ReadlineArea
from garage_tui.widgets.typed_keys import typed_character

HERE, EVERYWHERE = "Here", "Everywhere"
_WIDEST = 11
"""Greatest width of the column of keys, in cells; a longer list of keys moves its text to the right."""
TEXTUAL_KEYS: tuple[tuple[tuple[type[Widget], ...], str, tuple[str, ...]], ...] = (
    ((Input,), "In a field of one line", ("ctrl+u", "ctrl+k", "ctrl+w")),
    ((Select,), "In a list to choose from", ("enter",)),
    ((OptionList,), "In the list", ("up", "down", "enter", "pageup", "pagedown")),
    ((ScrollableContainer,), "In a text that you can scroll", ("up", "down", "pageup", "pagedown")),
)
"""The keys of Textual's widgets that the help lists: those that a user would not guess, or would miss."""
_ELSEWHERE = ("app.help", "app.focus_next", "app.focus_previous", "screen.copy_text")
_NEXT_FIELD = Binding("tab", "app.focus_next", "The next field; Shift+Tab goes to the one before")


@dataclass
class HelpKey:
    """One action with its keys."""

    what: str
    """What the action does."""
    not_now: str = ""
    """Why the action is not available now; empty if it is."""
    keys: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class HelpGroup:
    """Actions that belong together, with a title."""

    title: str
    keys: tuple[HelpKey, ...]


def keys_of(screen: Screen[object], front: Widget) -> list[HelpGroup]:
    """Return the keys by group: those of the pane or dialog in front, then of its widgets, then of the app.

    Args:
        screen: the Textual screen in front.
        front: its pane, or the dialog itself.
    """
    app, focused = screen.app, screen.focused
    typing = isinstance(focused, Input | TextArea)
    own = getattr(focused, "HELP_NAME", "") if typing and type(focused) is not ReadlineArea else ""
    first = [own] if own else []  # what Enter and Esc do there
    groups = [*first, *(title for title, _ in getattr(front, "HELP_GROUPS", ()))]
    found: dict[str, dict[str, HelpKey]] = {title: {} for title in groups}
    for title, node, binding in _bindings(screen, front):
        what = binding.tooltip or binding.description
        if not what or binding.system:
            continue
        why = "" if is_action_enabled(app, binding.action, node) else "not now"
        if typing and node is not focused and typed_character(binding.key):
            why = "not while you type"
        key = found.setdefault(title, {}).setdefault(binding.action, HelpKey(what, why))
        key.not_now = key.not_now and why
        key.what = binding.tooltip or key.what
        display = app.get_key_display(Binding(binding.key, binding.action))
        if display not in key.keys:
            key.keys.append(display)
    for title in {title for _, title, _ in TEXTUAL_KEYS} & set(found):
        found[title] = _each_key_once(found[title])
    return [HelpGroup(title, tuple(keys.values())) for title, keys in found.items() if keys]


def _each_key_once(keys: dict[str, HelpKey]) -> dict[str, HelpKey]:
    """Return the keys of Textual's widgets, of which two call what one key does by two names; the first one stays."""
    seen: set[str] = set()
    kept = {}
    for action, key in keys.items():
        if not seen.issuperset(key.keys):
            seen.update(key.keys)
            kept[action] = key
    return kept


def _bindings(screen: Screen[object], front: Widget) -> Iterator[tuple[str, DOMNode, Binding]]:
    for _, binding in bindings_of(front):
        if binding.action not in _ELSEWHERE:
            yield _group(front, binding), front, binding
    typing = screen.focused if isinstance(screen.focused, Input | TextArea) else None
    parts = [part for part in front.query("*") if part.focusable and _is_shown(part)]
    if front is screen and sum(isinstance(part, Input | TextArea | Select) for part in parts) > 1:
        yield HERE, screen, _NEXT_FIELD
    for part in {type(part): part for part in reversed(parts)}.values():
        # Of several kinds of fields only that in which one types: their keys are nearly the same.
        if not (typing and isinstance(part, Input | TextArea) and type(part) is not type(typing)):
            yield from _of_part(part)
    for _, binding in bindings_of(screen.app):
        if front is not screen or binding.priority or binding.action == "help":
            yield EVERYWHERE, screen.app, binding


def _group(front: Widget, binding: Binding) -> str:
    action = binding.action.partition("(")[0]
    groups: Sequence[tuple[str, str]] = getattr(front, "HELP_GROUPS", ())
    return next((title for title, actions in groups if action in actions.split()), HERE)


def _is_shown(part: Widget) -> bool:
    return all(node.display for node in part.ancestors_with_self if isinstance(node, Widget))


def _of_part(part: Widget) -> Iterator[tuple[str, DOMNode, Binding]]:
    own = [kind for kind in type(part).__mro__ if kind.__module__.startswith("garage_tui.")]
    ours = {each.key for kind in own for each in Binding.make_bindings(kind.__dict__.get("BINDINGS", ()))}
    name = getattr(part, "HELP_NAME", HERE)
    for key, binding in bindings_of(part):
        if key in ours:
            yield name, part, binding
            continue
        for kinds, title, keys in TEXTUAL_KEYS:
            if isinstance(part, kinds) and key in keys:
                yield title, part, binding
                break


class HelpDialog(Dialog[None]):
    """The dialog with the help of the screen or dialog in front.

    Args:
        title: the title of the box.
        text: paragraphs; the first one is shown above the keys, the others below.
        groups: the keys.
        page: the page of docs/ that says more, as `guide/facts.md`; empty if there is none.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1,q,enter", "close", "Close", key_display="Esc"),
        Binding("down,j,space", "scroll(1)", "Read on", key_display="↓"),
        Binding("up,k", "scroll(-1)", "Back", show=False),
    ]

    def __init__(self, title: str, text: str, groups: Sequence[HelpGroup], page: str = "") -> None:
        super().__init__()
        self._title, self._groups = title, groups
        self._first, _, self._more = text.partition("\n\n")
        self._page = f"More: `garage help {PurePath(page).stem}`, docs/{page}" if page else ""

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = Content(self._title)
            with VerticalScroll():
                yield Static(Content(self._first), classes="text")
                yield FittedText(id="help-keys")
                if self._more:
                    yield Static(Content(f"\n{self._more}"), classes="text")
                if self._page:
                    yield Static(Content(f"\n{self._page}"), classes="text")
            yield KeyBar()

    def on_resize(self) -> None:
        # As high as the text needs, up to the whole screen.
        box, bar = self.query_one(".box"), self.query_one(KeyBar)
        around = box.gutter.height + bar.styles.margin.height + 1
        self.query_one(VerticalScroll).styles.max_height = max(3, self.size.height - around)

    def _keys(self, room: int) -> Content:
        shown = [(key, " ".join(key.keys)) for group in self._groups for key in group.keys]
        width = max((len(keys) for _, keys in shown if len(keys) <= _WIDEST), default=0)
        lines: list[Content] = []
        for group in self._groups:
            lines += [*([Content("")] if lines else []), Content.styled(group.title, "bold")]
            for key in group.keys:
                style, what = ("$muted", "$muted") if key.not_now else ("bold $primary", "")
                text = f"{key.what} ({key.not_now})" if key.not_now else key.what
                first, *others = textwrap.wrap(text, max(20, room - width - 2)) or [""]
                lines.append(Content.assemble((" ".join(key.keys).rjust(width), style), (f"  {first}", what)))
                lines += [Content.styled(f"{'':{width}}  {other}", what) for other in others]
        return Content("\n").join(lines)

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()
        self.query_one(FittedText).fit(self._keys)

    def action_scroll(self, lines: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_close(self) -> None:
        self.dismiss(None)
