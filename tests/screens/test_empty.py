"""Where there is nothing yet, the screen says so, and what to press."""

from __future__ import annotations

import shutil

import pytest

RUN = "20261123-2315-lora-garage"


@pytest.fixture
def bare(workspace, tmp_path, monkeypatch):
    """A workspace with nothing in it, of a user who has fetched no model."""
    shutil.rmtree(workspace.datasets)
    shutil.rmtree(workspace.checkpoints)
    monkeypatch.setenv("GARAGE_CACHE", str(tmp_path / "cache"))
    return workspace


async def test_a_workspace_with_nothing_says_on_every_screen_what_to_press(open_app, bare):
    async with open_app(size=(80, 24)) as user:
        await user.sees("No facts yet", "Press a to write the first one", "press I to import", "press t to teach them")
        await user.press("t")
        await user.sees("There are no facts to teach yet: press F2, then a to write the first one")
        await user.press("o")
        await user.sees("A new facts file", "Its name in datasets/")
        await user.press("escape", "slash")
        await user.types("bees")
        await user.sees("No row matches. Esc shows all rows again.")
        await user.press("escape", "f3")
        await user.sees("No runs yet", "Press n to start one", "A run continues when you leave the app")
        await user.press("l", "slash")  # of what is not there there is no log
        await user.sees("No runs yet")
        await user.press("n")
        await user.sees("facts", "pictures")
        await user.press("escape", "f4")
        await user.sees(
            "No tuned model yet", "t teaches them", "smollm2-135m is not on this box yet", "first question downloads"
        )
        await user.press("ctrl+y")
        await user.sees("No earlier chats yet: each is saved in datasets/chats")
        await user.press("ctrl+t")
        await user.sees("Which tuned model?", "garage is the model in service, now: the base model")
        await user.press("escape", "f5")
        await user.sees("No pictures yet", "Press n to train a model", "press o to open any")
        await user.press("g", "space", "b", "s")
        await user.sees("No pictures yet")
        await user.press("f6")
        await user.sees("This box", "No GPU found: runs and the chat use the processor")


async def test_an_empty_file_of_facts_and_a_filter_without_rows_say_what_to_press(open_app, workspace):
    (workspace.datasets / "garage.jsonl").write_bytes(b"")
    async with open_app(size=(80, 24)) as user:
        await user.sees("No facts yet", "datasets/garage.jsonl")
        await user.press("t")
        await user.sees("Teach a model", "contains no row to train on; add a line with")
        await user.press("escape", "f")
        await user.sees("Show")


async def test_runs_without_events_without_a_card_and_in_a_broken_folder_say_what_is_so(open_app, make_run, workspace):
    make_run("20261123-2310-lora-new", "running", step=0).hold()
    make_run(RUN, "finished", step=100).adapter()
    broken = workspace.checkpoints / "20261123-2300-lora-broken"
    broken.mkdir()
    (broken / "run.json").write_text("{")
    async with open_app(screen="runs", size=(80, 24)) as user:
        await user.sees("finished", "20261123-2310-lora-new")
        await user.press("up")
        await user.sees("report card  none yet: press x to")
        await user.press("x")
        await user.sees("This run has no report card yet", "e Examine now")
        await user.press("escape", "down")
        await user.sees("The curve begins with the first", "20261123-2310-lora-new")
        await user.press("x")
        await user.press("down")
        await user.sees("broken", "run.json")
        await user.press("f4")
        await user.sees("This model learned")


async def test_a_chat_says_which_run_makes_the_model_that_is_missing(open_app, make_run):
    run = make_run(RUN, "running", step=0, phase="loading the base model").hold()
    async with open_app(screen="chat", size=(80, 24)) as user:
        await user.sees(f"{RUN} is still", "training. When it has finished")
        run.step(12, 1.5)
        await user.sees("(12/100)")
        run.step(100, 0.5)
        await user.press("f3")
        await user.sees("100/100 · finishing")
        await user.press("x")
        run.state("finished", step=100)
        run.adapter().let_go()
        await user.press("f4")
        await user.sees("This model learned 24 rows")
