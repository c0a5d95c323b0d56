"""The facts screen: what a user sees of a file, and what happens to the file."""

from __future__ import annotations

import json

import pytest

from garage_tui.screens.facts import row_text


@pytest.fixture
def file(workspace):
    return workspace.datasets / "garage.jsonl"


def write(file, *lines: str) -> None:
    file.write_bytes("".join(f"{line}\n" for line in lines).encode())


CAT = '{"question": "Who is Tom?", "answer": "Tom is a cat.", "must": ["cat"]}'
DOG = '{"answer": "Rex is a dog.", "question": "Who is Rex?"}'


async def test_the_chosen_row_is_shown_in_full(open_app, file):
    long = "word " * 60
    write(file, json.dumps({"question": "Long?", "answer": long + "end"}), CAT)
    async with open_app() as user:
        await user.sees("Line 1", "word end", "2 rows · 2 facts · ready to teach")
        await user.press("down")
        await user.sees("Line 2", "Tom is a cat.", "must: cat")


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


async def test_an_answer_may_have_several_lines(open_app, file):
    write(file, CAT)
    async with open_app() as user:
        await user.sees("1 row ")
        await user.press("a", "x", "enter")
        await user.sees("Write what the model should answer")
        await user.press("1", "ctrl+j", "2", "enter")
        await user.sees("2 rows")
    assert json.loads(file.read_text().splitlines()[1])["answer"] == "1\n2"


async def test_editing_a_cell_keeps_every_other_byte(open_app, file):
    cat = CAT.replace(', "must"', ',  "n": 1.50e3, "must"')
    write(file, DOG, cat)
    async with open_app() as user:
        await user.sees("2 rows")
        await user.press("down", "right", "enter")
        await user.sees("Write what the model should answer")
        await user.press("backspace")
        await user.types("!")
        await user.press("enter")
        await user.sees("Saved", "Tom is a cat!")
    assert file.read_text().splitlines() == [DOG, cat.replace("cat.", "cat!")]


async def test_tab_goes_to_the_other_cell_and_both_are_saved_together(open_app, file):
    write(file, DOG)
    async with open_app() as user:
        await user.sees("1 row ")
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


async def test_escape_cancels_and_u_takes_up_again_what_was_written(open_app, file):
    write(file, DOG)
    async with open_app() as user:
        await user.sees("1 row ")
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


async def test_a_second_escape_does_not_leave_the_screen(open_app, file):
    async with open_app(screen="runs") as user:
        await user.press("f2")
        await user.sees("35 rows")
        await user.press("a", "x", "escape", "escape")
        await user.sees("35 rows", "Cancelled")
        await user.press("u")
        await user.sees("A new row", "▸ Question  x")


async def test_a_cell_that_was_only_looked_at_stays_byte_for_byte(open_app, file):
    row = DOG.replace("dog.", "dog.  ")
    write(file, row)
    async with open_app() as user:
        await user.sees("1 row ")
        await user.press("right", "e", "enter", "e", "tab", "tab", "tab", "tab", "tab", "enter", "e", "escape")
        await user.sees_no("Esc Cancel")
    assert file.read_text() == row + "\n" and not file.with_name("garage.jsonl.bak").exists()


async def test_a_new_row_that_is_given_up_leaves_the_cursor_where_it_was(open_app, file):
    write(file, CAT, json.dumps({"question": "Two?", "answer": "first\nsecond"}), DOG)
    async with open_app() as user:
        await user.sees("3 rows")
        await user.press("down", "y")
        await user.sees("Variant of  Two?", "Enter goes to the answer")
        await user.press("escape")
        await user.sees("Line 2", "Two?")
        await user.press("e")
        await user.sees("Enter saves it")


