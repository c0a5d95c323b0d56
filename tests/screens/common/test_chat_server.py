"""How the chat describes its model server in each state."""

from pathlib import Path

import pytest

from garage_tui.core.serving.server_state import ServerSnapshot
from garage_tui.core.settings.settings import ChatSettings, Settings
from garage_tui.screens.common.chat_server import EmbeddedChatServer, ExternalChatServer, make_chat_server


def snapshot(status, reason="", **fields):
    return ServerSnapshot(status, reason, None, "/models/tiny", Path(), **fields)


@pytest.mark.parametrize(
    ("server_snapshot", "text"),
    [
        (snapshot("off"), "○ the model server is off; it starts with your first question"),
        (snapshot("starting", "loading tiny"), "◐ starting the model server · loading tiny · 0 s"),
        (
            snapshot("ready", engine="torch 2", memory=3 * 2**29),
            "● ready · tiny and its tuned models · 1.5 GiB · torch 2",
        ),
        (
            snapshot("ready", engine="llama.cpp (xllamacpp 1.2)", reason="busy"),
            "● ready · tiny and its tuned models · llama.cpp · busy",
        ),
        (snapshot("ready"), "● ready · tiny and its tuned models"),
        (snapshot("asleep", "a run has the GPU"), "◌ a run has the GPU"),
        (snapshot("failed", "out of\nmemory"), "✗ the model server is not running: out of memory · Ctrl+R"),
    ],
)
def test_each_state_of_the_workspaces_own_server_is_a_sentence(workspace, server_snapshot, text):
    server = make_chat_server(workspace, Settings(), lambda _: None)
    assert isinstance(server, EmbeddedChatServer)
    assert server.describe(server_snapshot).startswith(text)


def test_an_external_server_is_named_and_keeps_its_base(workspace):
    settings = Settings(chat=ChatSettings(server="http://box:1/v1", base="theirs", tuned="bot"))
    server = make_chat_server(workspace, settings, lambda _: None)
    assert isinstance(server, ExternalChatServer)
    server.choose_base("ours")
    assert (server.base, server.tuned) == ("theirs", "bot")
    assert server.describe(snapshot("ready")).startswith("● http://box:1/v1")
    assert server.describe(snapshot("failed", "gone")) == "✗ http://box:1/v1: gone · Ctrl+R tries again"
