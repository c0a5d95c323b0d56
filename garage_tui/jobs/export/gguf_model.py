"""Writes a Hugging Face model folder of a common architecture as one GGUF, without llama.cpp's converter."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gguf import (
    GGML_QUANT_SIZES,
    GGML_QUANT_VERSION,
    MODEL_ARCH_NAMES,
    GGMLQuantizationType,
    GGUFWriter,
    LlamaFileType,
)
from gguf.quants import quantize
from gguf.tensor_mapping import get_tensor_name_map
from safetensors import SafetensorError, safe_open

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line
from garage_tui.jobs.export.gguf_architectures import Architecture, read_architecture
from garage_tui.jobs.export.gguf_vocabulary import read_vocabulary
from garage_tui.jobs.llm.gguf.gguf_file import new_gguf, write_head

_TYPES = {
    "f32": (GGMLQuantizationType.F32, LlamaFileType.ALL_F32),
    "f16": (GGMLQuantizationType.F16, LlamaFileType.MOSTLY_F16),
    "bf16": (GGMLQuantizationType.BF16, LlamaFileType.MOSTLY_BF16),
    "q8_0": (GGMLQuantizationType.Q8_0, LlamaFileType.MOSTLY_Q8_0),
}
_MAX_F16 = 65_504


def write_gguf(
    folder: Path, out: Path, outtype: str, say: Callable[[str], None], about: dict[str, str] | None = None
) -> None:
    """Write the model in a folder as a GGUF; nothing is left at `out` if that fails.

    Args:
        folder: a Hugging Face folder: config.json, *.safetensors and the tokenizer's files.
        out: the file to be made; one that is there is replaced.
        outtype: the number type of the matrices: f32, f16, bf16 or q8_0. Vectors are always f32.
        about: more metadata, by GGUF's keys: `general.name`, `general.description`.

    Raises:
        GarageError: the architecture, the tokenizer or a weight cannot be written, a file is damaged, or the disk is
            full; the text says which.
        OSError: the weights cannot be read.
    """
    architecture = read_architecture(folder)
    vocabulary = read_vocabulary(folder, architecture.config.vocab_size)
    try:
        with contextlib.ExitStack() as files:
            checkpoint = _Checkpoint(folder, architecture, files)
            with new_gguf(out, MODEL_ARCH_NAMES[architecture.kind]) as writer:
                writer.add_type("model")
                writer.add_file_type(_TYPES[outtype][1])
                writer.add_quantization_version(GGML_QUANT_VERSION)
                for key, value in ({"general.name": folder.name} | (about or {})).items():
                    writer.add_string(key, value)
                architecture.write(writer)
                vocabulary.write(writer)
                _write_tensors(writer, checkpoint, outtype, say)
    except SafetensorError as error:
        raise GarageError(f"the weights in {folder} are damaged: {one_line(str(error), 120)}") from error


def check_base(folder: Path) -> None:
    """Check that the model in a folder can be written, before an adapter is merged into it.

    Raises:
        GarageError: its architecture or tokenizer cannot be written.
    """
    read_vocabulary(folder, read_architecture(folder).config.vocab_size)


class _Checkpoint:
    """The tensors of a model folder, under their names in a GGUF."""

    def __init__(self, folder: Path, architecture: Architecture, files: contextlib.ExitStack) -> None:
        self._architecture = architecture
        self._sources: dict[str, tuple[Any, str]] = {}
        """The open file and the name in the checkpoint, by the name in the GGUF."""
        names = get_tensor_name_map(architecture.kind, architecture.layers)
        for path in sorted(folder.glob("*.safetensors")):
            file = files.enter_context(safe_open(path, "pt"))
            for name in file.keys():  # noqa: SIM118 (it is no dictionary)
                if name.endswith(".rotary_emb.inv_freq") or (architecture.tied and name == "lm_head.weight"):
                    continue
                if not (as_gguf := names.get_name(name, (".weight", ".bias"))):
                    raise GarageError(f"{path} contains {one_line(name, 120)}, which llama.cpp does not have")
                self._sources[as_gguf] = (file, name)
        needed = ["token_embd.weight", *(f"blk.{layer}.attn_q.weight" for layer in range(architecture.layers))]
        if missing := [name for name in needed if name not in self._sources]:
            raise GarageError(f"the weights in {folder} are incomplete: {missing[0]} is missing")

    def shapes(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Yield name and shape of each tensor, without its weights."""
        for as_gguf, (file, name) in self._sources.items():
            yield as_gguf, tuple(file.get_slice(name).get_shape())
        if (factors := self._architecture.rope_factors()) is not None:
            yield "rope_freqs.weight", tuple(factors.shape)

    def tensors(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield name and weights of each tensor, one at a time, in the order of `shapes`."""
        for as_gguf, (file, name) in self._sources.items():
            yield as_gguf, self._architecture.convert(name, file.get_tensor(name))
        if (factors := self._architecture.rope_factors()) is not None:
            yield "rope_freqs.weight", factors


def _write_tensors(writer: GGUFWriter, checkpoint: _Checkpoint, outtype: str, say: Callable[[str], None]) -> None:
    total = 0
    for name, shape in checkpoint.shapes():
        kind = _kind(shape, outtype)
        block, size = GGML_QUANT_SIZES[kind]
        nbytes = int(np.prod(shape)) // block * size
        writer.add_tensor_info(name, shape, np.dtype(np.float32), nbytes, raw_dtype=kind)
        total += nbytes
    say(f"writing the GGUF ({outtype})")
    write_head(writer)
    written = 0
    for name, tensor in checkpoint.tensors():
        data = _encoded(name, tensor, _kind(tuple(tensor.shape), outtype))
        writer.write_tensor_data(data)
        before, written = written, written + data.nbytes
        if before * 100 // total != written * 100 // total:
            say(f"writing the GGUF ({outtype}): {written * 100 // total} %")


def _kind(shape: tuple[int, ...], outtype: str) -> GGMLQuantizationType:
    """Return the number type of a tensor: vectors in f32; matrices whose rows are no whole blocks in f16."""
    kind = _TYPES[outtype][0]
    if len(shape) < 2:
        return GGMLQuantizationType.F32
    return kind if shape[-1] % GGML_QUANT_SIZES[kind][0] == 0 else GGMLQuantizationType.F16


def _encoded(name: str, tensor: torch.Tensor, kind: GGMLQuantizationType) -> np.ndarray[Any, Any]:
    """Return the bytes of a tensor in a number type.

    Raises:
        GarageError: a weight is no number, or too large for the type.
    """
    values = tensor.float()
    if not torch.isfinite(values).all():
        raise GarageError(f"{name} has a weight that is no finite number: the model is damaged")
    if kind == GGMLQuantizationType.F16 and values.abs().max() > _MAX_F16:
        raise GarageError(f"{name} has a weight that is too large for f16: write it as bf16 (--outtype bf16)")
    data: np.ndarray[Any, Any]
    if kind == GGMLQuantizationType.BF16:
        data = tensor.to(torch.bfloat16).contiguous().view(torch.uint16).numpy()
    else:
        data = quantize(values.contiguous().numpy(), kind)
    return data