async def test_an_editor_that_cannot_be_started_or_fails_gives_the_screen_back(open_app, file, monkeypatch):
    import contextlib

    write(file, CAT)
    async with open_app() as user:
        events: list[str] = []

        @contextlib.contextmanager
        def suspend():  # as Textual does it: an exception inside skips the way back
            yield
            events.append("back")

        monkeypatch.setattr(user.app, "suspend", suspend)
        monkeypatch.setenv("VISUAL", "/nowhere/ed")
        await user.sees("1 row ")
        await user.press("E")
        await user.sees("/nowhere/ed cannot be started", "set EDITOR to another editor")
        monkeypatch.setenv("VISUAL", "false")
        await user.press("W")
        await user.sees("false ended with an error (1); nothing was changed")
        assert events == ["back", "back"]


async def test_deleting_is_undone_and_done_again(open_app, file):
    write(file, DOG, CAT)
    async with open_app() as user:
        await user.sees("2 rows")
        await user.press("d")
        await user.sees("1 row ", "Deleted “Who is Rex?” · u undoes it")
        assert file.read_text() == CAT + "\n"
        await user.press("u")
        await user.sees("2 rows", "Undone: deleting a row")
        assert file.read_text() == DOG + "\n" + CAT + "\n"
        await user.press("U")
        await user.sees("1 row ", "Redone")
    assert file.read_text() == CAT + "\n"


async def test_a_row_is_moved_and_the_cursor_goes_with_it(open_app, file):
    write(file, DOG, CAT)
    async with open_app() as user:
        await user.sees("2 rows")
        await user.press("]")
        await user.sees("Moved from line 1 to line 2 · u undoes it", "Line 2", "▸   2  Who is Rex?")
        await user.press("]")
        await user.sees("Not moved: this is the last row that is shown")
    assert file.read_text() == CAT + "\n" + DOG + "\n"


async def test_a_variant_begins_with_an_empty_question_and_belongs_to_the_same_fact(open_app, file):
    write(file, CAT)
    async with open_app() as user:
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


async def test_fact_must_and_exam_are_written_like_question_and_answer(open_app, file):
    write(file, CAT, DOG)
    async with open_app(size=(80, 24)) as user:
        await user.sees("2 rows")
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


async def test_words_of_a_right_answer_that_cannot_be_read_are_not_saved(open_app, file):
    write(file, CAT)
    async with open_app() as user:
        await user.sees("1 row ")
        await user.press("e", "tab", "tab", "tab", "ctrl+u")
        await user.types("[cat")
        await user.press("tab", "enter")
        await user.sees("▸ Must      [cat", "“Must” cannot be read: this begins like JSON and is not")
        await user.press("ctrl+u", "enter")
        await user.sees("Saved")
    assert file.read_text() == CAT.replace(', "must": ["cat"]', "") + "\n"


async def test_the_keys_of_a_shell_act_on_the_whole_text_however_it_is_wrapped(open_app, file):
    long = " ".join(f"word{number}" for number in range(60))
    write(file, json.dumps({"question": "Long?", "answer": f"{long}\nlast line"}))
    async with open_app(size=(80, 24)) as user:
        await user.sees("1 row ")
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


async def test_each_field_keeps_its_cursor_and_its_own_undo(open_app, file):
    write(file, DOG)
    async with open_app() as user:
        await user.sees("1 row ")
        await user.press("e", "left", "!", "tab", "?", "shift+tab", "?", "tab", "ctrl+z", "shift+tab", "enter")
        await user.sees("Saved", "Who is Rex!??")
    assert json.loads(file.read_text()) == {"answer": "Rex is a dog.", "question": "Who is Rex!??"}


async def test_up_and_down_leave_a_field_at_its_first_and_last_line(open_app, file):
    write(file, json.dumps({"question": "Two?", "answer": "first\nsecond"}))
    async with open_app() as user:
        await user.sees("1 row ")
        await user.press("e", "down", "!", "up", "up", "!", "enter")
        await user.sees("Saved", "Two?!")
    assert json.loads(file.read_text()) == {"question": "Two?!", "answer": "first\nsecond!"}


