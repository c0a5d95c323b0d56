"""Checks on the two files of a PEFT adapter, before any weights are loaded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from garage_tui.core.base.errors import GarageError, reason_of
from garage_tui.core.base.safe_open import check_regular, open_regular, read_regular
from garage_tui.core.base.sanitize import one_line, shown_line
from garage_tui.core.models.base_models import BaseModel
from garage_tui.core.models.weight_safety import PICKLES

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_MAX_HEADER = 100_000_000  # bytes, the limit of safetensors' own library

_PLAIN: dict[str, Callable[[Any], bool]] = {
    "peft_type": lambda value: value == "LORA",
    "task_type": lambda value: value in (None, "CAUSAL_LM"),
    "bias": lambda value: value in (None, "none"),
    "init_lora_weights": lambda value: value in (None, True, False, "gaussian"),
    **dict.fromkeys(
        (
            "use_dora",
            "lora_bias",
            "modules_to_save",
            "layer_replication",
            "trainable_token_indices",
            "target_parameters",
        ),
        lambda value: not value,
    ),
}


def stamp(folder: Path) -> tuple[int, int]:
    """Return modification time and size of an adapter's weights, which change when a run is resumed.

    Raises:
        GarageError: it has no weights.
    """
    try:
        stat = check_regular(folder / WEIGHTS)
    except OSError as error:
        raise _no_weights(folder) from error
    return stat.st_mtime_ns, stat.st_size


def rank(folder: Path) -> int:
    """Return an adapter's rank, the largest where modules have ranks of their own; 0 where it cannot be read."""
    try:
        table = json.loads(read_regular(folder / CONFIG))
        return max([int(table["r"]), *map(int, (table.get("rank_pattern") or {}).values())])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return 0


def check(folder: Path, base: BaseModel) -> None:
    """Check that an adapter is a plain LoRA adapter of this base.

    Raises:
        GarageError: it is something else, was trained on another base, or is damaged.
    """
    run = folder.parent.name
    if not (folder / WEIGHTS).exists():
        raise _no_weights(folder)
    try:
        table = json.loads(read_regular(folder / CONFIG))
        names = _names(folder / WEIGHTS)
    except (OSError, ValueError) as error:
        raise GarageError(f"the adapter of {run} cannot be read: {reason_of(error, 160)}") from error
    if not isinstance(table, dict):
        raise GarageError(f"the adapter of {run} cannot be read: {CONFIG} is not an object")
    for key, accepts in _PLAIN.items():
        if not accepts(table.get(key)):
            value = shown_line(json.dumps(table.get(key), ensure_ascii=False), 80)
            raise GarageError(f"the adapter of {run} is not plain LoRA ({key} is {value}) and cannot be served")
    foreign = [key for key in names if not key.endswith((".lora_A.weight", ".lora_B.weight"))]
    if foreign:
        raise GarageError(
            f"the adapter of {run} contains more than LoRA weights ({one_line(foreign[0], 80)}), so it is refused"
        )
    trained_on = str(table.get("base_model_name_or_path") or "")
    if not _same_base(trained_on, base):
        raise GarageError(f"{run} was trained on {trained_on or 'an unnamed base'}, not on {base.name}")


def _no_weights(folder: Path) -> GarageError:
    run = folder.parent.name
    pickled = sorted(path.name for path in folder.glob("*") if path.name.endswith(PICKLES))
    other = f" but only {one_line(pickled[0], 80)}" if pickled else ""
    advice = "train it again" if pickled else f"try `garage resume {run}`"
    return GarageError(
        f"{run} has no {WEIGHTS}{other}: weights in other formats can carry code and are refused; {advice}"
    )


def _names(file: Path) -> list[str]:
    """Return the names of the tensors in a safetensors file (its header: 8 bytes of length, then JSON)."""
    with open_regular(file) as opened:
        size = int.from_bytes(opened.read(8), "little")
        if not 0 < size <= min(_MAX_HEADER, file.stat().st_size):
            raise ValueError(f"{file.name} is damaged")
        header = json.loads(opened.read(size))
    if not isinstance(header, dict):
        raise ValueError(f"{file.name} is damaged")
    return [name for name in header if name != "__metadata__"]


def _same_base(trained_on: str, base: BaseModel) -> bool:
    if trained_on in (base.name, base.hub_id, str(base.path)):
        return True
    if trained_on.startswith("/") and Path(trained_on).resolve() == base.path.resolve():  # by way of a link
        return True
    # A fetched model's folder has the same name in every cache; a local folder matches only itself.
    return base.hub_id is not None and "/" in trained_on and Path(trained_on).name == base.path.name
