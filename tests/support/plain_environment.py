"""A Python that has diffusers, torch and what these two require, and nothing else: what a stranger's box has."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

NEEDED = ("diffusers", "torch")


def requirements_of(*names: str) -> set[str]:
    """Return the distributions that pip would install for `names`, without any extra."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            requires = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # what this environment gets from elsewhere, such as setuptools
        found.add(name)
        needed = [Requirement(text) for text in requires]
        waiting += [one.name for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})]
    return found


def run_plainly(packages: Path, tasks: Sequence[tuple[Path, str]]) -> subprocess.CompletedProcess[str]:
    """Run Python code, each in a folder of its own, by a Python that can import the needed distributions alone.

    Args:
        packages: a folder to make, with links to the packages.
        tasks: (folder, code) of each.
    """
    packages.mkdir()
    for name in requirements_of(*NEEDED):
        distribution = metadata.distribution(name)
        for top in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
            link = packages / top
            if not link.is_symlink():
                link.symlink_to(Path(str(distribution.locate_file(top))))
    program = f"""
import importlib.util, os, sys
sys.path.append({str(packages)!r})
for name in ("garage_tui", "accelerate", "transformers"):
    assert importlib.util.find_spec(name) is None, name
for folder, code in {[(str(folder), code) for folder, code in tasks]!r}:
    os.chdir(folder)
    exec(code, {{"__name__": "__main__"}})
"""
    return subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, timeout=240)
