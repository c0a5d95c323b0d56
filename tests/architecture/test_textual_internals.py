"""Private parts of Textual are touched in one file, so that a new version of it breaks one file."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import textwrap
from functools import cache
from pathlib import Path

import pytest
import textual

import garage_tui

HOME = "garage_tui.widgets._textual_internals"
PACKAGE = Path(garage_tui.__file__).parent


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name != "_"


def named_in(tree: ast.AST) -> set[str]:
    """The private names that a piece of code gives to things: attributes and variables that are set, functions."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.attr)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return {name for name in found if is_private(name)}


@cache
def of_textual() -> frozenset[str]:
    """The private names of all of Textual."""
    found: set[str] = set()
    for path in Path(textual.__file__).parent.rglob("*.py"):
        found |= named_in(ast.parse(path.read_text()))
    return frozenset(found)


@cache
def of_class(kind: type) -> frozenset[str]:
    """The private names that a class of Textual gives to what is its own."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    except (OSError, TypeError):
        return frozenset()
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    stored = {node.attr for node in attributes if isinstance(node.ctx, ast.Store)}
    return frozenset(name for name in stored | set(vars(kind)) if is_private(name))


def private_bases(kind: type) -> frozenset[str]:
    """The private names that a class of ours has from those of Textual."""
    return frozenset().union(*(of_class(base) for base in kind.__mro__ if base.__module__.startswith("textual")))


def touched_by(source: str, classes: dict[str, type] | None = None) -> list[str]:
    """What a file touches of Textual's private parts, each with its line.

    Args:
        source: the file.
        classes: its classes by name.
    """
    tree, found = ast.parse(source), list[tuple[int, str]]()
    nodes = list(ast.walk(tree))
    modules = {alias.asname or alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    ours = named_in(tree)
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "textual":
            if "._" in f"{node.module}" or any(is_private(alias.name) for alias in node.names):
                found.append((node.lineno, ast.unparse(node)))
        elif isinstance(node, ast.Attribute) and node.attr in of_textual() and node.attr not in ours:
            if not (isinstance(node.value, ast.Name) and node.value.id in {*modules, "self", "cls"}):
                found.append((node.lineno, ast.unparse(node)))
        elif isinstance(node, ast.ClassDef) and (kind := (classes or {}).get(node.name)):
            theirs = private_bases(kind)
            for part in ast.walk(node):
                if isinstance(part, ast.Attribute) and part.attr in theirs and ast.unparse(part.value) not in modules:
                    found.append((part.lineno, f"{ast.unparse(part)} of {node.name}"))
            found += [(part.lineno, f"{node.name}.{name}") for part in node.body for name in named_in(part) & theirs]
    return [f"line {line}: {what}" for line, what in sorted(set(found))]


MODULES = [
    each.name
    for each in pkgutil.walk_packages([str(PACKAGE)], "garage_tui.")
    if each.name.split(".")[1] in ("app", "driver", "screens", "widgets")
]


def classes_of(module) -> dict[str, type]:
    return {
        name: kind
        for name, kind in vars(module).items()
        if inspect.isclass(kind) and kind.__module__ == module.__name__
    }


@pytest.mark.parametrize("name", [name for name in MODULES if name != HOME])
def test_no_other_file_touches_a_private_part_of_textual(name):
    module = importlib.import_module(name)
    assert touched_by(Path(module.__file__).read_text(), classes_of(module)) == []


@pytest.mark.parametrize(
    "line",
    [
        "from textual._xterm_parser import XTermParser",
        "self.app._driver.write(text)",
        "screen._compositor.visible_widgets",
        "app._check_action_state(action, node)",
        "await self.app._check_bindings(key)",
        "front._bindings",
    ],
)
def test_a_private_part_is_found(line):
    assert touched_by(line)


def test_what_a_widget_overrides_or_reads_of_itself_is_found():
    from textual.widget import Widget

    class Thing(Widget):
        def _on_key(self, event):
            self._name = event
            return self._bindings

        def _ours(self):
            return self._mine

    source = textwrap.dedent(inspect.getsource(Thing))
    found = [touch.partition(": ")[2] for touch in touched_by(source, {"Thing": Thing})]
    assert {"Thing._on_key", "self._name of Thing", "self._bindings of Thing"} <= set(found)
    assert not any("_ours" in touch or "_mine" in touch for touch in found)


def test_enough_files_were_looked_at():
    assert len(MODULES) > 90 and HOME in MODULES