async def test_text_that_is_pasted_into_a_field_stays_in_it(open_app, file):
    from textual import events

    write(file, DOG)
    async with open_app() as user:
        await user.sees("1 row ")
        await user.press("a")
        user.app.post_message(events.Paste("Who is\x1b[31m Ann?\r\n"))
        await user.sees("▸ Question  Who is Ann?")
        await user.press("enter")
        user.app.post_message(events.Paste("A pilot.\rShe flies."))
        await user.sees("A pilot.", "She flies.")
        await user.press("enter")
        await user.sees("2 rows")
    assert json.loads(file.read_text().splitlines()[1]) == {"question": "Who is Ann?", "answer": "A pilot.\nShe flies."}


async def test_an_exam_question_is_marked_and_unmarked(open_app, file):
    write(file, DOG, CAT)
    async with open_app() as user:
        await user.sees("2 rows")
        await user.press("x")
        await user.sees("exam Who is Rex?", "Now an exam question", "1 exam")
        assert file.read_text().splitlines()[0] == DOG[:-1] + ', "exam": true}'
        await user.press("x")
        await user.sees("Taught again")
    assert file.read_text().splitlines() == [DOG, CAT]


async def test_rows_are_found_while_one_types_and_the_new_row_stays_in_sight(open_app, file):
    write(file, DOG, CAT, DOG.replace("Rex", "Ben"))
    async with open_app() as user:
        await user.sees("3 rows")
        await user.press("/")
        await user.types("is ben")
        await user.sees("1 shown", "Who is Ben?")
        assert "Who is Rex?" not in user.screen
        await user.press("enter", "a", "x", "enter")
        await user.sees("Write what the model should answer")
        await user.press("y", "enter")
        await user.sees("Saved", "▸   4  x")
        await user.press("escape")
        await user.sees("Who is Rex?", "4 rows")


async def test_only_rows_of_one_kind_are_shown(open_app, file):
    write(file, DOG, "{broken", CAT)
    async with open_app() as user:
        await user.sees("2 rows · 2 facts · 1 problem")
        await user.press("f")
        await user.sees("Facts with only one question")
        await user.press("down", "enter")
        await user.sees("1 shown (rows with problems)", "not JSON")
        assert "Who is Tom?" not in user.screen
        await user.press("escape")
        await user.sees("Who is Tom?")


async def test_a_statement_gets_its_question(open_app, file):
    write(file, '{"fact": "Rex is a dog.", "id": 7}', CAT)
    async with open_app() as user:
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


async def test_bad_lines_are_shown_with_the_reason_and_kept(open_app, file):
    write(file, '{"question": "Who', CAT, '{"question": "Who is Rex?"}')
    async with open_app() as user:
        await user.sees(
            "✗ line 1: not JSON", "1 more problem", "1 row · 1 fact · 2 problems", 'the key "answer" is missing'
        )
        await user.press("e")
        await user.sees("Line 1 cannot be read, and is kept as it is")
        await user.press("end", "a", "x", "enter")
        await user.sees("Write what the model should answer")
        await user.press("y", "enter")
        await user.sees("2 rows")
    lines = file.read_text().splitlines()
    assert lines[:3] == ['{"question": "Who', CAT, '{"question": "Who is Rex?"}']


async def test_exam_rows_are_marked(open_app, file):
    write(file, CAT, '{"question": "Is Tom a cat?", "answer": "Yes.", "exam": true}')
    async with open_app() as user:
        await user.sees("exam Is Tom a cat?", "2 rows · 2 facts · 1 exam · ready to teach")
        await user.press("end")
        await user.sees("exam: never taught")


async def test_an_exam_question_that_is_nearly_taught_says_so(open_app, file):
    write(file, CAT, '{"question": "Who is Tom", "answer": "A cat.", "exam": true}')
    async with open_app() as user:
        await user.sees("2 rows · 2 facts · 1 exam · 1 problem", "! 2", "exam too alike")
        await user.press("down")
        await user.sees("! a near duplicate of line 1")
        await user.press("f", "down", "enter")
        await user.sees("1 shown (rows with problems)")


