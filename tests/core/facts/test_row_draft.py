"""Writing a row cell by cell: which key goes where, and what is never thrown away unasked."""

from __future__ import annotations

import pytest

from garage_tui.core.facts.journal import UnsavedText
from garage_tui.core.facts.line import Fact, make_line
from garage_tui.core.facts.row_draft import EmptyCell, NextCell, RowDone, RowDraft, unwritable_marks

CAT = make_line(Fact("Who is Tom?", "A cat.", {"id": 7}))


def test_enter_in_a_new_question_goes_to_the_answer_and_there_it_is_done():
    draft = RowDraft(None, 3)
    assert draft.finish("question", "Who?", "enter") == NextCell("answer")
    assert draft.finish("answer", "Me.", "enter") == RowDone()
    assert draft.as_fact() == Fact("Who?", "Me.", {})


@pytest.mark.parametrize("key", ["enter", "save"])
def test_enter_in_a_row_that_is_there_is_done_at_once(key):
    draft = RowDraft.of(CAT, 0)
    assert draft.finish("question", "Whose is Tom?", key) == RowDone()
    assert draft.changes() == {"question": "Whose is Tom?"}


@pytest.mark.parametrize("key", ["tab", "back"])
def test_tab_goes_to_the_other_cell_and_keeps_this_one(key):
    draft = RowDraft.of(CAT, 0)
    assert draft.finish("question", "Whose is Tom?", key) == NextCell("answer")
    assert draft.finish("answer", "Mine.", "enter") == RowDone()
    assert draft.changes() == {"question": "Whose is Tom?", "answer": "Mine."}


def test_an_empty_cell_is_named_and_only_from_a_new_row_may_one_go_back():
    assert RowDraft.of(CAT, 0).finish("answer", "", "back") == EmptyCell("answer", is_open=True)
    draft = RowDraft(None, 0)
    assert draft.finish("question", "", "enter") == EmptyCell("question", is_open=True)
    assert draft.finish("answer", "", "back") == NextCell("question")
    assert draft.finish("question", "Who?", "save") == EmptyCell("answer", is_open=False)


def test_a_row_that_was_only_looked_at_changes_nothing():
    draft = RowDraft.of(CAT, 0)
    assert draft.finish("answer", "A cat.", "enter") == RowDone() and draft.changes() == {}
    assert draft.may_close("answer", "A cat.")


def test_changed_text_is_given_up_only_when_asked_twice():
    draft = RowDraft.of(CAT, 0)
    assert not draft.may_close("answer", "A dog.") and draft.may_close("answer", "A dog.")
    other = RowDraft.of(CAT, 0)
    other.finish("question", "Whose is Tom?", "tab")
    assert not other.may_close("answer", "A cat."), "the first cell was changed"
    assert RowDraft(None, 0).may_close("question", "")
    assert not RowDraft.variant_of(CAT.fact, 1).may_close("question", "Who is Tom?")


def test_a_variant_is_a_copy_that_names_the_same_fact():
    draft = RowDraft.variant_of(CAT.fact, 1)
    assert draft.line is None and draft.as_fact() == Fact("Who is Tom?", "A cat.", {"id": 7, "fact": "A cat."})


def test_a_statement_gets_its_answer_with_its_question():
    statement = make_line(Fact("", "Tom is a cat.", {"fact": "Tom is a cat."}))
    draft = RowDraft.of(statement, 0)
    draft.finish("question", "Who is Tom?", "enter")
    assert draft.changes() == {"question": "Who is Tom?", "answer": "Tom is a cat."}


def test_a_row_that_somebody_else_took_away_goes_on_as_a_new_one():
    draft = RowDraft.of(CAT, 0)
    draft.finish("answer", "A dog.", "enter")
    draft.become_new()
    assert draft.line is None and draft.as_fact() == Fact("Who is Tom?", "A dog.", {"id": 7})
    assert draft.may_close("answer", "A dog."), "this was asked already"


def test_what_is_being_written_comes_back_from_the_journal_where_it_was():
    draft = RowDraft.of(CAT, 1)
    draft.finish("question", "Whose is Tom?", "tab")
    text = draft.unsaved("answer", "Min")
    assert text == UnsavedText("Min", "answer", "Whose is Tom?", CAT.raw, 1)
    other = make_line(Fact("x", "y"))
    back = RowDraft.restored(text, [CAT, other])
    assert (back.line, back.position, back.texts) == (CAT, 0, {"question": "Whose is Tom?", "answer": "A cat."})
    gone = RowDraft.restored(text, [other])
    assert (gone.line, gone.position, gone.texts) == (None, 1, {"question": "Whose is Tom?", "answer": ""})


def test_text_that_a_cell_could_not_give_back_is_named():
    assert unwritable_marks(Fact("Who?", "a\x1bb")) == [], "one mark is again what it was"
    assert unwritable_marks(Fact("Who?", "a\x1b and ␛"))
