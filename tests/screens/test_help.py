"""F1, wherever one is: what this is for, every key, read from the bindings, and the page of docs/ that says more."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import PurePath

import pytest
from textual.binding import Binding
from textual.dom import DOMNode
from textual.widgets import Select, TextArea

import garage_tui.screens
import garage_tui.widgets
from docs.generate.keys import key_name
from garage_tui.app.app import GarageApp
from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.help_dialog import TEXTUAL_KEYS, HelpDialog
from garage_tui.widgets.pane import Pane
from garage_tui.widgets.readline_area import ReadlineArea
from tests.support.repository import REPOSITORY

KEYS = (REPOSITORY / "docs" / "reference" / "keys.md").read_text()


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


def _page(part: str) -> set[tuple[str, str]]:
    """Each key of one part of the page of keys, with its sentence."""
    text = re.search(rf"^## {re.escape(part)}$(.*?)(?=^## |\Z)", KEYS, re.MULTILINE | re.DOTALL)[1]
    rows = re.findall(r"^\| (`.+`) \| (.+) \|$", text, re.MULTILINE)
    return {(key, what) for keys, what in rows for key in re.findall(r"`(\S+)`", keys)}


def _as_displayed(app: GarageApp) -> dict[str, str]:
    """How F1 displays a key, and how the page of keys writes it."""
    bound = {
        binding.key for kind in _ours(DOMNode) for binding in Binding.make_bindings(kind.__dict__.get("BINDINGS", ()))
    }
    bound |= {key for _, _, keys in TEXTUAL_KEYS for key in keys}
    return {app.get_key_display(Binding(key, "")): key_name(key) for key in bound}


SCREENS = (("f2", "Facts"), ("f3", "Runs"), ("f4", "Chat"), ("f5", "Gallery"), ("f6", "GPU"))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_f1_on_every_screen_has_the_keys_of_the_page_of_keys_and_no_others(open_app, make_run, size):
    make_run("20261123-2315-lora-garage", "finished", step=100).adapter()
    async with open_app(size=size) as user:
        names = _as_displayed(user.app)
        for key, name in SCREENS:
            await user.press(key)
            await user.sees(f"{key.upper()} {name}")
            pane = user.app.pane
            await user.press("f1")
            await user.sees(f"{name} – help", " ".join(pane.HELP.split()[:3]))
            shown = {(names[each], what) for what, keys in _shown(user.app.screen).items() for each in keys}
            own, everywhere = _page(f"{name} ({key.upper()})"), _page("Everywhere")
            assert len(own) >= 5 and len(everywhere) >= 10
            assert own | everywhere <= shown, (name, (own | everywhere) - shown)
            parts = _page("Fields, lists and logs")
            assert shown <= own | everywhere | parts, (name, shown - own - everywhere - parts)
            await user.press("end")
            await user.sees(f"More: `garage help {PurePath(pane.HELP_PAGE).stem}`, docs/{pane.HELP_PAGE}")
            await user.press({"f2": "f1", "f3": "q"}.get(key, "escape"))
            await user.sees_no("– help")


def test_the_pages_that_f1_names_are_there():
    pages = {kind.HELP_PAGE for kind in (*_ours(Pane), *_ours(Dialog)) if kind.HELP_PAGE}
    assert len(pages) >= 6
    assert not [page for page in pages if not (REPOSITORY / "docs" / page).is_file()]


def test_every_screen_form_and_report_names_its_page():
    silent = {kind.__name__ for kind in (*_ours(Pane), *_ours(Dialog)) if kind.HELP and not kind.HELP_PAGE}
    assert silent <= {"Confirm", "Pick", "PickOrDelete", "PathDialog"}, silent  # questions that every screen asks


async def test_f1_helps_in_a_field_a_list_a_form_and_a_question_and_takes_nothing_away(open_app, make_run):
    make_run("20261123-2315-lora-garage", "finished", step=100).adapter()
    async with open_app(size=(80, 24)) as user:
        await user.sees("35 rows")
        await user.press("a")
        await user.sees("A new row")
        await user.types("Who?")
        await user.press("f1")
        await user.sees("Facts – help", "While you write a row")
        await user.press("q")
        await user.sees("Who?", "A new row")
        await user.press("escape", "escape")
        await user.sees_no("A new row")
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


def test_every_text_area_has_the_keys_of_a_shell():
    areas = set(_ours(TextArea))
    assert areas and all(issubclass(area, ReadlineArea) for area in areas)
    package = REPOSITORY / "garage_tui"
    plain = [path.name for path in package.rglob("*.py") if re.search(r"\bTextArea\(", path.read_text())]
    assert not plain


async def test_no_key_is_listed_twice_where_two_widgets_name_what_it_does_in_two_ways(open_app):
    async with open_app(screen="chat", size=(120, 60)) as user:
        await user.sees("Ask a question below")
        await user.press("ctrl+g")
        await user.sees("Sampling and system prompt")
        await user.press("f1")
        screen = await user.sees("In a field of one line", "In a text that you can scroll")
        shown = [line.strip("│ ").split("  ")[0] for line in screen.splitlines()]
        for key in ("^w", "^u", "^k", "↑", "↓", "pgup", "pgdn"):
            assert shown.count(key) == 1, (key, screen)
        await user.press("escape")
        await user.sees_no("– help")
        user.app.screen.query_one("#system").focus()
        await user.press("f1")
        screen = await user.sees("In a field of several lines", "Cut all before the cursor")
        shown = [line.strip("│ ").split("  ")[0] for line in screen.splitlines()]
        assert [shown.count(key) for key in ("^w", "^u", "^k", "^y")] == [1] * 4, screen
