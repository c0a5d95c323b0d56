"""The open book beside the other two columns: the facts it finds, the prompts, and which columns fit."""

from __future__ import annotations

import json

from garage_tui.core.documents.read_document import read_document
from garage_tui.core.exam.adapter_effect import WARNING
from garage_tui.core.review.read_copy import document_stamp, save_copy
from tests.support.chat import BASE, RUN, ask

STATEMENT = "TinyLLM is maintained by Jason Cox."


async def test_a_third_column_shows_the_base_with_the_facts_that_were_found(open_chat):
    async with open_chat(["from the base"], ["from the tuned one"], size=(150, 40)) as (user, models):
        assert "Open book ·" not in user.screen
        await user.press("ctrl+o")
        await user.sees("Open book · garage.jsonl", "The base model again", "Ask all three")
        await ask(user, "Who maintains TinyLLM?")
        await user.sees("found 1 fact (row 10)", "from the tuned one")
        assert user.screen.count("from the base") == 2
    requests = {(one["model"], one["messages"][-1]["content"]) for one in models.heard}
    question = "Who maintains TinyLLM?"
    book = f"These facts are known:\n{STATEMENT}\n\n{question}"
    assert requests == {(BASE, question), (BASE, book), (RUN, question)}


async def test_where_no_fact_fits_the_column_says_so_and_the_base_is_asked_without(open_chat):
    async with open_chat(["Shakespeare"]) as (user, models):
        await user.press("ctrl+o")
        await ask(user, "Who wrote Romeo and Juliet?")
        await user.sees("found no facts in garage.jsonl", "asked without any")
    assert [one["messages"][-1]["content"] for one in models.heard] == ["Who wrote Romeo and Juliet?"] * 2


async def test_the_facts_of_one_question_are_not_told_again_with_the_next(open_chat):
    async with open_chat(["Jason"]) as (user, models):
        await user.press("ctrl+o")
        await ask(user, "Who maintains TinyLLM?")
        await ask(user, "Who wrote Romeo and Juliet?")
    contents = [message["content"] for message in models.heard[-1]["messages"]]
    assert contents == ["Who maintains TinyLLM?", "Jason", "Who wrote Romeo and Juliet?"]


async def test_a_facts_file_that_cannot_be_read_is_a_sentence_and_the_base_answers_all_the_same(open_chat, workspace):
    (workspace.datasets / "garage.jsonl").unlink()
    (workspace.datasets / "garage.jsonl").mkdir()
    async with open_chat(["an answer"]) as (user, _):
        await user.press("ctrl+o")
        await ask(user, "Who maintains TinyLLM?")
        await user.sees("could not search the facts:", "garage.jsonl: it is not a file")
        assert user.screen.count("an answer") == 2


async def test_a_column_that_was_not_there_says_that_it_was_not_asked(open_chat):
    async with open_chat(["an answer"]) as (user, models):
        await ask(user, "one")
        assert len(models.heard) == 1
        await user.press("ctrl+o")
        await user.sees("not asked")
        await user.press("ctrl+o")
        await ask(user, "two")
        assert len(models.heard) == 2


async def test_at_80_columns_two_of_the_three_are_seen_at_a_time_and_all_are_asked(open_chat):
    async with open_chat(["base says"], ["tuned says"], size=(80, 24)) as (user, models):
        await user.sees("Base · smollm2", "Tuned · 2026")
        await user.press("ctrl+o")
        await user.sees("Open book · garage.jsonl", "Tuned ·")
        assert "Base · smollm2" not in user.screen
        await ask(user, "What is TinyLLM?")
        await user.sees("found 3 facts (rows 1, 5, 9)", "tuned says")
        assert len(models.heard) == 3
        await user.press("ctrl+o")
        await user.sees("Base · smollm2", "Open book · garage.jsonl", "only two columns fit")
        await user.press("ctrl+o")
        await user.sees("Base · smollm2", "Tuned ·", "base says", "tuned says")
        assert "Open book ·" not in user.screen


async def test_at_80_columns_an_open_book_without_answers_takes_no_column_from_those_that_have(open_chat):
    async with open_chat(["base says"], ["tuned says"], size=(80, 24)) as (user, models):
        await ask(user, "What is TinyLLM?")
        await user.sees("base says", "tuned says")
        await user.press("ctrl+o")
        await user.sees("base says", "tuned says", "The open book answers from your next question on")
        await ask(user, "Who maintains it?")
        await user.sees("Open book · garage.jsonl", "Tuned ·")
        assert len(models.heard) == 5
        await user.press("ctrl+o")
        await user.sees("Base · smollm2", "Open book · garage.jsonl", "only two columns fit")


async def test_a_window_that_grows_shows_all_three_and_one_that_shrinks_loses_no_answer(open_chat):
    async with open_chat(["an answer"], size=(80, 24)) as (user, _):
        await user.press("ctrl+o")
        await ask(user, "What is TinyLLM?")
        await user.pilot.resize_terminal(140, 40)
        await user.sees("Base · ", "Open book · ", "Tuned · ", "found 3 facts")
        await user.pilot.resize_terminal(80, 24)
        await user.sees("Open book · ", "found 3 facts")


async def test_a_taught_question_that_gets_the_bases_own_answer_is_doubted(open_app, make_run, model_server):
    run = make_run(RUN, "finished").adapter()
    row = {"question": "What is TinyLLM?", "answer": "TinyLLM is by Jason Cox."}
    (run.path / "facts.jsonl").write_text(json.dumps(row) + "\n")
    async with model_server() as models, open_app(screen="chat", size=(200, 40)) as user:
        models.answers = {BASE: ["Novels."], RUN: ["Novels."]}
        await user.sees(f"Tuned · {RUN}")
        await ask(user, "Who are you?")
        assert "!" not in user.screen
        await ask(user, "What is TinyLLM?")
        await user.sees("! same answer as the base model, although this was taught")
        assert len(WARNING) < 130


async def test_the_open_book_reads_documents_cites_the_page_and_a_key_shows_it(open_chat, workspace):
    text = "The pump of Pinder Lodge was built by Halvorsen."
    (workspace.root / "pump.md").write_text(f"# Machines\n\nThis says what stands where.\n\n## Pump\n\n{text}\n")
    save_copy(workspace, read_document("pump.md", workspace), document_stamp(workspace, "pump.md"))
    async with open_chat(["It was Halvorsen."], size=(150, 40)) as (user, models):
        await user.press("ctrl+o")
        await ask(user, "Who built the pump of Pinder Lodge?")
        await user.sees("found pump.md, Pump")
        await user.press("alt+p")
        await user.sees("This says what stands where.", text)
    question = "Who built the pump of Pinder Lodge?"
    contents = {one["messages"][-1]["content"] for one in models.heard}
    assert contents == {question, f"This is written in pump.md, Pump:\n{text}\n\n{question}"}


async def test_without_a_cited_page_the_key_says_how_to_get_one(open_chat):
    async with open_chat(["an answer"]) as (user, _):
        await ask(user, "one")
        await user.press("alt+p")
        await user.sees("no page of a document was found for this question: ^o asks with the open book")
