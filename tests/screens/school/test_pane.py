"""The School screen on nights of a record, and a night that is started by a key."""

import json
import time

import pytest

from garage_tui.core.facts import store
from garage_tui.core.school import overview
from garage_tui.core.school.night_log import NightEvent, append_event

DOG = {"question": "Who feeds the dog?", "answer": "Aunt Marrit.", "fact": "Aunt Marrit feeds the dog."}
KEY = {"question": "Where is the key?", "answer": "Behind the beehive.", "fact": "The key is behind the beehive."}


@pytest.fixture
def box(workspace):
    rows = [DOG, KEY, {"fact": "The attic is haunted."}]
    (workspace.datasets / "garage.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return workspace


def add_night(box, name, outcome, text, run="", **more) -> None:
    append_event(box, NightEvent(night=name, when=time.time(), event="began", left_out=more.pop("left_out", {})))
    if run:
        append_event(box, NightEvent(night=name, when=time.time(), event="run", run=run, attempt=1))
    event = NightEvent(night=name, when=time.time(), event="ended", outcome=outcome, text=text, run=run, **more)
    append_event(box, event)


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_before_the_first_night_it_says_what_would_be_taught_and_how_to_begin(open_app, box, size):
    async with open_app(screen="school", size=size) as user:
        screen = await user.sees("0 learned · 2 in the book · 1 waiting", "2 new facts, 2 rows in all")
        assert "the base model" in screen
        assert "No night yet. t teaches now" in screen
        assert "t Teach now" in screen


async def test_the_nights_are_listed_the_newest_first_with_what_each_did(open_app, box):
    run = "20261129-0200-lora-school"
    add_night(box, "2026-11-28 02:00", "promoted", "Learned 1 new fact.", run=run, learned=[DOG["fact"]], wh=3.14159)
    add_night(
        box,
        "2026-11-29 02:00",
        "refused",
        "Refused: it would forget “Aunt Marrit feeds the dog.”.",
        run=run,
        failed={KEY["fact"]: "asked “Where is the key?” it says “Here.”"},
        left_out={"The attic is haunted.": "it has no question yet: give it one"},
    )
    async with open_app(screen="school") as user:
        screen = await user.sees("2 nights", "✗ refused", "✓ promoted", "3.14")
        rows = [line for line in screen.splitlines() if "2026-11-2" in line and "│" in line]
        assert "2026-11-29" in rows[0] and "2026-11-28" in rows[1]
        await user.sees(
            "~ not yet     The key is behind the beehive.: asked “Where is the key?” it says “Here.”",
            "– not taught  The attic is haunted.: it has no question yet: give it one",
            "Morning       Refused: it would forget",
        )
        await user.press("down")
        await user.sees("✓ learned     Aunt Marrit feeds the dog.")


async def test_a_night_that_ends_while_one_watches_appears_by_itself(open_app, box):
    async with open_app(screen="school") as user:
        await user.sees("no night yet")
        add_night(box, "2026-11-29 02:00", "nothing new", "Nothing is new.")
        await user.sees("1 night", "· nothing new")


async def test_the_cursor_stays_on_its_night_when_a_new_one_comes(open_app, box):
    for day in (26, 27, 28):
        add_night(box, f"2026-11-{day} 02:00", "refused", f"What happened on day {day}.")
    async with open_app(screen="school") as user:
        await user.sees("3 nights")
        await user.press("down")
        await user.sees("▸ 2026-11-27 02:00")
        add_night(box, "2026-11-29 02:00", "refused", "What happened on day 29.")
        await user.sees("4 nights", "▸ 2026-11-27 02:00")
        assert user.app.pane.chosen.id == "2026-11-27 02:00"


async def test_nights_that_take_long_to_read_are_shown_and_read_by_one_thread_at_a_time(open_app, box, monkeypatch):
    read, at_work, most = overview.OverviewReader.read, [], []

    def read_slowly(reader):
        at_work.append(reader)
        most.append(len(at_work))
        time.sleep(0.3)
        at_work.pop()
        return read(reader)

    monkeypatch.setattr("garage_tui.screens.school.pane._EVERY", 0.1)
    monkeypatch.setattr(overview.OverviewReader, "read", read_slowly)
    async with open_app(screen="school") as user:
        await user.sees("no night yet", seconds=10)
    assert max(most) == 1


async def test_a_damaged_record_and_a_missing_facts_file_are_no_traceback(open_app, box):
    (box.checkpoints / "school.jsonl").write_bytes(b"what?\n\xff\n")
    (box.checkpoints / "service.jsonl").write_text("what?\n")
    (box.datasets / "garage.jsonl").unlink()
    async with open_app(screen="school") as user:
        await user.sees("malformed", "not known", "nothing new")


async def test_teaching_asks_first_and_the_answer_no_starts_nothing(open_app, box):
    async with open_app(screen="school") as user:
        await user.sees("2 new facts")
        await user.press("t")
        await user.sees("If no fact is lost, the run is put in service.")
        await user.press("escape")
        await user.sees_no("If no fact is lost")
    assert not (box.checkpoints / "school.jsonl").exists()


async def test_teaching_says_what_of_the_facts_is_not_saved(open_app, box, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    async with open_app(screen="facts") as user:
        await user.sees("Who feeds the dog?")
        monkeypatch.setattr(store, "write_file", full)
        await user.press("d")
        await user.sees("not saved")
        await user.press("f7")
        await user.sees("2 new facts")
        await user.press("t")
        await user.sees("1 change of datasets/garage.jsonl not saved: the disk is full", "teaches the file without it")
        await user.press("escape")
        monkeypatch.undo()
        await user.press("t")
        await user.sees("1 new fact;")
        assert "not saved" not in user.screen, "it was saved before the question"
        await user.press("escape")
    assert DOG["fact"] not in (box.datasets / "garage.jsonl").read_text()


async def test_from_a_night_a_key_leads_to_the_facts(open_app, box):
    async with open_app(screen="school") as user:
        await user.sees("no night yet")
        await user.press("f")
        await user.sees("Who feeds the dog?")
        await user.press("f7")
        await user.sees("no night yet")
