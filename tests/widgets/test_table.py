"""Tables on their own: also one of a hundred thousand rows."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.content import Content

from garage_tui.app.theme import VARIABLES
from garage_tui.widgets.table import Column, Table, cut_middle


class One(App[None]):
    """An app with one table."""

    def __init__(self, widget: Table) -> None:
        super().__init__()
        self.widget = widget

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return VARIABLES

    def compose(self) -> ComposeResult:
        yield self.widget


async def test_a_table_of_a_hundred_thousand_rows_asks_only_for_those_on_the_screen():
    drawn: set[int] = set()

    def cells(row: int) -> list[Content]:
        drawn.add(row)
        return [Content(f"row {row}")]

    table = Table(Column("Name"))
    async with One(table).run_test(size=(40, 12)) as pilot:
        table.show_rows(100_000, cells)
        table.focus()
        await pilot.press("end")
        assert table.cursor == 99_999
        await pilot.press("up", "pageup")
        assert table.cursor == 99_988
        assert 0 < len(drawn) < 60


async def test_the_cursor_stays_inside_when_rows_go():
    table = Table(Column("Name"))
    async with One(table).run_test() as pilot:
        table.show_rows(10, lambda row: [Content(str(row))], 9)
        await pilot.pause()
        table.show_rows(3, lambda row: [Content(str(row))])
        assert table.cursor == 2
        table.show_rows(0, lambda row: [])
        assert table.cursor == 0


def test_a_long_text_is_cut_in_its_middle_so_that_both_ends_tell_it_apart():
    name = Content("20261123-2315-lora-garage-default")
    assert cut_middle(name, 20).plain == "202611…arage-default"
    assert cut_middle(name, 33).plain == name.plain and cut_middle(name, 20).cell_length == 20


def test_a_text_of_wide_characters_is_cut_in_its_middle_by_cells():
    assert cut_middle(Content("資料" * 20 + ".json"), 20).plain == "資料資…資料資料.json"
    assert cut_middle(Content("資料" * 20), 20).cell_length == 19, "a wide character is not cut in two"
    assert cut_middle(Content("資料" * 20), 4).plain == "…料"


async def test_a_row_follows_the_columns_when_they_change():
    table = Table(Column("Name"), Column("", 2))
    async with One(table).run_test(size=(40, 12)) as pilot:
        table.show_rows(1, lambda row: [Content("garage"), Content("✓ 3 questions")])
        await pilot.pause()
        assert "✓ 3 questions" not in table.render_line(1).text
        table.columns = Column("Name"), Column("Coverage", 15)
        assert "✓ 3 questions" in table.render_line(1).text
