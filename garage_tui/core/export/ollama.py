"""Ollama on this box: is it there, does it answer, and `ollama create`."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.sanitize import one_line

MODELFILE = "Modelfile"
_SECONDS = 20.0
_CREATE_SECONDS = 3600.0


def modelfile(gguf: str, ends: tuple[str, ...]) -> str:
    """Return a Modelfile for a GGUF beside it.

    It has no TEMPLATE: Ollama uses the one in the GGUF, which is the one that the model was trained with.

    Args:
        ends: the tokens that end an answer.
    """
    stops = [f'PARAMETER stop "{end}"' for end in ends if '"' not in end and "\n" not in end]
    return "\n".join([f"FROM ./{gguf}", "PARAMETER temperature 0", *stops]) + "\n"


def model_name(text: str) -> str:
    """Return a name that Ollama accepts for a model."""
    return re.sub(r"[^a-z0-9._-]+", "-", text.casefold()).strip("-._") or "garage"


def find() -> Path | None:
    """Return Ollama's program; None where it is not installed."""
    found = shutil.which("ollama")
    return Path(found) if found else None


def check_free(program: Path, name: str, *, force: bool) -> None:
    """Check that Ollama answers, and that it has no model of this name yet.

    Raises:
        GarageError: it does not answer.
        BadInputError: it has such a model, and `force` is not set.
    """
    done = _run([str(program), "list"], _SECONDS)
    if done.returncode:
        raise GarageError(f"Ollama does not answer ({_why(done)}): start it with `ollama serve`, then try again")
    names = [line.split()[0] for line in done.stdout.splitlines()[1:] if line.split()]
    if not force and any(one in (name, f"{name}:latest") for one in names):
        raise BadInputError(f"Ollama has a model {name} already: --force replaces it, or give another --name")


def create(program: Path, name: str, folder: Path) -> None:
    """Make a model of the Modelfile in a folder.

    Raises:
        GarageError: Ollama refuses it; the text has its message. The folder is unchanged.
    """
    done = _run([str(program), "create", name, "-f", MODELFILE], _CREATE_SECONDS, folder)
    if done.returncode:
        raise GarageError(f"`ollama create {name}` failed: {_why(done)}; the files in {folder} are complete")


def _run(command: list[str], seconds: float, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="surrogateescape",
            timeout=seconds,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise GarageError(f"Ollama did not finish within {seconds:g} seconds: is it running?") from error
    except OSError as error:
        raise GarageError(f"{command[0]} cannot be run: {error.strerror or error}") from error


def _why(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    return one_line(lines[-1], 200) if lines else f"exit code {done.returncode}"
