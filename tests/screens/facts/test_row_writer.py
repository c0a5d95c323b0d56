"""Writing a row in the fields below the table: what each key does there, and what comes into the file."""

from __future__ import annotations

import json

import pytest
from textual import events

from tests.support.facts_files import CAT, DOG, PEOPLE, write


async def test_a_fact_is_added_below_the_chosen_row_and_saved(open_app, file):
    first, *others = file.read_bytes().splitlines(keepends=True)
    before = file.read_bytes()
    async with open_app() as user:
        await user.sees("35 rows")
        await user.press("a")
        await user.sees("A new row", "▸ Question", "Write it as a person would ask", "⏎ Done")
        await user.types("Who is Ann?")
        await user.press("enter")
        await user.sees("Write what the model should answer")
        await user.types("Ann is a pilot.")
        await user.press("enter")
        await user.sees("Saved datasets/garage.jsonl", "garage.jsonl.bak", "36 rows", "Line 2", "Ann is a pilot.")
    added = b'{"question": "Who is Ann?", "answer": "Ann is a pilot."}\n'
    assert file.read_bytes() == b"".join([first, added, *others])
    assert file.with_name("garage.jsonl.bak").read_bytes() == before


async def test_an_answer_may_have_several_lines(open_facts, file):
    async with open_facts(CAT) as user:
        await user.press("a", "x", "enter")
        await user.sees("Write what the model should answer")
        await user.press("1", "ctrl+j", "2", "enter")
        await user.sees("2 rows")
    assert json.loads(file.read_text().splitlines()[1])["answer"] == "1\n2"


async def test_editing_a_cell_keeps_every_other_byte(open_facts, file):
    cat = CAT.replace(', "must"', ',  "n": 1.50e3, "must"')
    async with open_facts(DOG, cat) as user:
        await user.press("down", "right", "enter")
        await user.sees("Write what the model should answer")
        await user.press("backspace")
        await user.types("!")
        await user.press("enter")
        await user.sees("Saved", "Tom is a cat!")
    assert file.read_text().splitlines() == [DOG, cat.replace("cat.", "cat!")]


async def test_tab_goes_to_the_other_cell_and_both_are_saved_together(open_facts, file):
    async with open_facts(DOG) as user:
        await user.press("e", "!", "tab")
        await user.sees("Write what the model should answer")
        await user.press("!", "enter")
        await user.sees("Saved", "Who is Rex?!", "Rex is a dog.!")
        await user.press("u")
        await user.sees("Undone: editing a row")
    assert file.read_text() == DOG + "\n", "both in one step"


async def test_an_empty_answer_is_not_saved(open_app, file):
    before = file.read_bytes()
    async with open_app() as user:
        await user.sees("35 rows")
        await user.press("a", "x", "enter")
        await user.sees("Write what the model should answer")
        await user.press("enter")
        await user.sees("The answer is empty")
    assert file.read_bytes() == before


async def test_escape_cancels_and_u_takes_up_again_what_was_written(open_facts, file):
    async with open_facts(DOG) as user:
        await user.press("e", "!", "tab", "?", "escape")
        await user.sees("Cancelled, nothing was changed · u takes up again what you wrote", "Line 1")
        assert "Rex?!" not in user.screen
        await user.press("u")
        await user.sees("Who is Rex?!", "▸ Answer    Rex is a dog.?")
        await user.press("enter")
        await user.sees("Saved", "Who is Rex?!")
        await user.press("e", "escape")
        await user.sees_no("▸ Question")
        assert "Cancelled" not in user.screen, "nothing was written"
        await user.press("u")
        await user.sees("Undone: editing a row")
    assert file.read_text() == DOG + "\n"


async def test_u_in_another_file_does_not_take_up_the_row_of_the_file_before(open_facts, file):
    other = file.with_name("animals.jsonl")
    write(other, CAT)
    async with open_facts(DOG) as user:
        await user.press("a", "x", "escape")
        await user.sees("u takes up again what you wrote")
        await user.press("o")
        await user.sees("Open a facts file")
        await user.press("down", "enter")
        await user.sees("datasets/animals.jsonl", "Who is Tom?")
        await user.press("u")
        await user.sees("There is no change to undo")
        await user.press("o")
        await user.sees("Open a facts file")
        await user.press("up", "enter")
        await user.sees("datasets/garage.jsonl", "Who is Rex?")
        await user.press("u")
        await user.sees("A new row", "▸ Question  x")
        await user.press("escape")
    assert other.read_text() == CAT + "\n" and file.read_text() == DOG + "\n"


async def test_a_second_escape_does_not_leave_the_screen(open_app, file):
    async with open_app(screen="runs") as user:
        await user.press("f2")
        await user.sees("35 rows")
        await user.press("a", "x", "escape", "escape")
        await user.sees("35 rows", "Cancelled")
        await user.press("u")
        await user.sees("A new row", "▸ Question  x")


