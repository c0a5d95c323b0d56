"""A passage is cut into its sentences, and each stands where the passage has it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garage_tui.core.proposals.passage_sentences import passage_sentences, whole_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        (
            "Dr. Smith met D. A. Morris, e.g. in Rome. Then he left.",
            ["Dr. Smith met D. A. Morris, e.g. in Rome.", "Then he left."],
        ),
        ("Version 4.6. 2 files are new.", ["Version 4.6.", "2 files are new."]),
        ("He said “Stop.” Then it stopped!", ["He said “Stop.”", "Then it stopped!"]),
        ("* One item.\n2. Another one.\nA heading", ["One item.", "Another one.", "A heading"]),
        (
            "See https://www.debian.org/x.y for it. It is free.",
            ["See https://www.debian.org/x.y for it.", "It is free."],
        ),
        ("Is it? Yes. «Non.» Das ist z.B. Öl.", ["Is it?", "Yes.", "«Non.»", "Das ist z.B. Öl."]),
        ("", []),
    ],
)
def test_sentences_end_where_a_reader_says_so(text, sentences):
    spans = passage_sentences(text)
    assert [span.text for span in spans] == sentences
    assert all(text[span.start : span.end] == span.text for span in spans)


@given(st.text(alphabet="aB .!?\n-*1“”", max_size=200))
def test_no_letter_is_in_two_sentences_or_in_none(text):
    spans = passage_sentences(text)
    assert all(first.end <= second.start for first, second in pairwise(spans))
    covered = {at for span in spans for at in range(span.start, span.end)}
    assert all(at in covered for at, sign in enumerate(text) if sign in "aB")


def test_a_piece_of_a_sentence_is_extended_to_the_whole_one():
    text = "It is not installed by default. Bo knows."
    start = text.index("installed")
    assert whole_sentences(passage_sentences(text), start, start + 9) == (0, text.index(" Bo"))
