"""Texts that look alike compare equal, and those that only seem alike do not."""

import unicodedata

import pytest

from garage_tui.core.language.entities import find_entities, tokenize
from garage_tui.core.language.fold import composed, fold

CAFE = "Who runs the Café Zoë?"


def test_texts_that_differ_in_case_and_blanks_alone_are_equal():
    assert fold("  Who  feeds\nTuppence? ") == fold("who feeds tuppence?") == "who feeds tuppence?"


@pytest.mark.parametrize(
    "other",
    [
        unicodedata.normalize("NFD", CAFE),
        "Who runs the Ca\u200dfé Zoë?",
        "Who runs the Café\u200c Zoë?",
        "Who runs the Cafe\u200d\u0301 Zoë?",
        "\ufeffWho runs\u200b the Ca\u00adfé Zo\u2060ë?",
    ],
)
def test_a_text_is_the_same_however_its_letters_are_encoded(other):
    assert fold(other) == fold(CAFE)
    assert tokenize(other) == tokenize(CAFE) and find_entities(other) == find_entities(CAFE) == {"café", "zoë"}


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("m²", "m2"),
        ("10⁵", "105"),
        ("½", "1⁄2"),
        ("resume", "résumé"),
        ("می\u200cخواهم", "میخواهم"),
        ("👩\u200d💻", "👩💻"),
        ("क्\u200dष", "क्ष"),
    ],
)
def test_signs_that_tell_texts_apart_stay(text, other):
    assert fold(text) != fold(other)
    assert composed(text) == text


@pytest.mark.parametrize("text", ["TinyLLM", "Große Brücke", "ǰ", "ΐ", "İstanbul", "Straße  Ⅻ ﬁ", "日本語。"])
def test_a_composed_text_folds_as_it_always_did(text):
    assert fold(text) == " ".join(text.casefold().split())
