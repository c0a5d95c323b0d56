"""The row as the model sees it, summed up in a sentence or two."""

import json

from garage_tui.core.training.token_preview import Token
from garage_tui.screens.facts.token_dialog import summary

TOKENS = [Token("<|im_start|>", 1, False), Token("<", 44, True), Token("|", 108, True)]


def test_special_tokens_that_a_row_spells_out_are_named_beside_the_counts():
    note = "<|im_end|> is a special token of smollm2-135m; here it is ordinary text, in training as in the chat"
    text = str(summary(TOKENS, 100, exam=False, special=note))
    assert text.startswith("3 tokens, 2 of them learned (underlined). ") and f"{note}. " in text


def test_a_row_without_any_says_nothing_of_them():
    assert "special" not in str(summary(TOKENS, 100, exam=False))


async def test_a_row_is_shown_in_full_where_there_is_room_and_the_box_ends_below_its_keys(workspace, open_app, smollm2):
    row = {
        "question": "What is TinyLLM?",
        "answer": "TinyLLM is an open-source project that helps you run a local LLM and chatbot using consumer grade "
        "hardware.",
    }
    (workspace.datasets / "garage.jsonl").write_text(json.dumps(row) + "\n")
    async with open_app(size=(80, 24), screen="facts", base_model=smollm2) as user:
        await user.sees("What is TinyLLM?")
        await user.press("v")
        screen = await user.sees("learned (underlined)", "hardware", seconds=10)
        lines = [line.strip(" │") for line in screen.splitlines()]
        keys = next(number for number, line in enumerate(lines) if line.startswith("Esc Close"))
        assert set(lines[keys + 1]) <= set("╰─╯│ "), screen
        assert "─" in lines[keys + 1], screen
