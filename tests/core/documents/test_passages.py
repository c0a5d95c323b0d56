"""Passages: pieces by structure, each sentence in exactly one."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from garage_tui.core.documents.text.blocks import Block, ExtractedText
from garage_tui.core.documents.text.passages import make_document
from garage_tui.core.language.sentence_spans import sentence_spans

_BLOCKS = st.lists(
    st.tuples(
        st.sampled_from(["paragraph", "item", "heading", "row"]),
        st.lists(st.integers(2, 120), min_size=1, max_size=12),
        st.integers(1, 3),
    ),
    min_size=1,
    max_size=12,
)
"""Kind, the words in each sentence, and level of blocks."""


def _sentences(lengths):
    return [" ".join(["Sentence", str(index), *["word"] * length]) + "." for index, length in enumerate(lengths)]


@settings(max_examples=60)
@given(_BLOCKS)
def test_each_sentence_is_in_exactly_one_passage_and_passages_are_neither_short_nor_long(parts):
    blocks = [
        Block(kind, f"Heading {index}" if kind == "heading" else " ".join(_sentences(lengths)), level)
        for index, (kind, lengths, level) in enumerate(parts)
    ]
    document = make_document("a", "0", ExtractedText("text", blocks), "a")
    sentences = [text for kind, lengths, _ in parts if kind != "heading" for text in _sentences(lengths)]
    found = [one.text[start:end] for one in document.passages for start, end in sentence_spans(one.text)]
    assert found == sentences
    for passage in document.passages:
        assert document.text[passage.start : passage.end] == passage.text
        assert len(passage.text) <= 1200
    assert [block.text for block in blocks if block.kind == "heading"] == [
        line for line in document.text.splitlines() if line.startswith("Heading ")
    ]


def test_a_text_without_any_blank_is_cut_and_nothing_is_lost():
    document = make_document("a", "0", ExtractedText("text", [Block("paragraph", "x" * 5000)]), "a")
    assert "".join(passage.text for passage in document.passages) == "x" * 5000


def test_full_stops_of_abbreviations_and_numbers_end_no_sentence():
    text = (
        "Dr. Moen paid approx. 3.5 % in No. 7, e.g. for oil. The file is /etc/fstab. J. R. Brekke wrote "
        "it (see Fig. 3). "
        "Is it old? “Yes.” It runs version 2.0.1 of the U.S. firmware! The end."
    )
    assert [text[start:end] for start, end in sentence_spans(text)] == [
        "Dr. Moen paid approx. 3.5 % in No. 7, e.g. for oil.",
        "The file is /etc/fstab.",
        "J. R. Brekke wrote it (see Fig. 3).",
        "Is it old?",
        "“Yes.”",
        "It runs version 2.0.1 of the U.S. firmware!",
        "The end.",
    ]
