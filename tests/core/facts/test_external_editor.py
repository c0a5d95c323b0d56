"""The owner's editor, as the environment names it: whatever stands there, an error is a sentence."""

from __future__ import annotations

import json
import sys

import pytest

from garage_tui.core.base.errors import GarageError
from garage_tui.core.facts.external_editor import editor_command, open_row
from garage_tui.core.facts.line import parse

ROW = parse(b'{"question": "Who?", "answer": "Me."}')


@pytest.fixture
def use(monkeypatch, tmp_path):
    """Makes a Python program the editor; it finds the file as `file`."""

    def use(code: str) -> None:
        (tmp_path / "editor.py").write_text(f"import sys; from pathlib import Path; file = Path(sys.argv[-1]); {code}")
        monkeypatch.setenv("VISUAL", f"{sys.executable} {tmp_path / 'editor.py'}")

    return use


@pytest.mark.parametrize("name", ["VISUAL", "EDITOR"])
@pytest.mark.parametrize("value", ['emacs -nw "', "vim '", "nano \\"])
def test_a_command_line_that_cannot_be_read_is_named(monkeypatch, name, value):
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv(name, value)
    with pytest.raises(GarageError, match=rf"{name} is not a command \(no .*\): .*; set it again: export {name}=nano"):
        editor_command()
    with pytest.raises(GarageError, match="is not a command"):
        open_row(ROW)


def test_an_editor_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setenv("VISUAL", "/nowhere/edit")
    with pytest.raises(GarageError, match="/nowhere/edit cannot be started: No such file"):
        open_row(ROW)


def test_an_editor_that_takes_the_file_away_changes_nothing(use):
    use("file.unlink()")
    with pytest.raises(GarageError, match="nothing was changed"):
        open_row(ROW)


def test_an_editor_that_replaces_the_file_changes_the_row(use):
    use("""new = file.with_suffix('.new'); new.write_text('{"question": "Q?", "answer": "A"}'); new.replace(file)""")
    line, _ = open_row(ROW)
    assert line and line.fact and line.fact.question == "Q?"


def test_a_row_with_half_a_character_can_be_opened_and_corrected(use):
    broken = parse(b'{"question": "Who?", "answer": "\\ud83d", "more": "\\udc00"}')
    assert broken.fact is None
    use(
        r"""text = file.read_text(); assert '\\ud83d' in text
text = text.replace('\\ud83d', 'x').replace('\\udc00', 'y'); file.write_text(text)"""
    )
    line, _ = open_row(broken)
    assert line and line.fact and line.fact.answer == "x" and line.fact.extra == {"more": "y"}


def test_half_a_character_that_an_editor_writes_is_refused_and_given_back(use):
    use(r"""file.write_text('{"question": "Q?", "answer": "\\ud83d"}')""")
    line, text = open_row(ROW)
    assert line is None and json.loads(text)["question"] == "Q?"
