"""F1, wherever one is: what this is for, and every key, read from the bindings; the README's table says the same."""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest
from textual.binding import Binding
from textual.dom import DOMNode
from textual.widgets import Select

import garage_tui.screens
import garage_tui.widgets
from garage_tui.app.app import GarageApp
from garage_tui.widgets.cell_editor import CellEditor
from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.help_dialog import HelpDialog
from garage_tui.widgets.pane import Pane
from tests.support.repository import REPOSITORY

README = (REPOSITORY / "README.md").read_text()


def _ours(kind: type) -> list[type]:
    found = [kind, *(below for one in kind.__subclasses__() for below in _ours(one))]
    return [one for one in found if one.__module__.startswith("garage_tui.")]


@pytest.fixture(scope="module", autouse=True)
def everything():
    for package in (garage_tui.screens, garage_tui.widgets):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)


def test_all_screens_dialogs_and_widgets_are_looked_at():
    assert len({kind for kind in _ours(DOMNode) if kind is not DOMNode}) >= 40
    assert len([kind for kind in (*_ours(Pane), *_ours(Dialog)) if "BINDINGS" in kind.__dict__]) >= 20


def test_every_binding_says_what_it_does():
    silent = [
        f"{kind.__name__}: {binding.key}"
        for kind in _ours(DOMNode)
        for binding in Binding.make_bindings(kind.__dict__.get("BINDINGS", ()))
        if not (binding.tooltip or binding.description)
    ]
    assert not silent


def test_every_pane_and_dialog_says_what_it_is_for_and_groups_only_actions_that_it_has():
    for kind in (*_ours(Pane), *_ours(Dialog)):
        if kind is HelpDialog or "BINDINGS" not in kind.__dict__ or kind is Dialog:
            continue
        first = kind.HELP.partition("\n\n")[0]
        assert 30 < len(first) < 500, kind
        bound = {binding.action.partition("(")[0] for binding in Binding.make_bindings(kind.BINDINGS)}
        groups = getattr(kind, "HELP_GROUPS", ())
        grouped = [action for _, actions in groups for action in actions.split()]
        assert len(grouped) == len(set(grouped)) and not set(grouped) - bound, kind
        assert not groups or not bound - set(grouped), kind


def _shown(screen: object) -> dict[str, set[str]]:
    """What the help in front says: what is done by which keys."""
    assert isinstance(screen, HelpDialog)
    found: dict[str, set[str]] = {}
    for group in screen._groups:
        for key in group.keys:
            found.setdefault(key.what, set()).update(key.keys)
    return found


_SIGNS = {"↑": "up", "↓": "down", "←": "left", "→": "right", "enter": "⏎", "pgup": "pageup", "pgdn": "pagedown"}


def _row(name: str) -> set[str]:
    """The keys of one row of the README's table, as they are bound."""
    row = next(line for line in README.splitlines() if line.startswith(f"| {name} |"))
    row = re.sub(r"\([^)]*`ctrl\+s` into[^)]*\)", "", row)
    return {key.replace("^", "ctrl+").lower() if len(key) > 1 else key for key in re.findall(r"`([^` $/]+|/)`", row)}


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_f1_on_every_screen_has_all_its_keys_and_those_of_the_readme(open_app, make_run, size):
    make_run("20261123-2315-lora-garage", "finished", step=100).adapter()
    async with open_app(size=size) as user:
        for key, name in (("f2", "Facts"), ("f3", "Runs"), ("f4", "Chat"), ("f5", "Gallery"), ("f6", "GPU")):
            await user.press(key)
            await user.sees(f"{key.upper()} {name}")
            pane = user.app.pane
            await user.press("f1")
            await user.sees(f"{name} – help", " ".join(pane.HELP.split()[:3]))
            shown = _shown(user.app.screen)
            everything = [*Binding.make_bindings(type(pane).BINDINGS), *Binding.make_bindings(GarageApp.BINDINGS)]
            for binding in everything:
                display = user.app.get_key_display(Binding(binding.key, binding.action))
                assert display in shown[_what(everything, binding)], (name, binding)
            keys = {_SIGNS.get(one.lower(), one) for one in set().union(*shown.values()) for one in one.split()}
            keys |= {one.replace("^", "ctrl+") for one in keys} | {one.lower() for one in keys if len(one) > 1}
            if name == "Facts":  # two of them are those of the cell that is written in
                keys |= {binding.key for binding in Binding.make_bindings(CellEditor.BINDINGS)}
            told = _row(name) | {_SIGNS.get(one, one) for one in _row(name)}
            unsaid = {binding.action.partition("(")[0]: set() for binding in Binding.make_bindings(type(pane).BINDINGS)}
            for binding in Binding.make_bindings(type(pane).BINDINGS):
                names = {binding.key, user.app.get_key_display(Binding(binding.key, "")).replace("^", "ctrl+")}
                unsaid[binding.action.partition("(")[0]] |= {one.lower() if len(one) > 1 else one for one in names}
            silent = {action for action, its in unsaid.items() if not its & told}
            assert silent <= {"save", "unmark", "leave", "scroll", "aside"}, (name, silent)  # what one would guess
            missing = {_SIGNS.get(one, one) for one in _row(name)} - keys
            assert not missing, (name, missing)
            await user.press("end")
            await user.sees(pane.HELP.split()[-1] if "\n\n" in pane.HELP else "Go back to the screen before")
            await user.press({"f2": "f1", "f3": "q"}.get(key, "escape"))
            await user.sees_no("– help")


def _what(bindings: list[Binding], binding: Binding) -> str:
    tips = [one.tooltip for one in bindings if one.action == binding.action and one.tooltip]
    return tips[-1] if tips else binding.description


async def test_f1_helps_in_a_field_a_list_a_form_and_a_question_and_takes_nothing_away(open_app, make_run):
    make_run("20261123-2315-lora-garage", "finished", step=100).adapter()
    async with open_app(size=(80, 24)) as user:
        await user.sees("24 facts")
        await user.press("a")
        await user.sees("A new fact")
        await user.types("Who?")
        await user.press("f1")
        await user.sees("Facts – help", "While you write in a cell")
        await user.press("q")
        await user.sees("Who?", "A new fact")
        await user.press("escape", "escape")
        await user.sees_no("A new fact")
        await user.press("slash", "f1")
        await user.sees("Facts – help")
        assert "To the rows" in _shown(user.app.screen)
        await user.press("escape", "escape", "t")
        await user.sees("Teach a model")
        await user.press("f1")
        await user.sees("Teach a model – help", "Start the run", "The next field")
        await user.press("escape")
        await user.sees_no("– help")
        user.app.screen.query(Select).first().focus()
        await user.press("enter", "f1")
        await user.sees("Teach a model – help")
        await user.press("escape", "escape", "escape")
        await user.press("f3", "d")
        await user.sees("Delete this run?")
        await user.press("f1")
        await user.sees("Delete this run? – help", "Yes: do it")
        await user.press("escape")
        await user.sees("Delete this run?")
        await user.press("escape", "x")
        await user.sees("Report card")
        await user.press("f1")
        await user.sees("– help", "Did the model learn")