async def test_a_cell_that_was_only_looked_at_stays_byte_for_byte(open_facts, file):
    row = DOG.replace("dog.", "dog.  ")
    async with open_facts(row) as user:
        await user.press("right", "e", "enter", "e", "tab", "tab", "tab", "tab", "tab", "enter", "e", "escape")
        await user.sees_no("Esc Cancel")
    assert file.read_text() == row + "\n" and not file.with_name("garage.jsonl.bak").exists()


async def test_a_new_row_that_is_given_up_leaves_the_cursor_where_it_was(open_facts):
    async with open_facts(CAT, json.dumps({"question": "Two?", "answer": "first\nsecond"}), DOG) as user:
        await user.press("down", "y")
        await user.sees("Variant of  Two?", "Enter goes to the answer")
        await user.press("escape")
        await user.sees("Line 2", "Two?")
        await user.press("e")
        await user.sees("Enter saves it")


async def test_a_variant_begins_with_an_empty_question_and_belongs_to_the_same_fact(open_facts, file):
    async with open_facts(CAT) as user:
        await user.sees("1 question only", "With one wording the model memorises")
        await user.press("y")
        await user.sees("Another question for the same fact", "Variant of  Who is Tom?", "Answer    Tom is a cat.")
        await user.types("Is Tom a cat?")
        await user.press("enter")
        await user.sees("Write what the model should answer")
        await user.press("enter")
        await user.sees("2 rows · 1 fact ·", "answers alike", "also asked as: Who is Tom?")
    assert json.loads(file.read_text().splitlines()[1]) == {
        "question": "Is Tom a cat?",
        "answer": "Tom is a cat.",
        "must": ["cat"],
        "fact": "Tom is a cat.",
    }


async def test_fact_must_and_exam_are_written_like_question_and_answer(open_facts, file):
    async with open_facts(CAT, DOG, size=(80, 24)) as user:
        await user.press("e", "tab", "tab")
        await user.sees("▸ Fact", "Write what all rows of this fact state")
        await user.types("Tom is a pet.")
        await user.press("tab")
        await user.sees("▸ Must      cat")
        await user.types(" | tomcat, Tom")
        await user.press("tab", "space")
        await user.sees("▸ Exam      yes: never taught")
        await user.press("enter")
        await user.sees("Saved", "1 exam", "Who is Tom?")
        await user.press("e", "shift+tab", "space", "enter")
        await user.sees_no("1 exam")
        await user.press("u", "u")
        await user.sees("Undone: editing a row", "2 rows · 2 facts · ready to teach")
        await user.press("U")
        await user.sees("exam Who is Tom?")
    first, second = file.read_text().splitlines()
    assert json.loads(first) == {
        "question": "Who is Tom?",
        "answer": "Tom is a cat.",
        "must": [["cat", "tomcat"], "Tom"],
        "fact": "Tom is a pet.",
        "exam": True,
    }
    assert second == DOG


async def test_words_of_a_right_answer_that_cannot_be_read_are_not_saved(open_facts, file):
    async with open_facts(CAT) as user:
        await user.press("e", "tab", "tab", "tab", "ctrl+u")
        await user.types("[cat")
        await user.press("tab", "enter")
        await user.sees("▸ Must      [cat", "“Must” cannot be read: this begins like JSON and is not")
        await user.press("ctrl+u", "enter")
        await user.sees("Saved")
    assert file.read_text() == CAT.replace(', "must": ["cat"]', "") + "\n"


async def test_the_keys_of_a_shell_act_on_the_whole_text_however_it_is_wrapped(open_facts, file):
    long = " ".join(f"word{number}" for number in range(60))
    async with open_facts(json.dumps({"question": "Long?", "answer": f"{long}\nlast line"}), size=(80, 24)) as user:
        await user.press("right", "e", "ctrl+a")
        await user.types("First ")
        await user.press("ctrl+e", "ctrl+w", "ctrl+w", "ctrl+y", "!", "ctrl+a", "alt+f", "alt+d", "enter")
        await user.sees("Saved")
        assert json.loads(file.read_text())["answer"] == f"First {long.removeprefix('word0 ')}\nlast !"
        await user.press("e", "ctrl+k")
        await user.press("ctrl+u")
        await user.types("short")
        await user.press("enter")
        await user.sees("Saved", "short")
    assert json.loads(file.read_text())["answer"] == "short"


