"""Which size of a hand-over is recommended, and what is said where none keeps the facts."""

from __future__ import annotations

import pytest

from garage_tui.core.exam.report import count
from garage_tui.core.export.hand_over import HandedFile, recommend


def tried(size, bytes, kept, of, grade="bad"):
    counts = {"kept": count(kept, of), "facts": count(kept, 9)}
    return HandedFile(size=size, file=f"{size}.gguf", bytes=bytes, grade=grade, **counts)


@pytest.mark.parametrize(
    ("large", "small", "of", "chosen", "warning"),
    [
        ((3, "good"), (3, "good"), 3, "q4_K_M", ""),
        ((3, "good"), (2, "good"), 3, "q8_0", ""),
        ((2, "good"), (1, "bad"), 3, "q8_0", ""),
        ((2, "bad"), (1, "bad"), 3, "q8_0", "No size keeps all facts or meets the targets: q8_0 keeps the most, 2"),
        ((3, "bad"), (1, "bad"), 3, "q8_0", "q8_0 misses a target of the report card"),
        ((0, "bad"), (0, "bad"), 0, "q4_K_M", "The run had learned no fact by its own report card"),
    ],
    ids=["both keep all", "the large one", "by the targets", "the most", "a missed target", "nothing learned"],
)  # fmt: skip
def test_the_smallest_size_that_keeps_the_facts_is_recommended(large, small, of, chosen, warning):
    files = [tried("q8_0", 200, large[0], of, large[1]), tried("q4_K_M", 100, small[0], of, small[1])]
    found = recommend("20261130-lora-x", files, count(of, 9))
    assert found.recommended == f"{chosen}.gguf"
    assert found.warning.startswith(warning) and bool(found.warning) == bool(warning)
