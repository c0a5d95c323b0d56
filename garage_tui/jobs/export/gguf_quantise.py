"""Quantises a 16-bit GGUF with llama.cpp's own code, in the mixes that llama.cpp calls q4_K_M and so on.

    python -m garage_tui.jobs.export.gguf_quantise SOURCE.gguf OUT.gguf q8_0|q6_K|q5_K_M|q4_K_M

A process of its own: a crash in the library ends only this. Progress goes to stdout, one percentage a line.
"""

from __future__ import annotations

import ctypes
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter, LlamaFileType
from gguf.quants import dequantize

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.install_command import install_command
from garage_tui.jobs.llm.gguf.gguf_file import new_gguf, write_head

_Kind = GGMLQuantizationType
SIZES = {
    "q8_0": (_Kind.Q8_0, LlamaFileType.MOSTLY_Q8_0),
    "q6_K": (_Kind.Q6_K, LlamaFileType.MOSTLY_Q6_K),
    "q5_K_M": (_Kind.Q5_K, LlamaFileType.MOSTLY_Q5_K_M),
    "q4_K_M": (_Kind.Q4_K, LlamaFileType.MOSTLY_Q4_K_M),
}
_NARROW = {_Kind.Q4_K: _Kind.Q5_0, _Kind.Q5_K: _Kind.Q5_1, _Kind.Q6_K: _Kind.Q8_0}
"""What llama.cpp takes instead where the rows of a tensor are no whole blocks of 256 weights."""
_MAX_ERROR = {_Kind.Q8_0: 0.02, _Kind.Q6_K: 0.04, _Kind.Q5_K: 0.08, _Kind.Q5_1: 0.08, _Kind.Q5_0: 0.1, _Kind.Q4_K: 0.15}
"""Largest root mean square error of a row, as a share of the row's own size; a wrong call is off by far more."""
_CHUNK_ROWS = 4096
_OWN = ("general.architecture", "general.file_type", "general.quantization_version")


def main() -> int:
    source, out, size = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    try:
        quantise(source, out, size)
    except GarageError as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    return 0


def quantise(source: Path, out: Path, size: str) -> None:
    """Write a 16-bit GGUF again, its matrices in fewer bits; nothing is left at `out` if that fails.

    Raises:
        GarageError: the library is not as expected, or the disk is full.
    """
    library = _library()
    reader = GGUFReader(source)
    architecture = str(reader.fields["general.architecture"].contents())
    with new_gguf(out, architecture) as writer:
        _write(writer, reader, architecture, size, library)


def _write(writer: GGUFWriter, reader: GGUFReader, architecture: str, size: str, library: Any) -> None:
    for name, field in reader.fields.items():
        if not name.startswith("GGUF.") and name not in _OWN:
            is_list = field.types[0] == GGUFValueType.ARRAY
            writer.add_key_value(name, field.contents(), field.types[0], field.types[-1] if is_list else None)
    writer.add_file_type(SIZES[size][1])
    writer.add_quantization_version(2)
    layers = int(reader.fields[f"{architecture}.block_count"].contents())
    names = {tensor.name for tensor in reader.tensors}
    kinds = {}
    for tensor in reader.tensors:
        shape = tuple(int(length) for length in reversed(tensor.shape))
        kind = kinds[tensor.name] = _Kind.F32
        if len(shape) > 1:
            kind = kinds[tensor.name] = _kind_of(tensor.name, shape[-1], size, layers, "output.weight" in names)
        block, bytes_ = GGML_QUANT_SIZES[kind]
        nbytes = int(np.prod(shape)) // block * bytes_
        writer.add_tensor_info(tensor.name, shape, np.dtype(np.float32), nbytes, raw_dtype=kind)
    write_head(writer)
    for number, tensor in enumerate(reader.tensors, 1):
        values = np.ascontiguousarray(dequantize(tensor.data, tensor.tensor_type), dtype=np.float32)
        writer.write_tensor_data(_encoded(library, tensor.name, values, kinds[tensor.name]))
        print(f"{100 * number // len(reader.tensors)} %", flush=True)


def _kind_of(name: str, columns: int, size: str, layers: int, has_output: bool) -> GGMLQuantizationType:
    """Return the number type that llama.cpp's quantiser gives a matrix, without an importance matrix.

    The last matrix of a model, which is the embeddings where both are one, is kept finer; and so are the values of the
    attention and the last matrix of the network in the first and last eighth of the layers and every third between.
    """
    kind = SIZES[size][0]
    if name == ("output.weight" if has_output else "token_embd.weight"):
        kind = kind if kind == _Kind.Q8_0 else (_Kind.Q6_K if columns % 256 == 0 else _Kind.Q8_0)
    elif size in ("q4_K_M", "q5_K_M") and name.endswith((".attn_v.weight", ".ffn_down.weight")):
        layer, eighth = int(name.split(".")[1]), layers // 8
        if layer < eighth or layer >= 7 * layers // 8 or (layer - eighth) % 3 == 2:
            kind = _Kind.Q6_K
    if columns % GGML_QUANT_SIZES[kind][0]:
        kind = _NARROW.get(kind, kind)
    return kind if columns % GGML_QUANT_SIZES[kind][0] == 0 else _Kind.F16


def _library() -> Any:
    """Return llama.cpp's library with the one function that is called, whose form has been the same since 2023.

    Raises:
        GarageError: it is not installed, or lacks the function.
    """
    from importlib.util import find_spec

    package = find_spec("xllamacpp")
    files = sorted(Path(package.origin).parent.glob("xllamacpp*.so")) if package and package.origin else []
    if not files:
        raise GarageError(f"xllamacpp is not installed, whose llama.cpp quantises: `{install_command('xllamacpp')}`")
    try:
        library = ctypes.CDLL(str(files[0]))
        call = library.ggml_quantize_chunk
    except (OSError, AttributeError) as error:
        raise GarageError(
            f"{files[0].name} of xllamacpp has no ggml_quantize_chunk: install another version"
        ) from error
    call.restype = ctypes.c_size_t
    call.argtypes = [
        ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p,
    ]  # fmt: skip
    return library


def _encoded(library: Any, name: str, values: np.ndarray[Any, Any], kind: GGMLQuantizationType) -> np.ndarray[Any, Any]:
    """Return the bytes of a tensor in a number type.

    Raises:
        GarageError: what the library wrote is not what `gguf` reads as that type.
    """
    if kind == _Kind.F32:
        return values
    if kind == _Kind.F16:
        return values.astype(np.float16)
    values = values.reshape(-1, values.shape[-1])
    rows, columns = values.shape
    block, bytes_ = GGML_QUANT_SIZES[kind]
    out = np.zeros((rows, columns // block * bytes_), dtype=np.uint8)

    def encode(first: int) -> bool:
        count = min(_CHUNK_ROWS, rows - first)
        start, end = values[first:], out[first:]
        written = library.ggml_quantize_chunk(int(kind), start.ctypes.data, end.ctypes.data, 0, count, columns, None)
        return bool(written == count * out.shape[1])

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        complete = all(pool.map(encode, range(0, rows, _CHUNK_ROWS)))
    for row in {0, rows // 2, rows - 1}:
        back = dequantize(out[row : row + 1], kind)[0]
        error = float(np.sqrt(np.mean((back - values[row]) ** 2)))
        complete &= error <= _MAX_ERROR[kind] * float(np.sqrt(np.mean(values[row] ** 2))) + 1e-7
    if not complete:
        raise GarageError(
            f"llama.cpp's library did not quantise {name} to {kind.name} as expected; use another version"
        )
    return out


if __name__ == "__main__":
    sys.exit(main())