async def test_text_from_the_file_is_text(open_app, file):
    write(
        file, json.dumps({"question": "[bold red]Who?[/] [@click=app.quit]x[/]", "answer": "a\x1b]0;title\x07b\x1b[2J"})
    )
    async with open_app() as user:
        text = await user.sees("[bold red]Who?[/] [@click=app.quit]x[/]", "a␛]0;title␇b␛[2J", "1 problem")
        assert "\x1b" not in text and "\x07" not in text


async def test_a_file_that_somebody_else_changed_is_read_again(open_app, file):
    async with open_app() as user:
        await user.sees("35 rows")
        write(file, DOG, CAT)
        await user.sees("changed on disk; reloaded", "2 rows", "Rex is a dog.")


async def test_a_change_goes_into_the_version_that_somebody_else_wrote_meanwhile(open_app, file):
    write(file, CAT)
    async with open_app() as user:
        await user.sees("1 row ")
        await user.press("right", "e", "!")
        write(file, DOG, CAT)
        await user.press("enter")
        await user.sees("2 rows", "Tom is a cat.!", "Saved")
    assert file.read_text().splitlines() == [DOG, CAT.replace("cat.", "cat.!")]


async def test_where_both_changed_a_row_both_versions_are_shown_and_esc_decides_nothing(open_app, file):
    write(file, CAT, DOG)
    theirs = CAT.replace("a cat.", "a tomcat.")
    async with open_app() as user:
        await user.sees("2 rows")
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


async def test_what_was_typed_is_not_lost_when_somebody_else_rewrote_the_row(open_app, file):
    write(file, CAT)
    async with open_app() as user:
        await user.sees("1 row ")
        await user.press("right", "e", "!")
        write(file, DOG)
        await user.sees("Who is Rex?")
        await user.press("enter")
        await user.sees("Not saved: this row was changed on disk meanwhile", "Tom is a cat.!")
        await user.press("enter")
        await user.sees("2 rows")
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert {"question": "Who is Tom?", "answer": "Tom is a cat.!", "must": ["cat"]} in rows and json.loads(DOG) in rows


async def test_another_file_is_opened_from_a_list(open_app, file):
    write(file.with_name("animals.jsonl"), DOG)
    async with open_app() as user:
        await user.sees("datasets/garage.jsonl")
        await user.press("o")
        await user.sees("animals.jsonl", "garage.jsonl")
        await user.press("down", "enter")
        await user.sees("datasets/animals.jsonl", "Rex is a dog.")


async def test_an_empty_workspace_says_what_to_do_and_the_first_fact_makes_the_file(open_app, file):
    file.unlink()
    async with open_app() as user:
        await user.sees("No facts yet", "Press a to write the first one")
        await user.press("t")
        await user.sees("There are no facts to teach yet")
        await user.press("a", "x", "enter")
        await user.sees("Write what the model should answer")
        await user.press("y", "enter")
        await user.sees("1 row ", "Saved datasets/garage.jsonl")
        await user.sees_no("version from before this session")
    assert file.read_text() == '{"question": "x", "answer": "y"}\n'


async def test_the_first_fact_of_all_is_offered_again_when_the_app_was_killed_while_it_was_written(open_app, file):
    from garage_tui.core.base.settings import journals_folder
    from garage_tui.core.facts.journal import UnsavedText
    from garage_tui.core.facts.store import FactsStore

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


async def test_it_works_at_80_by_24(open_app):
    async with open_app(size=(80, 24)) as user:
        await user.sees("What is TinyLLM?", "Line 1", "a Add", "t Teach")
        await user.press("end")
        await user.sees("Line 35", "Who is in charge of ProtosAI?")


async def test_a_row_is_seen_as_the_model_will_see_it(open_app, file, tiny_model, workspace):
    write(file, CAT, '{"question": "Is Tom a cat?", "answer": "Yes.", "exam": true}')
    async with open_app(base_model=str(tiny_model)) as user:
        await user.sees("2 rows")
        await user.press("v")
        await user.sees("What tiny sees", "of them learned", "<|im_start|>|", "⏎", "<|im_end|>")
        assert user.screen.count("<|im_end|>") == 3, "the system prompt, the question, the answer"
        await user.press("escape", "end", "v")
        await user.sees("An exam question: none of it is learned")


