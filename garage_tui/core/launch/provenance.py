"""What a run was made with: the versions of packages, and the revision of its workspace."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = ("garage-tui", "torch", "transformers", "trl", "peft", "accelerate", "datasets", "diffusers", "unsloth")


def package_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that train; those that are not installed are left out."""
    found = {"python": sys.version.split()[0]}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def git_revision(folder: Path) -> str | None:
    """Return the revision of a folder, with `+` where it has changes; None outside a repository."""
    try:
        git = subprocess.run(
            ["git", "-C", str(folder), "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"],
            capture_output=True,
            text=True,
            timeout=5,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return git.stdout.strip() or None
