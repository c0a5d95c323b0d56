"""Who imports what, looked at in real processes: the doors stay light, and only jobs ever load torch."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys

import pytest

from tests.support.nvml.box import RTX_3090, T4

HEAVY = {"torch", "transformers", "trl", "peft", "datasets", "accelerate"}


def modules_after(code: str) -> set[str]:
    script = f"import json, sys\n{code}\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_help_loads_nothing_but_argparse_and_our_own_lists():
    help_ = "import garage_tui.__main__ as m\nm.parser().format_help()"
    assert not modules_after(help_) & (HEAVY | {"textual", "rich", "msgspec", "httpx", "platformdirs", "pynvml"})


def test_opening_the_app_loads_no_torch_and_no_http_client():
    loaded = modules_after("import garage_tui.app")
    assert "textual" in loaded
    assert not loaded & (HEAVY | {"httpx", "plotext"})


@pytest.mark.parametrize(
    "module", ["launcher", "runs", "facts", "models", "settings", "doctor", "estimate", "follow", "server", "chat"]
)
def test_the_core_is_plain_python(module):
    assert not modules_after(f"import garage_tui.core.{module}") & (HEAVY | {"textual", "rich"})


def test_the_supervisor_is_light():
    loaded = modules_after("import garage_tui.core.scheduling.supervisor")
    assert not loaded & (HEAVY | {"textual", "rich", "asyncio", "httpx"})


@pytest.mark.parametrize("cards", [(), (RTX_3090, T4)], ids=["no GPU", "two GPUs"])
def test_a_line_for_a_status_bar_loads_only_what_it_shows(workspace, request, cards):
    if cards:
        request.getfixturevalue("make_box")(*cards)
    folder = workspace.checkpoints / "20261125-1200-lora-garage"
    folder.mkdir()
    (folder / "state.json").write_text('{"state": "running", "step": 34, "total_steps": 100}')
    words = ["--workspace", str(workspace.root), "gpu", "--line"]
    script = f"import io, garage_tui.__main__ as m\nsys.stdout = io.StringIO()\nm.main({words})"
    script += "\nassert 'lora-garage 34/100' in sys.stdout.getvalue()\nsys.stdout = sys.__stdout__"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # it works, as far as a reader can tell
        loaded = modules_after(script)
    slow = {"msgspec", "dataclasses", "inspect", "asyncio", "httpx", "platformdirs", "textual", "rich"}
    assert not loaded & (HEAVY | slow)
