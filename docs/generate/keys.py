"""The page of all keys, from the bindings of the app, its screens, dialogs and widgets."""

# ruff: noqa: E501 (lines of a page, not of a program)

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator

from textual.binding import Binding
from textual.dom import DOMNode
from textual.widget import Widget

import garage_tui.screens
import garage_tui.widgets
from docs.generate.tables import table
from garage_tui.app.app import GarageApp
from garage_tui.app.tabs import TABS
from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.help_dialog import EVERYWHERE, HERE, TEXTUAL_KEYS
from garage_tui.widgets.pane import Pane

HEAD = """# Keys

<!-- Written by docs/generate/keys.py (`make docs`) from the bindings in garage_tui/: change the texts there. -->

All keys of every screen, form and dialog. `F1` shows the keys of what is in front: a screen, a form, a list, a question. `ctrl+p` finds
every action by its name. Type capital letters with Shift. Keys that are a letter do nothing while you write in a field.
"""

_NAMES = {
    "escape": "Esc", "enter": "Enter", "tab": "Tab", "space": "space", "delete": "Del", "home": "Home", "end": "End",
    "up": "↑", "down": "↓", "left": "←", "right": "→", "pageup": "PgUp", "pagedown": "PgDn",
}  # fmt: skip
_SIGNS = {
    "slash": "/",
    "plus": "+",
    "minus": "-",
    "question_mark": "?",
    "equals_sign": "=",
    "underscore": "_",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
}
Rows = dict[str, tuple[str, list[str]]]
"""By action: what it does, and its keys."""


def page() -> str:
    """Return the whole page."""
    load_all()
    lines = [HEAD, f"## {EVERYWHERE}", "", *_table(_rows([GarageApp]))]
    for tab, pane in panes():
        lines += [f"## {tab.label} ({tab.key})", "", _purpose(pane), "", *_groups(pane)]
    lines += ["## Forms, dialogs and questions", ""]
    for title, dialog in dialogs():
        lines += [f"### {title}", "", *([_purpose(dialog), ""] if dialog.HELP else []), *_groups(dialog)]
    lines += ["## Fields, lists and logs", ""]
    for title, rows in parts().items():
        lines += [f"### {title}", "", *_table(rows)]
    return "\n".join(lines).rstrip() + "\n"


def load_all() -> None:
    """Import every screen and widget, so that all of their classes are known."""
    for package in (garage_tui.screens, garage_tui.widgets):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)


def kinds_of(kind: type) -> list[type]:
    """Return a class and all classes of this package that inherit from it, by module and name."""
    found = {kind, *(one for below in kind.__subclasses__() for one in kinds_of(below))}
    ours = [one for one in found if one.__module__.startswith("garage_tui.")]
    return sorted(ours, key=lambda one: (one.__module__, one.__name__))


def has_bindings(kind: type) -> bool:
    """Return whether a class defines keys itself."""
    return bool(kind.__dict__.get("BINDINGS"))


def panes() -> Iterator[tuple[object, type[Pane]]]:
    """Yield each screen of the app with its class, in the order of its keys."""
    found = [kind for kind in kinds_of(Pane) if has_bindings(kind)]
    for tab in TABS:
        yield tab, next(kind for kind in found if kind.__module__.startswith(f"garage_tui.screens.{tab.id}."))


def dialogs() -> list[tuple[str, type[Dialog]]]:
    """Return each kind of dialog with its title, sorted by title."""
    found = [kind for kind in kinds_of(Dialog) if has_bindings(kind) and kind is not Dialog]
    return sorted(((_title(kind), kind) for kind in found), key=lambda one: one[0])


def parts() -> dict[str, Rows]:
    """Return the keys of the widgets that have some of their own, by the title that they have in the help."""
    found: dict[str, Rows] = {}
    ours = [kind for kind in kinds_of(Widget) if has_bindings(kind) and not issubclass(kind, Pane | Dialog)]
    for kind in ours:
        if title := getattr(kind, "HELP_NAME", ""):
            for own in kind.__mro__:
                if has_bindings(own) and own.__module__.startswith("garage_tui."):
                    _add(found.setdefault(title, {}), Binding.make_bindings(own.__dict__["BINDINGS"]))
    for kinds, title, keys in TEXTUAL_KEYS:
        for kind in kinds:
            rows = found.setdefault(title, {})
            listed = {key for _, names in rows.values() for key in names}
            bindings = [one for one in Binding.make_bindings(kind.BINDINGS) if one.key in keys]
            _add(rows, [one for one in bindings if key_name(one.key) not in listed])
    return dict(sorted(found.items()))


def key_name(key: str) -> str:
    """Return a key as a user writes it: `ctrl+s`, `Shift+Tab`, `[`."""
    *modifiers, last = key.split("+") if len(key) > 1 else [key]
    if re.fullmatch(r"f\d+", last):
        name = last.upper()
    else:
        name = _NAMES.get(last) or (last if len(last) == 1 else _SIGNS.get(last, last))
    return "+".join([*("Shift" if each == "shift" else each for each in modifiers), name])


def _title(kind: type[Dialog]) -> str:
    """Return the heading of a form, else the class's name in words."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__.removesuffix("Dialog"))
    return getattr(kind, "HEADING", "") or name.capitalize()


def _purpose(kind: type[Pane] | type[Dialog]) -> str:
    return " ".join(kind.HELP.partition("\n\n")[0].split())


def _groups(kind: type[Pane] | type[Dialog]) -> list[str]:
    """Return the tables of a screen or dialog: one for each of its groups, then what is in none of them."""
    rows = _rows([each for each in kind.__mro__ if has_bindings(each) and each.__module__.startswith("garage_tui.")])
    rows.pop("app.help", None)  # F1 is everywhere
    lines: list[str] = []
    for title, actions in getattr(kind, "HELP_GROUPS", ()):
        lines += [f"**{title}**", "", *_table({a: row for a, row in rows.items() if _bare(a) in actions.split()})]
    grouped = {action for _, actions in getattr(kind, "HELP_GROUPS", ()) for action in actions.split()}
    if rest := {action: row for action, row in rows.items() if _bare(action) not in grouped}:
        lines += [*([f"**{HERE}**", ""] if lines else []), *_table(rest)]
    return lines


def _bare(action: str) -> str:
    return action.partition("(")[0]


def _rows(kinds: Iterable[type[DOMNode]]) -> Rows:
    rows: Rows = {}
    for kind in kinds:
        _add(rows, Binding.make_bindings(kind.__dict__["BINDINGS"]))
    return rows


def _add(rows: Rows, bindings: Iterable[Binding]) -> None:
    """Add bindings to the rows: the tooltip of an action says what it does, else its name on the key bar."""
    for one in bindings:
        text, keys = rows.get(one.action, ("", []))
        if key_name(one.key) not in keys:
            keys.append(key_name(one.key))
        rows[one.action] = (one.tooltip or text or one.description, keys)


def _table(rows: Rows) -> list[str]:
    return table(
        ("key", "what it does"), [(" ".join(f"`{key}`" for key in keys), text) for text, keys in rows.values()]
    )
