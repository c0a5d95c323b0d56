"""Facts that come from other files and from the clipboard, and facts that go out."""

from __future__ import annotations

import json

from textual import events

from tests.support.facts_files import CAT


async def test_pasted_sentences_await_their_questions_after_a_look_at_them(open_facts, file):
    async with open_facts(CAT) as user:
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


async def test_facts_come_in_from_a_file_in_another_format(open_facts, file, workspace):
    (workspace.root / "pets.csv").write_text("question,answer\nWho is Rex?,A dog.\n,nobody asked\n")
    async with open_facts(CAT) as user:
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


async def test_a_preview_shows_questions_with_answers_and_what_is_left_out(open_facts, workspace):
    chat = [("user", "Who is Rex?"), ("assistant", "A dog."), ("user", "And he?"), ("assistant", "Well.")]
    rows = [{"messages": [{"role": role, "content": text} for role, text in chat]}, {"prompt": "Who is Bo?"}]
    (workspace.root / "chats.json").write_text(json.dumps(rows))
    async with open_facts(CAT) as user:
        await user.press("I")
        await user.types("chats.json")
        await user.press("enter")
        await user.sees("Add 1 row below the chosen row?", "· Who is Rex?", "→ A dog.", "1 new · 2 left out")
        await user.sees("Left out: row 1", "needs the turns before it", "Left out: row 2", "no answer")
        await user.press("y")
        await user.sees("Added 1 row", "2 rows")


async def test_a_preview_asks_which_column_is_what(open_facts, file, workspace):
    (workspace.root / "tiere.csv").write_text("Tier;Frage;Antwort\nHund;Wer ist Rex?;Ein Hund.\n")
    async with open_facts(CAT) as user:
        await user.press("I")
        await user.types("tiere.csv")
        await user.press("enter")
        screen = await user.sees("Import tiere.csv", "no columns are named question and answer", "press c")
        assert "y Add them" not in screen
        await user.press("y")
        await user.sees("Import tiere.csv")
        await user.press("c")
        await user.sees("Which column is the question?", "Tier", "Frage", "Antwort")
        await user.press("down", "enter")
        await user.sees("Which column is the answer?")
        await user.press("enter")
        await user.sees("Add 1 row below the chosen row?", "· Wer ist Rex?", "→ Ein Hund.", "CSV with semicolons")
        await user.press("y")
        await user.sees("Added 1 row", "2 rows")
    assert json.loads(file.read_text().splitlines()[1])["Tier"] == "Hund"


async def test_pasted_text_that_is_no_sentence_is_taken_only_when_asked_for(open_facts, file):
    async with open_facts(CAT) as user:
        user.app.post_message(events.Paste("Rex = dog\nBo = cat"))
        await user.sees("Import the pasted text", "f has each line")
        await user.press("f", "end", "enter")
        await user.sees("Add 2 rows below the chosen row?", "· Rex = dog")
        await user.press("escape")
        await user.sees("1 row ")
    assert len(file.read_text().splitlines()) == 1


async def test_facts_go_out_as_csv_and_never_over_another_file_unasked(open_facts, file, workspace):
    async with open_facts(CAT) as user:
        await user.press("X", "enter")
        await user.sees("Export to which file?", " garage.csv")
        await user.press("enter")
        await user.sees("Exported 1 row to")
        await user.press("X", "enter", "enter")
        await user.sees("Replace it?")
        await user.press("escape")
    assert (workspace.root / "garage.csv").read_text().startswith("question,answer,must\nWho is Tom?")
