"""A GGUF while it is written: a file beside its name, which gets that name when it is complete and on the disk."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from gguf import GGUFWriter

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.write_errors import why_not_written


@contextlib.contextmanager
def new_gguf(out: Path, architecture: str) -> Iterator[GGUFWriter]:
    """Give the writer of a GGUF that is at `out` once the context has ended; nothing is left there if it fails.

    Args:
        out: the file to be made; one that is there is replaced.
        architecture: llama.cpp's name.

    Raises:
        GarageError: it cannot be written; the text says why.
    """
    part = out.with_name(f".{out.name}.part")
    writer = GGUFWriter(part, architecture)
    try:
        yield writer
        writer.close()
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(out)
    except OSError as error:
        raise GarageError(f"{out.parent} cannot be written: {why_not_written(_plain(error, writer), out)}") from error
    finally:
        with contextlib.suppress(OSError):
            writer.close()
        part.unlink(missing_ok=True)


def write_head(writer: GGUFWriter) -> None:
    """Write all that comes before the tensors; each of them has been announced."""
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()


def _plain(error: OSError, writer: GGUFWriter) -> OSError:
    """Return the system's own error: numpy does not say why an array could not be written, but the next byte does."""
    if error.errno is not None or not writer.fout:
        return error
    try:
        writer.fout[0].write(bytes(1 << 16))
        writer.fout[0].flush()
    except OSError as plain:
        return plain
    return error
