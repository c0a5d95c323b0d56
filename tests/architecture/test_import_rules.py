"""Who imports what, looked at in real processes: the doors stay light, and only jobs ever load torch."""

from __future__ import annotations

import fcntl
import importlib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

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
    loaded = modules_after("import garage_tui.app.app")
    assert "textual" in loaded
    assert not loaded & (HEAVY | {"httpx"})


def test_the_first_screen_loads_nothing_of_the_ledger_before_it_is_painted():
    code = "import garage_tui.app.run_app, garage_tui.screens.facts.pane, sys"
    found = (
        "print([name for name in sys.modules if name.startswith(('garage_tui.core.school', 'garage_tui.core.exam'))])"
    )
    done = subprocess.run([sys.executable, "-c", f"{code}\n{found}"], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


EVERY_CORE_MODULE = """
import importlib, pkgutil, garage_tui.core as core
names = [module.name for module in pkgutil.walk_packages(core.__path__, "garage_tui.core.")]
assert len(names) > 120, names
for name in names:
    importlib.import_module(name)
"""


def test_no_module_of_core_loads_textual_rich_or_torch():
    assert not modules_after(EVERY_CORE_MODULE) & (HEAVY | {"textual", "rich"})


def test_no_module_of_the_screens_widgets_driver_app_or_command_line_loads_torch_or_jobs():
    script = """
import importlib, pkgutil
names = []
for package in ("cli", "app", "driver", "widgets", "screens"):
    path = importlib.import_module(f"garage_tui.{package}").__path__
    names += [module.name for module in pkgutil.walk_packages(path, f"garage_tui.{package}.")]
assert len(names) > 110, len(names)
for name in names:
    importlib.import_module(name)
assert not [name for name in sys.modules if name.startswith("garage_tui.jobs")]
"""
    assert not modules_after(script) & HEAVY


@pytest.mark.parametrize(
    "name",
    ["garage_tui.jobs.lora", "garage_tui.jobs.diffusion", "garage_tui.core.notify", "garage_tui.core.powerwall"],
)
def test_modules_that_an_older_version_or_a_settings_file_starts_by_name_can_still_be_started(name):
    found = importlib.util.find_spec(f"{name}.__main__" if name.startswith("garage_tui.jobs") else name)
    assert found and found.origin and 'if __name__ == "__main__":' in Path(found.origin).read_text()


def test_a_supervisor_of_the_version_before_still_finds_the_power_cap():
    assert importlib.import_module("garage_tui.core.power_cap").put_back


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
