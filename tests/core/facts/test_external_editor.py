"""The owner's editor, as the environment names it: whatever stands there, an error is a sentence."""

from __future__ import annotations

import json
import sys

import pytest

from garage_tui.core.base.errors import GarageError
from garage_tui.core.facts.external_editor import editor_command, open_file, open_row
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
    line = open_row(ROW).line
    assert line and line.fact and line.fact.question == "Q?"


def test_a_row_with_half_a_character_can_be_opened_and_corrected(use):
    broken = parse(b'{"question": "Who?", "answer": "\\ud83d", "more": "\\udc00"}')
    assert broken.fact is None
    use(
        r"""text = file.read_text(); assert '\\ud83d' in text
text = text.replace('\\ud83d', 'x').replace('\\udc00', 'y'); file.write_text(text)"""
    )
    line = open_row(broken).line
    assert line and line.fact and line.fact.answer == "x" and line.fact.extra == {"more": "y"}


def test_half_a_character_that_an_editor_writes_is_refused_and_given_back(use):
    use(r"""file.write_text('{"question": "Q?", "answer": "\\ud83d"}')""")
    line, text, why = open_row(ROW)
    assert "half a character" in why
    assert line is None and json.loads(text)["question"] == "Q?"


@pytest.mark.parametrize(
    ("written", "why"),
    [
        (b"", "the edited row is empty (d deletes a row)"),
        (b" \n", "the edited row is empty (d deletes a row)"),
        (b"[1, 2]", 'the edited row is not {"question": "…", "answer": "…"}'),
        (b"7", 'the edited row is not {"question": "…", "answer": "…"}'),
        (b"null", 'the edited row is not {"question": "…", "answer": "…"}'),
        (
            b'{\n  "question": "Who?"\n  "answer": "Me."\n}',
            "the edited row is not valid JSON at line 3, column 3 (a comma is missing, or a quote within a text that "
            'should be \\")',
        ),
        ('{"question": "Wer?", "answer": "Jörg."}'.encode("latin-1"), "line 1 of the edited row is not UTF-8"),
    ],
)
def test_what_is_no_row_is_not_taken_and_given_back_with_the_reason(use, written, why):
    use(f"file.write_bytes({written!r})")
    line, text, found = open_row(ROW)
    assert line is None
    assert found.startswith(why)
    assert text == written.decode("latin-1")


def test_an_editor_that_writes_a_byte_order_mark_changes_the_row(use):
    use("""file.write_bytes(b'\\xef\\xbb\\xbf' + b'{"question": "Q?", "answer": "A"}')""")
    line = open_row(ROW).line
    assert line and line.fact and line.fact.question == "Q?"


def test_what_was_written_before_the_editor_failed_is_not_lost(use):
    use("""file.write_text('{"question": "Q?", "answer": "A"}'); sys.exit(3)""")
    line, text, why = open_row(ROW)
    assert line is None and "ended with an error (3)" in why
    assert text == '{"question": "Q?", "answer": "A"}'
    use('assert file.read_text() == \'{"question": "Q?", "answer": "A"}\'; file.touch()')
    edited = open_row(ROW, text).line
    assert edited and edited.fact and edited.fact.question == "Q?"


def test_an_editor_that_fails_and_writes_nothing_says_so(use):
    use("sys.exit(1)")
    with pytest.raises(GarageError, match=r"ended with an error \(1\); nothing was changed"):
        open_row(ROW)


def test_a_pipe_in_the_place_of_the_row_is_not_waited_for(use):
    use("import os; file.unlink(); os.mkfifo(file)")
    with pytest.raises(GarageError, match="nothing was changed"):
        open_row(ROW)


def test_a_file_that_a_failing_editor_changed_is_said_to_be_changed(use, tmp_path):
    file = tmp_path / "facts.jsonl"
    file.write_text("{}")
    use("file.write_text(''); sys.exit(3)")
    with pytest.raises(GarageError, match=r"ended with an error \(3\), but the file was changed"):
        open_file(file)
