"""Accepted proposals become rows that say where they came from, and the facts check takes them."""

import json

import msgspec
import pytest

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.workspace import Workspace
from garage_tui.core.facts.exporting import write
from garage_tui.core.facts.file import load_facts
from garage_tui.core.proposals.acceptance import accept, refuse
from garage_tui.core.proposals.changed_document import find_changed, move_rows, outdated_quotes
from garage_tui.core.proposals.proposal_file import append_events, offered_events, proposals_path, read_proposals
from garage_tui.core.proposals.propose import propose
from garage_tui.core.proposals.undo_acceptance import undo_acceptance
from tests.support.commands import garage
from tests.support.passages import HURD, passage_of


@pytest.fixture
def box(tmp_path):
    (tmp_path / "datasets").mkdir()
    return Workspace(tmp_path)


@pytest.fixture
def facts(box):
    return box.datasets / "garage.jsonl"


async def made(box, facts, text=HURD, **given):
    passage = passage_of(text, **given)
    found = [one async for offered in propose(box, facts, [passage]) for one in offered.proposals]
    assert found
    return found


def rows(facts):
    return [json.loads(line) for line in facts.read_text().splitlines()]


async def test_a_row_says_where_it_came_from_and_the_exam_question_is_kept_apart(box, facts):
    proposals = await made(box, facts, page=3)
    done = accept(box, facts, proposals)
    assert done.left_out == () and done.rows == len(rows(facts)) == 3 * len(proposals)
    who = next(row for row in rows(facts) if row["question"] == "Who created the Debian Project?")
    assert (
        who["fact"]
        == who["answer"]
        == who["passage"]["quote"]
        == "The Debian Project was created by Ian Murdock in 1993."
    )
    assert who["must"] == ["Ian Murdock"] and who["source"] == "document" and "added" in who and "exam" not in who
    place = who["passage"]
    assert (place["document"], place["page"]) == ("manual.txt", 3) and HURD[place["start"] : place["end"]] == place[
        "quote"
    ]
    assert len(place["sha256"]) == 64
    exams = [row for row in rows(facts) if row.get("exam")]
    assert len(exams) == len(proposals)
    record = read_proposals(proposals_path(box, "manual.txt"))
    assert len(record.in_state("accepted")) == len(proposals)


async def test_the_facts_check_takes_what_was_accepted(box, facts):
    accept(box, facts, await made(box, facts))
    checked = garage(box, "facts", "check", str(facts))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "warning:" not in checked.stdout, checked.stdout


async def test_accepting_twice_writes_nothing_twice(box, facts):
    proposals = await made(box, facts)
    accept(box, facts, proposals)
    before = facts.read_bytes()
    again = accept(box, facts, proposals)
    assert facts.read_bytes() == before and len(again.accepted) == len(proposals) and again.rows == 0


async def test_the_place_survives_edits_saves_and_exports(box, facts):
    accept(box, facts, await made(box, facts))
    file = load_facts(facts)
    place = file.facts[0].extra["passage"]
    for form in ("csv", "messages", "alpaca", "sharegpt"):
        out = box.root / f"out.{form}"
        out.write_bytes(write(file.facts, form))
        read = garage(box, "facts", "import", str(out), "--to", str(box.datasets / f"{form}.jsonl"))
        assert read.returncode == 0, read.stderr
        back = load_facts(box.datasets / f"{form}.jsonl").facts
        assert [(row.question, row.answer) for row in back] == [(row.question, row.answer) for row in file.facts]
        if form != "csv":
            assert back[0].extra["passage"] == place


async def test_what_contradicts_a_row_is_left_out_and_named(box, facts):
    facts.write_text('{"question": "Who created the Debian Project?", "answer": "Bruce Perens."}\n')
    proposals = await made(box, facts)
    before = facts.read_bytes()
    who = [one for one in proposals if "Who created the Debian Project?" in one.questions]
    done = accept(box, facts, who)
    assert facts.read_bytes() == before and not done.accepted
    assert "line 1 says “Bruce Perens.”" in done.left_out[0][1]
    record = read_proposals(proposals_path(box, "manual.txt"))
    assert all(one.state == "proposed" for one in record.proposals.values())


async def test_a_question_of_the_exam_is_not_taught(box, facts):
    facts.write_text(
        '{"question": "When was the Debian Project created?", "exam": true, '
        '"answer": "The Debian Project was created by Ian Murdock in 1993."}\n'
        '{"question": "In which year was the Debian Project created?", "exam": true, '
        '"answer": "The Debian Project was created by Ian Murdock in 1993."}\n'
    )
    when = [one for one in await made(box, facts) if "When was the Debian Project created?" in one.questions]
    done = accept(box, facts, when)
    assert "exam" in done.left_out[0][1] and len(rows(facts)) == 2


async def test_refused_proposals_are_not_offered_again(box, facts):
    proposals = await made(box, facts)
    refuse(box, proposals)
    record = read_proposals(proposals_path(box, "manual.txt"))
    assert len(record.in_state("refused")) == len(proposals)
    assert [one async for one in propose(box, facts, [passage_of(HURD)])] == []


