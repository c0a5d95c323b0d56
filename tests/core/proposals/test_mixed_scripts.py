"""A word of two alphabets is found; words of one, units and signs are none."""

from __future__ import annotations

import pytest

from garage_tui.core.proposals.mixed_scripts import find_mixed_word, latin_letters


@pytest.mark.parametrize(
    "word",
    ["Ignor\u0435", "\u0410pprove", "ins\u0442ruction", "\u039fpen", "f\u03bfrget", "pr\u03bfmpt", "ign\u03bdre",
     "p\u0430ypal",
     "prom\u00ad\u0440t"],
)  # fmt: skip
def test_a_word_that_mixes_latin_letters_with_others_that_look_like_them_is_found(word):
    assert find_mixed_word("Debian is free.", f"It says {word} to all.") == word.replace("\u00ad", "")


@pytest.mark.parametrize(
    "text",
    ["Россия и Москва", "Η Αθήνα είναι πόλη", "The town of Москва (Moscow)", "3 µm and 3 μm",
     "50 Ω, 10 kΩ, 5 MΩ, 2 \u2126", "an α-helix",
     "Δt and λx", "TNFα, IFNγ, NFκB and IκBα", "E = hν", "Café Ångström, naïve", "IT-компания",
     "日本語 and Latin", "β2"],
)  # fmt: skip
def test_words_of_one_alphabet_and_signs_are_none(text):
    assert find_mixed_word(text) == ""


def test_letters_become_the_latin_ones_that_they_look_like():
    assert latin_letters("Ign\u043er\u0435 \u0391ll") == "Ignore All"
