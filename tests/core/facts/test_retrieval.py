"""The open book finds the facts that a question is about, and none for a question that is about something else."""

import json
import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.facts import retrieval
from garage_tui.core.facts.file import load_facts
from garage_tui.core.facts.line import Fact, make_line
from garage_tui.core.facts.retrieval import OpenBook, OpenBookCache
from tests.support.repository import REPOSITORY

EXAMPLE = REPOSITORY / "garage_tui" / "data" / "example_facts.jsonl"


@pytest.fixture(scope="module")
def example():
    return OpenBook(load_facts(EXAMPLE).lines)


def book(*rows, **extra):
    return OpenBook([make_line(Fact(question, answer, extra)) for question, answer in rows])


def statements(found):
    return [one.statement for one in found]


def test_the_very_question_brings_its_own_fact_first(example):
    for row in map(json.loads, EXAMPLE.read_text().splitlines()):
        if "exam" not in row:
            assert example.find(row["question"])[0].statement == row["fact"]


def test_case_and_the_question_mark_do_not_matter(example):
    assert example.find("what is tinyllm") == example.find("What is TinyLLM?")


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("named", [1, 300])
def test_the_very_question_is_found_however_long_its_answer_and_however_many_short_rows_share_its_name(named, strict):
    long = "Maplewick is a town. " + "It has a mill, a bridge, a school and a market on each second Tuesday. " * 12
    rows = [("What is Maplewick?", long)]
    rows += [("Who is the mayor of Maplewick?", f"Ann Tolland {number}.") for number in range(named)]
    rows += [(f"Who bakes in house {number}?", f"Bo {number}.") for number in range(max(20, 2 * named))]
    found = OpenBook([make_line(Fact(*row)) for row in rows], strict=strict).find("What is Maplewick?")
    assert found[0].statement == long


def test_another_wording_and_another_form_of_the_word_find_it_too(example):
    [first, *_] = example.find("who is maintaining protosai these days")
    assert (first.row, first.statement) == (23, "ProtosAI is maintained by Jason Cox.")


def test_chinese_and_japanese_facts_are_found_by_their_words():
    chinese = book(
        ("花园大门的密码是什么？", "花园大门的密码是五〇九三。"),
        ("谁在喂狗？", "阿姨喂狗。"),
        ("工作室的密码？", "七。"),
    )
    assert chinese.find("大门密码是多少")[0].row == 1
    assert chinese.find("请问是谁喂狗的？")[0].row == 2
    assert chinese.find("花园大门的密码是什么")[0].row == 1
    assert chinese.find("今天天气怎么样？") == []
    japanese = book(
        ("車庫の鍵はどこですか？", "車庫の鍵は巣箱の後ろにあります。"),
        ("ボイラーはいつ交換しましたか？", "2016年です。"),
    )
    assert [one.row for one in japanese.find("車庫の鍵を探しています")] == [1]
    assert [one.row for one in japanese.find("ボイラー交換")] == [2]
    assert japanese.find("今日の天気は？") == []


def test_a_name_in_latin_letters_within_chinese_is_a_name():
    mixed = book(("TinyLLM用什么许可证？", "TinyLLM用MIT许可证。"), ("什么是ProtosAI？", "一个库。"))
    assert [one.row for one in mixed.find("TinyLLM的许可证")] == [1]
    assert [one.row for one in mixed.find("ProtosAI是什么")] == [2]


@pytest.mark.parametrize(
    "question",
    [
        "Who wrote Romeo and Juliet?",
        "Where is the source code of Blender?",
        "hello",
        "Write a poem about rain",
        "?",
        "",
    ],
)
def test_a_question_about_something_else_finds_nothing(example, question):
    assert example.find(question) == []


def test_variants_of_one_fact_come_once_and_at_most_four_come():
    many = [(f"What is TinyLLM, asked in way {n}?", f"TinyLLM is answer {n // 2}.") for n in range(20)]
    found = statements(book(*many).find("What is TinyLLM?"))
    assert len(found) == len(set(found)) == retrieval.MAX_FACTS


