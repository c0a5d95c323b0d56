"""One word, one meaning: names that are not used (docs/develop/vocabulary.md), and classes whose names exist once."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.support.repository import REPOSITORY

PACKAGE = REPOSITORY / "garage_tui"
UNUSED = {"look", "words", "told", "said", "wanted", "asked"}
"""They name nothing: the field has better ones, as snapshot, text, message, request."""


@cache
def _modules() -> dict[str, ast.Module]:
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


def _names(body: list[ast.stmt], scope: str) -> Iterator[tuple[str, str]]:
    """Yield what a module or class defines, each with where it stands: functions, classes, fields, constants."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, scope
            inner = node.body if isinstance(node, ast.ClassDef) else [one for one in node.body if _defines(one)]
            yield from _names(inner, f"{scope}.{node.name}")
        elif isinstance(node, ast.If | ast.Try):
            yield from _names(node.body, scope)
        for target in _targets(node):
            yield target, scope


def _defines(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)


def _targets(node: ast.stmt) -> list[str]:
    found = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in found if isinstance(target, ast.Name)]


def test_the_whole_package_is_read():
    assert len(_modules()) >= 300
    assert sum(1 for tree in _modules().values() for _ in _classes(tree)) >= 350


def test_a_class_name_exists_once_in_the_package():
    found: dict[str, list[str]] = defaultdict(list)
    for module, tree in _modules().items():
        for name, _ in _classes(tree):
            found[name].append(module)
    assert {name: modules for name, modules in found.items() if len(modules) > 1} == {}


def test_nothing_is_named_by_a_word_that_the_vocabulary_rules_out():
    found = [
        f"{module}: {scope}.{name}".replace(": .", ": ")
        for module, tree in _modules().items()
        for name, scope in _names(tree.body, "")
        if name in UNUSED
    ]
    assert found == []


def test_the_names_that_would_fail_are_found():
    tree = ast.parse("look = 1\nclass A:\n    said: str\n    def words(self): ...\nasync def told(): ...\n")
    assert [name for name, _ in _names(tree.body, "") if name in UNUSED] == ["look", "said", "words", "told"]
    nested = ast.parse("class A:\n    class Closed: ...\nclass B:\n    class Closed: ...\n")
    assert [name for name, _ in _classes(nested)] == ["A", "A.Closed", "B", "B.Closed"]


def test_the_vocabulary_names_what_the_test_rules_out():
    page: Path = REPOSITORY / "docs" / "develop" / "vocabulary.md"
    assert not [word for word in UNUSED if f"`{word}`" not in page.read_text()]
