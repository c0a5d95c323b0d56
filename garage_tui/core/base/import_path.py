"""The folders that this program imports from, without those of the shell's `PYTHONPATH`.

A `PYTHONPATH` that another project left in the shell (ROS, Spack, a checkout) would replace our libraries with its own.
Our child processes do not get it (`child_environment`), and this process forgets it before it imports any library.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

from garage_tui.core.base.package_path import PACKAGE

MODULES = "GARAGE_PYTHONPATH"
"""Environment variable with more folders that our processes import from, as `PYTHONPATH` has them."""


def forget_shell_modules() -> None:
    """Take the folders of `PYTHONPATH` out of the import path, but for Python's own and that of this package."""
    own = {str(PACKAGE.parent), *os.environ.get(MODULES, "").split(os.pathsep), *sysconfig.get_paths().values()}
    own = {_resolved(folder) for folder in own if folder}
    shells = {_resolved(folder) for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep)} - own
    sys.path[:] = [folder for folder in sys.path if _resolved(folder) not in shells]


def _resolved(folder: str) -> str:
    return str(Path(folder).resolve())