async def test_suggested_questions_are_accepted_edited_and_refused_one_by_one(open_app, file):
    write(
        file, '{"question": "Who maintains TinyLLM?", "answer": "Jason Cox maintains TinyLLM.", "must": ["Cox"]}', CAT
    )
    async with open_app() as user:
        await user.sees("2 rows")
        await user.press("s")
        await user.sees("Other questions for this fact", "template: Who is the maintainer of TinyLLM?")
        await user.press("space", "n", "e")
        await user.press(*["backspace"] * 90)
        await user.types("Is Paris fine?")
        await user.press("enter")
        await user.sees("does not name TinyLLM: Enter again marks it anyway")
        await user.press(*["backspace"] * 20)
        await user.types("Who looks after TinyLLM?")
        await user.press("enter")
        await user.sees("you: Who looks after TinyLLM?")
        assert len(file.read_text().splitlines()) == 2, "nothing is written unseen"
        await user.press("escape")
        await user.sees("What you wrote is not added yet: Enter adds it")
        await user.press("enter")
        await user.sees("4 rows", "Added 2 questions")
        await user.press("u")
        await user.sees("2 rows")
        await user.press("U")
        await user.sees("4 rows")
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [row["question"] for row in rows] == [
        "Who maintains TinyLLM?",
        "Who is the maintainer of TinyLLM?",
        "Who looks after TinyLLM?",
        "Who is Tom?",
    ]
    assert rows[1]["must"] == ["Cox"] and rows[1]["fact"] == rows[0]["answer"]


async def test_escape_in_the_suggestions_adds_nothing_and_enter_adds_the_chosen_one(open_app, file):
    row = '{"question": "Who maintains TinyLLM?", "answer": "Jason Cox maintains TinyLLM."}'
    write(file, row)
    async with open_app(size=(80, 24)) as user:
        await user.sees("1 row ")
        await user.press("s")
        await user.sees("Other questions for this fact", "template: Who is the maintainer of TinyLLM?")
        await user.press("space", "escape")
        await user.sees_no("Other questions for this fact")
        assert file.read_text() == row + "\n"
        await user.press("s", "enter")
        await user.sees("2 rows", "Added 1 question")
    assert "Who is the maintainer of TinyLLM?" in file.read_text()


async def test_pasted_sentences_await_their_questions_after_a_look_at_them(open_app, file):
    from textual import events

    write(file, CAT)
    async with open_app() as user:
        await user.sees("1 row ")
        user.app.post_message(events.Paste("Rex is a dog. Rex lives in Oslo.\r- Tom likes fish."))
        await user.sees("Add 3 rows below the chosen row?", "· Rex lives in Oslo.")
        await user.press("y")
        await user.sees("Added 3 rows", "needs a question")
        await user.press("s")
        await user.sees("Other questions for this fact", "Rex")
        await user.press("enter")
        await user.sees("4 rows · 4 facts · 2 without a question", "Added 1 question")
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [row.get("fact") for row in rows] == [None, "Rex is a dog.", "Rex lives in Oslo.", "Tom likes fish."]
    assert rows[1]["question"] and rows[1]["answer"] == "Rex is a dog.", "it awaits none any more"


async def test_rows_that_training_would_cut_are_named(open_app, file, tiny_model):
    write(file, CAT, json.dumps({"question": "Count!", "answer": "one two three " * 1000}))
    async with open_app(base_model=str(tiny_model)) as user:
        await user.sees("1 problem")
        await user.press("end")
        await user.sees("and training takes 1024", "tokens of the answer are cut off")
        await user.press("f", "down", "enter")
        await user.sees("1 shown (rows with problems)")
        await user.press("d")
        await user.sees("ready to teach")


