"""Reads a document: opens or fetches it, and has it parsed by a process of its own."""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, BinaryIO

import msgspec

from garage_tui.core.base.child_environment import environment
from garage_tui.core.base.child_process import how_it_ended
from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.format import human_bytes
from garage_tui.core.base.home_path import expand_home
from garage_tui.core.base.json_text import replace_half_characters
from garage_tui.core.base.safe_open import IrregularFileError, open_regular
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.workspace import Workspace
from garage_tui.core.documents.line_splitter import LineSplitter
from garage_tui.core.documents.passage import Document
from garage_tui.core.documents.reader_process import MAX_FILE_BYTES, ReaderOrder, ReaderProgress, ReaderResult

PAGE_SECONDS = 30.0
"""Longest that one page may take."""
OPEN_SECONDS = 120.0
"""Longest that the process and a document without pages may take, or what comes before the first page of a PDF."""
WHOLE_SECONDS = 1800.0
_MAX_OUTPUT = 400_000_000
"""Bytes that a reader process may write."""
_MAX_LOST_PAGES = 3
"""Pages that a reader process may end at, before the document is given up."""
_URL = re.compile(r"https?://", re.IGNORECASE)
_OTHER_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)

OnPage = Callable[[int, int], None]
"""Called with the page that is read next, and how many there are."""


class _LostPageError(Exception):
    """The reader process ended while it read a page."""

    def __init__(self, page: int, reason: str) -> None:
        super().__init__(reason)
        self.page, self.reason = page, reason


def is_url(name: str) -> bool:
    """Return whether a name is the address of a web page."""
    return _URL.match(name) is not None


def read_document(name: str, workspace: Workspace, on_page: OnPage = lambda page, pages: None) -> Document:
    """Return a document with its passages. It blocks; interrupting it ends the process that reads.

    Args:
        name: a path (relative ones are in the workspace) or a URL.

    Raises:
        BadInputError: it cannot be read; the text says why.
    """
    if is_url(name):
        from garage_tui.core.documents.fetch import fetch

        page = fetch(name)
        with tempfile.TemporaryFile() as file:
            file.write(page.content)
            return _named(
                name, _read(file, ReaderOrder(replace_half_characters(name), page.file_name, page.encoding), on_page)
            )
    if scheme := _OTHER_SCHEME.match(name):
        raise BadInputError(
            f"{one_line(name)}: garage reads http:// and https:// addresses and files, no {scheme[1]}://"
        )
    path = workspace.root / expand_home(name)
    with _open(path, name) as file:
        return _named(
            name, _read(file, ReaderOrder(replace_half_characters(name), replace_half_characters(path.name)), on_page)
        )


def _named(name: str, document: Document) -> Document:
    """Return a document under the name that the owner gave; half characters of it go through no pipe."""
    if document.name == name:
        return document
    passages = tuple(msgspec.structs.replace(passage, document=name) for passage in document.passages)
    return msgspec.structs.replace(document, name=name, passages=passages)


def _open(path: Path, name: str) -> BinaryIO:
    shown = one_line(name)
    try:
        file = open_regular(path)
    except IrregularFileError as error:
        raise BadInputError(f"{shown}: {error}") from error
    except OSError as error:
        raise BadInputError(f"{shown}: {error.strerror}") from error
    size = os.fstat(file.fileno()).st_size
    if size > MAX_FILE_BYTES:
        file.close()
        raise BadInputError(
            f"{shown}: it has {human_bytes(size)}; garage reads files of up to {human_bytes(MAX_FILE_BYTES)}"
        )
    return file


def _read(file: BinaryIO, order: ReaderOrder, on_page: OnPage) -> Document:
    """Return the document of an open file. A page that ends the reader process is left out, and reading begins anew."""
    lost: dict[int, str] = {}
    while True:
        try:
            document = _ReaderRun(file, msgspec.structs.replace(order, skipped=tuple(lost)), on_page).run()
        except _LostPageError as error:
            lost[error.page] = error.reason
            if len(lost) > _MAX_LOST_PAGES:
                raise BadInputError(
                    f"{one_line(order.name)}: page after page cannot be read ({error.reason})"
                ) from error
        else:
            left_out = tuple(f"page {page}: {reason}" for page, reason in sorted(lost.items()))
            return msgspec.structs.replace(document, left_out=left_out + document.left_out)


class _ReaderRun:
    """One reader process, and what it has written so far."""

    def __init__(self, file: BinaryIO, order: ReaderOrder, on_page: OnPage) -> None:
        self._file, self._order, self._on_page = file, order, on_page
        self._page = 0
        self._decoder = msgspec.json.Decoder(ReaderProgress | ReaderResult)

    def run(self) -> Document:
        """Return the document.

        Raises:
            BadInputError: there is none.
            _LostPageError: the process ended at a page.
        """
        self._file.seek(0)
        process = self._start()
        assert process.stdout
        try:
            with process.stdout as output:
                return self._document(self._result(output), process)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-m",
            "garage_tui.core.documents.reader_process",
            msgspec.json.encode(self._order).decode(),
        ]
        try:
            return subprocess.Popen(
                command, stdin=self._file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment(), cwd="/"
            )
        except (OSError, ValueError) as error:
            raise GarageError(f"no process can be started to read {one_line(self._order.name)}: {error}") from error

    def _result(self, output: IO[bytes]) -> ReaderResult | str:
        """Return the result that the process writes, or why it wrote none."""
        unread = LineSplitter()
        begun = time.monotonic()
        size = 0
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            page_ends = begun + OPEN_SECONDS
            while True:
                now = time.monotonic()
                left = min(page_ends, begun + WHOLE_SECONDS) - now
                if left <= 0:
                    limit = PAGE_SECONDS if self._page else OPEN_SECONDS
                    return f"it takes longer than {limit if now < begun + WHOLE_SECONDS else WHOLE_SECONDS:.0f} s"
                if not selector.select(left):
                    continue
                part = os.read(output.fileno(), 1 << 16)
                if not part:
                    return ""
                size += len(part)
                if size > _MAX_OUTPUT:
                    return f"its text has more than {human_bytes(_MAX_OUTPUT)}"
                for line in unread.add(part):
                    message = self._decoder.decode(line)
                    if isinstance(message, ReaderResult):
                        return message
                    self._page = message.page
                    # After the last page its paragraphs are put together, which is quick, but not for 5,000 pages.
                    more = OPEN_SECONDS if message.page == message.pages else 0.0
                    page_ends = time.monotonic() + PAGE_SECONDS + more
                    self._on_page(message.page, message.pages)

    def _document(self, result: ReaderResult | str, process: subprocess.Popen[bytes]) -> Document:
        name = one_line(self._order.name)
        if isinstance(result, ReaderResult):
            if result.document is None:
                raise BadInputError(f"{name}: {result.error}")
            return result.document
        reason = result
        if not reason:
            process.wait(5)
            reason = f"what parses it gave up ({how_it_ended(process.returncode)})"
        if self._page:
            raise _LostPageError(self._page, reason)
        raise BadInputError(f"{name}: {reason}")
