"""The rule that weights are loaded from safetensors files only: pickle files can run code and are refused."""

from __future__ import annotations

from pathlib import Path

import msgspec

from garage_tui.core.base.errors import BadInputError, reason_of
from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import check_regular, read_regular
from garage_tui.core.base.sanitize import one_line

SAFE = ".safetensors"
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".msgpack", ".h5")
"""Suffixes of weight files that may contain code, or that need another framework."""
_INDEX = "model.safetensors.index.json"


def refuse_pickles(folder: Path) -> None:
    """Check that a folder has no pickled weights only; one without any weights is refused elsewhere.

    Raises:
        BadInputError: all its weights are in another format; the text names a file and says what to do.
    """
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError:
        return
    pickled = [name for name in names if name.endswith(PICKLES) and name != "training_args.bin"]
    if pickled and not any(name.endswith(SAFE) for name in names):
        raise BadInputError(
            f"{one_line(str(folder), 400)} has its weights only in {one_line(pickled[0], 80)}, which may run code: "
            f"choose a folder with {SAFE} files"
        )


def check_folder(folder: Path) -> None:
    """Check a model's folder right before it is loaded.

    Raises:
        BadInputError: its weights are pickled, its index names other files than its safetensors, or it contains
            something that is not a file: a pipe, a device …
    """
    refuse_pickles(folder)
    for path in sorted(folder.iterdir()):
        if not path.is_dir():
            try:
                check_regular(path)
            except FileNotFoundError:
                continue  # a dangling link: reported where it is needed
            except OSError as error:
                raise BadInputError(f"{one_line(str(path), 400)} cannot be read: {error.strerror}") from error
    if not (folder / _INDEX).exists():
        return
    try:
        named = msgspec.json.decode(read_regular(folder / _INDEX), type=_Index).weight_map.values()
    except UNREADABLE as error:
        raise BadInputError(f"{one_line(str(folder / _INDEX), 400)} cannot be read: {reason_of(error)}") from error
    for name in named:
        if not name.endswith(SAFE) or Path(name).name != name:
            raise BadInputError(
                f"{one_line(str(folder / _INDEX), 400)} names {one_line(name, 80)}, which is not a {SAFE} file: "
                "fetch the model again"
            )


def brings_code(folder: Path) -> bool:
    """Return whether a model needs code of its own (`auto_map`), which is never run here."""
    for name in ("config.json", "tokenizer_config.json"):
        try:
            if msgspec.json.decode(read_regular(folder / name), type=_Config).auto_map:
                return True
        except UNREADABLE:
            continue
    return False


class _Index(msgspec.Struct):
    weight_map: dict[str, str] = {}


class _Config(msgspec.Struct):
    auto_map: dict[str, object] | None = None
