"""One word, one meaning: names that are not used (docs/develop/vocabulary.md), and classes whose names exist once."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.repository import REPOSITORY

PACKAGE = REPOSITORY / "garage_tui"
UNUSED = {"look", "words", "told", "said", "wanted", "asked"}
"""They name nothing: the field has better ones, as snapshot, text, message, request."""


@cache
def modules() -> dict[str, ast.Module]:
    """Return the syntax tree of every module, by its path in the package."""
    paths = sorted(PACKAGE.rglob("*.py"))
    return {path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def _classes(node: ast.AST, outer: str = "") -> Iterator[tuple[str, ast.ClassDef]]:
    """Yield every class with its name, those inside of others with the names of these before it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            name = f"{outer}.{child.name}".lstrip(".")
            yield name, child
            yield from _classes(child, name)
        else:
            yield from _classes(child, outer)


def _names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield every name that a module makes, with its line: functions, classes, parameters, variables, imports."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node.lineno
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name, node.lineno
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name, node.lineno
            case ast.MatchMapping(rest=str(name)):
                yield name, node.lineno
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                yield from ((alias.asname or alias.name, node.lineno) for alias in aliases)
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                yield from ((name, node.lineno) for name in names)


def _is_unused(name: str) -> bool:
    return name.strip("_") in UNUSED


def _widget_names(tree: ast.AST) -> Iterator[str]:
    """Yield the ids and classes that a module gives to widgets."""
    for node in ast.walk(tree):
        match node:
            case ast.keyword(arg="id" | "classes", value=ast.Constant(value=str(text))):
                yield from text.split()


def _styled(text: str) -> list[str]:
    """Return the ids and classes of a style sheet."""
    return re.findall(r"[.#](-?[A-Za-z][\w-]*)", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL))


def test_the_whole_package_is_read():
    assert len(modules()) >= 300
    assert sum(1 for tree in modules().values() for _ in _classes(tree)) >= 350


def test_a_class_name_exists_once_in_the_package():
    found: dict[str, list[str]] = defaultdict(list)
    for module, tree in modules().items():
        for name, _ in _classes(tree):
            found[name].append(module)
    assert {name: modules for name, modules in found.items() if len(modules) > 1} == {}


def test_nothing_is_named_by_a_word_that_the_vocabulary_rules_out():
    found = [
        f"{module}:{line}: {name}"
        for module, tree in modules().items()
        for name, line in _names(tree)
        if _is_unused(name)
    ]
    assert found == []


def test_no_id_or_class_of_a_widget_is_named_so_either():
    sheets = sorted(PACKAGE.rglob("*.tcss"))
    assert len(sheets) >= 5
    names = [(sheet.name, name) for sheet in sheets for name in _styled(sheet.read_text(encoding="utf-8"))]
    names += [(module, name) for module, tree in modules().items() for name in _widget_names(tree)]
    assert len(names) >= 200
    assert [f"{where}: {name}" for where, name in names if not UNUSED.isdisjoint(name.split("-"))] == []


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("look = 1", "look"),
        ("class A:\n    said: str", "said"),
        ("class A:\n    def words(self): ...", "words"),
        ("async def told(): ...", "told"),
        ("def f(words): ...", "words"),
        ("def f(*, asked=1): ...", "asked"),
        ("def f(*said): ...", "said"),
        ("def f(**told): ...", "told"),
        ("def f():\n    told = 1", "told"),
        ("def f():\n    if True:\n        wanted, other = 1, 2", "wanted"),
        ("def f():\n    told += 1", "told"),
        ("for asked in (): ...", "asked"),
        ("[said for said in ()]", "said"),
        ("{one: words for one, words in {}}", "words"),
        ("with open('') as look: ...", "look"),
        ("try: ...\nexcept OSError as told: ...", "told"),
        ("f = lambda look: 1", "look"),
        ("if wanted := 1: ...", "wanted"),
        ("class A:\n    def __init__(self):\n        self._asked = 1", "_asked"),
        ("match 1:\n    case [*words]: ...", "words"),
        ("match 1:\n    case {**told}: ...", "told"),
        ("from a import b as said", "said"),
        ("def f():\n    def _look(): ...", "_look"),
    ],
)
def test_a_name_that_would_fail_is_found(code, name):
    assert [found for found, _ in _names(ast.parse(code)) if _is_unused(found)] == [name]


def test_the_ids_and_classes_that_a_widget_gets_are_found():
    assert list(_widget_names(ast.parse('Static(id="gpu-words", classes="box words")'))) == [
        "gpu-words",
        "box",
        "words",
    ]


def test_the_ids_and_classes_of_a_style_sheet_are_found():
    assert _styled("/* .no */ Notice.-said { width: 0.5; }\n#gpu-words, .box .words { color: red }") == [
        "-said",
        "gpu-words",
        "box",
        "words",
    ]


def test_a_class_inside_of_another_has_the_name_of_both():
    nested = ast.parse("class A:\n    class Closed: ...\nclass B:\n    class Closed: ...\n")
    assert [name for name, _ in _classes(nested)] == ["A", "A.Closed", "B", "B.Closed"]


def test_the_vocabulary_names_what_the_test_rules_out():
    page: Path = REPOSITORY / "docs" / "develop" / "vocabulary.md"
    assert not [word for word in UNUSED if f"`{word}`" not in page.read_text()]
