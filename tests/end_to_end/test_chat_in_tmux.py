"""The chat in a real tmux: Alt and a letter arrive, a copy reaches tmux's buffer, and a kill −9 costs nothing said."""

from __future__ import annotations

import json
import os
import signal

import pytest

from tests.support.app_in_tmux import Terminal, needs_tmux, wait_for

pytestmark = needs_tmux


@pytest.fixture(params=[(120, 40), (80, 24)], ids=["120x40", "80x24"])
def terminal(workspace, request):
    terminal = Terminal(workspace.root, *request.param)
    yield terminal
    terminal.close()


@pytest.fixture
def earlier(workspace):
    """A chat of yesterday."""
    folder = workspace.datasets / "chats"
    folder.mkdir()
    said = {"base": {"text": "A planet, I think."}, "tuned": {"text": "Größe: 8B, “local” LLM."}}
    turn = {"question": "What is TinyLLM?", "answers": said}
    (folder / "20261122-2315-what-is-tinyllm.json").write_text(json.dumps({"run": "gone", "turns": [turn]}))


def test_an_answer_is_copied_through_tmux_and_becomes_a_fact(terminal, workspace, earlier):
    terminal.open("chat")
    terminal.sees("Ask the base model")
    terminal.press("C-y")
    terminal.sees("Which chat?", "What is TinyLLM? · 1 question")
    terminal.press("Enter")
    terminal.sees("Größe: 8B")
    terminal.press("M-c")
    terminal.sees("tmux blocks it")
    terminal.tmux("set-option", "-g", "set-clipboard", "on")
    terminal.press("M-c")
    terminal.sees("✓ Copied the tuned model's answer, 23 characters")
    wait_for(
        lambda: terminal.tmux("show-buffer") == "Größe: 8B, “local” LLM.", 10, lambda: terminal.tmux("show-buffer")
    )
    terminal.press("Tab", "Left", "a")
    terminal.sees("A new row for garage.jsonl", "begins with the base model's answer")
    terminal.types(" No: a project.")
    terminal.press("C-s")
    terminal.sees("The facts file says otherwise", "y replace what the file says")
    terminal.press("y")
    terminal.sees("Replaced:", "line 1")
    os.kill(terminal.pid, signal.SIGKILL)
    rows = [json.loads(line) for line in (workspace.datasets / "garage.jsonl").read_text().splitlines()]
    assert (rows[0]["question"], rows[0]["answer"]) == ("What is TinyLLM?", "A planet, I think. No: a project.")
    assert rows[0]["source"] == "chat"
