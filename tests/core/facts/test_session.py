"""The facts files of one app, without the app: open, save, merge, ask, and lose nothing."""

from __future__ import annotations

import json

import pytest

from garage_tui.core.base.errors import GarageError
from garage_tui.core.facts.journal import UnsavedText
from garage_tui.core.facts.line import Fact
from garage_tui.core.facts.session import Conflict, FactsSession, Saving
from garage_tui.core.settings.settings import Workspace

ROWS = [{"question": f"q{n}", "answer": f"a{n}"} for n in range(3)]


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def answers(path):
    return [json.loads(line)["answer"] for line in path.read_text().splitlines()]


@pytest.fixture
def workspace(tmp_path):
    (tmp_path / "datasets").mkdir()
    return Workspace(tmp_path)


@pytest.fixture
def file(workspace):
    path = workspace.datasets / "garage.jsonl"
    write(path, ROWS)
    return path


@pytest.fixture
def start(workspace, tmp_path):
    """Starts a session, as an app does that opens no screen."""

    def begin(path=None) -> FactsSession:
        session = FactsSession(workspace, tmp_path / "journals", path)
        session.open()
        return session

    return begin


def edit(session, position, answer):
    session.store.edit(session.store.document.lines[position], {"answer": answer}, "editing a row", position)


async def save(session):
    """Save as the screen does where nothing has to be asked; return what it came to."""
    saving = Saving(session.store)
    while (step := await saving.step()) != "saved":
        assert step == "rows changed", "a question"
    return saving


def test_the_first_file_is_the_example_and_names_are_short_inside_the_workspace(start, file, tmp_path):
    write(file.with_name("animals.jsonl"), ROWS)
    session = start()
    assert session.path == file and session.label() == "datasets/garage.jsonl"
    assert session.label(tmp_path.parent / "else.jsonl") == str(tmp_path.parent / "else.jsonl")


def test_without_any_file_the_first_fact_makes_one(start, file):
    file.unlink()
    session = start()
    assert session.path is None and session.store is not None and not session.problem
    session.create().insert(0, [Fact("x", "y")], "adding a row")
    session.close()
    assert answers(file) == ["y"]


def test_the_first_error_of_a_file_is_its_problem(start, file):
    file.write_text('{"question": "a", "answer": "b"}\n{broken\n{"question": "c"}\n')
    assert start().problem.startswith("line 2: not JSON") and "1 more problem" in start().problem


def test_a_file_that_cannot_be_read_leaves_the_one_before_in_front(start, file, workspace):
    session = start()
    folder = workspace.datasets / "folder.jsonl"
    folder.mkdir()
    session.open(folder)
    assert session.path == file and "folder.jsonl" in session.problem
    with pytest.raises(GarageError):
        start(folder).create()


async def test_what_was_changed_is_saved_and_the_version_before_is_kept(start, file):
    before, session = file.read_bytes(), start()
    edit(session, 0, "new")
    saving = await save(session)
    assert not saving.merged and not saving.discarded
    assert answers(file) == ["new", "a1", "a2"] and file.with_name("garage.jsonl.bak").read_bytes() == before


async def test_a_change_goes_into_the_version_that_somebody_else_wrote_meanwhile(start, file):
    session = start()
    edit(session, 0, "mine")
    write(file, [*ROWS, {"question": "q3", "answer": "theirs"}])
    saving = Saving(session.store)
    assert await saving.step() == "rows changed", "the screen has to show their row before anything else is written"
    assert await saving.step() == "saved" and saving.merged
    assert answers(file) == ["mine", "a1", "a2", "theirs"]


@pytest.mark.parametrize(
    ("choice", "expected", "discarded"),
    [
        ("both", ["a0", "theirs", "mine", "a2"], False),
        ("mine", ["a0", "mine", "a2"], False),
        ("theirs", ["a0", "theirs", "a2"], True),
    ],
)
async def test_where_both_changed_a_row_the_owner_is_asked_and_the_answer_is_written(
    start, file, choice, expected, discarded
):
    session = start()
    edit(session, 1, "mine")
    write(file, [ROWS[0], {"question": "q1", "answer": "theirs"}, ROWS[2]])
    saving = Saving(session.store)
    conflict = await saving.step()
    assert isinstance(conflict, Conflict) and answers(file)[1] == "theirs", "nothing is written before the answer"
    [(mine, theirs)] = conflict.change.clashes
    assert (mine[0].fact.answer, theirs[0].fact.answer) == ("mine", "theirs")
    await saving.resolve(conflict, choice)
    assert await saving.step() == "saved"
    assert (answers(file), saving.discarded) == (expected, discarded)


