"""The run in service on the Runs screen: its sign, the keys to promote and to go back, and no way to delete it."""

from __future__ import annotations

import fcntl
import json

import pytest

from garage_tui.core.runs.folder import LOCK
from garage_tui.core.runs.promotion import promote
from garage_tui.core.runs.record import read_run
from garage_tui.core.runs.service import read_service
from garage_tui.core.serving.server_state import ServerState, write_state

OLD, NEW = "20261122-2315-lora-old", "20261123-2315-lora-new"


@pytest.fixture
def runs(make_run):
    def make(run_id):
        run = make_run(run_id, "finished", step=100, ended=1.0).adapter()
        (run.path / "adapter" / "adapter_model.safetensors").touch()
        return read_run(run.path)

    return [make(OLD), make(NEW)]


async def test_a_run_is_promoted_with_one_key_and_a_question_and_taken_back_with_another(open_app, workspace, runs):
    async with open_app(screen="runs", size=(110, 40)) as user:
        await user.sees(f"{NEW} ─")
        assert "★" not in user.screen
        await user.press("P")
        await user.sees("Put this run in service?", NEW, "In service now: the base model")
        await user.press("escape")
        await user.sees_no("Put this run in service?")
        assert read_service(workspace).run is None
        await user.press("P", "y")
        await user.sees(f"{NEW} is in service from the next question on", "★ lora-new", "★ in service since")
        assert read_service(workspace).run == NEW
        await user.press("down", "P")
        await user.sees(OLD, f"In service now: {NEW}")
        await user.press("y")
        await user.sees("★ lora-old")
        await user.sees_no("★ lora-new")
        await user.press("B")
        await user.sees("Go back to", NEW, "the base model")
        await user.press("enter")
        await user.sees("★ lora-new")
        await user.press("B")
        await user.sees("Put the base model in service again?", "the base model answers")
        await user.press("y")
        await user.sees("the base model is in service from the next question on")
        await user.sees_no("★")


async def test_a_run_that_the_running_server_cannot_answer_with_says_what_to_do(open_app, workspace, runs):
    workspace.server.mkdir()
    write_state(workspace.server, ServerState(status="ready", base="another/base", url="http://127.0.0.1:1/v1"))
    with (workspace.server / LOCK).open("w") as lock:  # a server of another base runs
        fcntl.flock(lock, fcntl.LOCK_EX)
        async with open_app(screen="runs", size=(160, 40)) as user:
            await user.sees(f"{NEW} ─")
            await user.press("P", "y")
            await user.sees(f"{NEW} is in service, but does not answer yet", "has the base model another/base")


async def test_the_list_leads_to_the_base_model_at_once(open_app, workspace, runs):
    promote(workspace, runs[0])
    promote(workspace, runs[1])
    async with open_app(screen="runs") as user:
        await user.sees("★ lora-new")
        await user.press("B", "down", "enter")
        await user.sees("the base model is in service")
        assert read_service(workspace).run is None


async def test_resuming_the_run_in_service_asks_first(open_app, workspace, make_run):
    run = make_run(NEW, "stopped", step=50, ended=1.0).adapter()
    (run.path / "adapter" / "adapter_model.safetensors").touch()
    promote(workspace, read_run(run.path))
    async with open_app(screen="runs", size=(110, 40)) as user:
        await user.sees("★ in service since", "p Resume")
        await user.press("p")
        await user.sees("Resume the run in service?", "whoever asks for the model in service", "y Resume")
        await user.press("escape")
        await user.sees_no("Resume the run in service?")
        assert read_run(run.path).status == "stopped"


async def test_a_run_in_service_cannot_be_deleted(open_app, workspace, runs):
    promote(workspace, runs[1])
    async with open_app(screen="runs", size=(140, 40)) as user:
        await user.sees("★ lora-new")
        await user.press("d")
        await user.sees(f"{NEW} is in service and cannot be deleted: put another run in service (P), or go back (B)")
        assert runs[1].path.is_dir()


async def test_a_promotion_from_a_shell_is_seen_at_once(open_app, workspace, runs):
    async with open_app(screen="runs") as user:
        await user.sees("lora-old", "lora-new")
        promote(workspace, runs[0], "Ottoline")
        await user.sees("★ lora-old")
        await user.press("down")
        await user.sees("★ in service since", "Ottoline")


async def test_without_a_history_there_is_nothing_to_go_back_to(open_app, runs):
    async with open_app(screen="runs") as user:
        await user.sees(f"{NEW} ─")
        await user.press("B")
        await user.pilot.pause(0.2)
        assert "★" not in user.screen


async def test_a_run_whose_weights_are_gone_is_refused_in_a_sentence(open_app, workspace, runs):
    (runs[1].path / "adapter" / "adapter_model.safetensors").unlink()
    async with open_app(screen="runs", size=(140, 40)) as user:
        await user.sees(f"{NEW} ─")
        await user.press("P", "y")
        await user.sees(f"the adapter of {NEW} has no weights")


async def test_a_record_that_is_nonsense_leaves_no_sign_and_the_key_to_go_back_mends_it(open_app, workspace, runs):
    promote(workspace, runs[0])
    with (workspace.checkpoints / "service.jsonl").open("a") as file:
        file.write("what?\n")
    async with open_app(screen="runs") as user:
        await user.sees(f"{NEW} ─")
        assert "★" not in user.screen
        await user.press("B")
        await user.sees("Go back to", OLD)
        await user.press("enter")
        await user.sees("★ lora-old")


async def test_the_dialog_for_names_keeps_what_is_typed_where_the_name_is_taken_by_the_service(open_app, runs):
    async with open_app(screen="runs") as user:
        await user.sees(f"{NEW} ─")
        await user.press("e")
        await user.types("garage")
        await user.press("enter")
        await user.sees("commands use 'garage' for something else: choose another name")
        assert not (runs[1].path / "label.json").exists()


async def test_in_ascii_the_sign_is_an_asterisk(open_app, workspace, runs):
    promote(workspace, runs[1])
    line = json.loads((workspace.checkpoints / "service.jsonl").read_text())
    assert line["run"] == NEW
    from garage_tui.core.terminal.ascii_text import TABLE

    assert "★".translate(TABLE) == "*"
