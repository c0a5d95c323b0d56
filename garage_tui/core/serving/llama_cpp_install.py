"""The installation of llama.cpp, which comes as the package xllamacpp: can it run here?"""

from __future__ import annotations

import ctypes
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from garage_tui.core.base.install_command import install_command

_NEEDS = ("avx2", "fma", "f16c", "bmi2")
"""Instructions of x86 that the wheels use (docs/explain/figures.md); a processor without them ends the process."""
_OPENMP = "libgomp.so.1"
"""A library of the system that the wheels for Linux need and do not bring."""


def installed_version() -> str:
    """Return the version of xllamacpp; empty where it is not installed."""
    try:
        return version("xllamacpp")
    except PackageNotFoundError:
        return ""


def why_not() -> tuple[str, str]:
    """Return why llama.cpp cannot run on this box, and the command that mends it; both empty where it can run."""
    if not installed_version():
        return "xllamacpp is not installed", install_command("xllamacpp")
    if missing := _missing_instructions():
        return f"this processor lacks {', '.join(missing)}, for which xllamacpp was compiled", ""
    if sys.platform == "linux":
        try:
            ctypes.CDLL(_OPENMP)
        except OSError:
            return f"the system has no {_OPENMP}", "apt install libgomp1"
    return "", ""


def _missing_instructions() -> list[str]:
    if platform.machine() != "x86_64":
        return []
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return []
    flags = next((line.split() for line in text.splitlines() if line.startswith("flags")), None)
    return [name for name in _NEEDS if name not in flags] if flags else []
