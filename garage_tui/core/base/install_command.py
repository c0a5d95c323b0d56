"""The shell commands that put packages into the environment of this program."""

from __future__ import annotations

import shlex
import sys

from garage_tui.core.base.package_path import PACKAGE


def install_command(*requirements: str) -> str:
    """Return the command that installs packages beside this one; pip is always there, because this package needs it.

    It names this Python: another `pip` on the PATH would install for another one, and environments of pipx and uv are
    not on it.
    """
    return shlex.join([sys.executable, "-m", "pip", "install", *requirements])


def repair_command() -> str:
    """Return the command that installs what this package needs, and is missing."""
    if is_checkout():
        return "make setup"
    return install_command("--upgrade", "--force-reinstall", "garage-tui")


def cuda_command(torch: str) -> str:
    """Return the command that replaces a CPU build of torch by PyPI's build of the same version, for NVIDIA GPUs."""
    if is_checkout():
        return "rm -rf .venv && make setup"
    return install_command("--force-reinstall", f"torch=={torch.partition('+')[0]}")


def is_checkout() -> bool:
    """Return whether this program runs from a checkout of its repository."""
    return (PACKAGE.parent / "Makefile").is_file() and (PACKAGE.parent / "pyproject.toml").is_file()
