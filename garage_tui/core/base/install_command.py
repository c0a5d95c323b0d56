"""The shell commands that put packages into the environment of this program."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, requires

from garage_tui.core.base.package_path import PACKAGE


def install_command(*requirements: str) -> str:
    """Return the command that installs packages beside this one; pip is always there, because this package needs it.

    It names this Python: another `pip` on the PATH would install for another one, and environments of pipx and uv are
    not on it.
    """
    return shlex.join([sys.executable, "-m", "pip", "install", *requirements])


def repair_command(missing: Sequence[str]) -> str:
    """Return the command that installs packages that this one needs, in the versions that it needs.

    It names them alone, never this package: an index may have another one of that name, or none.
    """
    if is_checkout():
        return "make setup"
    try:
        needed = [one for one in requires("garage-tui") or () if "extra ==" not in one]
    except PackageNotFoundError:
        needed = []
    exact = {re.split(r"[^\w.-]", one, maxsplit=1)[0]: one.partition(";")[0].strip() for one in needed}
    return install_command(*(exact.get(name, name) for name in missing))


def cuda_command(torch: str) -> str:
    """Return the command that replaces a CPU build of torch by PyPI's build of the same version, for NVIDIA GPUs."""
    if is_checkout():
        return "rm -rf .venv && make setup"
    return install_command("--force-reinstall", f"torch=={torch.partition('+')[0]}")


def is_checkout() -> bool:
    """Return whether this program runs from a checkout of its repository."""
    return (PACKAGE.parent / "Makefile").is_file() and (PACKAGE.parent / "pyproject.toml").is_file()
