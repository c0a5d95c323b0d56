"""The copy of a document's text as it was last read: it opens at once, also once the document is gone."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from pathlib import Path
from typing import Literal

import msgspec

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.home_path import expand_home
from garage_tui.core.base.json_text import struct_json
from garage_tui.core.base.read_errors import DAMAGED
from garage_tui.core.base.safe_open import open_regular, read_regular
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.workspace import Workspace
from garage_tui.core.base.write_errors import why_not_written
from garage_tui.core.documents.passage import Document
from garage_tui.core.documents.read_document import is_url
from garage_tui.core.proposals.passage_sentences import passage_sentences
from garage_tui.core.proposals.proposal_file import SUFFIX, proposals_path

COPY_SUFFIX = ".read.json"
MAX_BYTES = 400_000_000
Standing = Literal["", "changed", "gone", "cannot be read"]
"""What became of the document on disk since it was read; empty: nothing, or nobody can know."""


class DocumentStamp(msgspec.Struct, frozen=True):
    """What tells one version of a file from another without reading it."""

    size: int = -1
    mtime_ns: int = 0


class ReadCopy(msgspec.Struct, frozen=True):
    """A document as it was read, with its sentences."""

    document: Document
    sentences: tuple[tuple[int, int, bool], ...]
    """Start and end of each sentence in `document.text`, and whether it states something; in the order of the text."""
    stamp: DocumentStamp = DocumentStamp()
    when: float = 0.0
    """When it was read, in seconds since 1970."""


def copy_path(workspace: Workspace, name: str) -> Path:
    """Return the file for the copy of a document; it is beside the document's proposals."""
    path = proposals_path(workspace, name)
    return path.with_name(path.name.removesuffix(SUFFIX) + COPY_SUFFIX)


def document_stamp(workspace: Workspace, name: str) -> DocumentStamp:
    """Return the stamp of a document's file now; take it before reading. An empty one where there is no file."""
    if not is_url(name):
        with contextlib.suppress(OSError, GarageError, ValueError):
            found = (workspace.root / expand_home(name)).stat()
            return DocumentStamp(found.st_size, found.st_mtime_ns)
    return DocumentStamp()


def make_copy(document: Document, stamp: DocumentStamp) -> ReadCopy:
    """Return the copy of a document that was just read; it takes a while for a long one."""
    sentences = tuple(
        (passage.start + span.start, passage.start + span.end, span.states)
        for passage in document.passages
        for span in passage_sentences(passage.text)
    )
    return ReadCopy(document, sentences, stamp, time.time())


def save_copy(workspace: Workspace, document: Document, stamp: DocumentStamp) -> ReadCopy:
    """Write the copy of a document that was just read, and return it.

    Raises:
        GarageError: it cannot be written.
    """
    path, copy = copy_path(workspace, document.name), make_copy(document, stamp)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, struct_json(copy))
    except OSError as error:
        raise GarageError(f"{one_line(str(path), 300)} cannot be written: {why_not_written(error, path)}") from error
    return copy


def remove_copy(workspace: Workspace, name: str) -> bool:
    """Remove the copy of a document; proposals and decisions stay. Return whether there was one.

    Raises:
        GarageError: it cannot be removed.
    """
    path = copy_path(workspace, name)
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise GarageError(f"{one_line(str(path), 300)} cannot be removed: {error.strerror or error}") from error
    return True


def load_copy(path: Path) -> ReadCopy | None:
    """Return a copy; None where there is none, or none that can be read: reading the document again makes it anew."""
    try:
        return msgspec.json.decode(read_regular(path, MAX_BYTES), type=ReadCopy)
    except (OSError, *DAMAGED):
        return None


def find_standing(workspace: Workspace, copy: ReadCopy) -> Standing:
    """Return what became of a document since it was read. It may read the whole file: call it in a thread.

    Web pages are not fetched for that.
    """
    document = copy.document
    if is_url(document.name):
        return ""
    try:
        path = workspace.root / expand_home(document.name)
        if not os.path.lexists(path):
            return "gone"
        if document_stamp(workspace, document.name) == copy.stamp:
            return ""
        with open_regular(path) as file:
            return "" if hashlib.file_digest(file, "sha256").hexdigest() == document.sha256 else "changed"
    except (OSError, ValueError, GarageError):
        return "cannot be read"
