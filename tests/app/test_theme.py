"""The themes: whatever one is chosen, text can be read."""

from __future__ import annotations

import pytest
from textual.color import Color
from textual.theme import BUILTIN_THEMES
from textual.widgets import TextArea

from garage_tui.app.theme import GARAGE, LEAST_CONTRAST, contrast

TEXT = ("foreground", "primary", "secondary", "accent", "success", "warning", "error", "muted")
GROUNDS = ("background", "chosen", "panel", "surface")


def test_contrast_is_that_of_wcag():
    assert contrast(Color.parse("black"), Color.parse("white")) == pytest.approx(21)
    assert contrast(Color.parse("#777777"), Color.parse("white")) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", [GARAGE.name, *(name for name in BUILTIN_THEMES if "ansi" not in name)])
async def test_text_can_be_read_in_every_theme_also_on_the_chosen_row(open_app, name):
    async with open_app() as user:
        user.app.theme = name
        found = user.app.get_css_variables()
        colours = {key: Color.parse(found[key]) for key in (*TEXT, *GROUNDS)}
        pairs = [(text, ground) for text in TEXT for ground in GROUNDS]
        ratios = {pair: round(contrast(colours[pair[0]], colours[pair[1]]), 1) for pair in pairs}
        faint = {pair: ratio for pair, ratio in ratios.items() if ratio < LEAST_CONTRAST}
        assert faint == {}
        assert contrast(colours["chosen"], colours["background"]) > 1.1, "the chosen row does not stand out"


@pytest.mark.parametrize("name", [GARAGE.name, "textual-light", "solarized-light", "catppuccin-latte"])
async def test_what_an_empty_field_says_can_be_read(open_app, name):
    async with open_app(screen="chat") as user:
        user.app.theme = name
        await user.sees("Ask the base model")
        field = user.app.query_one("#chat-input")
        style = field.get_component_rich_style(
            "text-area--placeholder" if isinstance(field, TextArea) else "input--placeholder"
        )
        painted = Color.from_rich_color(style.color)
        ground = field.background_colors[1]
        assert contrast(painted, ground) >= 4, f"{painted.hex} on {ground.hex}"


async def test_a_warning_and_the_accent_are_far_apart(open_app):
    accent, warning = Color.parse(GARAGE.primary), Color.parse(GARAGE.warning or "")
    hues = [360 * color.hsl.h for color in (accent, warning)]
    assert min(abs(hues[0] - hues[1]), 360 - abs(hues[0] - hues[1])) > 90
