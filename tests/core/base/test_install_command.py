"""A command that installs something names the Python of this program, and can be pasted into a shell."""

from __future__ import annotations

import shlex
import subprocess
import sys

from garage_tui.core.base import install_command as module
from garage_tui.core.base.install_command import cuda_command, install_command, repair_command


def test_the_command_installs_beside_this_program():
    command = install_command("mcp>=2.3,<3", "xllamacpp")
    assert shlex.split(command) == [sys.executable, "-m", "pip", "install", "mcp>=2.3,<3", "xllamacpp"]
    python, _, pip = command.partition(" -m ")
    assert pip.startswith("pip install")
    done = subprocess.run(f"{python} -m pip --version", shell=True, capture_output=True, text=True)  # noqa: S602
    assert done.stdout.startswith("pip "), done.stderr


def test_a_checkout_is_mended_by_make_and_an_installed_wheel_by_pip(monkeypatch, tmp_path):
    assert repair_command(["torch"]) == "make setup"
    monkeypatch.setattr(module, "PACKAGE", tmp_path / "site-packages" / "garage_tui")
    needed = ["torch==2.13.0", "trl!=1.15.*,<2,>=1.12", 'trl<1.15; extra == "gpu"']
    monkeypatch.setattr(module, "requires", lambda name: needed)
    assert repair_command(["torch", "trl"]) == install_command("torch==2.13.0", "trl!=1.15.*,<2,>=1.12")
    assert cuda_command("2.13.0+cpu") == install_command("--force-reinstall", "torch==2.13.0")
