"""Changes of whole rows, undo, and how they are saved while somebody else writes the same file."""

from __future__ import annotations

import json
import time

import pytest

from garage_tui.core.facts import store
from tests.support.facts_files import CAT, DOG, PEOPLE, write


async def test_deleting_is_undone_and_done_again(open_facts, file):
    async with open_facts(DOG, CAT) as user:
        await user.press("d")
        await user.sees("1 row ", "Deleted “Who is Rex?” · u undoes it")
        assert file.read_text() == CAT + "\n"
        await user.press("u")
        await user.sees("2 rows", "Undone: deleting a row")
        assert file.read_text() == DOG + "\n" + CAT + "\n"
        await user.press("U")
        await user.sees("1 row ", "Redone")
    assert file.read_text() == CAT + "\n"


async def test_a_row_is_moved_and_the_cursor_goes_with_it(open_facts, file):
    async with open_facts(DOG, CAT) as user:
        await user.press("]")
        await user.sees("Moved from line 1 to line 2 · u undoes it", "Line 2", "▸   2  Who is Rex?")
        await user.press("]")
        await user.sees("Not moved: this is the last row that is shown")
    assert file.read_text() == CAT + "\n" + DOG + "\n"


async def test_an_exam_question_is_marked_and_unmarked(open_facts, file):
    async with open_facts(DOG, CAT) as user:
        await user.press("x")
        await user.sees("exam Who is Rex?", "Now an exam question", "1 exam")
        assert file.read_text().splitlines()[0] == DOG[:-1] + ', "exam": true}'
        await user.press("x")
        await user.sees("Taught again")
    assert file.read_text().splitlines() == [DOG, CAT]


async def test_marking_the_last_row_that_teaches_a_fact_says_that_no_row_teaches_it_any_more(open_facts, file):
    other = '{"question": "What is Rex called?", "answer": "Rex is a dog."}'
    async with open_facts(DOG, other, CAT, size=(120, 40)) as user:
        await user.press("x")
        await user.sees("Now an exam question: never taught, asked afterwards")
        await user.press("down", "x")
        await user.sees("Now an exam question. No row teaches this fact any more: write one with y · u undoes it")
        await user.sees("exam only. No row teaches it, so no run learns it")
        await user.press("y", "S", "o", "?", "ctrl+s")
        await user.sees("▸   3  So?", "1 question only")
        await user.sees_no("exam only")


async def test_a_change_goes_into_the_version_that_somebody_else_wrote_meanwhile(open_facts, file):
    async with open_facts(CAT) as user:
        await user.press("right", "e", "!")
        write(file, DOG, CAT)
        await user.press("enter")
        await user.sees("2 rows", "Tom is a cat.!", "Saved")
    assert file.read_text().splitlines() == [DOG, CAT.replace("cat.", "cat.!")]


async def test_where_both_changed_a_row_both_versions_are_shown_and_esc_decides_nothing(open_facts, file):
    theirs = CAT.replace("a cat.", "a tomcat.")
    async with open_facts(CAT, DOG) as user:
        await user.press("right", "e", "!")
        user.app.query_one("#facts").conceal()  # it looks at the disk once a second; here it shall not be first
        write(file, theirs, DOG)
        await user.press("enter")
        await user.sees("On disk: Who is Tom? → Tom is a tomcat.", "Mine: Who is Tom? → Tom is a cat.!")
        await user.press("escape")
        await user.sees("is not saved; your change is kept", "not saved")
        assert file.read_text().splitlines() == [theirs, DOG]
        await user.press("ctrl+s")
        await user.sees("On disk: Who is Tom?")
        await user.press("down", "enter")
        await user.sees("your change to those rows was discarded", "Tom is a tomcat.", "ready to teach")
    assert file.read_text().splitlines() == [theirs, DOG]


async def test_what_was_typed_is_not_lost_when_somebody_else_rewrote_the_row(open_facts, file):
    async with open_facts(CAT) as user:
        await user.press("right", "e", "!")
        write(file, DOG)
        await user.sees("Who is Rex?")
        await user.press("enter")
        await user.sees("Not saved: this row was changed on disk meanwhile", "Tom is a cat.!")
        await user.press("enter")
        await user.sees("2 rows")
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert {"question": "Who is Tom?", "answer": "Tom is a cat.!", "must": ["cat"]} in rows and json.loads(DOG) in rows


