"""The texts below a question and below its answers."""

import pytest

from garage_tui.core.chat.client import AnswerEnd
from garage_tui.core.chat.open_chat import OpenChat
from garage_tui.core.chat.transcripts import TranscriptAnswer, Turn
from garage_tui.core.documents.retrieval import RetrievedPassage
from garage_tui.core.facts.retrieval import RetrievedFacts
from garage_tui.screens.chat.answer_text import answer_statistics, retrieved_text, turn_view
from garage_tui.screens.chat.asker import PendingTurn
from garage_tui.widgets.turn_view import TurnView


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([], "found no facts in f.jsonl: asked without any"),
        ([7], "found 1 fact (row 7)"),
        ([9, 1, 5], "found 3 facts (rows 1, 5, 9)"),
    ],
)
def test_the_rows_in_the_prompt_are_named(rows, text):
    assert retrieved_text([RetrievedFacts(row, "f") for row in rows], (), "f.jsonl") == text


def test_the_pages_in_the_prompt_are_cited_by_file_and_page_or_heading():
    page = RetrievedPassage("/home/ann/manuals/pump.pdf", 12, "Care › Oil", "Change the oil once a year.")
    section = RetrievedPassage("notes.md", 0, "House › Pump", "The pump is in the shed.")
    assert retrieved_text([], [page, page, section], "f.jsonl") == "found pump.pdf, page 12 · notes.md, Pump"
    assert retrieved_text([RetrievedFacts(3, "f")], [page]) == "found 1 fact (row 3) · pump.pdf, page 12"


def test_statistics_name_what_the_server_reports_and_nothing_else():
    assert answer_statistics(AnswerEnd("stop", 9, 7, 0.5, 12.34)) == "7 tokens · 12.3/s · first 0.5 s"
    assert answer_statistics(AnswerEnd("stop", 9, 5, 0.5, 48319.1)) == "5 tokens · first 0.5 s", "they came all at once"
    assert answer_statistics(AnswerEnd("stop", None, None, None, None)) == ""
    with_book = AnswerEnd("stop", 9, 7, 0.5, 12.34, book=("The dog is Rex.",))
    assert answer_statistics(with_book) == "1 fact from the book · 7 tokens · 12.3/s · first 0.5 s"
    assert answer_statistics(AnswerEnd("length", None, 256, None, None)) == "256 tokens · stopped at the length limit"


def test_a_saved_turn_is_shown_as_it_was():
    turn = Turn("q", {"base": TranscriptAnswer("a", "no server", True, "doubtful")}, (RetrievedFacts(3, "f"),))
    view = turn_view(turn, "base")
    assert (view.answer, view.footer, view.failed, view.warning) == ("a", "no server", True, "doubtful")
    assert (view.streaming, view.skipped, view.context) == (False, False, "")
    assert turn_view(turn, "tuned").footer == "not asked"
    book = turn_view(Turn("q", {"book": TranscriptAnswer("a")}, turn.found), "book")
    assert book.context == "found 1 fact (row 3)"


def test_a_pending_turn_is_committed_once_with_what_has_arrived():
    chat, views = OpenChat(), {"base": TurnView("q"), "tuned": TurnView("q")}
    pending = PendingTurn(chat, "q", views, "run", "run")
    views["base"].feed("half")
    views["tuned"].feed("whole")
    views["tuned"].finish("7 tokens")
    assert chat.transcript.turns == []
    pending.commit()
    pending.commit()
    answers = {"base": TranscriptAnswer("half", "stopped"), "tuned": TranscriptAnswer("whole", "7 tokens")}
    assert chat.transcript.turns == [Turn("q", answers)]
