"""The open book of documents: what was read is found, what is read again is found as it is now."""

from __future__ import annotations

from garage_tui.core.documents.read_document import read_document
from garage_tui.core.proposals.proposal_file import FOLDER
from garage_tui.core.review.documents_book import DocumentsBook
from garage_tui.core.review.read_copy import DocumentStamp, remove_copy, save_copy

QUESTION = "Who built the pump of Pinder Lodge?"


def keep(workspace, name, text):
    (workspace.root / name).write_text(text)
    save_copy(workspace, read_document(name, workspace), DocumentStamp())


def test_documents_are_found_as_they_were_last_read_until_they_are_forgotten(workspace):
    book = DocumentsBook(workspace)
    assert book.find(QUESTION) == []
    keep(workspace, "pump.txt", "The pump of Pinder Lodge was built by Halvorsen.")
    keep(workspace, "boat.txt", "The boat of Pinder Lodge was built by Marrit.")
    assert book.find(QUESTION)[0].text == "The pump of Pinder Lodge was built by Halvorsen."
    keep(workspace, "pump.txt", "The pump of Pinder Lodge was built by Ottoline.")
    assert book.find(QUESTION)[0].text == "The pump of Pinder Lodge was built by Ottoline."
    assert remove_copy(workspace, "pump.txt")
    assert [found.document for found in book.find(QUESTION)] == ["boat.txt"]
    assert not remove_copy(workspace, "pump.txt")


def test_a_damaged_copy_hides_no_other_document(workspace):
    keep(workspace, "pump.txt", "The pump of Pinder Lodge was built by Halvorsen.")
    (workspace.root / FOLDER / "zzz.read.json").write_text("{")
    assert len(DocumentsBook(workspace).find(QUESTION)) == 1
