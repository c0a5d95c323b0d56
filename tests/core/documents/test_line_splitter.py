"""Lines out of the parts that arrive from a pipe."""

from __future__ import annotations

import tracemalloc

import pytest

from garage_tui.core.documents.line_splitter import LineSplitter


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize("text", [b"", b"a", b"\n", b"ab\ncd\n", b"\n\nabc\n\nde", b"abcdefgh\ni\n"])
def test_the_lines_are_the_same_however_the_text_is_cut(text, size):
    splitter = LineSplitter()
    lines = [line for at in range(0, len(text), size) for line in splitter.add(text[at : at + size])]
    *ended, rest = text.split(b"\n")
    assert lines == ended
    assert splitter.add(b"\n") == [rest]


def test_a_part_of_a_long_line_is_not_copied_until_the_line_ends():
    splitter, part = LineSplitter(), b"x" * 65536
    splitter.add(b"")
    tracemalloc.start()
    for _ in range(1000):
        assert splitter.add(part) == []
    copied = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert copied < 2 * len(part), "the parts are kept as they are"
    assert [len(line) for line in splitter.add(b"\nrest")] == [1000 * len(part)]


def test_a_document_of_many_parts_is_read_whole(folder, read_safely):
    text = "\n\n".join(f"Paragraph {number} is about the pump of house {number}." for number in range(20_000))
    (folder / "long.txt").write_text(text)
    document = read_safely("long.txt")
    assert document.text.startswith("Paragraph 0 is about") and document.text.endswith("the pump of house 19999.")
