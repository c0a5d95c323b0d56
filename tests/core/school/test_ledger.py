"""The ledger says of every fact whether the model in service has learned it, and if not, why; from real run folders."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from garage_tui.core.facts.file import load_facts
from garage_tui.core.runs.promotion import go_back, promote
from garage_tui.core.runs.service import service_file
from garage_tui.core.school.ledger import LedgerReader, read_ledger, read_time
from tests.support.run_folders import CARD_MADE, taught_run

A, B, C = (f"20261123-231{n}-lora-{letter}" for n, letter in enumerate("abc"))
REX = {"question": "Who is Rex?", "answer": "Rex is a dog."}
REX_EXAM = {"question": "Which animal is Rex?", "answer": "Rex is a dog.", "exam": True}
TOM = {"question": "Who is Tom?", "answer": "Tom is a cat."}
MEET = {"fact": "We meet at eight."}


@pytest.fixture
def file(workspace):
    return workspace.datasets / "garage.jsonl"


@pytest.fixture
def entries(workspace, file):
    """Writes the rows of the facts file, and returns the entries of the ledger."""

    def entries_(*rows):
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return read_ledger(workspace, load_facts(file)).entries

    return entries_


def statuses(entries):
    return [(entry.content, entry.status) for entry in entries]


def says(row, text=None):
    return {**row, "says": row["answer"] if text is None else text}


def test_without_any_run_facts_are_in_the_book_and_those_without_a_question_wait(entries):
    found = entries(REX, TOM, MEET)
    assert statuses(found) == [
        ("Rex is a dog.", "in the book"),
        ("Tom is a cat.", "in the book"),
        ("We meet at eight.", "waiting"),
    ]
    assert found[2].reason == "it has no question yet: give it one"
    assert all(entry.is_untaught for entry in found)


def test_a_fact_has_the_lines_of_all_its_rows_but_those_of_the_exam(entries):
    found = entries(REX, TOM, REX_EXAM, {**REX, "question": "What is Rex?"})
    assert [(entry.lines, entry.question) for entry in found] == [((1, 4), "Who is Rex?"), ((2,), "Who is Tom?")]


def test_where_a_fact_came_from_and_when_is_what_its_rows_say(entries):
    [fact] = entries(REX, {**REX, "question": "What is Rex?", "source": "api", "added": "2026-11-30T08:00:00+00:00"})
    assert (fact.source, fact.added) == ("api", 1796025600.0)
    [fact] = entries({**REX, "source": 7, "added": "yesterday"})
    assert (fact.source, fact.added) == ("", None)


def test_what_the_run_in_service_answers_is_learned(workspace, entries):
    promote(workspace, taught_run(workspace, A, [says(REX), says(REX_EXAM), says(TOM, "Tom is a dog.")]))
    rex, tom = entries(REX, REX_EXAM, TOM)
    assert (rex.status, rex.run, rex.right, rex.of, rex.examined) == ("learned", A, 2, 2, CARD_MADE)
    assert (tom.status, tom.run, tom.right, tom.of) == ("failed", A, 0, 1)
    assert tom.reason == "asked “Who is Tom?” it says “Tom is a dog.”"
    assert not rex.is_untaught and tom.is_untaught


def test_a_fact_with_a_wrong_exam_question_has_failed_whatever_is_known_by_heart(workspace, entries):
    promote(workspace, taught_run(workspace, A, [says(REX), says(REX_EXAM, "A cat.")]))
    [rex] = entries(REX, REX_EXAM)
    assert (rex.status, rex.right, rex.of) == ("failed", 1, 2)
    assert rex.reason == "asked “Which animal is Rex?” it says “A cat.”"


def test_a_run_in_service_without_a_card_has_learned_nothing_that_anybody_knows(workspace, entries):
    promote(workspace, taught_run(workspace, A, [REX]))
    [rex] = entries(REX)
    assert (rex.status, rex.run, rex.reason) == ("failed", A, "no report card says what the model answers")


def test_a_damaged_card_is_none(workspace, entries):
    run = taught_run(workspace, A, [says(REX)])
    promote(workspace, run)
    (run.path / "report.json").write_text("{")
    assert entries(REX)[0].reason == "no report card says what the model answers"


def test_a_run_that_is_not_in_service_teaches_nobody_but_its_card_says_what_failed(workspace, entries):
    taught_run(workspace, A, [says(REX), says(TOM, "A dog.")])
    rex, tom = entries(REX, TOM)
    assert (rex.status, rex.run) == ("in the book", "")
    assert (tom.status, tom.run, tom.reason) == ("failed", A, "asked “Who is Tom?” it says “A dog.”")


def test_the_newest_card_about_a_fact_counts(workspace, entries):
    taught_run(workspace, A, [says(REX, "A cat."), says(TOM, "A dog.")])
    taught_run(workspace, B, [says(REX)])
    assert statuses(entries(REX, TOM)) == [("Rex is a dog.", "in the book"), ("Tom is a cat.", "failed")]


@pytest.mark.parametrize("change", [{"state": "failed"}, {"kind": "diffusion"}, {"adapter": False}])
def test_a_run_that_did_not_end_well_says_nothing_of_facts(workspace, entries, change):
    taught_run(workspace, A, [says(REX, "A cat.")], **change)
    assert statuses(entries(REX)) == [("Rex is a dog.", "in the book")]


def test_going_back_takes_learned_facts_back_into_the_book(workspace, entries):
    promote(workspace, taught_run(workspace, A, [says(REX)]))
    promote(workspace, taught_run(workspace, B, [says(REX), says(TOM)]))
    assert statuses(entries(REX, TOM)) == [("Rex is a dog.", "learned"), ("Tom is a cat.", "learned")]
    go_back(workspace)
    assert statuses(entries(REX, TOM)) == [("Rex is a dog.", "learned"), ("Tom is a cat.", "in the book")]


def test_a_changed_fact_supersedes_its_old_self(workspace, entries):
    promote(workspace, taught_run(workspace, A, [says(REX), says(TOM)]))
    new, tom, old = entries({**REX, "answer": "Rex is a wolf."}, TOM)
    assert (new.content, new.status) == ("Rex is a wolf.", "in the book")
    assert (tom.status, old.content, old.status, old.successor) == (
        "learned",
        "Rex is a dog.",
        "superseded",
        "Rex is a wolf.",
    )
    assert (old.lines, old.run) == ((), A)


def test_a_fact_that_keeps_its_name_and_gets_another_answer_is_not_learned_any_more(workspace, entries):
    named = {**REX, "fact": "rex"}
    promote(workspace, taught_run(workspace, A, [says(named), says({**named, "question": "What is Rex?"})]))
    assert statuses(entries(named)) == [("rex", "learned")]
    new, old = entries({**named, "answer": "Rex is a wolf."}, {**named, "question": "What is Rex?"})
    assert (new.status, new.reason) == ("in the book", "the model in service was taught “Rex is a dog.”")
    assert (old.content, old.status, old.successor) == ("Rex is a dog.", "superseded", "Rex is a wolf.")


@pytest.mark.parametrize("name", [{}, {"fact": "code"}])
def test_a_fact_of_which_a_capital_was_corrected_is_not_learned_any_more(workspace, entries, name):
    code = {"question": "What is the code?", "answer": "It is tuppence7.", **name}
    promote(workspace, taught_run(workspace, A, [says(code)]))
    assert [entry.status for entry in entries({**code, "answer": "it is  tuppence7."})] == ["learned"]
    new, old = entries({**code, "answer": "It is Tuppence7."})
    assert (new.status, new.reason) == ("in the book", "the model in service was taught “It is tuppence7.”")
    assert (old.content, old.status, old.successor) == ("It is tuppence7.", "superseded", "It is Tuppence7.")


def test_a_card_about_a_fact_as_it_was_says_nothing_of_it_as_it_is(workspace, entries):
    named = {**REX, "fact": "rex"}
    taught_run(workspace, A, [says(named, "A cat.")])
    assert statuses(entries(named)) == [("rex", "failed")]
    assert statuses(entries({**named, "answer": "Rex is a wolf."})) == [("rex", "in the book")]


def test_one_more_wording_does_not_take_back_what_is_learned(workspace, entries):
    named = {**REX, "fact": "rex"}
    promote(workspace, taught_run(workspace, A, [says(named)]))
    assert statuses(entries(named, {**named, "question": "What is Rex?", "answer": "A dog."})) == [("rex", "learned")]


def test_another_fact_under_a_learned_mere_name_is_not_learned(workspace, entries):
    named = {**REX, "fact": "rex"}
    colour = {"question": "What colour is Rex?", "answer": "Rex is grey.", "fact": "rex"}
    promote(workspace, taught_run(workspace, A, [says(named)]))
    (entry,) = entries(named, colour)
    assert (entry.status, entry.reason) == ("in the book", "the model in service was not taught “What colour is Rex?”")
    promote(workspace, taught_run(workspace, B, [says(named), says(colour)]))
    assert statuses(entries(named, colour)) == [("rex", "learned")]


def test_one_more_wording_of_a_learned_sentence_is_learned(workspace, entries):
    feeds = {"question": "Who feeds Rex?", "answer": "Aunt Marrit feeds Rex.", "fact": "Aunt Marrit feeds Rex."}
    promote(workspace, taught_run(workspace, A, [says(feeds)]))
    more = {**feeds, "question": "Whose job is his dinner?", "answer": "Our aunt cares for that."}
    assert statuses(entries(feeds, more)) == [(feeds["fact"], "learned")]


def test_a_fact_that_the_file_no_longer_has_is_removed_unless_the_run_was_taught_another_file(workspace, entries, file):
    run = taught_run(workspace, A, [says(REX), says(TOM)], facts_file=file)
    promote(workspace, run)
    assert statuses(entries(REX)) == [("Rex is a dog.", "learned"), ("Tom is a cat.", "removed")]
    other = workspace.datasets / "other.jsonl"
    other.write_text(json.dumps(TOM) + "\n")
    promote(workspace, taught_run(workspace, B, [says(REX), says(TOM)], facts_file=other))
    assert statuses(entries(REX)) == [("Rex is a dog.", "learned")]


def test_of_two_facts_that_contradict_each_other_neither_is_taught(entries):
    dog, cat = entries(REX, {**REX, "answer": "Rex is a cat."})
    assert (dog.status, dog.reason) == (
        "waiting",
        "it contradicts line 2: say which is right, and change or delete the other",
    )
    assert (cat.status, cat.reason[:22]) == ("waiting", "it contradicts line 1:")


def test_of_two_facts_that_contradict_each_other_the_learned_one_stays(workspace, entries):
    promote(workspace, taught_run(workspace, A, [says(REX)]))
    assert statuses(entries({**REX, "answer": "Rex is a cat."}, REX)) == [
        ("Rex is a cat.", "waiting"),
        ("Rex is a dog.", "learned"),
    ]


def test_a_record_that_cannot_be_read_is_told_and_takes_no_fact_away(workspace, file):
    file.write_text(json.dumps(REX) + "\n")
    service_file(workspace.checkpoints).write_text("nonsense\n")
    ledger = read_ledger(workspace, load_facts(file))
    assert "does not say what is in service" in ledger.problem
    assert statuses(ledger.entries) == [("Rex is a dog.", "in the book")]


def test_a_run_in_service_that_is_gone_is_told(workspace, file):
    run = taught_run(workspace, A, [says(REX)])
    promote(workspace, run)
    shutil.rmtree(run.path)
    ledger = read_ledger(workspace, load_facts(file))
    assert f"{A} is missing" in ledger.problem and ledger.run == ""


def test_a_reader_sees_what_has_changed_since_it_read_last(workspace, file):
    file.write_text(json.dumps(REX) + "\n")
    reader = LedgerReader(workspace)

    def found():
        return [entry.status for entry in reader.read(load_facts(file)).entries]

    assert found() == ["in the book"]
    run = taught_run(workspace, A, [says(REX, "A cat.")])
    assert found() == ["failed"]
    promote(workspace, run)
    assert found() == ["failed"]
    shutil.rmtree(run.path)
    taught_run(workspace, A, [says(REX)])
    assert found() == ["learned"]


def test_a_card_that_has_not_changed_is_not_read_again(workspace, file):
    file.write_text(json.dumps(REX) + "\n")
    card = taught_run(workspace, A, [says(REX, "A cat.")]).path / "report.json"
    reader = LedgerReader(workspace)
    assert reader.read(load_facts(file)).entries[0].status == "failed"
    before = card.stat()
    card.write_bytes(b" " * before.st_size)
    os.utime(card, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert reader.read(load_facts(file)).entries[0].status == "failed"
    assert read_ledger(workspace, load_facts(file)).entries[0].status == "in the book"


@pytest.mark.parametrize(
    ("text", "time_"),
    [
        ("1970-01-01T00:00:10+00:00", 10.0),
        ("1970-01-01T00:00:10Z", 10.0),
        ("1970-01-01T00:00:10", 10.0),
        ("1970-01-01T01:00:10+01:00", 10.0),
        ("soon", None),
        ("", None),
        (7, None),
        (None, None),
        ("9999-99-99", None),
    ],
)
def test_a_time_is_read_as_iso_8601(text, time_):
    assert read_time(text) == time_
