"""The Documents screen on real files: reading beside the facts, deciding about them, and taking decisions back."""

import json
import threading

import pytest

from garage_tui.core.proposals.acceptance import accept
from garage_tui.core.proposals.proposal_file import one_writer, proposals_path
from garage_tui.core.review.document_reader import DocumentReader
from garage_tui.core.review.read_copy import copy_path
from tests.support.passages import HURD
from tests.support.reviewed_documents import MANUAL, long_document, proposals_of, read_manual

SIZES = pytest.mark.parametrize("size", [(120, 40), (80, 24)], ids=["120x40", "80x24"])


@pytest.fixture
def box(workspace):
    (workspace.datasets / "garage.jsonl").write_text('{"question": "Who feeds the dog?", "answer": "Aunt Marrit."}\n')
    return workspace


def rows(box):
    return [json.loads(line) for line in (box.datasets / "garage.jsonl").read_text().splitlines()]


def states(box, name="manual.txt"):
    return {one.statement: one.state for one in proposals_of(box, name)}


@pytest.fixture
def manual(box):
    """What was proposed from the manual; a fact about the year of a pump is the first."""
    found = read_manual(box)
    assert len(found) >= 3 and all(one.passes for one in found[:2])
    return found


@pytest.fixture
def hurd(box):
    """What was proposed from another text, where one sentence gives several facts."""
    return read_manual(box, HURD, "hurd.txt")


@SIZES
async def test_an_empty_list_says_how_to_begin(open_app, box, size):
    async with open_app(screen="documents", size=size) as user:
        await user.sees("No documents yet.", "Press o and name a manual", "o Read")


@SIZES
async def test_the_list_says_what_was_read_and_how_many_facts_wait(open_app, box, manual, size):
    async with open_app(screen="documents", size=size) as user:
        await user.sees("manual.txt", "1 document", f"{len(manual)} pass every check and wait for you")


@SIZES
async def test_d_takes_a_document_off_the_list_and_leaves_the_rows_that_were_accepted(open_app, box, manual, size):
    accept(box, box.datasets / "garage.jsonl", manual[:1])
    before = (box.datasets / "garage.jsonl").read_bytes()
    async with open_app(screen="documents", size=size) as user:
        await user.sees("1 document")
        await user.press("d")
        await user.sees("Take manual.txt off the list?", "y take it off")
        await user.press("escape")
        await user.sees("1 document")
        await user.press("d", "y")
        await user.sees("manual.txt is off the list; o reads it again.", "No documents yet.")
    assert (box.datasets / "garage.jsonl").read_bytes() == before and (box.root / "manual.txt").exists()
    assert not copy_path(box, "manual.txt").exists() and not proposals_path(box, "manual.txt").exists()
    assert len(proposals_of(box)) == 0, "reading it again begins anew"


async def test_a_document_that_is_being_read_stays_on_the_list(open_app, box, manual):
    with one_writer(proposals_path(box, "manual.txt")):
        async with open_app(screen="documents") as user:
            await user.sees("1 document")
            await user.press("d", "y")
            await user.sees("another process proposes facts from this document", "1 document")
    assert proposals_of(box) == manual


@SIZES
async def test_every_sentence_has_a_mark_and_the_chosen_one_shows_its_fact(open_app, box, manual, size):
    async with open_app(screen="documents", size=size) as user:
        await user.sees("1 document")
        await user.press("enter")
        screen = await user.sees("◇ The Arden pump was built in 1908.", "passes every check", "teach", "quote")
        assert "◇ 4 proposed · ○" in screen
        assert "no fact yet" in screen and "a Accept  x Refuse  e Edit" in screen
        assert "Who cleans the filters?" in screen and "○ Who cleans the filters?" not in screen


async def test_accepting_writes_the_rows_and_goes_on_to_the_next_fact(open_app, box, manual):
    async with open_app(screen="documents") as user:
        await user.sees("1 document")
        await user.press("enter")
        await user.sees("▸ ◇ The Arden pump was built in 1908.")
        await user.press("a")
        await user.sees("Accepted: 3 rows in garage.jsonl", "● The Arden pump", "◇ 3 proposed")
        screen = await user.sees("▸ ◇ The Hurd is a set of servers")
        assert "● 1 taught" in screen
        assert [row.get("passage", {}).get("document") for row in rows(box)] == [None, *["manual.txt"] * 3]
        await user.press("up", "up", "up")
        await user.sees("accepted", "In garage.jsonl, lines 2, 3, 4:", "in the book")


async def test_two_quick_keys_accept_two_facts(open_app, box, manual):
    async with open_app(screen="documents") as user:
        await user.sees("1 document")
        await user.press("enter")
        await user.sees("▸ ◇ The Arden pump")
        await user.types("aa")
        await user.sees("● 2 taught")
        assert list(states(box).values())[:2] == ["accepted", "accepted"]


