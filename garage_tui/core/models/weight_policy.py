"""What may be loaded of a model's folder: weights as safetensors, which hold numbers; no pickle, which runs code."""

from __future__ import annotations

from pathlib import Path

import msgspec

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import check_regular, read_regular
from garage_tui.core.base.sanitize import one_line

SAFE = ".safetensors"
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".msgpack", ".h5")
"""How files of weights end that may hold code, or that need a framework which is not here."""
_INDEX = "model.safetensors.index.json"


def refuse_pickles(folder: Path) -> None:
    """Look whether a folder has weights that can be loaded safely; one without any is for others to refuse.

    Raises:
        BadInputError: it has them in another format only; the text names the file, and says what to do.
    """
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError:
        return
    pickled = [name for name in names if name.endswith(PICKLES) and name != "training_args.bin"]
    if pickled and not any(name.endswith(SAFE) for name in names):
        raise BadInputError(
            f"{one_line(str(folder), 400)} has its weights in {one_line(pickled[0], 80)} only, which may run code: "
            f"name a folder with {SAFE} files"
        )


def check_folder(folder: Path) -> None:
    """Look through a model's folder right before it is loaded.

    Raises:
        BadInputError: its weights are pickled, its index leads to files that are none of its safetensors, or something
            in it is no file: a pipe, a device …
    """
    refuse_pickles(folder)
    for path in sorted(folder.iterdir()):
        if not path.is_dir():
            try:
                check_regular(path)
            except FileNotFoundError:
                continue  # a link to nothing: whoever needs it says so
            except OSError as error:
                raise BadInputError(f"{one_line(str(path), 400)} cannot be read: {error.strerror}") from error
    if not (folder / _INDEX).exists():
        return
    try:
        named = msgspec.json.decode(read_regular(folder / _INDEX), type=_Index).weight_map.values()
    except UNREADABLE as error:
        raise BadInputError(f"{one_line(str(folder / _INDEX), 400)} cannot be read: {error}") from error
    for name in named:
        if not name.endswith(SAFE) or Path(name).name != name:
            raise BadInputError(
                f"{one_line(str(folder / _INDEX), 400)} names {one_line(name, 80)}, which is no {SAFE} file beside it: "
                "fetch the model again"
            )


def brings_code(folder: Path) -> bool:
    """Return whether a model asks for code that comes with it (`auto_map`), which is never run here."""
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
