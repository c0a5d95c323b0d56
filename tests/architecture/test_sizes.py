"""A file that grows holds a second thing: none of the package is too long to be read at once, nor is a folder."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.support.repository import REPOSITORY

MAX_LINES, MAX_MODULES = 300, 26


def _modules() -> list[Path]:
    found = sorted((REPOSITORY / "garage_tui").rglob("*.py"))
    assert len(found) >= 400
    return found


def test_no_module_of_the_package_is_too_long_to_be_read_at_once():
    lengths = {path.relative_to(REPOSITORY).as_posix(): len(path.read_bytes().splitlines()) for path in _modules()}
    assert {name: length for name, length in lengths.items() if length > MAX_LINES} == {}


def test_no_folder_of_the_package_has_too_many_modules_to_find_one():
    counts = Counter(path.parent.relative_to(REPOSITORY).as_posix() for path in _modules())
    assert {name: count for name, count in counts.items() if count > MAX_MODULES} == {}
