"""Writes PEFT's LoRA adapters as GGUF, as llama.cpp takes them; without torch."""

from __future__ import annotations

import fcntl
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFType, Keys
from gguf.tensor_mapping import TensorNameMap, get_tensor_name_map
from numpy.typing import NDArray

from garage_tui.core.base.errors import GarageError, reason_of
from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import open_regular, read_regular
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.workspace import models_folder
from garage_tui.core.base.write_errors import why_not_written
from garage_tui.core.export.gguf_support import architecture_of
from garage_tui.core.models.base_models import BaseModel, config_of
from garage_tui.jobs.llm.adapter_safety import CONFIG, WEIGHTS, check, stamp
from garage_tui.jobs.llm.gguf.gguf_file import new_gguf
from garage_tui.jobs.llm.gguf.gguf_order import INTERLEAVED, KINDS, interleaved

_PREFIX = "base_model.model."
_MAX_KEPT = 64
"""Files in the cache; the oldest goes first."""
_DTYPES = {"F32": "<f4", "F16": "<f2", "F64": "<f8"}


@dataclass(frozen=True)
class _Pair:
    """The two matrices of one module, in float32."""

    a: NDArray[Any]
    """(rank, inputs)"""
    b: NDArray[Any]
    """(outputs, rank)"""


def adapter_gguf(folder: Path, base: BaseModel) -> Path:
    """Return an adapter as GGUF, from the cache where it was written before.

    Args:
        folder: PEFT's.
        base: what it was trained on.

    Raises:
        GarageError: it is no plain LoRA adapter of this base, or llama.cpp cannot have it; the text says why.
    """
    identity = repr((str(folder.resolve()), stamp(folder), _bytes_of(folder / CONFIG)))
    cache = models_folder().parent / "adapters"
    out = cache / f"{hashlib.sha256(identity.encode()).hexdigest()[:32]}.gguf"
    if out.exists():
        return out
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with (cache / "lock").open("w") as lock:  # of two that need it at once, one writes it
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not out.exists():
                files = sorted(cache.glob("*.gguf"), key=lambda file: file.stat().st_mtime, reverse=True)
                for old in files[_MAX_KEPT - 1 :]:
                    old.unlink(missing_ok=True)
                write_adapter(folder, base, out)
    except OSError as error:
        raise GarageError(f"{cache} cannot be written: {why_not_written(error, cache)}") from error
    return out


def write_adapter(folder: Path, base: BaseModel, out: Path, about: dict[str, str] | None = None) -> None:
    """Write an adapter as GGUF in 32 bits; nothing is left at `out` if that fails.

    Args:
        about: more metadata, by GGUF's keys.

    Raises:
        GarageError: it is no plain LoRA adapter of this base, llama.cpp cannot have it, or `out` cannot be written; the
            text says why.
    """
    check(folder, base)
    run, config = folder.parent.name, config_of(base.path)
    architecture = architecture_of(config)
    if architecture is None:
        raise GarageError(f"llama.cpp cannot be given adapters of {base.name}: its architecture is not known here")
    table = json.loads(read_regular(folder / CONFIG))
    kind, alpha = KINDS[architecture], float(table["lora_alpha"])
    names = get_tensor_name_map(kind, int(config["num_hidden_layers"]))
    with new_gguf(out, architecture) as writer:
        writer.add_type(GGUFType.ADAPTER)
        writer.add_string(Keys.Adapter.TYPE, "lora")
        writer.add_float32(Keys.Adapter.LORA_ALPHA, alpha)
        for key, value in (about or {}).items():
            writer.add_string(key, value)
        for module, pair in sorted(_pairs(folder).items()):
            name = _name_in_gguf(module, names, run)
            rank = pair.a.shape[0]
            # llama.cpp multiplies by alpha / rank; whatever else PEFT's scale holds goes into B.
            b = pair.b * np.float32(_scale(table, module, rank) * rank / alpha) if alpha else pair.b * 0
            if kind in INTERLEAVED:
                b = _interleaved(b, module, config)
            writer.add_tensor(f"{name}.weight.lora_a", np.ascontiguousarray(pair.a, np.float32))
            writer.add_tensor(f"{name}.weight.lora_b", np.ascontiguousarray(b, np.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()


def _name_in_gguf(module: str, names: TensorNameMap, run: str) -> str:
    found = names.get_name(module)
    if found is None or not found.startswith("blk."):
        raise GarageError(
            f"the adapter of {run} changes {one_line(module, 80)}, which llama.cpp cannot change: "
            "`garage serve --engine embedded` serves it"
        )
    return str(found)


def _scale(table: dict[str, Any], module: str, rank: int) -> float:
    """Return by what PEFT multiplies the product of both matrices of a module."""
    alpha = float(table["lora_alpha"])
    for pattern, own in (table.get("alpha_pattern") or {}).items():
        if re.match(rf"(.*\.)?({pattern})$", module):
            alpha = float(own)
            break
    return alpha / (rank**0.5 if table.get("use_rslora") else rank)


def _interleaved(b: NDArray[Any], module: str, config: dict[str, Any]) -> NDArray[Any]:
    """Return the rows of q's or k's B in llama.cpp's order: both halves of each head in turns."""
    if module.endswith(".q_proj"):
        heads = int(config["num_attention_heads"])
    elif module.endswith(".k_proj"):
        heads = int(config.get("num_key_value_heads") or config["num_attention_heads"])
    else:
        return b
    return interleaved(b, heads)


def _pairs(folder: Path) -> dict[str, _Pair]:
    """Return the matrices of an adapter by the name of their module in the base.

    Raises:
        GarageError: the file is damaged.
    """
    run = folder.parent.name
    try:
        tensors = _read(folder / WEIGHTS)
        found = {}
        for name, a in tensors.items():
            if name.endswith(".lora_A.weight"):
                module = name.removesuffix(".lora_A.weight")
                found[module.removeprefix(_PREFIX)] = _Pair(a, tensors[f"{module}.lora_B.weight"])
        return found
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GarageError(f"the adapter of {run} cannot be read: {reason_of(error, 160)}") from error


def _read(file: Path) -> dict[str, NDArray[Any]]:
    """Return the tensors of a safetensors file in float32; its own library has no bfloat16 without torch."""
    with open_regular(file) as opened:
        data = opened.read()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    found = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        first, last = entry["data_offsets"]
        raw = data[8 + size + first : 8 + size + last]
        if entry["dtype"] == "BF16":
            values = (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)
        elif entry["dtype"] in _DTYPES:
            values = np.frombuffer(raw, _DTYPES[entry["dtype"]]).astype(np.float32)
        else:
            raise ValueError(f"{name} has the number type {entry['dtype']}")
        found[name] = values.reshape(entry["shape"])
    return found


def _bytes_of(file: Path) -> bytes:
    try:
        return read_regular(file)
    except UNREADABLE:
        return b""
