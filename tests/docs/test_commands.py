"""Every `garage …` command line that the documentation quotes is one that the program understands."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from garage_tui.__main__ import parser

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [*(ROOT / "docs").rglob("*.md"), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"))]
)
_BLOCK = re.compile(r"^ *```(sh|ini)?[^\n]*\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
_SPAN = re.compile(r"(?<!`)`(garage [^`\n]+)`(?!`)")
_PLACEHOLDERS = {"N": "1", "W": "1", "C": "60", "X": "1", "PX": "32", "COLUMNS": "80", "KIND": "lora", "FORMAT": "csv"}
"""What stands for a number, or for one of a few words; any other placeholder is a text as good as another."""


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _words(text: str) -> list[str]:
    """Return the arguments of one command line; ellipses and brackets around options say nothing by themselves."""
    words = shlex.split(text.replace("…", " "), comments=True)
    return [_PLACEHOLDERS.get(word, word) for word in words]


def _in_blocks(text: str) -> Iterator[str]:
    """Yield the command lines of blocks of code: a shell's, tmux's `#(…)`, and a systemd unit's."""
    for language, block in _BLOCK.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            for part in re.findall(r"#\(([^)]*)\)", line) or [line.removeprefix("ExecStart=")]:
                if language or part != line:
                    yield from re.split(r"&&|\|\||[|;](?=\s)", part)


def _commands(page: Path) -> Iterator[tuple[str, bool]]:
    """Yield each command line of a page, and whether it has to be complete: a name in a sentence need not be."""
    text = page.read_text(encoding="utf-8")
    for line in _in_blocks(text):
        if re.match(r"(?:[~%.\w/-]*/)?garage(?: |$)", line.strip()):
            yield line.strip(), True
    prose = _BLOCK.sub("", text)
    yield from ((span, False) for span in _SPAN.findall(prose))


def _without_duties(found: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Return the parser with nothing required, so that a command can be named without all of its arguments."""
    for action in found._actions:
        if isinstance(action, argparse._SubParsersAction):
            action.required = False
            for below in action.choices.values():
                _without_duties(below)
        elif not action.option_strings:
            action.required = False
            action.nargs = "*" if action.nargs in ("+", "*") else "?"
        else:
            action.required = False
    return found


def _refusal(words: list[str], complete: bool, capsys: pytest.CaptureFixture[str]) -> str:
    """Return what the program says against a command line; empty where it understands it."""
    understands = parser() if complete else _without_duties(parser())
    try:
        understands.parse_args(words)
    except SystemExit as end:
        said = capsys.readouterr()
        return "" if end.code in (0, None) else said.err.strip().splitlines()[-1]
    return ""


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_command_line_of_a_page_parses(page: Path, capsys: pytest.CaptureFixture[str]):
    wrong = []
    for line, complete in _commands(page):
        if said := _refusal(_words(line)[1:], complete, capsys):
            wrong.append(f"{line}: {said}")
    assert wrong == []


def test_there_are_command_lines():
    found = [line for page in PAGES for line in _commands(page)]
    assert sum(complete for _, complete in found) >= 50
    assert len(found) >= 120


@pytest.mark.parametrize(
    ("line", "complete"),
    [
        ("garage train lora --facts FILE --nosuch", True),
        ("garage report --nosuch", False),
        ("garage nosuch", False),
        ("garage train nosuch", False),
        ("garage export RUN --as nosuch", False),
        ("garage runs nosuch", False),
        ("garage report", True),
        ("garage logs -n many", False),
    ],
)
def test_a_command_line_that_the_program_does_not_know_is_found(
    line: str, complete: bool, capsys: pytest.CaptureFixture[str]
):
    assert _refusal(_words(line)[1:], complete, capsys)
