"""Writes a LoRA adapter of PEFT as a GGUF that llama.cpp puts beside its base (`--lora FILE`)."""

from __future__ import annotations

import contextlib
import json
import math
from pathlib import Path

import torch
from gguf import MODEL_ARCH_NAMES, GGUFWriter
from gguf.tensor_mapping import get_tensor_name_map
from safetensors.torch import load_file

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.write_errors import why_not_written
from garage_tui.jobs.export.gguf_architectures import read_architecture

_PREFIX = "base_model.model."


def write_adapter_gguf(adapter: Path, base: Path, out: Path, about: dict[str, str] | None = None) -> None:
    """Write an adapter as a GGUF in 32 bits; nothing is left at `out` if that fails.

    Args:
        adapter: a plain LoRA adapter of this base, as `jobs/llm/adapters.py` checks it.
        base: the base's folder.
        about: more metadata, by GGUF's keys.

    Raises:
        GarageError: the base's architecture or a matrix cannot be written, or the disk is full.
    """
    architecture = read_architecture(base)
    config = json.loads(read_regular(adapter / "adapter_config.json"))
    names = get_tensor_name_map(architecture.kind, architecture.layers)
    part = out.with_name(f".{out.name}.part")
    writer = GGUFWriter(part, MODEL_ARCH_NAMES[architecture.kind])
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    rank, alpha = int(config["r"]), float(config["lora_alpha"])
    # llama.cpp divides by the rank; rank-stabilised adapters divide by its root.
    writer.add_float32("adapter.lora.alpha", alpha * math.sqrt(rank) if config.get("use_rslora") else alpha)
    for key, value in (about or {}).items():
        writer.add_string(key, value)
    for key, tensor in load_file(adapter / "adapter_model.safetensors").items():
        path, _, side = key.removeprefix(_PREFIX).removesuffix(".weight").rpartition(".lora_")
        as_gguf = names.get_name(f"{path}.weight", (".weight",)) if side in ("A", "B") else None
        if as_gguf is None:
            raise GarageError(f"the adapter has {one_line(key, 120)}, which llama.cpp does not have")
        # The rows of B are those of the base's matrix, which llama.cpp has in another order in some architectures.
        values = architecture.convert(f"{path}.weight", tensor) if side == "B" else tensor
        writer.add_tensor(f"{as_gguf}.lora_{side.lower()}", values.to(torch.float32).contiguous().numpy())
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        part.replace(out)
    except OSError as error:
        raise GarageError(f"{out.parent} cannot be written: {why_not_written(error, out)}") from error
    finally:
        with contextlib.suppress(OSError):
            writer.close()
        part.unlink(missing_ok=True)
