"""Runs on two base models: a server answers for those of its own base, and says why not for the others."""

from __future__ import annotations

import asyncio
import time

import openai
import pytest

from garage_tui.__main__ import main
from garage_tui.core.base.errors import GarageError
from garage_tui.core.runs.catalog import new_run_folder
from garage_tui.core.runs.promotion import promote
from garage_tui.core.runs.record import Manifest, RunState, read_run, write_manifest, write_state
from garage_tui.core.serving import llama_cpp_install, server_process
from garage_tui.core.settings.settings import ServeSettings, Settings, Workspace
from garage_tui.screens.common.chat_server import EmbeddedChatServer
from tests.support.gguf_models import random_model
from tests.support.running_server import client_of, start_server

pytestmark = pytest.mark.skipif(bool(llama_cpp_install.why_not()[0]), reason="llama.cpp cannot run here")
SETTINGS = Settings(serve=ServeSettings(engine="llama.cpp"))


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    root = tmp_path_factory.mktemp("two")
    (root / "checkpoints").mkdir()
    return Workspace(root)


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bases")
    return [random_model(name, folder / name, split) for name, split in (("Llama", "smollm"), ("Qwen2", "qwen2"))]


@pytest.fixture(scope="module")
def runs(box, bases, new_adapter):
    """A run on each base."""

    def make(base):
        folder, now = new_run_folder(box, "lora", base.name.lower()), time.time()
        entry = {"name": str(base), "path": str(base)}
        write_manifest(folder, Manifest(id=folder.name, kind="lora", created=now, recipe={}, base=entry, dataset={}))
        new_adapter(folder / "adapter", base, 1)
        write_state(folder, RunState(state="finished", created=now, started=now, ended=now))
        return read_run(folder)

    return [make(base) for base in bases]


@pytest.fixture
def server(box, bases):
    """Start the server of one of the two bases."""

    def start(index):
        server_process.stop(box)
        start_server(box, SETTINGS, str(bases[index]), 120)
        return client_of(box)

    yield start
    server_process.stop(box)


def ask(client, model):
    messages = [{"role": "user", "content": "What is TinyLLM?"}]
    return client.chat.completions.create(model=model, messages=messages, max_tokens=8)


def test_a_run_of_another_base_is_put_in_service_and_answers_once_the_server_has_its_base(
    box, bases, runs, server, capsys
):
    own, other = runs
    client = server(0)
    assert main(["--workspace", str(box.root), "promote", other.id]) == 0
    said = capsys.readouterr().out
    assert f"{other.id} is in service: it answers as `garage` once the server has its base model\n" in said
    assert f"the server that runs here has the base model {bases[0]}, and this run needs {bases[1]}: restart it" in said
    with pytest.raises(openai.APIStatusError) as refused:
        ask(client, "garage")
    assert refused.value.status_code == 503
    reason = f"the run in service, {other.id}, was trained on {bases[1]}, but this server has {bases[0]}: restart it"
    assert reason in refused.value.message
    assert {model.id: getattr(model, "unavailable", "") for model in client.models.list()} == {
        "garage": refused.value.body["message"], str(bases[0]): "", own.id: ""
    }  # fmt: skip
    with pytest.raises(openai.NotFoundError, match=rf"does not exist. It was .* `garage serve {other.id}` serves"):
        ask(client, other.id)
    assert ask(client, own.id).model == own.id

    chat = EmbeddedChatServer(box, Settings(base_model=str(bases[1])), lambda snapshot: None, "Ctrl+R")
    with pytest.raises(GarageError, match=r"the model server serves .*Llama, not .*Qwen2: Ctrl\+R restarts it"):
        asyncio.run(chat.wait_until_ready())

    client = server(1)
    answer = ask(client, "garage")
    assert (answer.model, answer.system_fingerprint) == ("garage", other.id)
    promote(box, own)
    assert main(["--workspace", str(box.root), "back"]) == 0
    assert "from the next question on" in capsys.readouterr().out
    assert ask(client, "garage").system_fingerprint == other.id
