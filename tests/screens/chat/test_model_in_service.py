"""The model in service in the chat: chosen from the list under its lasting name, followed when it changes."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from pathlib import Path

import pytest

from garage_tui.core.runs.promotion import go_back, promote
from garage_tui.core.runs.record import read_run
from garage_tui.core.serving import server_process, server_state
from garage_tui.core.serving.port_owner import PortOwner
from garage_tui.screens.common import chat_server

OLD, NEW = "20261122-2315-lora-old", "20261123-2315-lora-new"
BASE = "smollm2-135m"


@pytest.fixture
def runs(make_run):
    def make(run_id):
        run = make_run(run_id, "finished", step=100, ended=1.0).adapter()
        (run.path / "adapter" / "adapter_model.safetensors").touch()
        return read_run(run.path)

    return [make(OLD), make(NEW)]


async def test_the_list_offers_the_lasting_name_and_what_it_is_now(open_app, workspace, runs, model_server):
    promote(workspace, runs[0])
    async with model_server() as models, open_app(screen="chat", size=(110, 40)) as user:
        models.answers = {BASE: ["base"], "garage": ["from the service"], NEW: ["new"]}
        await user.sees(f"Tuned · {NEW}")
        await user.press("ctrl+t")
        await user.sees("Which tuned model?", f"now {OLD}")
        await user.press("home", "enter")
        await user.sees(f"Tuned · garage, now {OLD}")
        await user.press("x", "enter")
        await user.sees("from the service")
        assert sorted(heard["model"] for heard in models.heard) == ["garage", BASE]
        promote(workspace, runs[1])
        await user.sees(f"Tuned · garage, now {NEW}", f"{NEW} is in service now: it answers as garage")
        assert "from the service" in user.screen, "the conversation goes on"
        (file,) = (workspace.datasets / "chats").glob("*.json")
        assert json.loads(file.read_text())["run"] == "garage"
        go_back(workspace, to_base=True)
        await user.sees("no run answers as garage now")


async def test_before_any_run_the_lasting_name_can_be_chosen_and_answers_with_the_book(open_app, model_server):
    async with model_server() as models, open_app(screen="chat", size=(110, 40)) as user:
        models.answers = {BASE: ["base"], "garage": ["from the book"]}
        await user.sees("No tuned model yet")
        await user.press("ctrl+t", "enter")
        await user.sees("Tuned · garage, now the base model", "The model in service answers here")
        await user.press("x", "enter")
        await user.sees("from the book")
        assert sorted(heard["model"] for heard in models.heard) == ["garage", BASE]


async def test_a_conversation_with_the_model_in_service_continues_with_it(open_app, workspace, runs, model_server):
    promote(workspace, runs[0])
    async with model_server() as models, open_app(screen="chat", size=(110, 40)) as user:
        models.answers = {BASE: ["base"], "garage": ["served"], NEW: ["new"]}
        await user.sees(f"Tuned · {NEW}")
        await user.press("ctrl+t", "home", "enter")
        await user.sees(f"now {OLD}")
        await user.press("x", "enter")
        await user.sees("served")
        await user.press("ctrl+l")
        await user.press("ctrl+t", "end", "enter")
        await user.sees(f"Tuned · {OLD}")
        await user.press("ctrl+y")
        await user.sees("Which chat?")
        await user.press("enter")
        await user.sees(f"Tuned · garage, now {OLD}")
        assert "is missing" not in user.screen


async def test_the_state_line_says_when_the_base_model_answered_for_the_run_in_service(
    open_app, workspace, runs, model_server
):
    promote(workspace, runs[0])
    async with model_server() as models, open_app(screen="chat", size=(80, 24)) as user:
        models.answers = {BASE: ["base"], "garage": ["base"], NEW: ["new"]}
        models.answering = {"garage": BASE}
        await user.sees(NEW)
        await user.press("ctrl+t", "home", "enter")
        await user.sees("garage, now")
        await user.press("x", "enter")
        await user.sees("garage: the base model answered, because no taught subject was named")
        assert "is the adapter applied" not in user.screen
        models.answers["garage"], models.answering = ["taught"], {"garage": OLD}
        await user.press("y", "enter")
        await user.sees("taught")
        assert "no taught subject" not in user.screen


async def test_a_change_is_said_where_another_model_is_chosen_and_the_choice_stays(
    open_app, workspace, runs, model_server
):
    async with model_server(), open_app(screen="chat", size=(110, 40)) as user:
        await user.sees(f"Tuned · {NEW}")
        promote(workspace, runs[0])
        await user.sees(f"{OLD} is in service now: it answers as garage", f"Tuned · {NEW}")


def failed_start(workspace, port):
    """Have the start of the server fail as it does where the port is taken."""

    def start(*_, **options):
        if options.get("port") == 0:
            server_state.write_state(workspace.server, server_state.ServerState(status="off", base=BASE))
            return
        workspace.server.mkdir(exist_ok=True)
        reason = f"port {port} is taken by the model server of /home/anna/box: stop it there"
        state = server_state.ServerState(status="failed", reason=reason, base=BASE, taken_port=port)
        server_state.write_state(workspace.server, state)

    return start


async def test_a_taken_port_is_a_sentence_with_ways_out(open_app, workspace, runs, monkeypatch):
    starts, stopped = [], []
    start = failed_start(workspace, 27243)
    monkeypatch.setattr(
        server_process, "start", lambda *args, **options: (starts.append(options.get("port")), start(*args, **options))
    )
    monkeypatch.setattr(server_process, "stop", lambda where: stopped.append(where.root))
    monkeypatch.setattr(chat_server, "port_owner", lambda port: PortOwner(Path("/home/anna/box"), "python", 7))
    async with open_app(screen="chat", size=(150, 40)) as user:
        await user.sees(f"Tuned · {NEW}")
        await user.press("x", "enter")
        await user.sees("port 27243 is taken by the model server of /home/anna/box", "Ctrl+R on Chat (F4) offers ways")
        assert starts == [None]
        await user.sees_no("Esc Stop")  # while a question is asked, ctrl+r asks something else first
        await user.press("ctrl+r")
        await user.sees("Its port is taken", "Try again", "Stop the model server of /home/anna/box", "any free port")
        await user.press("down", "enter")
        await user.sees_no("Its port is taken")
        assert stopped == [Path("/home/anna/box"), workspace.root]
        await user.press("ctrl+r")
        await user.sees("Its port is taken")
        await user.press("end", "enter")
        await user.sees_no("Its port is taken")
        assert starts == [None, None, 0]


async def test_the_chat_answers_on_another_port_where_the_fixed_one_is_taken(
    open_app, workspace, tiny_model, monkeypatch
):
    """With a real server, and the port that the user has written into garage.toml meanwhile."""
    monkeypatch.delenv("GARAGE_PORT")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        workspace.settings_file.write_text(f'base_model = "{tiny_model}"\n[serve]\nport = {port}\n')
        from garage_tui.core.settings.settings import load_settings

        try:
            async with open_app(screen="chat", settings=load_settings(workspace), size=(150, 40)) as user:
                await user.press("x", "enter")
                await user.sees(f"port {port} is taken by ", "offers ways out", seconds=90)
                workspace.settings_file.write_text(f'base_model = "{tiny_model}"\n[serve]\nport = 0\n')
                await user.press("ctrl+r")
                await user.sees("Its port is taken", "Try again")
                await user.press("enter")
                await user.sees("● ready", seconds=120)
                end = time.monotonic() + 60
                while not (url := server_state.inspect(workspace).url):
                    assert time.monotonic() < end
                    await asyncio.sleep(0.05)
                assert not url.endswith(f":{port}/v1")
        finally:
            server_process.stop(workspace)