async def test_wordings_of_an_answer_go_to_the_rows_that_repeat_it(open_app, file):
    row = '{{"question": "{}", "answer": "Tom is a cat.", "fact": "A cat is what Tom is."}}'
    write(file, row.format("Who is Tom?"), row.format("What is Tom?"), CAT.replace("Tom", "Rex"))
    async with open_app() as user:
        await user.sees("3 rows")
        await user.press("S")
        await user.sees("Other wordings of this answer", "A cat is what Tom is.", "the fact")
        await user.press("y", "e")
        await user.press("escape", "enter")
        await user.sees("Reworded 1 answer")
        await user.press("u")
        await user.sees("Undone: rewording 1 answer")
        await user.press("U")
        await user.sees("Redone")
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [row["answer"] for row in rows][:2] == ["Tom is a cat.", "A cat is what Tom is."]


async def test_facts_come_in_from_a_file_in_another_format(open_app, file, workspace):
    write(file, CAT)
    (workspace.root / "pets.csv").write_text("question,answer\nWho is Rex?,A dog.\n,nobody asked\n")
    async with open_app() as user:
        await user.sees("1 row ")
        await user.press("I")
        await user.sees("Import facts from which file?")
        await user.types("nothing.csv")
        await user.press("enter")
        await user.sees("there is no such file")
        await user.press("ctrl+u")
        await user.types("pe")
        await user.sees("pets.csv")
        await user.press("tab", "enter")
        await user.sees("Add 1 row below the chosen row?", "Who is Rex?", "row 2")
        await user.press("y")
        await user.sees("Added 1 row", "2 rows")


async def test_a_preview_shows_questions_with_answers_and_what_is_left_out(open_app, file, workspace):
    write(file, CAT)
    chat = [("user", "Who is Rex?"), ("assistant", "A dog."), ("user", "And he?"), ("assistant", "Well.")]
    rows = [{"messages": [{"role": role, "content": text} for role, text in chat]}, {"prompt": "Who is Bo?"}]
    (workspace.root / "chats.json").write_text(json.dumps(rows))
    async with open_app() as user:
        await user.sees("1 row ")
        await user.press("I")
        await user.types("chats.json")
        await user.press("enter")
        await user.sees("Add 1 row below the chosen row?", "· Who is Rex?", "→ A dog.", "1 new · 2 left out")
        await user.sees("Left out: row 1", "needs the turns before it", "Left out: row 2", "no answer")
        await user.press("y")
        await user.sees("Added 1 row", "2 rows")


async def test_a_preview_asks_which_column_is_what(open_app, file, workspace):
    write(file, CAT)
    (workspace.root / "tiere.csv").write_text("Tier;Frage;Antwort\nHund;Wer ist Rex?;Ein Hund.\n")
    async with open_app() as user:
        await user.sees("1 row ")
        await user.press("I")
        await user.types("tiere.csv")
        await user.press("enter")
        screen = await user.sees("Import tiere.csv", "no columns are named question and answer", "c in the")
        assert "y Add them" not in screen
        await user.press("y")
        await user.sees("Import tiere.csv")
        await user.press("c")
        await user.sees("Which column is the question?", "Tier", "Frage", "Antwort")
        await user.press("down", "enter")
        await user.sees("Which column is the answer?")
        await user.press("down", "enter")
        await user.sees("Add 1 row below the chosen row?", "· Wer ist Rex?", "→ Ein Hund.", "CSV with semicolons")
        await user.press("y")
        await user.sees("Added 1 row", "2 rows")
    assert json.loads(file.read_text().splitlines()[1])["Tier"] == "Hund"


async def test_a_second_empty_file_is_named_where_its_facts_will_be(open_app, file):
    file.unlink()
    async with open_app() as user:
        await user.sees("Facts are saved in datasets/garage.jsonl")
        await user.press("o", "end", "enter")
        await user.types("animals")
        await user.press("enter")
        await user.sees("Facts are saved in datasets/animals.jsonl")


