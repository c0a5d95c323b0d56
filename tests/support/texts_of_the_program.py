"""The texts in the source of the package: every string but docstrings, with a sign for each value of an f-string."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.repository import REPOSITORY

PACKAGE = REPOSITORY / "garage_tui"
HOLE = "\0"
"""Stands for a value in a text: nothing that is written in the source."""


@dataclass(frozen=True)
class SourceText:
    """One text, as the source has it."""

    path: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(REPOSITORY)}:{self.line}"


def source_texts() -> Iterator[SourceText]:
    """Yield each string of the package that is no docstring and does not describe a field."""
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        skipped: set[ast.AST] = set()
        for node in ast.walk(tree):
            if node in skipped:
                continue
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                skipped.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                skipped.update(inner for part in node.values if isinstance(part, ast.Constant) for inner in [part])
                parts = (part.value if isinstance(part, ast.Constant) else HOLE for part in node.values)
                yield SourceText(path, node.lineno, "".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield SourceText(path, node.lineno, node.value)