async def test_undo_takes_back_exactly_what_was_written_and_says_so_in_the_record(open_app, box, manual):
    file = box.datasets / "garage.jsonl"
    before = file.read_bytes()
    async with open_app(screen="documents") as user:
        await user.sees("1 document")
        await user.press("enter")
        await user.sees("▸ ◇ The Arden pump")
        await user.press("a")
        await user.sees("Accepted: 3 rows")
        with file.open("a") as other:  # somebody else adds a row meanwhile
            other.write('{"question": "Where is the key?", "answer": "Behind the beehive."}\n')
        await user.press("u")
        await user.sees("Undone: accepting 1 fact.", "▸ ◇ The Arden pump")
        assert file.read_bytes() == before + b'{"question": "Where is the key?", "answer": "Behind the beehive."}\n'
        assert set(states(box).values()) == {"proposed"}
    last = proposals_path(box, "manual.txt").read_text().splitlines()[-1]
    assert json.loads(last)["event"] == "decided" and manual[0].id in last


async def test_undo_leaves_rows_that_somebody_changed_since_and_says_so(open_app, box, manual):
    file = box.datasets / "garage.jsonl"
    async with open_app(screen="documents") as user:
        await user.sees("1 document")
        await user.press("enter")
        await user.sees("▸ ◇ The Arden pump")
        await user.press("a")
        await user.sees("Accepted: 3 rows")
        changed = file.read_text().replace("When was", "In what year was")
        assert changed != file.read_text()
        file.write_text(changed)
        await user.press("u")
        await user.sees("stays accepted: its rows were changed or removed since")
    assert file.read_text() == changed
    assert states(box)[manual[0].statement] == "accepted"


async def test_refusing_writes_no_row_and_can_be_undone(open_app, box, manual):
    async with open_app(screen="documents") as user:
        await user.sees("1 document")
        await user.press("enter")
        await user.sees("▸ ◇ The Arden pump")
        await user.press("x")
        await user.sees("– The Arden pump", "– 1 refused", "▸ ◇ The Hurd")
        assert states(box)[manual[0].statement] == "refused" and len(rows(box)) == 1
        await user.press("u")
        await user.sees("Undone: refusing 1 fact.", "▸ ◇ The Arden pump")
        assert states(box)[manual[0].statement] == "proposed"


async def test_all_facts_of_a_page_that_pass_are_accepted_after_a_question_with_their_count(open_app, box):
    long_document(box, pages=3)
    async with open_app(screen="documents") as user:
        await user.sees("1 document")
        await user.press("enter")
        await user.sees("page 1 of 3", "! The Birch pump of hall 1")
        await user.press("A")
        await user.sees("Accept 1 fact?", "1 fact of it failed a check and will wait.")
        await user.press("escape")
        await user.sees_no("Accept 1 fact?")
        assert len(rows(box)) == 1
        await user.press("A")
        await user.sees("Accept 1 fact?")
        await user.press("y")
        await user.sees("● 1 taught")
        await user.press("D")
        await user.sees("Accept 2 facts?")
        await user.press("y")
        await user.sees("Accepted 2 facts", "● 3 taught")
        assert [state for state in states(box, "long.pdf").values()].count("accepted") == 3
        await user.press("u", "u")
        await user.sees("◇ 3 proposed")
    assert len(rows(box)) == 1


@SIZES
async def test_a_changed_fact_goes_through_the_checks_again_and_what_fails_is_shown_before_it_is_kept(
    open_app, box, manual, size
):
    async with open_app(screen="documents", size=size) as user:
        await user.sees("1 document")
        await user.press("enter")
        await user.sees("▸ ◇ The Arden pump")
        await user.press("e")
        await user.sees("Change a fact", "Questions to teach, one a line", "Check and keep")
        await user.press("tab", "tab", "tab", "ctrl+k")
        await user.types("The Arden pump was built in 1911.")
        await user.press("ctrl+s")
        await user.sees("values: the answer says “1911”", "Ctrl+S again")
        await user.press("ctrl+s")
        await user.sees("! The Arden pump was built in 1908.", "changed by you, fails")
        [edited] = [one for one in proposals_of(box) if one.id == manual[0].id]
        assert edited.state == "edited" and "1911" in edited.answer and not edited.passes
        await user.press("u")
        await user.sees("◇ The Arden pump was built in 1908.", "Undone: changing a fact")
        assert proposals_of(box)[0] == manual[0]


async def test_a_fact_can_be_written_from_a_sentence_that_has_none(open_app, box, manual):
    async with open_app(screen="documents") as user:
        await user.sees("1 document")
        await user.press("enter", "down")
        await user.sees("▸ ○ It stands in the cellar", "No fact yet. w writes one")
        await user.press("w")
        await user.sees("Write a fact", "Quote It stands in the cellar of the mill.")
        await user.types("Where does the Arden pump stand?")
        await user.press("ctrl+j")
        await user.types("What is the place of the Arden pump?")
        await user.press("ctrl+s")
        await user.sees("Ctrl+S again")
        await user.press("ctrl+s")
        await user.sees("! It stands in the cellar", "written by you")
        assert any(one.writer == "you" and one.state == "edited" for one in proposals_of(box))


