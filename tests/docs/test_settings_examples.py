"""Every example of settings in the documentation is one that the program accepts."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from garage_tui.core.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
_TOML = re.compile(r"^```toml\n(.*?)^```", re.DOTALL | re.MULTILINE)
EXAMPLES = [(page.relative_to(ROOT), block) for page in PAGES for block in _TOML.findall(page.read_text("utf-8"))]
_OFF = re.compile(r"^# (?=\w+ = )", re.MULTILINE)
"""A setting that an example shows as a comment, to be switched on."""


def test_there_are_examples():
    assert len(EXAMPLES) >= 5


@pytest.mark.parametrize(("page", "example"), EXAMPLES, ids=[str(page) for page, _ in EXAMPLES])
def test_an_example_of_settings_is_accepted(page: Path, example: str):
    msgspec.toml.decode(example, type=Settings)


@pytest.mark.parametrize(("page", "example"), EXAMPLES, ids=[str(page) for page, _ in EXAMPLES])
def test_each_setting_that_an_example_switches_off_is_accepted_too(page: Path, example: str):
    for found in _OFF.finditer(example):
        line = example[found.end() :].partition("\n")[0]
        others = [one for one in example.splitlines() if not one.startswith(f"{line.partition(' ')[0]} =")]
        place = others.index(f"# {line}")
        msgspec.toml.decode("\n".join([*others[:place], line, *others[place + 1 :]]), type=Settings)


def test_an_unknown_setting_is_found():
    with pytest.raises(msgspec.ValidationError):
        msgspec.toml.decode("[heat]\nnosuch = 1\n", type=Settings)
