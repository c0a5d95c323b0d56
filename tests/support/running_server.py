"""A real model server that answers, for tests that ask it."""

from __future__ import annotations

import time

import openai

from garage_tui.core.serving import server_process, server_state
from garage_tui.core.serving.server_state import ServerSnapshot
from garage_tui.core.settings.settings import Settings, Workspace


def start_server(box: Workspace, settings: Settings, base: str, seconds: float) -> ServerSnapshot:
    """Start a server on a free port, and wait until it is ready; the caller stops it."""
    server_process.start(box, settings, base, port=0, idle_minutes=0)
    deadline = time.monotonic() + seconds
    while (seen := server_state.inspect(box)).status == "starting":
        assert time.monotonic() < deadline, seen
        time.sleep(0.1)
    assert seen.status == "ready", seen
    return seen


def client_of(box: Workspace, timeout: float = 60) -> openai.OpenAI:
    """Return OpenAI's own client of the server of a workspace; it asks once and gives up after `timeout` seconds."""
    address = server_process.address(box)
    return openai.OpenAI(base_url=address.url, api_key=address.key, max_retries=0, timeout=timeout)
