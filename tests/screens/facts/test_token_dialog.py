"""The row as the model sees it, summed up in a sentence or two."""

from garage_tui.core.training.token_preview import Token
from garage_tui.screens.facts.token_dialog import summary

TOKENS = [Token("<|im_start|>", 1, False), Token("<", 44, True), Token("|", 108, True)]


def test_special_tokens_that_a_row_spells_out_are_named_beside_the_counts():
    note = "<|im_end|> is a special token of smollm2-135m; here it is ordinary text, in training as in the chat"
    text = str(summary(TOKENS, 100, exam=False, special=note))
    assert text.startswith("3 tokens, 2 of them learned (underlined). ") and f"{note}. " in text


def test_a_row_without_any_says_nothing_of_them():
    assert "special" not in str(summary(TOKENS, 100, exam=False))