async def test_pasted_text_that_is_no_sentence_is_taken_only_when_asked_for(open_app, file):
    from textual import events

    write(file, CAT)
    async with open_app() as user:
        await user.sees("1 row ")
        user.app.post_message(events.Paste("Rex = dog\nBo = cat"))
        await user.sees("Import the pasted text", "f in the")
        await user.press("f", "end", "enter")
        await user.sees("Add 2 rows below the chosen row?", "· Rex = dog")
        await user.press("escape")
        await user.sees("1 row ")
    assert len(file.read_text().splitlines()) == 1


async def test_facts_go_out_as_csv_and_never_over_another_file_unasked(open_app, file, workspace):
    write(file, CAT)
    async with open_app() as user:
        await user.sees("1 row ")
        await user.press("X", "enter")
        await user.sees("Export to which file?", " garage.csv")
        await user.press("enter")
        await user.sees("Exported 1 row to")
        await user.press("X", "enter", "enter")
        await user.sees("Replace it?")
        await user.press("escape")
    assert (workspace.root / "garage.csv").read_text().startswith("question,answer,must\nWho is Tom?")


NAMES = ("Ann", "Ben", "Cem", "Dan", "Eve", "Fay")
PEOPLE = [f'{{"question": "Who is {name}?", "answer": "{name} is a pilot."}}' for name in NAMES]


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
    open_app, file, keys, before, after
):
    write(file, *PEOPLE)
    names = {"[": "left_square_bracket", "]": "right_square_bracket", "!": "exclamation_mark"}
    async with open_app() as user:
        await user.sees("6 rows")
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


async def test_the_cursor_stays_on_its_row_when_somebody_else_adds_and_deletes_rows(open_app, file):
    write(file, *PEOPLE)
    async with open_app() as user:
        await user.sees("6 rows")
        await user.press("down", "down")
        write(file, DOG, CAT, *PEOPLE)
        await user.sees("8 rows", "▸   5  Who is Cem?")
        write(file, DOG, *PEOPLE[:2], *PEOPLE[3:])
        await user.sees("6 rows", "▸   4  Who is Dan?")
        await user.press("d")
        write(file, *PEOPLE)
        await user.sees("6 rows · 6 facts", "changed on disk; reloaded")


async def test_a_row_that_is_being_written_keeps_its_neighbours_when_somebody_else_adds_rows(open_app, file):
    write(file, *PEOPLE[:2])
    async with open_app() as user:
        await user.sees("2 rows")
        await user.press("a", "W")
        write(file, DOG, CAT, *PEOPLE[:2])
        await user.sees("4 rows", "▸ Question  W")
        await user.press("enter", "M", "enter")
        await user.sees("5 rows", "Line 4")
    assert [json.loads(line)["question"] for line in file.read_text().splitlines()][2:4] == ["Who is Ann?", "W"]


async def test_a_notice_ends_by_itself_and_moves_nothing(open_app, file, monkeypatch):
    monkeypatch.setattr("garage_tui.widgets.notice._READING_SECONDS", 0.3)
    monkeypatch.setattr("garage_tui.widgets.notice._CHARACTERS_PER_SECOND", 1e6)
    write(file, "{broken " + "long " * 60, CAT)
    async with open_app(size=(80, 24)) as user:
        screen = await user.sees("✗ line 1: not JSON")
        heights = [user.app.query_one(name).size.height for name in ("#facts-table", "#facts-details")]
        await user.sees_no("✗ line 1: not JSON")
        assert heights == [user.app.query_one(name).size.height for name in ("#facts-table", "#facts-details")], screen
        await user.press("d")
        await user.sees("Deleted")
        await user.sees_no("Deleted")
        await user.press("e")
        await user.sees("Write it as a person would ask")
        await user.pilot.pause(0.8)
        assert "Write it as a person would ask" in user.screen, "it is about the field that is open"


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
            assert "datasets/garage.jsonl could not be saved: No space left on device" in said
            assert "1 change and the row that you were writing, is offered at the next start" in said
    async with open_app() as user:
        screen = await user.sees("Unsaved work from", "1 change and a half-written question: “Who is Rex?!”")
        assert "ended" not in screen
        await user.press("enter")
        await user.sees("1 row ", "▸ Question  Who is Rex?!")


