"""The open conversation and its file: what is saved when, and what a branch of it keeps."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.chat.open_chat import OpenChat
from garage_tui.core.chat.sampling_params import SamplingParams
from garage_tui.core.chat.transcripts import CHATS, Transcript, TranscriptAnswer, Turn


@pytest.fixture
def folder(workspace):
    return workspace.datasets / CHATS


@pytest.fixture
def chat():
    turns = [Turn(question, {"base": TranscriptAnswer(f"{question}!")}) for question in ("one", "two")]
    return OpenChat(Transcript(base="b", run="r", system="Be brief.", sampling=SamplingParams(0.5), turns=turns))


def questions(path):
    return [turn["question"] for turn in json.loads(path.read_text())["turns"]]


def test_a_conversation_without_a_turn_makes_no_file(folder):
    chat = OpenChat()
    chat.save(folder)
    assert chat.path is None and not folder.exists()


def test_a_deleted_conversation_is_not_written_again(folder, chat):
    chat.save(folder)
    chat.path.unlink()
    chat.is_deleted = True
    chat.transcript.turns.append(Turn("three", {}))
    chat.save(folder)
    assert not list(folder.iterdir())


def test_a_saved_conversation_is_loaded_with_its_file_and_is_not_written_again(folder, chat):
    chat.save(folder)
    loaded = OpenChat.load(chat.path)
    assert (loaded.transcript, loaded.path, loaded.saved) == (chat.transcript, chat.path, chat.path.read_bytes())
    before = chat.path.stat()
    loaded.save(folder)
    assert (before.st_mtime_ns, before.st_ino) == (chat.path.stat().st_mtime_ns, chat.path.stat().st_ino)


def test_a_new_turn_goes_into_the_same_file(folder, chat):
    chat.save(folder)
    chat.transcript.turns.append(Turn("three"))
    chat.save(folder)
    assert questions(chat.path) == ["one", "two", "three"] and list(folder.iterdir()) == [chat.path]


def test_a_file_that_another_app_has_changed_stays_and_a_new_one_is_written(folder, chat):
    chat.save(folder)
    theirs = chat.path
    theirs.write_text('{"turns": [{"question": "theirs"}]}')
    chat.transcript.turns.append(Turn("three"))
    chat.save(folder)
    assert chat.path != theirs
    assert (questions(theirs), questions(chat.path)) == (["theirs"], ["one", "two", "three"])


def test_a_branch_keeps_models_settings_and_the_first_turns_and_has_a_file_of_its_own(folder, chat):
    chat.save(folder)
    branch = chat.branch(1)
    assert (branch.path, branch.stamp, branch.saved) == (None, None, b"")
    old, new = chat.transcript, branch.transcript
    assert (new.base, new.run, new.system, new.sampling) == (old.base, old.run, old.system, old.sampling)
    new.turns.append(Turn("another"))
    branch.save(folder)
    assert (questions(chat.path), questions(branch.path)) == (["one", "two"], ["one", "another"])
    assert chat.branch().transcript.turns == []


def test_two_threads_that_save_at_once_make_one_file(folder, chat):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: chat.save(folder), range(8)))
    assert list(folder.iterdir()) == [chat.path]


def test_what_cannot_be_saved_is_an_error_and_is_saved_later(folder, chat):
    folder.write_text("a file where the folder should be")
    with pytest.raises(GarageError):
        chat.save(folder)
    folder.unlink()
    chat.save(folder)
    assert questions(chat.path) == ["one", "two"]


def test_a_damaged_file_is_not_opened(folder):
    folder.mkdir()
    (folder / "bad.json").write_text("{")
    with pytest.raises(BadInputError, match=r"^bad\.json is damaged"):
        OpenChat.load(folder / "bad.json")
