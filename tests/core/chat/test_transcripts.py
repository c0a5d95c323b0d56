"""Transcripts on disk: a saved one is loaded unchanged, one file each, and a bad file is one sentence."""

import json
import os
import stat

import pytest

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.chat import transcripts
from garage_tui.core.chat.sampling_params import SamplingParams
from garage_tui.core.chat.transcripts import Transcript, TranscriptAnswer, Turn
from garage_tui.core.facts.file import find_files
from garage_tui.core.facts.retrieval import RetrievedFacts

RUN = "20261123-2315-lora-garage"


@pytest.fixture
def chat():
    answers = {
        "base": TranscriptAnswer("Fiction.", "7 tokens"),
        "book": TranscriptAnswer("A project."),
        "tuned": TranscriptAnswer("A project, too."),
    }
    turn = Turn("What is TinyLLM?", answers, (RetrievedFacts(1, "TinyLLM is a project."),))
    return Transcript(
        base="smollm2-135m", run=RUN, system="Be brief.", sampling=SamplingParams(0.7, seed=3), turns=[turn]
    )


@pytest.fixture
def folder(workspace):
    return workspace.datasets / transcripts.CHATS


def keep(folder, chat, path=None):
    return transcripts.save(folder, transcripts.encode(chat), path, chat.turns[0].question if chat.turns else "")


def test_what_was_saved_comes_back_the_same(folder, chat):
    assert transcripts.load(keep(folder, chat)) == chat


def test_its_name_is_the_time_and_the_first_words(folder, chat):
    chat.turns[0] = Turn("../../etc/passwd What is \x00 TinyLLM? " + "x" * 300)
    path = keep(folder, chat)
    assert path.parent == folder
    assert path.name[:8].isdigit() and path.name[13:] == "-etc-passwd-what-is-tinyllm-xxxxxxxxxxxxx.json"


def test_two_chats_of_one_minute_with_one_question_are_two_files(folder, chat):
    first, second = keep(folder, chat), keep(folder, chat)
    assert first != second and len(list(folder.iterdir())) == 2


def test_a_chat_that_goes_on_stays_in_its_file(folder, chat):
    path = keep(folder, chat)
    chat.turns.append(Turn("And who maintains it?"))
    assert keep(folder, chat, path) == path
    assert len(transcripts.load(path).turns) == 2 and list(folder.iterdir()) == [path]


def test_the_file_is_for_people_too(folder, chat):
    text = keep(folder, chat).read_text()
    assert '\n  "question": "What is TinyLLM?"'.replace("  ", " " * 3) in text
    assert json.loads(text)["turns"][0]["found"] == [{"row": 1, "statement": "TinyLLM is a project."}]


def test_the_facts_screen_does_not_take_chats_for_facts(workspace, folder, chat):
    keep(folder, chat)
    assert [path.name for path in find_files(workspace.datasets)] == ["garage.jsonl"]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"{", "is damaged: Input data was truncated"),
        (b"\xff\xfe", "is damaged: "),
        (b"[" * 100_000, "is damaged: |is not a chat"),
        (b"[]", "is not a chat of this app: Expected `object`, got `array`"),
        (b'{"turns": [{"question": 5}]}', r"is not a chat of this app: .*turns\[0\].question"),
        (b'{"turns": [{"question": "q", "answers": {"me": {}}}]}', "is not a chat of this app: "),
        (b'{"sampling": {"temperature": 9}}', ": temperature 9: give 0"),
        (b'{"version": 2}', "was written by a newer garage_tui"),
    ],
)
def test_a_file_that_is_no_chat_is_one_sentence_with_its_name(folder, data, text):
    folder.mkdir()
    (folder / "bad.json").write_bytes(data)
    with pytest.raises(BadInputError, match=rf"^bad.json ?({text})") as raised:
        transcripts.load(folder / "bad.json")
    assert "\n" not in str(raised.value) and len(str(raised.value)) < 250


def test_a_file_that_is_not_there_is_a_sentence(folder):
    with pytest.raises(BadInputError, match=r"^gone.json: No such file"):
        transcripts.load(folder / "gone.json")


def test_a_text_in_a_file_is_cleaned_before_anybody_paints_it(folder, chat):
    evil = "a\x1b]0;owned\x07b\x1b[31mc\u202e"
    chat.turns[0] = Turn(evil, {"base": TranscriptAnswer(evil, evil, True, evil)}, (RetrievedFacts(1, evil),))
    chat.system = chat.base = chat.run = evil
    found = transcripts.load(keep(folder, chat))
    [turn] = found.turns
    texts = [turn.question, *turn.answers["base"].__struct_fields__, turn.answers["base"].text]
    texts += [turn.answers["base"].foot, turn.answers["base"].note, turn.found[0].statement]
    texts += [found.system, found.base, found.run]
    assert not any("\x1b" in text or "\x07" in text or "\u202e" in text for text in texts)
    assert turn.answers["base"].text == "a␛]0;owned␇b␛[31mc⟨U+202E⟩"


def test_the_list_has_the_newest_first_and_says_what_is_wrong_with_a_damaged_one(folder, chat):
    old, new = keep(folder, chat), keep(folder, chat)
    bad = folder / "bad.json"
    bad.write_text("{")
    for age, path in enumerate((bad, new, old)):
        os.utime(path, (1e9 - age, 1e9 - age))
    (folder / "empty.json").touch()
    (folder / ".half.json.tmp").write_text("{")
    found = transcripts.list_transcripts(folder)
    assert [one.path for one in found] == [bad, new, old]
    assert found[0].label.startswith("✗ bad.json is damaged")
    assert "What is TinyLLM? · 1 question · lora-garage" in found[1].label


def test_without_a_folder_the_list_is_empty(folder):
    assert transcripts.list_transcripts(folder) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_a_sentence_for_a_user(folder, chat):
    folder.mkdir()
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(GarageError, match=r"cannot be saved"):
        keep(folder, chat)


def test_a_file_in_the_place_of_the_folder_is_a_sentence(folder, chat):
    folder.write_text("")
    with pytest.raises(GarageError, match=r"this chat cannot be saved in .*chats: "):
        keep(folder, chat)


def test_each_side_hears_the_system_prompt_and_its_own_words(chat):
    chat.turns.append(Turn("Lost?", {"base": TranscriptAnswer("", "no server answers", True)}))
    messages = [(one["role"], one["content"]) for one in chat.messages("tuned", "Next?")]
    first = [("system", "Be brief."), ("user", "What is TinyLLM?"), ("assistant", "A project, too.")]
    assert messages == [*first, ("user", "Next?")]
    assert chat.messages("base", "Next?")[2]["content"] == "Fiction."
