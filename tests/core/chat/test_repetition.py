"""A model that repeats itself is noticed; lists, tables, code and laughter are not mistaken for it."""

from __future__ import annotations

import random

import pytest

from garage_tui.core.chat.repetition import RepetitionDetector, is_repetition


def stopped_after(text: str, size: int = 4) -> int | None:
    """Feed a text in pieces of `size` characters; return after how many the detector stops it."""
    detector = RepetitionDetector()
    for at in range(0, len(text), size):
        if detector.feed(text[at : at + size]):
            return at + size
    return None


SENTENCE = "The capital of the region is a city that is known for its history. "


@pytest.mark.parametrize(
    "loop",
    [
        SENTENCE,
        "I am a language model.\n\n",
        "the ",
        "ha",
        "!",
        "我是一个语言模型。",
        "Это очень хорошо. ",
        "😀",
        "- TinyLLM is a project for everybody.\n",
        "".join(f"Sentence number {word} of a paragraph that is long. " for word in "one two three four five".split()),
    ],
)
@pytest.mark.parametrize("size", [1, 4, 37, 1000])
def test_a_text_that_only_repeats_itself_is_stopped(loop, size):
    text = "Here is the answer: it is simple. " + loop * (4000 // len(loop))
    assert stopped_after(text, size)


def test_a_list_whose_items_differ_only_in_their_number_repeats_itself():
    text = "".join(f"{number}. The garden has a tree and a bench.\n" for number in range(1, 60))
    at = stopped_after(text)
    assert at and at < 700


def test_a_loop_is_stopped_soon_after_its_fourth_round():
    at = stopped_after(SENTENCE * 30)
    assert at and at <= 5 * len(SENTENCE)


@pytest.mark.parametrize(
    "text",
    [
        "ha " * 40 + "that was funny.",
        "ha ha ha! " * 8 + "Well.",
        "Row, row, row your boat, gently down the stream. Merrily, merrily, merrily, merrily, life is but a dream. "
        * 2,
        "".join(f"{number}. Item number {number * 7} costs {number * 13} euros.\n" for number in range(1, 80)),
        "".join(f"- {word}\n" for word in "apple pear plum fig lime kiwi date nut oat rye corn rice bean pea".split()),
        "| a | b | c |\n|---|---|---|\n" + "| 0 | 0 | 0 |\n" * 20,
        "| name | value |\n| --- | --- |\n" + "".join(f"| row {n} | yes |\n" for n in range(60)),
        "```python\nzeros = [" + "0, " * 150 + "]\n```\nThat is all.",
        "```\n" + "    }\n" * 30 + "```\n",
        "----------------------------------------------------------------\nA heading\n" * 2,
        "Once upon a time there was a king. He had three sons. " + "The first said no. The second said no. " * 2,
    ],
)
def test_what_merely_has_a_form_is_no_loop(text):
    assert stopped_after(text) is None
    assert stopped_after(text, 1) is None


def test_a_table_or_code_that_never_ends_is_stopped_too():
    assert stopped_after("| a | b |\n|---|---|\n" + "| 0 | 0 |\n" * 400)
    assert stopped_after("```\n" + "x = x + 1\n" * 400)


def test_prose_is_never_stopped():
    rng = random.Random(1)
    words = "the a model garage run fact question answer small large box tests writes reads shows asks".split()
    text = " ".join(rng.choice(words) for _ in range(20_000))
    assert stopped_after(text, 5) is None


def test_a_whole_answer_is_judged_by_its_end():
    loop = "It is a cat, and it is fed by a man, who is fed by a dog. " * 8
    assert is_repetition(loop) and is_repetition(f"A beginning. {loop}")
    assert not is_repetition(f"{loop}{'But here the answer goes on with all kinds of other words, as it should. '}")
    assert not is_repetition("Short.") and not is_repetition("")