@pytest.mark.parametrize(
    ("keys", "question", "answer"),
    [
        pytest.param(
            "e left ! tab ? shift+tab ? tab ctrl+z shift+tab enter", "Two!??", "first\nsecond", id="cursor-and-undo"
        ),
        pytest.param("e down ! up up ! enter", "Two?!", "first\nsecond!", id="up-and-down"),
    ],
)
async def test_each_field_keeps_its_cursor_and_undo_and_up_and_down_leave_it(open_facts, file, keys, question, answer):
    async with open_facts(json.dumps({"question": "Two?", "answer": "first\nsecond"})) as user:
        await user.press(*keys.split())
        await user.sees("Saved", question)
    assert json.loads(file.read_text()) == {"question": question, "answer": answer}


async def test_text_that_is_pasted_into_a_field_stays_in_it(open_facts, file):
    async with open_facts(DOG) as user:
        await user.press("a")
        user.app.post_message(events.Paste("Who is\x1b[31m Ann?\r\n"))
        await user.sees("▸ Question  Who is Ann?")
        await user.press("enter")
        user.app.post_message(events.Paste("A pilot.\rShe flies."))
        await user.sees("A pilot.", "She flies.")
        await user.press("enter")
        await user.sees("2 rows")
    assert json.loads(file.read_text().splitlines()[1]) == {"question": "Who is Ann?", "answer": "A pilot.\nShe flies."}


async def test_a_statement_gets_its_question(open_facts, file):
    async with open_facts('{"fact": "Rex is a dog.", "id": 7}', CAT) as user:
        await user.sees("needs a question", "no question yet", "2 rows · 2 facts · 1 without a question")
        await user.press("enter")
        await user.types("Who is Rex?")
        await user.press("enter")
        await user.sees("2 rows", "Saved")
    assert json.loads(file.read_text().splitlines()[0]) == {
        "fact": "Rex is a dog.",
        "id": 7,
        "question": "Who is Rex?",
        "answer": "Rex is a dog.",
    }


async def test_the_first_fact_of_all_is_offered_again_when_the_app_was_killed_while_it_was_written(open_app, file):
    from garage_tui.core.facts.journal import UnsavedText
    from garage_tui.core.facts.store import FactsStore
    from garage_tui.core.settings.settings import journals_folder

    file.unlink()
    killed = FactsStore(file, journals_folder())
    killed.keep_draft(UnsavedText("Who is A", "question"))
    killed.close(keep_draft=True)
    async with open_app() as user:
        await user.sees("Unsaved work", "a half-written question: “Who is A”")
        await user.press("escape")
        await user.sees("offered again at the next start")
    async with open_app() as user:
        await user.sees("Unsaved work", "Restore", "Discard")
        await user.press("enter")
        await user.sees("A new row", "Who is A")


async def test_a_row_that_is_being_written_keeps_its_neighbours_when_somebody_else_adds_rows(open_facts, file):
    async with open_facts(*PEOPLE[:2]) as user:
        await user.press("a", "W")
        write(file, DOG, CAT, *PEOPLE[:2])
        await user.sees("4 rows", "▸ Question  W")
        await user.press("enter", "M", "enter")
        await user.sees("5 rows", "Line 4")
    assert [json.loads(line)["question"] for line in file.read_text().splitlines()][2:4] == ["Who is Ann?", "W"]


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
async def test_all_fields_are_seen_while_a_long_row_is_written(open_facts, size):
    long = " ".join(["many words"] * 200)
    async with open_facts(
        json.dumps({"question": long, "answer": f"{long}\nend", "fact": long, "must": ["many"]}), size=size
    ) as user:
        for field in ("Question", "Answer", "Fact", "Must", "Exam"):
            if field == "Question":
                await user.press("e")
            else:
                await user.press("tab")
            screen = await user.sees(f"▸ {field}")
            assert all(label in screen for label in ("Question", "Answer", "Fact", "Must", "Exam")), screen
            assert "▸   1" in screen, "and the row in the table"
        await user.press("escape")
        await user.sees_no("▸ Exam")
        assert "Cancelled" not in user.screen


async def test_a_field_is_opened_by_a_click(open_facts, file):
    async with open_facts(DOG, size=(80, 24)) as user:
        await user.press("e", "!")
        lines = user.screen.splitlines()
        y = next(at for at, line in enumerate(lines) if "  Answer " in line and "Rex" in line and "│   Answer" in line)
        await user.pilot.click(offset=(20, y))
        await user.sees("▸ Answer    Rex is a dog.", "Question  Who is Rex?!")
        await user.press("!", "enter")
        await user.sees("Saved")
    assert json.loads(file.read_text()) == {"answer": "Rex is a dog.!", "question": "Who is Rex?!"}


async def test_in_the_field_exam_a_letter_does_not_do_what_it_does_in_the_table(open_facts, file):
    async with open_facts(DOG) as user:
        await user.press("e", "shift+tab", "d", "q", "u", "ctrl+u", "backspace", "delete")
        await user.sees("▸ Exam      no: the row is taught", "^q Quit")
        await user.press("x", "ctrl+s")
        await user.sees("1 exam")
    assert json.loads(file.read_text())["exam"] is True
