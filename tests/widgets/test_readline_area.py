"""The keys of a shell's line editor, on a text of several lines that is wrapped."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from garage_tui.widgets.readline_area import ReadlineArea

TEXT = "one two-three, four five six seven eight nine ten\nlast line"


class Field(App[None]):
    CSS = "ReadlineArea { width: 20; height: 6; }"

    def compose(self) -> ComposeResult:
        yield ReadlineArea()


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ("ctrl+a !", f"!{TEXT}"),
        ("ctrl+a ctrl+e !", f"{TEXT}!"),
        ("ctrl+u", ""),
        ("ctrl+a ctrl+k", ""),
        ("ctrl+a ctrl+k ctrl+y ctrl+y", TEXT + TEXT),
        ("ctrl+w ctrl+w", TEXT[: -len("last line")]),
        ("ctrl+w ctrl+w ctrl+w", TEXT[: -len("ten\nlast line")]),
        ("ctrl+a alt+f alt+f !", TEXT.replace("two", "two!")),
        ("ctrl+a alt+d alt+d", TEXT.removeprefix("one two")),
        ("alt+b alt+b alt+b !", TEXT.replace("ten", "!ten")),
        ("ctrl+a ctrl+f ctrl+f ctrl+b !", TEXT.replace("one", "o!ne")),
        ("ctrl+u ctrl+z", TEXT),
        ("ctrl+u ctrl+z alt+z", ""),
    ],
)
async def test_keys_act_on_the_whole_text(keys, text):
    app = Field()
    async with app.run_test(size=(40, 10)) as pilot:
        area = app.query_one(ReadlineArea)
        area.load_text(TEXT)
        area.move_cursor(area.document.end)
        area.focus()
        await pilot.press(*["exclamation_mark" if key == "!" else key for key in keys.split()])
        assert area.text == text
