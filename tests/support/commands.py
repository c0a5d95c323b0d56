"""Commands of `garage`: in a process of their own as a shell starts them, or in this process where that is enough."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from garage_tui.__main__ import main
from garage_tui.core.settings.settings import Workspace


def garage(
    workspace: Workspace, *arguments: object, timeout: float = 300, **more: Any
) -> subprocess.CompletedProcess[str]:
    """Run `garage …` on a workspace in a process of its own.

    Args:
        timeout: seconds after which it counts as hanging: many, since other tests work on the same cores.
        more: arguments of `subprocess.run`.
    """
    command = [sys.executable, "-m", "garage_tui", "--workspace", str(workspace.root), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, **more)


@pytest.fixture
def call(workspace, capfd, monkeypatch):
    """Runs `garage …` in this process and returns (exit code, stdout, stderr)."""
    monkeypatch.setenv("COLUMNS", "100")

    def call_(*arguments: object) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main(["--workspace", str(workspace.root), *map(str, arguments)])
        return code, *capfd.readouterr()

    return call_
