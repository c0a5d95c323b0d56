"""ASCII for whoever has no more, and attributes for whoever wants no colours."""

from __future__ import annotations

import ast
from pathlib import Path

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

import garage_tui
from garage_tui.app.theme import GARAGE
from garage_tui.core.terminal.ascii_text import TABLE, in_ascii
from garage_tui.driver.filters.ascii_filter import AsciiFilter, name_keys
from garage_tui.driver.filters.filter_chain import FilterChain
from garage_tui.driver.filters.no_color_filter import NoColorFilter
from garage_tui.driver.filters.sanitize_filter import SanitizeFilter

PACKAGE = Path(garage_tui.__file__).parent
GROUND = Color.parse(GARAGE.background or "")


def painted_words(file: Path) -> str:
    """Return all text in a module that may be painted: its strings, docstrings and patterns apart."""
    tree = ast.parse(file.read_text())
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    silent |= {id(word) for node in ast.walk(tree) if is_pattern(node) for word in ast.walk(node)}
    found = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in silent)
    return "".join(node.value for node in found if isinstance(node.value, str))


def is_pattern(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).startswith("re.")


def test_every_sign_that_the_app_paints_has_one_in_ascii():
    quiet = {"core", "jobs", "cli", "data"}  # what the command line prints keeps its signs
    files = [file for file in PACKAGE.rglob("*.py") if file.relative_to(PACKAGE).parts[0] not in quiet]
    words = "".join(painted_words(file) for file in files if file.name != "ascii.py")
    assert len(files) > 80 and len(words) > 20_000
    assert not {sign for sign in words if not sign.isascii() and ord(sign) not in TABLE}


def test_a_sign_becomes_one_character_and_letters_of_all_languages_stay():
    assert all(len(sign) == 1 and sign.isascii() for sign in TABLE.values())
    assert all(cell_len(chr(code)) == 1 for code in TABLE)
    assert not [chr(code) for code in TABLE if chr(code).isalpha() and chr(code) != "ᵀ"]
    assert in_ascii("╭─ Zoë ─╮ 日本語 → ✓ ⠒⡇") == "+- Zoë -+ 日本語 > + ':"
    assert name_keys("←→ ⏎") == "Left/Right Enter"
    [segment] = AsciiFilter().apply([Segment("▸ ×", Style(bold=True))], GROUND)
    assert segment == Segment("> x", Style(bold=True))


def painted(colours: str) -> Style | None:
    [segment] = NoColorFilter(GROUND).apply([Segment("x", Style.parse(colours))], GROUND)
    return segment.style


def test_without_colours_the_chosen_the_focused_the_wrong_and_the_quiet_are_told_apart():
    chosen, field = painted("#dadada on #444444"), painted("#dadada on #303030")
    wrong, quiet, text = painted("#ff8787 on #121212"), painted("#949494 on #121212"), painted("#dadada on #262626")
    styles = [chosen, field, wrong, quiet, text]
    assert [style and (style.color, style.bgcolor) for style in styles] == [(None, None)] * 5
    assert chosen.reverse and field.underline and wrong.bold and quiet.dim
    assert not (text.reverse or text.underline or text.bold or text.dim)
    caret = painted("#121212 on #dadada")
    assert caret.reverse, "the caret in a field"
    assert painted("reverse #444444").reverse, "the handle of a scroll bar"


def test_a_chain_paints_what_its_filters_paint_one_after_the_other():
    line = [Segment("┌─ 30 °C\x1b[2J"), Segment("next")]
    chain = FilterChain([SanitizeFilter(), AsciiFilter()])
    assert chain.apply(line, GROUND) == AsciiFilter().apply(SanitizeFilter().apply(line, GROUND), GROUND)