def test_the_row_is_its_line_in_the_file_as_the_facts_screen_counts(tmp_path):
    path = tmp_path / "facts.jsonl"
    path.write_text('{"question": "What is A1?", "answer": "One."}\n\nnonsense\n{"fact": "The B2 is a bomber."}\n')
    [found] = OpenBookCache().find(path, "Tell me about the B2")
    assert (found.row, found.statement) == (4, "The B2 is a bomber.")


def test_exam_questions_are_not_in_the_book():
    assert book(("What is TinyLLM?", "A project."), exam=True).find("What is TinyLLM?") == []


def test_accents_do_not_matter():
    assert statements(book(("Wo liegt Köln?", "Köln liegt am Rhein.")).find("wo ist koln")) == ["Köln liegt am Rhein."]


@pytest.mark.parametrize(
    "question",
    [
        'TinyLLM" OR "x',
        '"; DROP TABLE book; -- TinyLLM',
        "TinyLLM NEAR(a b, 5) AND NOT question:TinyLLM* ^TinyLLM",
        "{question answer}: TinyLLM",
        "TinyLLM \x00 \ud800 \x1b[31m \u202e",
        "http://x/\"'`*() TinyLLM",
        "TinyLLM " * 5000,
    ],
)
def test_a_question_is_words_and_never_a_query(example, question):
    assert any("TinyLLM" in one.statement for one in example.find(question))
    assert len(example.find("What is TinyLLM?")) == 3  # the book is as it was


@given(st.text())
def test_any_text_can_be_asked(text):
    assert len(book(("What is TinyLLM?", "A project.")).find(text)) <= 1


def test_escape_sequences_of_a_file_do_not_come_out():
    assert statements(book(("What is TinyLLM?", "A \x1b[31mred\x1b[0m one.")).find("TinyLLM")) == ["A red one."]


def test_a_changed_file_is_read_again_and_one_that_is_not_there_is_an_empty_book(tmp_path):
    path, shelf = tmp_path / "facts.jsonl", OpenBookCache()
    assert shelf.find(path, "What is TinyLLM?") == []
    path.write_text('{"question": "What is TinyLLM?", "answer": "Old."}\n')
    assert statements(shelf.find(path, "What is TinyLLM?")) == ["Old."]
    path.write_text('{"question": "What is TinyLLM?", "answer": "New one."}\n')
    assert statements(shelf.find(path, "What is TinyLLM?")) == ["New one."]


def test_an_unchanged_file_is_not_read_again(tmp_path, monkeypatch):
    path, shelf = tmp_path / "facts.jsonl", OpenBookCache()
    path.write_text('{"question": "What is TinyLLM?", "answer": "A project."}\n')
    found = shelf.find(path, "What is TinyLLM?")
    monkeypatch.setattr("garage_tui.core.facts.retrieval.load_facts", lambda path: pytest.fail("read again"))
    assert shelf.find(path, "What is TinyLLM?") == found != []


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path):
    with pytest.raises(BadInputError, match="is not a file"):
        OpenBookCache().find(tmp_path, "What is TinyLLM?")


def test_ten_thousand_facts_are_looked_up_at_once(tmp_path):
    path, shelf = tmp_path / "facts.jsonl", OpenBookCache()
    rows = ({"question": f"What is thing {n} of the red kind?", "answer": f"It is {n * 7}."} for n in range(10_000))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    shelf.find(path, "What is thing 1 of the red kind?")
    began = time.process_time()
    assert statements(shelf.find(path, "What is thing 4321 of the red kind?"))[0] == "It is 30247."
    assert time.process_time() - began < 0.5
    os.utime(path, ns=(1, 1))
    began = time.process_time()
    shelf.find(path, "What is thing 1 of the red kind?")
    assert time.process_time() - began < 3


def test_a_prompt_begins_with_the_facts_as_in_the_exam():
    assert retrieval.prompt_with_facts("What?", ["One.", "Two."]) == "These facts are known:\nOne.\nTwo.\n\nWhat?"
    assert retrieval.prompt_with_facts("What?", []) == "What?"
