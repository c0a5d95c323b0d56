"""A workspace with documents, and two ways to read them."""

from __future__ import annotations

import hashlib

import pytest

from garage_tui.core.documents.formats.detect import read_bytes
from garage_tui.core.documents.passage import Document
from garage_tui.core.documents.read_document import read_document
from garage_tui.core.documents.text.passages import make_document


@pytest.fixture
def folder(workspace):
    """The folder of the workspace, for documents."""
    return workspace.root


@pytest.fixture
def read(folder):
    """Read a document in this process, which is quick, and check what holds for each one."""

    def read(name) -> Document:
        data = (folder / name).read_bytes()
        extracted = read_bytes(data, str(name))
        document = make_document(str(name), hashlib.sha256(data).hexdigest(), extracted, str(name))
        end = 0
        for passage in document.passages:
            assert document.text[passage.start : passage.end] == passage.text
            assert passage.start >= end and passage.sha256 == document.sha256 and passage.document == str(name)
            end = passage.end
        return document

    return read


@pytest.fixture
def read_safely(workspace):
    """Read a document as `garage read` does: in a process of its own."""
    return lambda name: read_document(str(name), workspace)
