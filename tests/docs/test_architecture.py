"""Every file and every name of the package that the pages for developers quote is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.support.repository import REPOSITORY

PACKAGE = REPOSITORY / "garage_tui"
PAGES = [*sorted((REPOSITORY / "docs" / "develop").glob("*.md")), REPOSITORY / "CONTRIBUTING.md"]
_FENCE = re.compile(r"^( *)(```+).*?^\1\2[ \t]*$", re.DOTALL | re.MULTILINE)
_SUFFIXES = ("py", "md", "toml", "tcss", "json", "jsonl", "txt", "sh")
_RUN_FOLDER = {"run.json", "state.json", "request.json", "report.json", "events.jsonl", "facts.jsonl", "log.txt"}
_NOT_OURS = {
    "msgspec",
    "textual",
    "torch",
    "transformers",
    "trl",
    "peft",
    "rich",
    "importlib",
    "signal",
    "asyncio",
    "os",
}
"""First parts of dotted names that belong to other packages."""


def spans(page: Path) -> list[str]:
    """Return what a page has in backticks, its blocks of code left out."""
    return re.findall(r"`([^`\n]+)`", _FENCE.sub("", page.read_text(encoding="utf-8")))


def missing_path(span: str) -> bool:
    """Return whether a span is the path of a file or folder that is not in the repository, nor in the package."""
    path = span.removeprefix("./")
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)*/?", path) or path in _RUN_FOLDER or re.search(r"\b(RUN|NAME|N)\b", path):
        return False  # a word in capitals stands for a name that the reader chooses
    if not (path.endswith("/") or ("/" in path and path.rpartition(".")[2] in _SUFFIXES)):
        return False
    return not any((root / path).exists() for root in (REPOSITORY, PACKAGE))


def missing_name(span: str) -> bool:
    """Return whether a span is a dotted name that no module of the package has."""
    name = span.removesuffix("()")
    if not re.fullmatch(r"[a-z_]\w*(\.\w+)+", name) or name.rpartition(".")[2] in _SUFFIXES:
        return False
    parts = name.removeprefix("garage_tui.").split(".")
    return parts[0] not in _NOT_OURS and not any(_has(parts[:end], parts[end:]) for end in range(len(parts), 0, -1))


def _has(module: list[str], members: list[str]) -> bool:
    """Return whether the package has a module whose path ends so, with these members, each in the one before."""
    files = _modules().get(module[-1], [])
    return any(
        list(file.relative_to(PACKAGE).with_suffix("").parts)[-len(module) :] == module
        and (not members or ".".join(members) in names_of(file))
        for file in files
    ) or (not members and (PACKAGE / "/".join(module)).is_dir())


@cache
def _modules() -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in PACKAGE.rglob("*.py"):
        found.setdefault(path.stem, []).append(path)
    return found


@cache
def names_of(file: Path) -> set[str]:
    """Return the names that a module defines: `name`, `Class`, `Class.member`."""
    found: set[str] = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        for name in _defined(node):
            found.add(name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{name}" for inner in node.body for name in _defined(inner)}
            found |= {
                f"{node.name}.{inner.attr}"
                for inner in ast.walk(node)
                if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name) and inner.value.id == "self"
            }
    return found


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    each = [one for target in targets for one in (target.elts if isinstance(target, ast.Tuple) else [target])]
    return [target.id for target in each if isinstance(target, ast.Name)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_and_name_that_a_page_quotes_is_there(page):
    found = spans(page)
    assert [span for span in found if missing_path(span) or missing_name(span)] == []


def test_the_pages_quote_files_and_names():
    found = {span for page in PAGES for span in spans(page)}
    assert len([span for span in found if span.endswith(".py")]) >= 40
    assert len([span for span in found if re.fullmatch(r"[a-z_]\w*(\.\w+)+", span) and not span.endswith(".py")]) >= 60


@pytest.mark.parametrize(
    ("span", "is_missing"),
    [
        ("core/facts/store.py", False),
        ("core/facts/nosuch.py", True),
        ("docs/nosuch/", True),
        ("garage_tui/core/", False),
        ("facts/store.py", True),
        ("store.FactsStore.save", False),
        ("facts.store.FactsStore.undo()", False),
        ("store.FactsStore.nosuch", True),
        ("runs.store.FactsStore", True),
        ("core.facts", False),
        ("core.nosuch", True),
        ("torch.compile", False),
        ("garage.toml", False),
        ("events.jsonl", False),
    ],
)
def test_what_is_missing_is_found(span, is_missing):
    assert (missing_path(span) or missing_name(span)) == is_missing


def test_the_picture_of_the_house_has_every_package_and_the_floors_of_the_contracts():
    import tomllib

    page = (REPOSITORY / "docs" / "develop" / "architecture.md").read_text()
    packages = [path.parent for path in PACKAGE.rglob("__init__.py") if path.parent != PACKAGE]
    assert len(packages) >= 35
    assert not [name for path in packages if f"`{(name := path.relative_to(PACKAGE).as_posix())}/`" not in page]
    contracts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    for contract in contracts:
        if contract["type"] == "layers":
            for layer in contract["layers"]:
                drawn = " | ".join(name.strip().removeprefix("garage_tui.") for name in layer.split("|"))
                assert drawn in page, f"{contract['name']}: {layer}"
