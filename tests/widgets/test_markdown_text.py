"""Markdown of models as text: it looks as it is meant, grows block by block, and nothing in it acts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garage_tui.widgets.markdown_text import MarkdownText, end_of_complete_blocks

_PIECES = [
    "# Head\n",
    "text ",
    "\n",
    "\n\n",
    "- item\n",
    "2. two\n",
    "```\n",
    "    code\n",
    "| a | b |\n",
    "|---|---|\n",
]
_PIECES += [
    "> quote\n",
    "**bold** ",
    "`x` ",
    "[l](http://x) ",
    "***\n",
    "  more\n",
    "&#27;[31m",
    "<b>",
    "![p](u)",
    "* ",
]


def rendered(text: str, width: int = 40) -> str:
    return MarkdownText().render(text, width).plain


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("# Head", "Head"),
        ("a **b** *c* ~~d~~ `e`", "a b c d e"),
        ("one\ntwo", "one\ntwo"),
        ("- a\n- b\n  - c", "• a\n• b\n  • c"),
        ("3. a\n4. b", "3. a\n4. b"),
        ("0. a\n1. b", "0. a\n1. b"),
        ("```py\nx = [1]\n\ny\n```", "  x = [1]\n  \n  y"),
        ("> a\n> b", "│ a\n│ b"),
        ("[here](https://x.y) <https://x.y>", "here (https://x.y) https://x.y"),
        ("![cat](http://x/c.png)", "cat (http://x/c.png)"),
        ("&#27;[31m &#x202E; &lt;", "&#27;[31m &#x202E; &lt;"),
        ("<b onclick=x>y</b>", "<b onclick=x>y</b>"),
        ("[bold red]x[/] [@click=app.quit]y[/]", "[bold red]x[/] [@click=app.quit]y[/]"),
        ("| a | b |\n|---|---|\n| 1 | 22 |", "a  b\n─────\n1  22"),
        (
            "| a | Wh | mid |\n|:--|--:|:-:|\n| sun | 1234 | b |\n| x | 7 |",
            "a      Wh  mid\n──────────────\nsun  1234   b\nx       7",
        ),
    ],
)
def test_it_looks_as_it_is_meant_and_what_could_act_stays_text(written, shown):
    assert rendered(written) == shown


@given(st.lists(st.sampled_from(_PIECES), max_size=25).map("".join), st.integers(1, 60))
def test_a_text_that_grows_ends_as_if_it_had_come_at_once_and_no_line_is_too_wide(text, width):
    growing = MarkdownText()
    for end in range(1, len(text) + 1, 3):
        growing.render(text[:end], width)
    whole = MarkdownText().render(text, width)
    assert growing.render(text, width).plain == whole.plain
    if width >= 12:
        assert all(line.cell_length <= width for line in whole.split("\n"))


def test_a_block_is_complete_once_another_one_begins_and_code_only_with_its_end():
    assert end_of_complete_blocks("one\n\ntwo") == 5
    assert end_of_complete_blocks("one\n\n") == 0
    assert end_of_complete_blocks("```\none\n\ntwo\n\nthree") == 0


@pytest.mark.parametrize("text", ["[" * 7000, "*a_ " * 1700, "> " * 3500, "`" * 7000, "- " * 3500, "|" * 7000])
def test_what_is_nested_without_end_is_still_shown(text):
    assert rendered(text)
