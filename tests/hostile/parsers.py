"""Everything that reads what somebody else may have written, as functions from bytes: for hypothesis and for atheris.

Each fails where its reader raises something that no person could be told, loses data, or lets something through that a
terminal would obey.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import from_shown, hidden, one_line, plain, shown, shown_line
from garage_tui.core.base.tail import FileFollower
from garage_tui.core.chat import transcripts
from garage_tui.core.chat.answer_cleaner import AnswerCleaner
from garage_tui.core.exam.headline import headline
from garage_tui.core.facts import file as facts
from garage_tui.core.facts import journal
from garage_tui.core.facts import line as fact_lines
from garage_tui.core.facts.exporting import write as write_exported
from garage_tui.core.facts.importing import read as read_imported
from garage_tui.core.runs.promotion import NotServedError, go_back, run_in_service
from garage_tui.core.runs.record import read_run
from garage_tui.core.runs.service import read_service, service_file
from garage_tui.core.settings.settings import Workspace, load_settings
from garage_tui.core.settings.sources import settings_sources
from tests.hostile.wire import COMMAND, refused

FOLDER = Path(tempfile.mkdtemp(prefix="garage-hostile-"))


def _harmless(text: str) -> None:
    assert not (leaked := refused(text.encode(), COMMAND)), leaked
    assert "\x1b" not in text


def _file(name: str, data: bytes) -> Path:
    path = FOLDER / name
    path.write_bytes(data)
    return path


def texts(data: bytes) -> None:
    """What is cleaned is harmless, stays as it is when it is cleaned again, and keeps plain words."""
    for text in (data.decode(errors="replace"), data.decode("utf-8", "surrogateescape"), data.decode("latin-1")):
        for clean in (plain, shown):
            done = clean(text)
            _harmless(done)
            assert clean(done) == done
        _harmless(one_line(text, 20))
        _harmless(shown_line(text, 20))
        assert len(one_line(text, 20)) <= 20
        assert bool(hidden(text)) == (shown(text) != text)
        if text.isascii() and text.isprintable():
            assert plain(text) == shown(text) == text
        if "⟨" not in text and not any("\u2400" <= letter <= "\u2421" for letter in text):
            assert from_shown(shown(text)) == text or "marks⟩" in shown(text)
    cleaner = AnswerCleaner()
    text = data.decode(errors="replace")
    said = "".join(cleaner.feed(text[at : at + 2]) for at in range(0, len(text), 2)) + cleaner.flush()
    _harmless(said)


def fact_line(data: bytes) -> None:
    """A line keeps its bytes, whatever they are; an edit changes the edited value alone."""
    line = fact_lines.parse(data)
    assert line.raw == data
    for complaint in line.complaints:
        _harmless(one_line(complaint.text, 400))
    if line.fact is None or line.fact.is_statement:
        return
    changed = fact_lines.edit_line(line, {"answer": "quite another"})
    assert changed.fact is not None
    assert changed.fact.answer == "quite another"
    assert changed.fact.question == line.fact.question
    assert changed.fact.extra.keys() == line.fact.extra.keys()
    back = fact_lines.edit_line(changed, {"answer": line.fact.answer})
    assert back.fact is not None
    assert back.fact.answer == line.fact.answer


def fact_file(data: bytes) -> None:
    """A file that is read and written is the same file."""
    file = facts.load_facts(_file("facts.jsonl", data))
    assert facts.join_lines(file.lines, file.ends_with_newline) == data
    for problem in file.problems:
        _harmless(one_line(file.where(problem), 400))


def imported(data: bytes) -> None:
    """A file of another tool is read, or refused in words."""
    for name in ("", "a.csv", "a.json", "a.txt"):
        try:
            found = read_imported(data, name)
        except GarageError as error:
            _harmless(plain(str(error)))
            continue
        for form in ("facts", "csv", "messages", "alpaca", "sharegpt", "text"):
            write_exported(found.facts, form)


def run_files(data: bytes) -> None:
    """A run folder is read, or broken with a reason."""
    folder = FOLDER / "run"
    folder.mkdir(exist_ok=True)
    good = b'{"id":"a","kind":"lora","created":1.0,"recipe":{},"base":{},"dataset":{}}'
    for manifest, state in ((data, b'{"state":"failed"}'), (good, data)):
        (folder / "run.json").write_bytes(manifest)
        (folder / "state.json").write_bytes(state)
        run = read_run(folder)
        assert run.status
        _harmless(one_line(run.reason, 600))
    (folder / "report.json").write_bytes(data)
    headline(folder)


def events(data: bytes) -> None:
    """Events and log lines come out, torn ones not; nothing stops the reading."""
    path = _file("events.jsonl", data)
    assert all(isinstance(event, dict) for event in FileFollower(path).events(final=True))
    for line in FileFollower(path).text(final=True):
        _harmless(line)
        assert "\n" not in line or b"\r" in data


def chat(data: bytes) -> None:
    """A transcript is read clean, or refused in words."""
    try:
        found = transcripts.load(_file("chat.json", data))
    except GarageError as error:
        _harmless(str(error))
        return
    for turn in found.turns:
        _harmless(turn.question)
        for answer in turn.answers.values():
            _harmless(answer.text + answer.foot + answer.note)
    transcripts.encode(found)


def settings(data: bytes) -> None:
    """A garage.toml is taken, or refused in words."""
    (FOLDER / "garage.toml").write_bytes(data)
    try:
        load_settings(Workspace(FOLDER))
        settings_sources(Workspace(FOLDER))
    except GarageError as error:
        _harmless(shown_line(str(error), 2000))


def left_behind(data: bytes) -> None:
    """The journal of an app that went is read as far as it is whole."""
    journals = FOLDER / "journals"
    journals.mkdir(exist_ok=True)
    path = FOLDER / "facts.jsonl"
    file = journals / f"{journal._key(path)}-1-1.jsonl"
    file.write_bytes(data)
    for leftover in journal.find_leftovers(journals, path):
        journal.replay([], leftover.changes)
        if leftover.draft:
            _harmless(plain(leftover.draft.text))


def in_service(data: bytes) -> None:
    """A record of what is in service says it, or in words why not; the next change mends it."""
    workspace = Workspace(FOLDER / "box")
    workspace.checkpoints.mkdir(parents=True, exist_ok=True)
    for record in (data, b'{"run":"a","when":1}\n' + data, b'{"run":' + data + b',"when":1}\n'):
        service_file(workspace.checkpoints).write_bytes(record)
        for change in read_service(workspace).changes:
            _harmless(f"{change.run}{change.who}{change.why}{change.before}")
        try:
            run_in_service(workspace)
        except NotServedError as error:
            _harmless(str(error))
        go_back(workspace, to_base=True)
        after = read_service(workspace)
        assert (after.run, after.problem) == (None, "")


PARSERS: dict[str, Callable[[bytes], None]] = {
    parser.__name__: parser
    for parser in (texts, fact_line, fact_file, imported, run_files, events, chat, settings, left_behind, in_service)
}