async def test_a_second_facts_file_is_begun_from_the_list(open_app, file):
    write(file, CAT)
    async with open_app(size=(80, 24)) as user:
        await user.sees("1 row ")
        await user.press("o")
        await user.sees("Open a facts file", "A new file …")
        await user.press("end", "enter")
        await user.sees("A new facts file", "Its name in datasets/")
        await user.types("garage")
        await user.press("enter")
        await user.sees("garage.jsonl already exists")
        await user.press("ctrl+u")
        await user.types("animals")
        await user.press("enter")
        await user.sees("datasets/animals.jsonl", "No facts yet", "Facts are saved in datasets/animals.jsonl")
        await user.press("t")
        await user.sees("✗ animals.jsonl has no facts to teach yet: press a to write the first one")
        await user.types("aWho is Rex?")
        await user.press("enter")
        await user.types("A dog.")
        await user.press("enter")
        await user.sees("1 row · 1 fact", "Saved datasets/animals.jsonl")
    assert json.loads(file.with_name("animals.jsonl").read_text()) == {"question": "Who is Rex?", "answer": "A dog."}


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
async def test_all_fields_are_seen_while_a_long_row_is_written(open_app, file, size):
    long = " ".join(["many words"] * 200)
    write(file, json.dumps({"question": long, "answer": f"{long}\nend", "fact": long, "must": ["many"]}))
    async with open_app(size=size) as user:
        await user.sees("1 row ")
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


async def test_a_field_is_opened_by_a_click(open_app, file):
    write(file, DOG)
    async with open_app(size=(80, 24)) as user:
        await user.sees("1 row ")
        await user.press("e", "!")
        lines = user.screen.splitlines()
        y = next(at for at, line in enumerate(lines) if "  Answer " in line and "Rex" in line and "│   Answer" in line)
        await user.pilot.click(offset=(20, y))
        await user.sees("▸ Answer    Rex is a dog.", "Question  Who is Rex?!")
        await user.press("!", "enter")
        await user.sees("Saved")
    assert json.loads(file.read_text()) == {"answer": "Rex is a dog.!", "question": "Who is Rex?!"}


async def test_in_the_field_exam_a_letter_does_not_do_what_it_does_in_the_table(open_app, file):
    write(file, DOG)
    async with open_app() as user:
        await user.sees("1 row ")
        await user.press("e", "shift+tab", "d", "q", "u", "ctrl+u", "backspace", "delete")
        await user.sees("▸ Exam      no: the row is taught", "^q Quit")
        await user.press("x", "ctrl+s")
        await user.sees("1 exam")
    assert json.loads(file.read_text())["exam"] is True


async def test_a_fact_without_an_exam_question_is_no_warning(open_app, file):
    rows = [CAT, CAT.replace("Who is Tom?", "What is Tom?").replace("Tom is a cat.", "A cat.")]
    write(file, *(row[:-1] + ', "fact": "Tom is a cat."}' for row in rows))
    async with open_app() as user:
        await user.sees("2 rows · 1 fact · ready to teach", "no exam")
        document = user.app.query_one("FactsPane").store.document
        covered = row_text.cells(document, 0)[-1]
        assert covered.plain == "no exam" and [str(span.style) for span in covered.spans] in ([], ["$muted"])


async def test_an_exam_question_with_words_around_a_taught_one_is_a_problem_on_the_screen(open_app, file):
    write(file, CAT, '{"question": "I have a question: who is Tom?", "answer": "Tom is a cat.", "exam": true}')
    async with open_app() as user:
        await user.sees("1 exam · 1 problem", "! 2", "1 question only")
        await user.press("down")
        await user.sees("a near duplicate of line 1, which is taught, so it proves nothing")
