"""`garage chat`: the app opens on the chat; a run that cannot be talked to is a sentence before any screen."""

from __future__ import annotations

import pytest

from garage_tui.__main__ import main
from garage_tui.core.runs.catalog import new_run_folder
from garage_tui.core.runs.record import Manifest, RunState, write_manifest, write_state


@pytest.fixture
def make_run(workspace):
    def make(kind: str, adapter: bool = True) -> str:
        folder = new_run_folder(workspace, kind, "demo")
        write_manifest(folder, Manifest(id=folder.name, kind=kind, created=1, recipe={}, base={}, dataset={}))
        write_state(folder, RunState(state="finished", created=1))
        if adapter:
            (folder / "adapter").mkdir()
            (folder / "adapter" / "adapter_config.json").write_text("{}")
        return folder.name

    return make


@pytest.fixture
def opened(monkeypatch):
    """Which screen the app was opened on, and with which run."""
    calls = []

    def open_app(args) -> int:
        calls.append((args.screen, args.talk_to))
        return 0

    monkeypatch.setattr("garage_tui.__main__.open_app", open_app)
    return calls


def chat(workspace, *arguments) -> int:
    return main(["--workspace", str(workspace.root), "chat", *arguments])


def test_it_opens_the_app_on_the_chat(workspace, opened):
    assert chat(workspace) == 0
    assert opened == [("chat", None)]


def test_the_beginning_of_a_run_is_enough(workspace, opened, make_run):
    run = make_run("lora")
    assert chat(workspace, "--run", run[:15]) == 0
    assert opened == [("chat", run)]


@pytest.mark.parametrize(
    ("kind", "adapter", "text"),
    [("lora", False, "has no adapter to ask"), ("diffusion", True, "draws pictures and cannot answer questions")],
)
def test_a_run_that_cannot_answer_is_a_sentence(workspace, opened, make_run, capsys, kind, adapter, text):
    assert chat(workspace, "--run", make_run(kind, adapter)) == 2
    assert text in capsys.readouterr().err
    assert not opened


def test_without_a_terminal_it_says_so(workspace, capsys):
    assert chat(workspace) == 2
    assert "the app needs a terminal" in capsys.readouterr().err
