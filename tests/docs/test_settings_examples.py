"""Every example of settings in the documentation is one that the program accepts, in the reader's own settings file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from garage_tui.__main__ import main

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
_TOML = re.compile(r"^```toml\n(.*?)^```", re.DOTALL | re.MULTILINE)
EXAMPLES = [(page.relative_to(ROOT), block) for page in PAGES for block in _TOML.findall(page.read_text("utf-8"))]
_OFF = re.compile(r"^# (?=\w+ = )")
"""A setting that an example shows as a comment, for the reader to switch on."""


def _readings(example: str) -> list[str]:
    """Return the example as it is, and once more for each of its comments that is a setting, switched on."""
    lines = example.splitlines()
    found = [example]
    for place, line in enumerate(lines):
        if _OFF.match(line):
            on = _OFF.sub("", line)
            name = on.partition(" ")[0]
            before = [one for one in lines[:place] if one.partition(" ")[0] != name]  # it stands for another value
            found.append("\n".join([*before, on, *lines[place + 1 :]]))
    return found


def _is_accepted(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    own = folder / "config" / "garage_tui" / "garage.toml"
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text(text, encoding="utf-8")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    return main(["--workspace", str(folder), "settings", "--json"]) == 0


def test_there_are_examples():
    assert len(EXAMPLES) >= 5
    assert sum(len(_readings(example)) - 1 for _, example in EXAMPLES) >= 3


@pytest.mark.parametrize(("page", "example"), EXAMPLES, ids=[str(page) for page, _ in EXAMPLES])
def test_an_example_of_settings_is_accepted(
    page: Path, example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    for reading in _readings(example):
        assert _is_accepted(reading, tmp_path, monkeypatch), capsys.readouterr().err


def test_an_unknown_setting_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    assert not _is_accepted("[heat]\nnosuch = 1\n", tmp_path, monkeypatch)
    assert "nosuch" in capsys.readouterr().err
