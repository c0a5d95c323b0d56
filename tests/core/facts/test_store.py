"""An open facts file: changes come to the disk, somebody else's stay, and a kill −9 loses nothing."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from garage_tui.core.base.errors import GarageError
from garage_tui.core.facts.editable_rows import EditableRows
from garage_tui.core.facts.file import load_facts
from garage_tui.core.facts.journal import UnsavedText
from garage_tui.core.facts.line import Fact
from garage_tui.core.facts.line_pool import merge_lines
from garage_tui.core.facts.store import FactsStore

ROWS = [{"question": f"q{n}", "answer": f"a{n}"} for n in range(3)]


def written(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def read(path):
    return [json.loads(line)["question"] for line in path.read_text().splitlines()]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "facts.jsonl"
    written(path, ROWS)
    return path


@pytest.fixture
def store(file, tmp_path):
    return FactsStore(file, tmp_path / "journal")


def test_ten_edits_keep_the_version_of_before_the_session(store, file):
    before = file.read_bytes()
    for number in range(10):
        store.insert(0, [Fact(f"new {number}", "a")], "adding")
        assert store.save() is None
    assert len(read(file)) == 13 and not store.unsaved
    assert file.with_name("facts.jsonl.bak").read_bytes() == before


@pytest.mark.parametrize("moment", ["lines", "version"])
def test_a_change_at_any_moment_of_a_save_is_written_or_stays_unsaved(store, file, moment):
    class Interrupted(EditableRows):
        """Rows that the event loop changes at the moment at which a save reads something of them."""

        def __getattribute__(self, name):
            value = super().__getattribute__(name)
            if name == moment and begun:
                value = list(value) if isinstance(value, list) else value  # as the save has it
                begun.clear()
                store.insert(0, [Fact("at that moment", "a")], "adding")
            return value

    begun: list[bool] = []
    store.insert(0, [Fact("before", "a")], "adding")
    store.document.__class__ = Interrupted
    begun.append(True)
    assert store.save() is None
    assert store.unsaved or "at that moment" in read(file), "not taken for saved without being written"
    while store.unsaved:
        assert store.save() is None
    assert read(file) == ["at that moment", "before", "q0", "q1", "q2"]
    store.close()
    assert FactsStore(file, file.parent / "journal").leftovers == []


def test_a_change_at_the_moment_of_a_merge_is_merged_too(store, file, monkeypatch):
    store.insert(3, [Fact("mine", "m")], "adding")
    written(file, [{"question": "theirs", "answer": "t"}, *ROWS])

    def merged_late(*sides):
        store.insert(4, [Fact("late", "l")], "adding")
        return merge_lines(*sides)

    with monkeypatch.context() as patch:
        patch.setattr("garage_tui.core.facts.store.merge_lines", merged_late)
        change = store.save()
    assert change and not store.accept(change), "the rows are other ones now: it compares again"
    change = store.save()
    assert change and store.accept(change) and store.save() is None
    assert read(file) == ["theirs", "q0", "q1", "q2", "mine", "late"]


def test_undo_and_redo_go_all_the_way_back_and_forth(store, file):
    before = file.read_bytes()
    store.insert(1, [Fact("x", "y")], "adding")
    store.edit(store.document.lines[0], {"answer": "z"}, "editing")
    store.move(0, 3, "moving")
    store.remove(store.document.lines[1], "deleting")
    store.save()
    after = file.read_bytes()
    while store.document.can_undo:
        store.undo()
    store.save()
    assert file.read_bytes() == before
    while store.document.can_redo:
        store.redo()
    store.save()
    assert file.read_bytes() == after


def test_both_peoples_rows_are_there_when_both_added_some(store, file):
    store.insert(3, [Fact("mine", "m")], "adding")
    written(file, [{"question": "theirs first", "answer": "t"}, *ROWS])
    theirs = store.save()
    assert theirs and not theirs.clashes
    assert store.accept(theirs) and store.save() is None
    assert read(file) == ["theirs first", "q0", "q1", "q2", "mine"]
    store.undo()
    store.save()
    assert read(file) == ["theirs first", "q0", "q1", "q2"], "undo finds its row in their version"


@pytest.mark.parametrize(
    ("choice", "answers"),
    [("both", ["a0", "T", "M", "a2"]), ("mine", ["a0", "M", "a2"]), ("theirs", ["a0", "T", "a2"])],
)
def test_where_both_changed_one_row_the_owners_choice_is_what_is_written(store, file, choice, answers):
    store.edit(store.document.lines[1], {"answer": "M"}, "editing")
    written(file, [ROWS[0], {"question": "q1", "answer": "T"}, ROWS[2]])
    theirs = store.save()
    assert theirs and len(theirs.clashes) == 1
    assert store.accept(theirs, choice)
    store.save()
    assert [json.loads(line)["answer"] for line in file.read_text().splitlines()] == answers


def test_what_was_given_up_for_their_version_is_not_offered_after_a_crash(store, file):
    store.edit(store.document.lines[1], {"answer": "M"}, "editing")
    written(file, [ROWS[0], {"question": "q1", "answer": "T"}, ROWS[2]])
    theirs = store.save()
    assert theirs and [[line.fact.answer for line in side] for side in theirs.clashes[0]] == [["M"], ["T"]]
    assert store.accept(theirs, "theirs") and store.save() is None
    store.close(keep_draft=True)  # as a kill −9 leaves it
    assert FactsStore(file, file.parent / "journal").leftovers == []


def test_an_undo_of_a_row_that_somebody_else_rewrote_is_refused_with_a_sentence(store, file):
    store.edit(store.document.lines[1], {"answer": "M"}, "editing a row")
    store.save()
    written(file, [ROWS[0], {"question": "other", "answer": "T"}])
    assert store.changed() and store.adopt(store.read())
    with pytest.raises(GarageError, match="editing a row cannot be undone: those rows were changed on disk since"):
        store.undo()


def test_carriage_returns_a_missing_last_line_feed_the_mode_and_a_link_all_stay(tmp_path):
    real, path = tmp_path / "real.jsonl", tmp_path / "facts.jsonl"
    real.write_bytes(b'{"question": "q", "answer": "a"}\r\n{"question": "r", "answer": "b"}')
    real.chmod(0o600)
    path.symlink_to(real)
    store = FactsStore(path, tmp_path / "journal")
    store.insert(1, [Fact("s", "c")], "adding")
    store.save()
    assert path.is_symlink() and real.stat().st_mode & 0o777 == 0o600
    assert real.read_bytes() == (
        b'{"question": "q", "answer": "a"}\r\n{"question": "s", "answer": "c"}\r\n{"question": "r", "answer": "b"}'
    )


def test_what_a_full_disk_refuses_waits_in_memory_and_in_the_journal(store, file, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    before = file.read_bytes()
    store.remove(store.document.lines[0], "deleting")
    with monkeypatch.context() as patch:
        patch.setattr("garage_tui.core.facts.file.write_atomic", full)
        with pytest.raises(GarageError, match=r"cannot be saved: the disk is full: .*; your change is kept"):
            store.save()
    assert file.read_bytes() == before and store.unsaved == 1
    store.save()
    assert read(file) == ["q1", "q2"]


def test_text_that_was_being_written_is_offered_after_the_app_went(store, file, tmp_path):
    raw = store.document.lines[1].raw
    store.keep_draft(UnsavedText("half an ans", "answer", "q1", raw, 1))
    assert FactsStore(file, tmp_path / "journal").leftovers == [], "while its app lives it is nobody else's"
    store.close(keep_draft=True)
    [leftover] = FactsStore(file, tmp_path / "journal").leftovers
    assert leftover.draft == UnsavedText("half an ans", "answer", "q1", raw, 1) and not leftover.changes


def test_what_is_being_written_survives_a_save_of_something_else(store, file, tmp_path):
    store.keep_draft(UnsavedText("half an ans", "answer"))
    store.remove(store.document.lines[0], "deleting")
    store.save()
    store.close(keep_draft=True)
    [leftover] = FactsStore(file, tmp_path / "journal").leftovers
    assert leftover.draft and leftover.draft.text == "half an ans" and not leftover.changes


@pytest.mark.timeout(20)
def test_a_draft_and_a_save_at_the_same_moment_do_not_wait_for_each_other_for_ever(file, tmp_path):
    for number in range(30):
        store = FactsStore(file, tmp_path / "journal")
        store.insert(0, [Fact(f"n{number}", "a")], "adding")
        start = threading.Barrier(2)

        def write(store=store, start=start):
            start.wait()
            store.keep_draft(UnsavedText("x", "answer"))

        writer = threading.Thread(target=write)
        writer.start()
        start.wait()
        store.save()
        writer.join()
        store.close()
    assert list((tmp_path / "journal").iterdir()) == [], "one journal each, and removed"


def test_nothing_is_offered_after_a_clean_end(store, file, tmp_path):
    store.keep_draft(UnsavedText("x", "answer"))
    store.keep_draft(None)
    store.remove(store.document.lines[0], "deleting")
    store.save()
    store.close()
    assert FactsStore(file, tmp_path / "journal").leftovers == []
    assert list((tmp_path / "journal").iterdir()) == []


WRITER = """
import sys
from pathlib import Path
from garage_tui.core.facts.line import Fact
from garage_tui.core.facts.store import FactsStore
store = FactsStore(Path(sys.argv[1]), Path(sys.argv[2]))
number = len(store.document.lines)
while True:
    store.insert(len(store.document.lines), [Fact(f"q{number}", "a" * 2000)], "adding")
    print(number, flush=True)
    store.save()
    print("saved", number, flush=True)
    number += 1
"""


@pytest.mark.timeout(120)
def test_a_kill_while_saving_leaves_no_half_row_and_loses_none(file, tmp_path):
    for attempt in range(12):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(file), str(tmp_path / "journal")], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        process.stdout.readline()
        time.sleep(0.05 + 0.007 * attempt)
        os.kill(process.pid, signal.SIGKILL)
        saved = [int(line.split()[1]) for line in process.stdout.read().splitlines() if line.startswith("saved")]
        process.wait()
        assert not load_facts(file).errors
        rows = read(file)
        assert rows == [f"q{number}" for number in range(len(rows))], "whole, in order, none missing"
        assert len(rows) > max(saved, default=2)
        store = FactsStore(file, tmp_path / "journal")
        for leftover in list(store.leftovers):
            store.restore(leftover)
            store.save()
            store.discard(leftover)
        store.close()
        after = read(file)
        assert after == [f"q{number}" for number in range(len(after))], "what the journal held came back once"
        assert len(after) >= len(rows)