async def test_from_a_row_of_the_facts_a_key_leads_to_its_sentence(open_app, box, manual):
    async with open_app(screen="documents") as user:
        await user.sees("1 document")
        await user.press("enter", "n")
        await user.sees("▸ ◇ The Hurd")
        await user.press("a")
        await user.sees("Accepted: 3 rows")
        await user.press("escape", "f2")
        await user.sees("Who feeds the dog?")
        await user.press("end")
        await user.sees("from manual.txt (p shows it)")
        await user.press("p")
        await user.sees("▸ ● The Hurd is a set of servers", "In garage.jsonl, lines 2, 3, 4")


@SIZES
async def test_a_changed_document_says_so_and_shows_what_it_outdates_with_the_difference(open_app, box, manual, size):
    async with open_app(screen="documents", size=size) as user:
        await user.sees("1 document")
        await user.press("enter")
        await user.sees("▸ ◇ The Arden pump")
        await user.press("a")
        await user.sees("Accepted: 3 rows")
        (box.root / "manual.txt").write_text(MANUAL.replace("1908", "1911"))
        await user.sees("changed on disk since it was read: p reads it again")
        await user.press("p")
        await user.sees("≠ 1 outdated")
        await user.press("g")
        await user.sees("▸ ≠ The Arden pump was built in 1908.", "no longer in the document")
        await user.sees("[1908.]", "[1911.]", "A fact that is proposed there")
        await user.press("enter")
        await user.sees("! The Arden pump was built in 1911.")
        await user.press("a")
        await user.sees("● The Arden pump was built in 1911.")
        answers = [row["answer"] for row in rows(box)]
        assert not any("1908" in answer for answer in answers) and any("1911" in answer for answer in answers)
        await user.press("u")
        await user.sees("Undone: accepting 1 fact.")
        assert any("1908" in row["answer"] for row in rows(box)) and not any(
            "1911" in row["answer"] for row in rows(box)
        )


async def test_a_document_that_is_gone_is_named_and_can_still_be_read(open_app, box, manual):
    (box.root / "manual.txt").unlink()
    async with open_app(screen="documents") as user:
        await user.sees("≠ manual.txt", "no longer on disk: its text is shown as it was read, and its facts stay")
        await user.press("enter")
        await user.sees("▸ ◇ The Arden pump was built in 1908.", "no longer on disk")


async def test_a_record_that_cannot_be_read_is_no_traceback(open_app, box, manual):
    path = proposals_path(box, "manual.txt")
    path.unlink()
    path.mkdir()
    async with open_app(screen="documents") as user:
        await user.sees("1 document", "cannot be read")
        await user.press("enter")
        await user.sees("cannot be read", "Documents")


async def test_a_copy_that_is_damaged_is_made_anew_by_reading(open_app, box, manual):
    copy_path(box, "manual.txt").write_text("{")
    async with open_app(screen="documents") as user:
        await user.sees("1 document")
        await user.press("enter")
        await user.sees("this document was not read yet: p reads it")
        await user.press("p")
        await user.sees("read; 0 facts proposed")
        await user.press("enter")
        await user.sees("◇ The Arden pump was built in 1908.")


@SIZES
async def test_three_hundred_pages_are_gone_through_by_keys_and_read_in_a_thread(open_app, box, monkeypatch, size):
    long_document(box)
    threads = []
    read = DocumentReader.read
    monkeypatch.setattr(
        DocumentReader, "read", lambda self, name: threads.append(threading.current_thread()) or read(self, name)
    )
    async with open_app(screen="documents", size=size) as user:
        await user.sees("long.pdf", "300")
        await user.press("enter")
        await user.sees("page 1 of 300", "◇ 300 proposed · ! 300 failing · ○ 9,000 no fact yet")
        await user.press("right_square_bracket", "pagedown")
        await user.sees("page 3 of 300", "Hall 3")
        await user.press("G")
        await user.sees("page 300 of 300", "▸ ◇ The Arden pump of hall 300")
        await user.press("a")
        await user.sees("● The Arden pump of hall 300", "Accepted: 3 rows")
        await user.press("g", *["n"] * 6)
        await user.sees("page 4 of 300", "▸ ◇ The Arden pump of hall 4")
        await user.press("N")
        await user.sees("page 3 of 300", "▸ ! The Birch pump of hall 3", "values: the quote does not have it")
        await user.press("up", "up", "up")
        await user.sees("page 2 of 300", "▸ ○ Sentence 28 of page 2")
    assert threads and threading.main_thread() not in threads


async def test_several_facts_of_one_sentence_are_chosen_with_the_arrows(open_app, hurd):
    found = hurd
    spans = [one.start for one in found]
    assert len(spans) > len(set(spans))
    async with open_app(screen="documents") as user:
        await user.sees("1 document")
        await user.press("enter")
        await user.sees("◇ The Debian Project was created by")
        while "Fact 1 of 2" not in user.screen:
            await user.press("down")
        await user.press("right")
        await user.sees("Fact 2 of 2")
        await user.press("left")
        await user.sees("Fact 1 of 2")