async def test_a_full_disk_is_said_and_the_change_waits_until_there_is_room(open_app, file, monkeypatch):
    before = file.read_bytes()
    async with open_app() as user:
        await user.sees("35 rows")

        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("garage_tui.core.facts.file.write_atomic", full)
        await user.press("d")
        await user.sees("the disk is full", "your change is kept", "34 rows", "not saved")
        assert file.read_bytes() == before
        monkeypatch.undo()
        await user.press("ctrl+s")
        await user.sees("Saved datasets/garage.jsonl")
        assert "not saved" not in user.screen
    assert len(file.read_bytes().splitlines()) == 34


@pytest.mark.parametrize(
    ("keys", "before", "after"),
    [
        ("d", 3, 3),
        ("x", 3, 3),
        ("[", 3, 2),
        ("]", 3, 4),
        ("[ [", 3, 1),
        ("a W enter M enter", 3, 4),
        ("y W enter enter", 3, 4),
        ("e ! enter", 3, 3),
        ("s enter", 3, 4),
    ],
)
async def test_undo_puts_the_cursor_where_it_was_before_the_change_and_redo_on_what_was_changed(
    open_facts, keys, before, after
):
    names = {"[": "left_square_bracket", "]": "right_square_bracket", "!": "exclamation_mark"}
    async with open_facts(*PEOPLE) as user:
        await user.press(*["down"] * (before - 1))
        for key in keys.split():
            await user.press(names.get(key, key))
            if key == "s":
                await user.sees("Other questions for this fact")
        count = len(keys.split()) if keys.startswith("[") else 1
        await user.sees(f"Line {after}")
        await user.press("end", *["u"] * count)
        await user.sees(f"Line {before}", "Undone", f"▸   {before}  Who is Cem?")
        await user.press("home", "U")
        await user.sees("Redone", f"Line {after if count == 1 else before - 1}")


async def test_quitting_while_a_change_is_written_waits_for_it_and_says_nothing(open_facts, file, monkeypatch):
    save = store.write_file
    monkeypatch.setattr(store, "write_file", lambda *a, **k: (time.sleep(0.3), save(*a, **k))[1])
    async with open_facts(DOG, CAT) as user:
        await user.types("dq")
        while not user.app._exit:
            await user.pilot.pause(0.02)
        assert user.app._exit_renderables == []
    assert file.read_text() == CAT + "\n"


async def test_quitting_while_the_question_about_a_conflict_is_open_says_what_is_not_saved(open_facts, file):
    async with open_facts(DOG, CAT) as user:
        write(file, DOG.replace("Rex is", "Rex was"), CAT)
        await user.press("x")
        await user.sees("The same rows were changed on disk")
        await user.app.action_quit()
        assert "could not be saved: the same rows were changed on disk" in str(user.app._exit_renderables)


async def test_quitting_says_what_is_not_saved_and_the_next_start_offers_it(open_app, file, monkeypatch):
    write(file, CAT, DOG)
    with monkeypatch.context() as disk:
        async with open_app() as user:
            await user.sees("2 rows")

            def full(*_: object, **__: object) -> None:
                raise OSError(28, "No space left on device")

            disk.setattr("garage_tui.core.facts.file.write_atomic", full)
            await user.press("d")
            await user.sees("the disk is full", "not saved")
            await user.press("e", "!", "ctrl+q")
            said = str(user.app._exit_renderables)
            assert "datasets/garage.jsonl could not be saved: the disk is full: only " in said
            assert "1 change and the row that you were writing, is offered at the next start" in said
    async with open_app() as user:
        screen = await user.sees("Unsaved work from", "1 change and a half-written question: “Who is Rex?!”")
        assert "ended" not in screen
        await user.press("enter")
        await user.sees("1 row ", "▸ Question  Who is Rex?!")


async def test_the_form_of_a_run_says_what_of_its_facts_is_not_saved(open_facts, file, monkeypatch):
    write(file.with_name("animals.jsonl"), DOG)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    async with open_facts(DOG, CAT, size=(160, 50)) as user:
        monkeypatch.setattr(store, "write_file", full)
        await user.press("d")
        await user.sees("not saved")
        await user.press("t")
        text = "1 change of datasets/garage.jsonl not saved: the disk is full"
        await user.sees(text, "The run teaches the file without it.", "rows")
        await user.pilot.pause(0.5)
        assert text in user.screen, "it stays"
        await user.press("enter", "down", "enter")
        await user.sees("animals.jsonl", "Ctrl+S starts the run")
        assert text not in user.screen
        await user.press("escape", "escape")
        await user.sees_no("Teach a model")
        monkeypatch.undo()
        await user.press("t")
        await user.sees("Ctrl+S starts the run")
        assert text not in user.screen
    assert file.read_text() == CAT + "\n"
