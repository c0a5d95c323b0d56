"""Which file is open: another one, a new one, one that somebody else changes."""

from __future__ import annotations

import json

from tests.support.facts_files import CAT, DOG, PEOPLE, write


async def test_a_file_that_somebody_else_changed_is_read_again(open_app, file):
    async with open_app() as user:
        await user.sees("35 rows")
        write(file, DOG, CAT)
        await user.sees("changed on disk; reloaded", "2 rows", "Rex is a dog.")


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


async def test_the_cursor_stays_on_its_row_when_somebody_else_adds_and_deletes_rows(open_facts, file):
    async with open_facts(*PEOPLE) as user:
        await user.press("down", "down")
        write(file, DOG, CAT, *PEOPLE)
        await user.sees("8 rows", "▸   5  Who is Cem?")
        write(file, DOG, *PEOPLE[:2], *PEOPLE[3:])
        await user.sees("6 rows", "▸   4  Who is Dan?")
        await user.press("d")
        write(file, *PEOPLE)
        await user.sees("6 rows · 6 facts", "changed on disk; reloaded")


async def test_a_second_facts_file_is_begun_from_the_list(open_facts, file):
    async with open_facts(CAT, size=(80, 24)) as user:
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


async def test_a_second_empty_file_is_named_where_its_facts_will_be(open_app, file):
    file.unlink()
    async with open_app() as user:
        await user.sees("Facts are saved in datasets/garage.jsonl")
        await user.press("o", "end", "enter")
        await user.types("animals")
        await user.press("enter")
        await user.sees("Facts are saved in datasets/animals.jsonl")
