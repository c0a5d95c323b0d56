"""Conversion of a model folder to a GGUF with llama.cpp's converter."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from garage_tui.core.base.child_environment import without_leftovers
from garage_tui.core.base.errors import GarageError, reason_of
from garage_tui.core.base.install_command import install_command
from garage_tui.core.base.sanitize import decoded, one_line
from garage_tui.core.base.write_errors import shortage_in, shortage_sentence
from garage_tui.core.export import llama_cpp

_MISSING = re.compile(r"No module named '([A-Za-z0-9_]+)")
_USUAL_THETA = 10_000.0
"""The default of llama.cpp for a file that does not contain it."""
_PROGRESS = re.compile(r"Writing:\s+(\d+)%")


def check_ready(converter: Path) -> None:
    """Check that the converter's packages are installed, before a model is merged for it.

    Raises:
        GarageError: one is missing; the text has the command that installs it.
    """
    if len(_program(converter)) > 1 and find_spec(llama_cpp.NEEDS) is None:
        raise GarageError(_missing_package(llama_cpp.NEEDS))


def convert(
    converter: Path, model: Path, out: Path, outtype: str, about: dict[str, str], say: Callable[[str], None]
) -> None:
    """Run the converter on a model folder.

    Args:
        out: the file to be made.
        outtype: the number type, by the converter's name.
        about: the metadata of the file, with GGUF's keys.

    Raises:
        GarageError: the converter failed, or wrote an incomplete file; its last message is in the text.
    """
    metadata = out.with_suffix(".json")
    metadata.write_text(json.dumps(about))
    command = [
        *_program(converter),
        str(model),
        "--outfile",
        str(out),
        "--outtype",
        outtype,
        "--metadata",
        str(metadata),
    ]
    say(f"writing the GGUF ({outtype})")
    # Offline, so that no file of a model can make it fetch code.
    environment = {**without_leftovers(os.environ), "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
        )
    except OSError as error:
        raise GarageError(f"{converter} cannot be run: {error.strerror or error}") from error
    last = ""
    try:
        assert process.stdout
        for line in _lines(process.stdout):
            if progress := _PROGRESS.search(line):
                say(f"writing the GGUF ({outtype}): {progress[1]} %")
            elif line.strip():
                last = line
        code = process.wait()
    finally:
        process.kill()  # it ends with this job
        process.wait()
    if code:
        raise GarageError(_why(converter, out, last, code))
    _check(out, model, converter)
    metadata.unlink()


def _program(converter: Path) -> list[str]:
    """Return the command of the converter: run with this Python, which has torch; a wrapper script runs by itself."""
    with converter.open("rb") as file:
        first = file.readline(200)
    wrapper = first.startswith(b"#!") and b"python" not in first
    return [str(converter)] if wrapper else [sys.executable, str(converter)]


def _lines(output: IO[bytes]) -> Iterator[str]:
    """Yield the lines of a stream as they come; those of a progress bar end with a carriage return."""
    rest = b""
    while part := output.read1(4096):  # type: ignore[attr-defined]
        *lines, rest = re.split(rb"[\r\n]", rest + part)
        for line in lines:
            yield decoded(line)
        rest = rest[-4096:]
    yield decoded(rest)


def _why(converter: Path, out: Path, last: str, code: int) -> str:
    if missing := _MISSING.search(last):
        return _missing_package(missing[1])
    if kind := shortage_in(last):
        return shortage_sentence(kind, out, "free some space, or name another target with --to")
    reason = one_line(last, 400) or f"it ended with exit code {code}"
    return f"{converter.name} failed: {reason}"


def _missing_package(package: str) -> str:
    return f"llama.cpp's converter needs the package {package}: `{install_command(package)}`"


def _check(out: Path, model: Path, converter: Path) -> None:
    """Check that the file is complete, with all tensors, and has the model's rope_theta."""
    from gguf import GGUFReader

    try:
        reader = GGUFReader(out)
        has_weights = bool(reader.tensors)
        has_theta = any(name.endswith(".rope.freq_base") for name in reader.fields)
    except Exception as error:  # numpy's and gguf's own, for whatever is wrong with a file
        raise GarageError(f"{converter.name} wrote an incomplete file: {reason_of(error, 160)}") from error
    if not has_weights:
        raise GarageError(f"{converter.name} wrote a file without weights")
    theta = json.loads((model / "config.json").read_text(encoding="utf-8")).get("rope_theta", _USUAL_THETA)
    if not has_theta and theta != _USUAL_THETA:
        raise GarageError(
            f"{converter.name} lost the model's rope_theta ({theta:g}), without which it answers wrongly: "
            "it is older than transformers 5; update llama.cpp (git pull) and try again"
        )
