"""The facts screen: what a user sees of a file, and what happens to the file."""

from __future__ import annotations

import json

import pytest


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
        await user.sees("Line 1", "word end", "2 facts · no problems")
        await user.press("down")
        await user.sees("Line 2", "Tom is a cat.", 'must: ["cat"]')


async def test_a_fact_is_added_saved_and_chosen(open_app, file):
    before = file.read_bytes()
    async with open_app() as user:
        await user.sees("24 facts")
        await user.press("a")
        await user.sees("Add a fact")
        await user.types("Who is Ann?")
        await user.press("tab")
        await user.types("Ann is a pilot.")
        await user.press("ctrl+s")
        await user.sees("Saved datasets/garage.jsonl", "garage.jsonl.bak", "25 facts", "Line 25", "Ann is a pilot.")
    assert file.read_bytes() == before + b'{"question": "Who is Ann?", "answer": "Ann is a pilot."}\n'
    assert file.with_name("garage.jsonl.bak").read_bytes() == before


async def test_an_answer_may_have_several_lines(open_app, file):
    write(file, CAT)
    async with open_app() as user:
        await user.sees("1 fact ")
        await user.press("a", "x", "tab", "1", "enter", "2", "ctrl+s")
        await user.sees("2 facts")
    assert json.loads(file.read_text().splitlines()[1])["answer"] == "1\n2"


async def test_editing_keeps_other_keys_and_other_lines(open_app, file):
    write(file, DOG, CAT)
    async with open_app() as user:
        await user.sees("2 facts")
        await user.press("down", "enter")
        await user.sees("Edit this fact")
        await user.press("tab", "backspace")
        await user.types("!")
        await user.press("ctrl+s")
        await user.sees("Saved", "Tom is a cat!")
    assert file.read_text().splitlines() == [DOG, CAT.replace("cat.", "cat!")]


async def test_an_empty_answer_is_not_saved(open_app, file):
    before = file.read_bytes()
    async with open_app() as user:
        await user.sees("24 facts")
        await user.press("a", "x", "ctrl+s")
        await user.sees("The answer is empty")
    assert file.read_bytes() == before


async def test_escape_leaves_a_changed_form_only_when_pressed_twice(open_app, file):
    async with open_app() as user:
        await user.sees("24 facts")
        await user.press("e", "x", "escape")
        await user.sees("Not saved yet", "Edit this fact")
        await user.press("escape")
        await user.sees("24 facts")
    assert not file.with_name("garage.jsonl.bak").exists()


async def test_deleting_asks_first(open_app, file):
    write(file, DOG, CAT)
    async with open_app() as user:
        await user.sees("2 facts")
        await user.press("d")
        await user.sees("Delete this row?", "Who is Rex?")
        await user.press("escape")
        await user.sees("2 facts")
        await user.press("d", "y")
        await user.sees("1 fact ", "Saved")
    assert file.read_text() == CAT + "\n"


async def test_bad_lines_are_shown_with_the_reason_and_kept(open_app, file):
    write(file, '{"question": "Who', CAT, '{"question": "Who is Rex?"}')
    async with open_app() as user:
        await user.sees("✗ line 1: not JSON", "1 more problem", "1 fact · 2 problems", 'the key "answer" is missing')
        await user.press("e")
        await user.sees("line 1 cannot be read, and is kept as it is")
        await user.press("a", "x", "tab", "y", "ctrl+s")
        await user.sees("2 facts")
    lines = file.read_text().splitlines()
    assert lines[:3] == ['{"question": "Who', CAT, '{"question": "Who is Rex?"}']


async def test_exam_rows_are_marked(open_app, file):
    write(file, CAT, '{"question": "Is Tom a cat?", "answer": "Yes.", "exam": true}')
    async with open_app() as user:
        await user.sees("exam Is Tom a cat?", "2 facts · 1 exam · no problems")
        await user.press("end")
        await user.sees("exam: never taught")


async def test_text_from_the_file_is_text(open_app, file):
    write(
        file, json.dumps({"question": "[bold red]Who?[/] [@click=app.quit]x[/]", "answer": "a\x1b]0;title\x07b\x1b[2J"})
    )
    async with open_app() as user:
        text = await user.sees("[bold red]Who?[/] [@click=app.quit]x[/]", "ab", "1 problem")
        assert "\x1b" not in text and "title" not in text


async def test_a_file_that_somebody_else_changed_is_read_again(open_app, file):
    async with open_app() as user:
        await user.sees("24 facts")
        write(file, DOG, CAT)
        await user.sees("was changed on disk; it was read again", "2 facts", "Rex is a dog.")


async def test_a_change_goes_into_the_version_that_somebody_else_wrote_meanwhile(open_app, file):
    write(file, CAT)
    async with open_app() as user:
        await user.sees("1 fact ")
        await user.press("e", "tab", "!")
        write(file, DOG, CAT)
        await user.press("ctrl+s")
        await user.sees("somebody else had changed it", "2 facts")
    assert file.read_text().splitlines() == [DOG, CAT.replace("cat.", "cat.!")]


async def test_what_was_typed_is_not_lost_when_somebody_else_rewrote_the_row(open_app, file):
    write(file, CAT)
    async with open_app() as user:
        await user.sees("1 fact ")
        await user.press("e", "tab", "!")
        write(file, DOG)
        await user.press("ctrl+s")
        await user.sees("Add your version", "Not saved: the row was changed on disk meanwhile", "Tom is a cat.!")
        await user.press("ctrl+s")
        await user.sees("2 facts")
    first, second = file.read_text().splitlines()
    assert first == DOG
    assert json.loads(second) == {"question": "Who is Tom?", "answer": "Tom is a cat.!"}


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
        await user.sees("There is nothing to teach yet")
        await user.press("a", "x", "tab", "y", "ctrl+s")
        await user.sees("1 fact ", "Saved datasets/garage.jsonl")
    assert file.read_text() == '{"question": "x", "answer": "y"}\n'


async def test_a_full_disk_is_said_and_nothing_changes(open_app, file, monkeypatch):
    before = file.read_bytes()
    async with open_app() as user:
        await user.sees("24 facts")

        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("garage_tui.core.facts.write_atomic", full)
        await user.press("a", "x", "tab", "y", "ctrl+s")
        await user.sees("cannot be saved: No space left on device; nothing was changed", "24 facts")
    assert file.read_bytes() == before


async def test_it_works_at_80_by_24(open_app):
    async with open_app(size=(80, 24)) as user:
        await user.sees("What is TinyLLM?", "Line 1", "a Add", "t Teach")
        await user.press("end")
        await user.sees("Line 24", "Who is the maintainer of the ProtosAI project?")