async def test_a_changed_document_moves_what_it_still_says_and_names_what_it_does_not(box, facts):
    accept(box, facts, await made(box, facts))
    text = "A new beginning. " + HURD.replace("Ian Murdock in 1993", "Ian Murdock in 1994").replace(
        "Mach micro", "Mach micro-\n"
    )
    new = passage_of(text, page=7)
    changed = find_changed(load_facts(facts).lines, [new])
    assert {row.quote for row in changed if row.is_outdated} == {
        "The Debian Project was created by Ian Murdock in 1993."
    }
    assert move_rows(facts, [new]) and find_changed(load_facts(facts).lines, [new])[0].is_outdated
    moved = [row for row in rows(facts) if row["passage"]["sha256"] == new.sha256]
    assert moved and all(row["passage"]["page"] == 7 for row in moved)
    assert all(
        text[row["passage"]["start"] : row["passage"]["end"]].startswith(row["passage"]["quote"][:30]) for row in moved
    )


async def test_a_changed_document_supersedes_what_was_accepted_from_it(box, facts):
    accept(box, facts, await made(box, facts))
    new = passage_of(HURD.replace("Ian Murdock in 1993", "Ian Murdock in 1994"))
    outdated = outdated_quotes(move_rows(facts, [new]))
    proposals = [one async for offered in propose(box, facts, [new]) for one in offered.proposals]
    when = [one for one in proposals if "When was the Debian Project created?" in one.questions]
    assert when and "contradiction" in [check.name for check in when[0].failed], "it is shown to the owner"
    assert accept(box, facts, when).left_out, "without the owner's document it changes nothing"
    done = accept(box, facts, when, outdated=outdated)
    assert done.left_out == ()
    answers = {row["answer"] for row in rows(facts) if row["question"] == "When was the Debian Project created?"}
    assert answers == {"The Debian Project was created by Ian Murdock in 1994."}
    assert garage(box, "facts", "check", str(facts)).returncode == 0


async def test_a_row_of_another_document_is_not_superseded(box, facts):
    accept(box, facts, await made(box, facts, document="history.txt"))
    new = passage_of(HURD.replace("in 1993", "in 1994"))
    proposals = [one async for offered in propose(box, facts, [new]) for one in offered.proposals]
    when = [one for one in proposals if "When was the Debian Project created?" in one.questions]
    done = accept(box, facts, when, outdated={"The Debian Project was created by Ian Murdock in 1993."})
    assert done.left_out and "1993" in facts.read_text() and "1994" not in facts.read_text()


async def test_an_edited_proposal_is_accepted_as_it_was_edited(box, facts):
    proposal = (await made(box, facts))[0]
    edited = msgspec.structs.replace(proposal, answer="It is a set of servers.", state="edited")
    path = proposals_path(box, "manual.txt")
    append_events(path, offered_events(passage_of(HURD), "rules", [edited]))
    found = read_proposals(path).in_state("edited")
    assert [one.answer for one in found] == ["It is a set of servers."]
    accept(box, facts, found)
    assert {row["answer"] for row in rows(facts)} == {"It is a set of servers."}


async def test_rows_that_are_written_are_no_failure_where_the_decision_cannot_be_recorded(box, facts):
    proposals = await made(box, facts)
    path = proposals_path(box, "manual.txt")
    events = path.read_bytes()
    path.unlink()
    path.mkdir()
    done = accept(box, facts, proposals)
    assert done.rows == len(rows(facts)) == 3 * len(proposals) and done.accepted == tuple(proposals)
    assert f"{done.rows} rows are in garage.jsonl now, but it could not be recorded" in done.problem
    path.rmdir()
    path.write_bytes(events)  # as after a power cut between the two files: the next start still offers them
    offered = read_proposals(path).in_state("proposed")
    assert {one.id for one in offered} == {one.id for one in proposals}
    again = accept(box, facts, offered)
    assert (again.rows, again.problem, len(again.accepted)) == (0, "", len(proposals))
    assert len(rows(facts)) == done.rows and read_proposals(path).in_state("proposed") == []


async def test_undo_takes_out_exactly_the_rows_that_were_written(box, facts):
    other = {"question": "Who feeds Tuppence?", "answer": "Aunt Marrit feeds Tuppence."}
    facts.write_text(json.dumps(other) + "\n")
    before = facts.read_bytes()
    done = accept(box, facts, await made(box, facts))
    assert len(rows(facts)) > 1
    later = {"question": "Who feeds Rex?", "answer": "Ottoline feeds Rex."}
    with facts.open("a") as file:
        file.write(json.dumps(later) + "\n")
    assert undo_acceptance(facts, done.written) == frozenset()
    assert facts.read_bytes() == before + json.dumps(later).encode() + b"\n"


async def test_undo_leaves_all_rows_of_a_fact_of_which_somebody_has_changed_one(box, facts):
    proposals = await made(box, facts)
    assert len(proposals) > 1
    done = accept(box, facts, proposals)
    facts.write_text(facts.read_text().replace("Who created the Debian Project?", "Who began the Debian Project?"))
    changed = next(one.id for one in proposals if "Who created the Debian Project?" in one.all_questions)
    assert undo_acceptance(facts, done.written) == {changed}
    left = [row["question"] for row in rows(facts)]
    assert "Who began the Debian Project?" in left and len(left) == 3
    assert undo_acceptance(facts, done.written) == {one.id for one in proposals}, "a second time there is nothing left"


async def test_undo_of_an_unreadable_file_changes_nothing_and_says_why(box, facts):
    done = accept(box, facts, await made(box, facts))
    facts.unlink()
    facts.mkdir()
    with pytest.raises(GarageError, match="not a file"):
        undo_acceptance(facts, done.written)