async def test_an_unanswered_question_is_asked_again_at_the_next_save(start, file):
    session = start()
    edit(session, 1, "mine")
    write(file, [ROWS[0], {"question": "q1", "answer": "theirs"}, ROWS[2]])
    for _ in range(2):
        assert isinstance(await Saving(session.store).step(), Conflict)
    assert session.store.unsaved == 1 and answers(file)[1] == "theirs"


async def test_a_row_that_is_changed_while_the_question_is_open_is_compared_again(start, file):
    session = start()
    edit(session, 1, "mine")
    write(file, [ROWS[0], {"question": "q1", "answer": "theirs"}, ROWS[2]])
    saving = Saving(session.store)
    conflict = await saving.step()
    assert isinstance(conflict, Conflict)
    edit(session, 0, "later")
    await saving.resolve(conflict, "theirs")
    assert not saving.discarded and session.store.unsaved == 2, "an answer to another question decides nothing"
    assert isinstance(await saving.step(), Conflict)


async def test_a_file_that_was_changed_on_disk_is_read_again_unless_something_here_is_unsaved(start, file):
    session = start()
    assert not await session.changed_on_disk()
    write(file, ROWS[:1])
    assert await session.changed_on_disk() and await session.reload()
    assert len(session.store.document.lines) == 1 and not await session.changed_on_disk()
    edit(session, 0, "mine")
    write(file, ROWS)
    assert not await session.changed_on_disk(), "the save that follows merges both"


async def test_a_change_made_while_the_file_is_read_again_stays(start, file, monkeypatch):
    session = start()
    write(file, [*ROWS, {"question": "q3", "answer": "theirs"}])
    read = session.store.read

    def slow():
        found = read()
        edit(session, 2, "mine")
        return found

    monkeypatch.setattr(session.store, "read", slow)
    assert not await session.reload()
    await save(session)
    assert answers(file) == ["a0", "a1", "mine", "theirs"]


async def test_what_a_full_disk_refuses_waits_and_is_offered_after_a_kill(start, file, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    session = start()
    edit(session, 0, "mine")
    with monkeypatch.context() as patch:
        patch.setattr("garage_tui.core.facts.file.write_atomic", full)
        with pytest.raises(GarageError, match="the disk is full"):
            await save(session)
        session.close()  # it tries once more
    assert answers(file)[0] == "a0"
    again = start()
    [leftover] = again.store.leftovers
    again.store.restore(leftover)
    await save(again)
    again.store.discard(leftover)
    assert answers(file)[0] == "mine" and again.store.leftovers == []
    again.close()
    assert start().store.leftovers == []


def test_what_was_changed_a_moment_before_the_end_is_in_the_file(start, file):
    session = start()
    edit(session, 0, "mine")
    session.close()
    assert answers(file)[0] == "mine" and start().store.leftovers == []


async def test_before_the_app_is_left_all_is_saved_or_it_is_said_what_is_not(start, file, monkeypatch):
    session = start()
    edit(session, 0, "mine")
    write(file, [*ROWS, {"question": "q3", "answer": "theirs"}])
    assert await session.save_all() == "" and answers(file) == ["mine", "a1", "a2", "theirs"], "merged"
    edit(session, 0, "mine again")
    write(file, [{"question": "q0", "answer": "theirs"}, *ROWS[1:]])
    text = await session.save_all(UnsavedText("x", "question"))
    assert text == (
        "datasets/garage.jsonl could not be saved: the same rows were changed on disk. "
        "Unsaved work, 1 change and the row that you were writing, is offered at the next start."
    )
    assert answers(file)[0] == "theirs"
    session.close()
    [leftover] = start().store.leftovers
    assert len(leftover.changes) == 1


def test_text_that_was_being_written_at_the_end_is_offered_at_the_next_start(start, file):
    session = start()
    session.close(UnsavedText("half an ans", "answer", "q1", session.store.document.lines[1].raw, 1))
    [leftover] = start().store.leftovers
    assert leftover.draft and leftover.draft.text == "half an ans" and not leftover.changes


def test_undo_reaches_back_after_another_file_was_open_and_text_belongs_to_the_file_in_front(start, file, workspace):
    other = workspace.datasets / "animals.jsonl"
    write(other, ROWS)
    session = start()
    edit(session, 0, "mine")
    session.open(other)
    assert session.path == other and not session.store.document.can_undo
    session.open(file)
    session.store.undo()
    session.open(other)
    session.close(UnsavedText("x", "question"))
    assert answers(file)[0] == "a0"
    assert start(file).store.leftovers == [] and len(start(other).store.leftovers) == 1
