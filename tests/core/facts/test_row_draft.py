"""Writing a row field by field: which key goes where, and what is never lost."""

from __future__ import annotations

import pytest

from garage_tui.core.facts.journal import UnsavedText
from garage_tui.core.facts.line import Fact, make_line
from garage_tui.core.facts.row_draft import FIELDS, NextField, RowDone, RowDraft, WrongField, unwritable_marks

CAT = make_line(Fact("Who is Tom?", "A cat.", {"id": 7}))


def texts(**written: str) -> dict[str, str]:
    return {**dict.fromkeys(FIELDS, ""), **written}


def test_enter_in_a_new_question_goes_to_the_answer_and_there_it_is_done():
    draft = RowDraft(None, 3)
    assert draft.finish("question", "Who?", "enter") == NextField("answer")
    assert draft.finish("answer", "Me.", "enter") == RowDone()
    assert draft.as_fact() == Fact("Who?", "Me.", {})


@pytest.mark.parametrize("key", ["enter", "save"])
def test_enter_in_a_row_that_is_there_is_done_at_once(key):
    draft = RowDraft.of(CAT, 0)
    assert draft.finish("question", "Whose is Tom?", key) == RowDone()
    assert draft.changes() == {"question": "Whose is Tom?"}


def test_tab_goes_round_all_fields_and_keeps_each():
    draft = RowDraft.of(CAT, 0)
    assert draft.finish("question", "Whose is Tom?", "tab") == NextField("answer")
    assert draft.finish("answer", "Mine.", "tab") == NextField("fact")
    assert draft.finish("fact", "Tom is mine.", "tab") == NextField("must")
    assert draft.finish("must", "mine | my", "tab") == NextField("exam")
    assert draft.finish("exam", "yes", "tab") == NextField("question")
    assert draft.finish("question", "Whose is Tom?", "back") == NextField("exam")
    assert draft.finish("exam", "yes", "enter") == RowDone()
    assert draft.changes() == {
        "question": "Whose is Tom?",
        "answer": "Mine.",
        "fact": "Tom is mine.",
        "must": [["mine", "my"]],
        "exam": True,
    }


def test_an_empty_field_is_named_wherever_the_row_is_saved_from():
    draft = RowDraft(None, 0)
    assert draft.finish("question", "", "enter") == WrongField(
        "question", "The question is empty: write it, or press Esc"
    )
    assert draft.finish("answer", "", "back") == NextField("question")
    assert draft.finish("question", "Who?", "save") == WrongField(
        "answer", "The answer is empty: write it, or press Esc"
    )


def test_words_of_a_right_answer_that_cannot_be_read_are_named():
    draft = RowDraft.of(CAT, 0)
    step = draft.finish("must", '["cat", 7]', "enter")
    assert isinstance(step, WrongField) and step.field == "must" and "not a list of words" in step.problem


def test_a_row_that_was_only_looked_at_changes_nothing():
    odd = make_line(Fact("Who is Tom?", "A cat.", {"must": {"odd": 1}, "exam": "perhaps", "fact": 7}))
    for line in (CAT, odd):
        draft = RowDraft.of(line, 0)
        assert not draft.is_changed("answer", "A cat.")
        assert draft.finish("answer", "A cat.", "enter") == RowDone() and draft.changes() == {}


def test_values_that_are_emptied_lose_their_keys():
    line = make_line(Fact("Who is Tom?", "A cat.", {"fact": "Tom", "must": ["cat"], "exam": True}))
    draft = RowDraft.of(line, 0)
    draft.texts |= {"fact": "", "must": "", "exam": ""}
    assert draft.changes() == {"fact": None, "must": None, "exam": None}


def test_a_variant_names_the_same_fact_and_begins_with_an_empty_question():
    fact = Fact("Who is Tom?", "A cat.", {"id": 7, "must": ["cat"]})
    draft = RowDraft.variant(fact, 1)
    assert (draft.texts["question"], draft.variant_of) == ("", "Who is Tom?")
    assert not draft.is_changed("question", "") and draft.is_changed("question", "W")
    draft.finish("question", "Is Tom a cat?", "enter")
    assert draft.as_fact() == Fact("Is Tom a cat?", "A cat.", {"id": 7, "must": ["cat"], "fact": "A cat."})


def test_a_variant_of_an_exam_question_is_one_too_unless_no_row_teaches_the_fact_yet():
    exam = Fact("Who is Tom?", "A cat.", {"exam": True})
    for is_taught, extra in ((True, {"exam": True, "fact": "A cat."}), (False, {"fact": "A cat."})):
        draft = RowDraft.variant(exam, 1, is_taught=is_taught)
        draft.finish("question", "Is Tom a cat?", "enter")
        assert draft.as_fact() == Fact("Is Tom a cat?", "A cat.", extra)


def test_a_statement_gets_its_answer_with_its_question():
    statement = make_line(Fact("", "Tom is a cat.", {"fact": "Tom is a cat."}))
    draft = RowDraft.of(statement, 0)
    draft.finish("question", "Who is Tom?", "enter")
    assert draft.changes() == {"question": "Who is Tom?", "answer": "Tom is a cat."}


def test_a_statement_may_be_corrected_before_it_has_a_question():
    statement = make_line(Fact("", "Tom is a cat.", {"fact": "Tom is a cat."}))
    draft = RowDraft.of(statement, 0)
    assert isinstance(draft.finish("question", "", "enter"), WrongField)
    assert draft.finish("fact", "Tom is a tomcat.", "enter") == RowDone()
    assert draft.changes() == {"fact": "Tom is a tomcat."}
    assert isinstance(draft.finish("fact", "", "enter"), WrongField)


def test_a_row_that_somebody_else_took_away_goes_on_as_a_new_one():
    draft = RowDraft.of(CAT, 0)
    draft.finish("answer", "A dog.", "enter")
    draft.become_new()
    assert draft.line is None and draft.as_fact() == Fact("Who is Tom?", "A dog.", {"id": 7})


def test_what_is_being_written_comes_back_from_the_journal_where_it_was():
    draft = RowDraft.of(CAT, 1)
    draft.finish("question", "Whose is Tom?", "tab")
    text = draft.unsaved("answer", "Min")
    other = make_line(Fact("x", "y"))
    back = RowDraft.restored(text, [CAT, other])
    assert (back.line, back.position) == (CAT, 0)
    assert back.texts == texts(question="Whose is Tom?", answer="Min") and back.begun == RowDraft.of(CAT, 0).texts
    gone = RowDraft.restored(text, [other])
    assert (gone.line, gone.position, gone.texts) == (None, 1, texts(question="Whose is Tom?", answer="Min"))


def test_a_half_written_variant_keeps_its_fact_and_its_other_keys():
    draft = RowDraft.variant(Fact("Who?", "A cat.", {"id": 7, "must": ["cat"]}), 1)
    back = RowDraft.restored(draft.unsaved("question", "Is"), [])
    assert back.as_fact() == Fact("Is", "A cat.", {"id": 7, "must": ["cat"], "fact": "A cat."})


def test_what_version_0_1_left_half_written_is_taken_up():
    back = RowDraft.restored(UnsavedText("Min", "answer", "Whose is Tom?", CAT.raw, 1), [CAT])
    assert back.texts == texts(question="Whose is Tom?", answer="Min")


def test_text_that_an_editor_could_not_give_back_is_named():
    assert unwritable_marks(Fact("Who?", "a\x1bb")) == [], "one mark is again what it was"
    assert unwritable_marks(Fact("Who?", "a\x1b and ␛"))
    assert unwritable_marks(Fact("Who?", "a", {"fact": "a\x1b and ␛"}))
