"""Documents that attack: each ends in a sentence, in a process of its own, and nothing outside of it is opened."""

from __future__ import annotations

import gzip
import os
import zlib

import pytest

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.documents import read_document as reading
from garage_tui.core.documents.folder import find_documents
from tests.support.documents import PROSE, lines, make_docx, make_epub, make_pdf, prose_page, word_paragraph, zip_bomb

SECRET = "The secret of the owner is 4711."


def test_a_document_is_read_by_a_process_of_its_own(folder, read_safely):
    make_pdf(folder / "a.pdf", prose_page(1), prose_page(2))
    document = read_safely("a.pdf")
    assert (document.name, document.pages) == ("a.pdf", 2)
    assert "Halvard Brekke" in document.text


def test_a_zip_bomb_is_not_unpacked(folder, read):
    (folder / "a.docx").write_bytes(zip_bomb(160_000_000))
    assert (folder / "a.docx").stat().st_size < 1_000_000
    with pytest.raises(BadInputError, match="unpacked it would have 160 MB"):
        read("a.docx")


def test_a_gzip_bomb_is_not_unpacked(folder, read):
    packer = zlib.compressobj(wbits=31)
    parts = [packer.compress(bytes(1_000_000)) for _ in range(201)]
    (folder / "a.txt.gz").write_bytes(b"".join([*parts, packer.flush()]))
    with pytest.raises(BadInputError, match="unpacked it has more than 200 MB"):
        read("a.txt.gz")


def test_entities_of_a_word_file_and_a_book_open_no_file(folder, read):
    (folder / "secret.txt").write_text(SECRET)
    entity = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{folder}/secret.txt">]>'
    make_docx(folder / "a.docx", word_paragraph(PROSE), word__footnotes=f'<?xml version="1.0"?>{entity}<w:footnotes/>')
    with pytest.raises(BadInputError, match="declares entities of its own"):
        read("a.docx")
    make_epub(folder / "a.epub", f"{entity}<p>{PROSE} &e;</p><p><iframe src='file://{folder}/secret.txt'></iframe></p>")
    assert SECRET not in read("a.epub").text


def test_a_web_page_opens_no_file_that_it_links_to(folder, read):
    (folder / "secret.txt").write_text(SECRET)
    (folder / "a.html").write_text(
        f'<html><body><p>{PROSE}</p><iframe src="file://{folder}/secret.txt"></iframe>'
        '<object data="secret.txt"></object>'
        f'<link rel="import" href="file://{folder}/secret.txt"><a href="file://{folder}/secret.txt">more</a></body></html>'
    )
    assert SECRET not in read("a.html").text


def test_links_in_a_folder_are_not_followed(folder, workspace):
    (folder / "notes").mkdir()
    (folder / "secret.txt").write_text(SECRET)
    (folder / "notes" / "a.txt").write_text(PROSE)
    (folder / "notes" / "b.txt").symlink_to(folder / "secret.txt")
    (folder / "notes" / "up").symlink_to(folder)
    found = find_documents("notes", workspace)
    assert found and (found.names, found.links) == (["notes/a.txt"], 2)


def test_a_pipe_and_a_device_are_not_opened(folder, read_safely):
    os.mkfifo(folder / "a.txt")
    for name, kind in (("a.txt", "a pipe"), ("/dev/zero", "a device")):
        with pytest.raises(BadInputError, match=f"it is not a file but {kind}"):
            read_safely(name)


def test_a_page_that_takes_too_long_is_left_out_and_the_others_are_read(folder, read_safely, monkeypatch):
    """A page that paints its letters a million times over, which pdfium reads for seconds."""

    def bomb(canvas):
        canvas._code.append(f"BT /F1 10 Tf 1 0 0 1 72 500 Tm ({'pump ' * 2000}) Tj ET\n" * 12_000)

    make_pdf(folder / "a.pdf", prose_page(1), bomb, prose_page(3), pageCompression=1)
    monkeypatch.setattr(reading, "PAGE_SECONDS", 2.0)
    document = read_safely("a.pdf")
    assert {passage.page for passage in document.passages} >= {1, 3}
    assert "page 2: it takes longer than 2 s" in document.left_out


def test_memory_without_end_ends_only_the_process_that_reads(folder, read_safely):
    """HTML that is nested three million times deep, packed into a few kilobytes."""
    (folder / "a.html.gz").write_bytes(gzip.compress(b"<html><body>" + b"<div><p>x" * 3_000_000))
    try:
        document = read_safely("a.html.gz")
    except BadInputError as error:
        assert str(error).startswith("a.html.gz: ")
    else:
        assert len(document.text) < 100_000_000


def test_escape_sequences_and_invisible_characters_are_taken_out(folder, read):
    (folder / "a.txt").write_text("The pump\x1b[31m is \u202ered\u200b and\x07 old.\n")
    assert read("a.txt").text == "The pump is \ufffdred and old."


def test_what_a_document_says_of_its_title_cannot_paint_the_terminal(folder, read):
    make_pdf(folder / "a.pdf", prose_page(1), lambda canvas: canvas.setTitle("Pump\x1b]0;owned\x07s"))
    title = read("a.pdf").title
    assert title.startswith("Pump") and title.isprintable()


def test_one_bad_page_of_a_pdf_does_not_lose_the_others(folder, read):
    path = make_pdf(
        folder / "a.pdf", prose_page(1), lambda canvas: lines(canvas, ["UNIQUE MARK"]), prose_page(3), pageCompression=0
    )
    path.write_bytes(path.read_bytes().replace(b"(UNIQUE MARK)", b"((((((((((((("))
    assert {passage.page for passage in read("a.pdf").passages} >= {1, 3}


def test_a_name_that_is_not_utf_8_is_read_and_kept(folder, read_safely):
    name = os.fsdecode(b"p\xffmp.txt")
    (folder / name).write_text(PROSE)
    document = read_safely(name)
    assert (document.name, document.passages[0].document, document.text) == (name, name, PROSE)


@pytest.mark.parametrize("kind", ["pdf", "docx", "epub"])
def test_a_file_with_changed_bytes_is_read_or_refused_in_a_sentence(folder, read_safely, kind):
    path = folder / f"a.{kind}"
    match kind:
        case "pdf":
            make_pdf(path, prose_page(1), prose_page(2))
        case "docx":
            make_docx(path, word_paragraph(PROSE))
        case _:
            make_epub(path, f"<p>{PROSE}</p>")
    data = bytearray(path.read_bytes())
    for at in range(100, len(data), 97):
        data[at] ^= 0x55
    path.write_bytes(data)
    try:
        read_safely(path.name)
    except BadInputError as error:
        assert str(error).startswith(f"{path.name}: it is ")
