"""The chat: one question, two answers side by side; and the error where no answer can come."""

from __future__ import annotations

import msgspec

from garage_tui.core.runs.folder import MANIFEST
from garage_tui.core.runs.record import Manifest, write_manifest
from garage_tui.core.serving import server_process, server_state
from garage_tui.core.serving.server_state import ServerState
from tests.support.chat import BASE, RUN, idle

_WORDS = [f"word{number} " for number in range(400)]


async def test_one_question_two_answers_side_by_side(open_chat):
    async with open_chat(["Tiny", "LEM is fiction."], ["TinyLLM runs", " locally."]) as (user, models):
        await user.sees("● ready · smollm2-135m", f"Tuned · {RUN}")
        await user.types("What is TinyLLM?")
        await user.press("enter")
        text = await user.sees("TinyLEM is fiction.", "TinyLLM runs locally.", "7 tokens", "first ")
        [line] = [line for line in text.splitlines() if "TinyLEM is fiction." in line]
        assert line.index("TinyLEM is fiction.") < line.index("TinyLLM runs locally.")
        assert text.count("› What is TinyLLM?") == 2
    assert {request["model"] for request in models.heard} == {BASE, RUN}


async def test_each_model_hears_its_own_conversation(open_chat):
    async with open_chat(["base speaking"], ["tuned speaking"]) as (user, models):
        for question in ("one", "two"):
            await user.types(question)
            await user.press("enter")
            await idle(user)
    second = {request["model"]: request["messages"] for request in models.heard[2:]}
    assert [message["content"] for message in second[RUN]] == ["one", "tuned speaking", "two"]
    assert [message["content"] for message in second[BASE]] == ["one", "base speaking", "two"]


async def test_an_answer_is_text_whatever_is_in_it(open_chat):
    async with open_chat(["[bold red]x[/] \x1b]0;pwned\x07", "[@click=app.quit]y[/]"]) as (user, _):
        await user.press("x", "enter")
        text = await user.sees("[bold red]x[/]", "[@click=app.quit]y[/]")
        assert "␛]0;pwned␇" in text and "\x1b" not in text


async def test_escape_stops_the_answers_and_keeps_what_was_said(open_chat):
    async with open_chat(["half an answer", " and the rest"], hold=True) as (user, models):
        await user.press("x", "enter")
        await user.sees("half an answer")
        await user.press("escape")
        await user.sees("half an answer", "stopped")
        models.hold.set()
        assert "and the rest" not in user.screen


async def test_clearing_begins_a_new_conversation(open_chat):
    async with open_chat(["an answer"]) as (user, models):
        await user.press("x", "enter")
        await user.sees("7 tokens")
        await user.press("ctrl+l")
        await user.sees_no("an answer")
        await user.press("y", "enter")
        await user.sees("7 tokens")
    assert [message["content"] for message in models.heard[-1]["messages"]] == ["y"]


async def test_without_a_tuned_model_only_the_base_answers_and_the_right_side_says_what_to_do(open_chat):
    async with open_chat(["an answer"]) as (user, models):
        await user.press("x", "enter")
        await user.sees("an answer", "No tuned model yet", "t teaches them")
    assert len(models.heard) == 1


async def test_what_was_asked_stays_when_a_run_on_another_base_appears(open_chat, make_run):
    async with open_chat(["an answer"]) as (user, _):
        await user.types("Who are you?")
        await user.press("enter")
        await user.sees("7 tokens")
        run = make_run(RUN, "finished")
        manifest = msgspec.json.decode((run.path / MANIFEST).read_bytes(), type=Manifest)
        write_manifest(run.path, msgspec.structs.replace(manifest, base={"name": "another-base"}))
        run.adapter()
        while RUN not in [run.id for run in user.app.runs if run.adapter]:
            await user.pilot.pause(0.02)
        await user.pilot.pause(0.2)
        await user.sees("Who are you?", "an answer")


async def test_another_tuned_model_is_chosen_from_a_list(open_chat, make_run):
    make_run("20261123-2315-lora-new", "finished").adapter()
    make_run("20261122-2315-lora-old", "stopped").adapter()
    make_run("20261121-2315-lora-none", "failed")
    async with open_chat() as (user, _):
        await user.sees("Tuned · 20261123-2315-lora-new")
        await user.press("ctrl+t")
        text = await user.sees("Which tuned model?", "20261123-2315-lora-new", "24 rows", "stopped early")
        assert "lora-none" not in text
        await user.press("down")
        await user.sees("20261122-2315-lora-old · base smollm2-135m")
        await user.press("enter")
        await user.sees("Tuned · 20261122-2315-lora-old")


async def test_a_dead_server_is_a_sentence_and_a_key(open_app, workspace, monkeypatch):
    workspace.server.mkdir()
    server_state.write_state(workspace.server, ServerState(status="ready", base=BASE, url="http://127.0.0.1:9/v1"))
    started = []
    monkeypatch.setattr(server_process, "start", lambda *arguments, **_: started.append(arguments[2]))
    async with open_app(screen="chat") as user:
        await user.sees("✗ the model server is not running", "ended unexpectedly", "Ctrl+R starts it again")
        await user.press("ctrl+r")
        while not started:
            await user.pilot.pause(0.02)
    assert started == [BASE]


async def test_the_first_question_starts_the_server_and_its_failure_is_said(open_app, workspace, monkeypatch):
    def start(workspace, settings, base, *, port=None) -> None:
        workspace.server.mkdir(exist_ok=True)
        server_state.write_state(workspace.server, ServerState(status="failed", reason="out of memory", base=base))

    monkeypatch.setattr(server_process, "start", start)
    async with open_app(screen="chat") as user:
        await user.sees("○ the model server is off; it starts with your first question")
        await user.press("x", "enter")
        await user.sees(
            "✗ the model server failed: out of memory; Ctrl+R", "not running: out of memory · Ctrl+R starts it again"
        )


async def test_a_server_with_another_base_is_not_asked_in_its_stead(open_app, model_server):
    async with model_server("/models/other") as models, open_app(screen="chat") as user:
        await user.press("x", "enter")
        await user.sees("serves other, not smollm2-135m:", "Ctrl+R restarts it")
    assert not models.heard


async def test_a_long_answer_is_followed_to_its_end_on_both_sides(open_chat):
    async with open_chat([*_WORDS[:400], "THE END"], [*_WORDS[:300], "LASTWORDS"], size=(80, 24)) as (user, _):
        await user.press("x", "enter")
        await user.sees("THE END", "LASTWORDS")
        assert user.screen.count("│ 7 tokens") == 2
        await user.press("pageup")
        await user.sees_no("THE END")


async def test_it_works_at_80_by_24(open_chat):
    async with open_chat(["no idea " * 30], ["a local LLM"], size=(80, 24)) as (user, _):
        await user.press("x", "enter")
        await user.sees("a local LLM", "7 tokens", "Base · smollm2-135m", f"Tuned · {RUN}")
