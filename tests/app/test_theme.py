"""The themes: whatever one is chosen, text can be read."""

from __future__ import annotations

import pytest
from textual.color import Color
from textual.theme import BUILTIN_THEMES

from garage_tui.app.theme import GARAGE, LEAST_CONTRAST, contrast

TEXT = ("foreground", "primary", "secondary", "accent", "success", "warning", "error", "muted")


def test_contrast_is_that_of_wcag():
    assert contrast(Color.parse("black"), Color.parse("white")) == pytest.approx(21)
    assert contrast(Color.parse("#777777"), Color.parse("white")) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", [GARAGE.name, *(name for name in BUILTIN_THEMES if "ansi" not in name)])
async def test_text_can_be_read_in_every_theme_also_on_the_chosen_row(open_app, name):
    async with open_app() as user:
        user.app.theme = name
        found = user.app.get_css_variables()
        colours = {key: Color.parse(found[key]) for key in (*TEXT, "background", "chosen")}
        pairs = [(text, ground) for text in TEXT for ground in ("background", "chosen")]
        ratios = {pair: round(contrast(colours[pair[0]], colours[pair[1]]), 1) for pair in pairs}
        faint = {pair: ratio for pair, ratio in ratios.items() if ratio < LEAST_CONTRAST}
        assert faint == {}
        assert contrast(colours["chosen"], colours["background"]) > 1.1, "the chosen row does not stand out"


async def test_a_warning_and_the_accent_are_far_apart(open_app):
    accent, warning = Color.parse(GARAGE.primary), Color.parse(GARAGE.warning or "")
    hues = [360 * color.hsl.h for color in (accent, warning)]
    assert min(abs(hues[0] - hues[1]), 360 - abs(hues[0] - hues[1])) > 90
