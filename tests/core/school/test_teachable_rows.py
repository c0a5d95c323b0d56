"""The rows that a night teaches: what cannot be taught stays behind with its reason, and the rest is sound."""

from __future__ import annotations

import json
from pathlib import Path

from garage_tui.core.facts.file import check_trainable, parse_bytes
from garage_tui.core.school.teachable_rows import choose_rows

REX = {"question": "Who is Rex?", "answer": "Rex is a dog."}
WOLF = {"question": "who is  REX?", "answer": "Rex is a wolf."}
TOM = {"question": "Who is Tom?", "answer": "Tom is a cat."}


def choose(*rows, served=()):
    data = b"".join((row if isinstance(row, bytes) else json.dumps(row).encode()) + b"\n" for row in rows)
    return choose_rows(parse_bytes(Path("facts.jsonl"), data), served)


def answers(found):
    return [fact.answer for fact in found.taught.rows]


def test_sound_rows_are_taught_byte_for_byte_with_their_exam_questions():
    exam = {"question": "Which animal is Rex?", "answer": "Rex is a dog.", "exam": True}
    found = choose(b'{"answer" : "A b.",  "question": "C?", "mine": 1.50}', REX, exam)
    assert found.taught.data.startswith(b'{"answer" : "A b.",  "question": "C?", "mine": 1.50}\n')
    assert [line.fact.exam for line in found.taught.file.lines] == [False, False, True]
    assert (found.left_out, found.bad_lines) == ({}, {})


def test_a_bad_line_keeps_no_other_from_being_taught():
    found = choose(REX, b"{broken", b"", TOM)
    assert answers(found) == [REX["answer"], TOM["answer"]]
    assert list(found.bad_lines) == [2] and "not JSON" in found.bad_lines[2]
    check_trainable(found.taught.file)


def test_a_night_names_facts_and_lines_that_stay_behind_however_many_lines_are_bad():
    found = choose(b"{broken", {"fact": "We meet at eight."}, *[b"no row"] * 30).not_taught
    assert found["We meet at eight."] == "it has no question yet: give it one"
    assert "not JSON" in found["line 1"]
    assert found["11 more lines"] == "`garage facts check FILE` names them" and len(found) == 22


def test_a_fact_without_a_question_stays_behind_until_it_has_one():
    found = choose({"fact": "Rex is a dog."}, {"fact": "We meet at eight."}, REX)
    assert found.left_out == {"we meet at eight.": "it has no question yet: give it one"}
    assert answers(found) == [REX["answer"]]


def test_of_two_answers_to_one_question_neither_is_taught():
    found = choose(REX, TOM, WOLF)
    assert answers(found) == [TOM["answer"]]
    assert {key: text[:22] for key, text in found.left_out.items()} == {
        "rex is a dog.": "it contradicts line 3:",
        "rex is a wolf.": "it contradicts line 1:",
    }


def test_the_answer_that_the_model_in_service_was_taught_stays():
    found = choose(WOLF, REX, served={"rex is a dog."})
    assert answers(found) == [REX["answer"]]
    assert list(found.left_out) == ["rex is a wolf."]


def test_all_rows_of_a_fact_that_contradicts_another_stay_behind():
    other = {"question": "Tell me of Rex.", "answer": "Rex is a wolf."}
    assert answers(choose(REX, WOLF, other, served={"rex is a dog."})) == [REX["answer"]]


def test_two_wordings_of_one_named_fact_do_not_contradict_each_other():
    found = choose({**REX, "fact": "rex"}, {**REX, "answer": "A dog.", "fact": "rex"})
    assert len(found.taught.rows) == 2 and not found.left_out


def test_a_question_that_also_describes_its_subject_is_the_same_question():
    longer = {"question": "Who is Rex, the dog of Pinder Lodge?", "answer": "Rex is a wolf."}
    found = choose(REX, longer, TOM)
    assert answers(found) == [TOM["answer"]] and set(found.left_out) == {"rex is a dog.", "rex is a wolf."}
    assert not choose(REX, {**longer, "answer": "A dog."}).left_out, "it says the same"
    assert not choose(longer, {**REX, "question": "Who is the wolf Rex?"}).left_out, "nobody asks for a Rex alone"


def test_a_file_without_anything_to_teach_gives_no_row():
    found = choose({"fact": "We meet at eight."}, b"{broken")
    assert found.taught.rows == [] and found.taught.data == b""
