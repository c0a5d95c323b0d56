"""Wordings from a model that is served: each is offered as it comes, checked, and written only when it was taken."""

from __future__ import annotations

import json

import pytest

from garage_tui.core.serving import server_process, server_state

WHAT = "TinyLLM runs a chatbot on your own computer."
ROW = {"question": "What is TinyLLM?", "answer": WHAT}


@pytest.fixture
def file(workspace):
    path = workspace.datasets / "garage.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in [ROW, {**ROW, "question": "Tell me about TinyLLM."}]))
    return path


async def test_a_models_questions_are_offered_as_they_come_and_those_that_fail_a_check_are_named(
    open_app, file, model_server
):
    async with model_server() as models, open_app() as user:
        words = "1. Which program is |TinyLLM?\n|2. Who is Bob?\n|What latest version has TinyLLM?\n|TinyLLM, what for?"
        models.answers = {"smollm2-135m": words.split("|")}
        await user.sees("2 rows")
        await user.press("s")
        await user.sees(
            "How would you describe TinyLLM?", "Space marks, e edits. Enter adds the marked ones, Esc adds nothing."
        )
        await user.press("m")
        screen = await user.sees(
            "2 of 4 from smollm2-135m passed the checks", "Who is Bob?” does not name TinyLLM", "and 1 more"
        )
        assert "Which program is TinyLLM?" in screen and "TinyLLM, what for?" in screen and "latest" not in screen
        (asked,) = models.heard
        assert WHAT in asked["messages"][-1]["content"] and asked["temperature"] > 0
        assert len(file.read_text().splitlines()) == 2, "nothing is written unseen"
        await user.press("end", "y", "enter")
        await user.sees("3 rows", "Added 1 question")
    assert json.loads(file.read_text().splitlines()[1])["question"] == "TinyLLM, what for?"


async def test_a_models_wordings_of_an_answer_go_to_the_rows_that_repeat_it(open_app, file, model_server):
    async with model_server() as models, open_app() as user:
        models.answers = {"smollm2-135m": ["With TinyLLM your own computer runs a chatbot.\n", "Bob has a chatbot.\n"]}
        await user.sees("2 rows")
        await user.press("S")
        await user.sees("1 of 2 from smollm2-135m passed the checks", "leaves out TinyLLM")
        await user.press("y", "enter")
        await user.sees("Reworded 1 answer")
    answers = [json.loads(line)["answer"] for line in file.read_text().splitlines()]
    assert answers == [WHAT, "With TinyLLM your own computer runs a chatbot."]


async def test_a_wording_that_is_edited_is_marked_by_ctrl_s_and_added_by_the_next_one(open_app, file):
    async with open_app() as user:
        await user.sees("2 rows")
        await user.press("s")
        await user.sees("Space marks")
        await user.press("e", "ctrl+u")
        await user.types("What does TinyLLM do?")
        await user.press("ctrl+s")
        await user.sees("✓  What does TinyLLM do?", "you: What does TinyLLM do?")
        await user.press("ctrl+s")
        await user.sees("3 rows", "Added 1 question")
    assert json.loads(file.read_text().splitlines()[1])["question"] == "What does TinyLLM do?"


@pytest.mark.parametrize("text", ["What does TinyLLM do?", "Is Paris fine?"])
async def test_a_click_on_another_wording_takes_the_edited_one_as_enter_does(open_app, file, text):
    async with open_app() as user:
        await user.sees("2 rows")
        await user.press("s")
        await user.sees("Space marks")
        await user.press("e", "ctrl+u")
        await user.types(text)
        await user.pilot.click("#suggestions", offset=(10, 3))
        if "Paris" in text:
            screen = await user.sees("does not name TinyLLM: Enter again marks it anyway", "template: How would you")
            assert any("▸" in line and "How would you describe" in line for line in screen.splitlines())
            assert user.app.focused.id == "suggestions-edit" and user.app.focused.value == text
            await user.press("enter")
        await user.sees(f"✓  {text}")
        assert user.app.focused.id == "suggestions"
        await user.press("enter")
        await user.sees("3 rows", "Added 1 question")
    assert json.loads(file.read_text().splitlines()[1])["question"] == text


async def test_where_no_template_fits_the_model_is_asked_at_once(open_app, file, model_server):
    file.write_text(json.dumps({"question": "Colour of the door, then?", "answer": "The door is green."}) + "\n")
    async with model_server() as models, open_app() as user:
        models.answers = {"smollm2-135m": ["Which colour has the door?\n"]}
        await user.sees("1 row")
        await user.press("s")
        await user.sees("Which colour has the door?", "model")
        assert len(models.heard) == 1


async def test_the_server_is_started_by_itself_and_its_failure_is_said_with_the_key(
    open_app, file, workspace, monkeypatch
):
    started = []

    def start(workspace, settings, base, *, port=None) -> None:
        started.append(base)
        workspace.server.mkdir(exist_ok=True)
        state = server_state.ServerState(status="failed", reason="out of memory", base=base)
        server_state.write_state(workspace.server, state)

    monkeypatch.setattr(server_process, "start", start)
    async with open_app() as user:
        await user.sees("2 rows")
        await user.press("s")
        await user.sees("template")
        await user.press("m")
        await user.sees("the model server failed: out of memory; m starts it again")
        await user.press("m")
        while len(started) < 2:
            await user.pilot.pause(0.02)
    assert started == ["smollm2-135m", "smollm2-135m"]


async def test_a_model_that_says_nothing_of_use_is_said_to(open_app, file, model_server):
    async with model_server() as models, open_app() as user:
        models.answers = {"smollm2-135m": ["TinyLLM is a chatbot.", *["\nThe fact is:"] * 50]}
        await user.sees("2 rows")
        await user.press("s")
        await user.sees("template")
        await user.press("m")
        await user.sees("smollm2-135m suggested no question; m asks again")
