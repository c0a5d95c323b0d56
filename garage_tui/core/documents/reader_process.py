"""The process that parses one document, with limits on its memory and time: `python -m …reader_process < FILE`.

Parsers are written in C, and documents come from anywhere. What goes wrong in this process ends this process alone. Its
standard output has JSON lines: a `ReaderProgress` before each page of a PDF, and last a `ReaderResult`.
"""

from __future__ import annotations

import hashlib
import os
import resource
import sys

import msgspec

from garage_tui.core.documents.passage import Document

MAX_MEMORY = 1_500_000_000
"""Bytes of address space; libraries take a fifth of it, and a manual of a thousand pages another one."""
MAX_CPU_SECONDS = 900
MAX_FILE_BYTES = 200_000_000


class ReaderOrder(msgspec.Struct, frozen=True):
    """What a reader process is to read; its only argument, as JSON."""

    name: str
    """As the owner gave it."""
    file_name: str
    """Its end can say the format."""
    declared: str = ""
    """The encoding that a server names."""
    skipped: tuple[int, ...] = ()
    """Pages that an earlier reader process did not survive."""


class ReaderProgress(msgspec.Struct, frozen=True, tag="page"):
    """The page that is read next."""

    page: int
    pages: int


class ReaderResult(msgspec.Struct, frozen=True, tag="done"):
    """How reading ended: a document, or why there is none."""

    document: Document | None = None
    error: str = ""


def limit_resources() -> None:
    """Limit memory, time and files of this process; whatever is opened for writing stays empty."""
    for kind, limit in (
        (resource.RLIMIT_AS, MAX_MEMORY),
        (resource.RLIMIT_CPU, MAX_CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        _, most = resource.getrlimit(kind)
        resource.setrlimit(kind, (limit if most == resource.RLIM_INFINITY else min(limit, most),) * 2)


def main() -> int:
    """Read the document on standard input and write the result to standard output."""
    order = msgspec.json.decode(sys.argv[1], type=ReaderOrder)
    output = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints must not get between the results
    limit_resources()
    sys.setrecursionlimit(3000)
    try:
        result = ReaderResult(_read(order, output))
    except MemoryError:
        result = ReaderResult(error=f"it needs more than {MAX_MEMORY / 1e9:g} GB of memory")
    except RecursionError:
        result = ReaderResult(error="it is nested too deeply")
    except Exception as error:
        result = ReaderResult(error=_reason(error))
    _write(output, result)
    return 0


def _read(order: ReaderOrder, output: int) -> Document:
    from garage_tui.core.documents.formats.detect import read_bytes
    from garage_tui.core.documents.text.passages import make_document

    data = sys.stdin.buffer.read(MAX_FILE_BYTES)
    sha256 = hashlib.sha256(data).hexdigest()
    extracted = read_bytes(
        data,
        order.file_name,
        order.declared,
        lambda page, pages: _write(output, ReaderProgress(page, pages)),
        order.skipped,
    )
    return make_document(order.name, sha256, extracted, order.file_name.rsplit("/", 1)[-1])


def _reason(error: Exception) -> str:
    from garage_tui.core.base.errors import GarageError
    from garage_tui.core.base.sanitize import one_line

    if isinstance(error, GarageError):
        return one_line(str(error), 1000)
    return f"it is damaged ({type(error).__name__}: {one_line(str(error), 150)})"


def _write(output: int, message: ReaderProgress | ReaderResult) -> None:
    line = memoryview(msgspec.json.encode(message) + b"\n")
    while line:
        line = line[os.write(output, line) :]


if __name__ == "__main__":
    sys.exit(main())
