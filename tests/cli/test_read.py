"""`garage read`: what it prints of each document, and its exit codes."""

from __future__ import annotations

import json

from tests.support.documents import PROSE, make_docx, word_paragraph


def test_a_folder_is_read_and_each_document_counted(call, workspace):
    notes = workspace.root / "notes"
    notes.mkdir()
    (notes / "a.md").write_text(f"# Pump\n\n{PROSE}\n")
    (notes / "picture.jpg").write_bytes(b"\xff\xd8\xff")
    make_docx(notes / "b.docx", word_paragraph("The lamp has nine watts."))
    code, out, err = call("read", "notes")
    assert code == 0
    assert (
        out == f"notes/a.md (Markdown): 1 passage, {len(PROSE) + 5} characters\n"
        "notes/b.docx (DOCX): 1 passage, 24 characters\n"
    )
    assert err == "notes: left out 1 file of other formats\n"


def test_the_passages_are_shown_with_their_headings(call, workspace):
    (workspace.root / "a.md").write_text("# Machines\n\n## The pump\n\nThe pump is old.\n")
    code, out, _ = call("read", "--show", "a.md")
    assert code == 0
    assert out.splitlines()[1:] == ["", "[Machines › The pump]", "The pump is old.", ""]


def test_a_document_that_cannot_be_read_does_not_stop_the_others(call, workspace):
    (workspace.root / "a.txt").write_text("The pump is old.")
    code, out, err = call("read", "missing.pdf", "a.txt")
    assert (code, out) == (2, "a.txt (text): 1 passage, 16 characters\n")
    assert err == "garage: missing.pdf: No such file or directory\n"


def test_json_has_documents_passages_and_failures(call, workspace):
    (workspace.root / "a.txt").write_text("The pump is old.")
    code, out, _ = call("read", "--json", "--show", "a.txt", "missing.pdf")
    printed = json.loads(out)
    assert code == 2
    assert printed["documents"][0]["passages"] == [
        {"page": 0, "start": 0, "end": 16, "heading": "", "text": "The pump is old."}
    ]
    assert printed["failed"] == [{"name": "missing.pdf", "error": "missing.pdf: No such file or directory"}]


def test_the_text_of_a_document_is_kept_only_if_asked_for_and_can_be_forgotten(call, workspace):
    (workspace.root / "a.txt").write_text("The pump is old.")
    call("read", "a.txt")
    assert not (workspace.root / "documents").exists()
    assert call("read", "--keep", "a.txt")[0] == 0
    assert [path.name.split("-")[0] for path in (workspace.root / "documents").iterdir()] == ["a.txt"]
    code, out, _ = call("read", "--forget", "a.txt")
    assert (code, out) == (0, "a.txt: its text is removed; the open book no longer has it\n")
    assert list((workspace.root / "documents").iterdir()) == []
    code, _, err = call("read", "--forget", "a.txt")
    assert code == 2
    assert err == "garage: a.txt: no text of it is kept here; give its name as you gave it to `garage read`\n"
