"""A port that is taken: who has it, as far as one can know, and what to do."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from garage_tui.core.serving.port_owner import PortOwner, PortTakenError, port_owner


@pytest.fixture
def port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_another_program_is_named_with_its_process(port):
    owner = port_owner(port)
    assert (owner.workspace, owner.pid) == (None, os.getpid())
    assert owner.text == f"{psutil.Process().name()} (process {os.getpid()})"
    assert str(PortTakenError(port)) == (
        f"port {port} is taken by {owner.text}: give this workspace another one (`port` in [serve] of its garage.toml)"
    )


def test_the_model_server_of_a_workspace_is_named_with_its_workspace():
    owner = PortOwner(Path("/home/anna/box"), "python", 7)
    assert owner.text == "the model server of /home/anna/box"


def test_a_port_that_nobody_has_has_no_owner():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert port_owner(free.getsockname()[1]) is None


def test_of_another_users_program_nothing_is_known(monkeypatch):
    theirs = SimpleNamespace(status=psutil.CONN_LISTEN, laddr=SimpleNamespace(port=80), pid=None)
    monkeypatch.setattr(psutil, "net_connections", lambda kind: [theirs])
    assert str(PortTakenError(80)).startswith("port 80 is taken by a program of another user: give this workspace")
