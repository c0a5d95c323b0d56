"""The app as a whole: its screens, the keys that work everywhere, the palette, and leaving."""

from __future__ import annotations

import pytest


async def test_it_opens_on_the_facts_and_makes_the_other_screens_when_they_are_asked_for(open_app):
    async with open_app() as user:
        await user.sees("F2 Facts", "F3 Runs", "F4 Chat", "What is TinyLLM?")
        assert not user.app.query("#runs, #chat")
        await user.press("f3")
        await user.sees("No runs yet", "Press n to start one")
        await user.press("f4")
        await user.sees("Base · smollm2-135m", "No tuned model yet")
        await user.press("f2")
        await user.sees("What is TinyLLM?", "24 facts · 11 exam · ready to teach")


@pytest.mark.parametrize(
    ("screen", "sees"),
    [
        ("facts", "24 facts"),
        ("runs", "No runs yet"),
        ("chat", "Ask both models"),
        ("gallery", "No pictures yet"),
        ("gpu", "This box"),
    ],
)
async def test_it_opens_on_the_screen_that_was_named(open_app, screen, sees):
    async with open_app(screen=screen) as user:
        await user.sees(sees)


async def test_escape_goes_back_to_the_screen_before(open_app):
    async with open_app() as user:
        await user.press("f3")
        await user.sees("No runs yet")
        await user.press("escape")
        await user.sees("24 facts")


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
@pytest.mark.parametrize("screen", ["facts", "runs", "chat", "gallery", "gpu"])
async def test_the_first_and_the_last_line_fit_and_the_keys_are_seven_at_most(open_app, make_run, screen, size):
    make_run("20261123-2315-lora-garage", "running", step=34, seconds_left=120.0).hold()
    async with open_app(screen=screen, size=size) as user:
        text = await user.sees("34/100 · 2 min left")
        first, *_, last = text.splitlines()
        assert (
            ("garage" in first or size[0] < 90) and "F2 Facts" in first and "F4 Chat" in first and "2 min left" in first
        )
        assert "F1 Help" in last and "^p All actions" in last and "Quit" in last
        assert len(user.app.query_one("KeyBar").keys) <= 7  # type: ignore[attr-defined]
        assert all(len(line) == size[0] for line in text.splitlines())


async def test_the_palette_does_what_the_keys_do(open_app):
    async with open_app() as user:
        await user.press("ctrl+p")
        await user.sees("Add a row below", "Go to the chat")
        await user.types("runs")
        await user.sees_no("Add a row below")
        await user.press("down", "enter")
        await user.sees("No runs yet")


async def test_letters_typed_into_a_field_are_letters(open_app):
    async with open_app(screen="chat") as user:
        await user.types("quit")
        await user.sees("quit")
        assert user.app.query_one("#chat-input").value == "quit"  # type: ignore[attr-defined]


async def test_quitting_says_which_run_goes_on(open_app, make_run):
    make_run("20261123-2315-lora-garage", "running", step=34).hold()
    async with open_app() as user:
        await user.sees("34/100")
        await user.press("q")
        said = " ".join(map(str, user.app._exit_renderables))
    assert "20261123-2315-lora-garage continues without the app" in said
    assert user.app.return_code == 0


async def test_the_run_in_the_header_follows_the_run(open_app, make_run):
    run = make_run("20261123-2315-lora-garage", "running", phase="loading the base model", step=0).hold()
    async with open_app() as user:
        await user.sees("● lora-garage · loading the base model")
        run.step(12, 1.5)
        await user.sees("● lora-garage 12/100 · 2 min left")
        run.state("finished", step=100)
        run.let_go()
        await user.sees("no run is running")
