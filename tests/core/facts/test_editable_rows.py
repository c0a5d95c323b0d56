"""The rows in memory: where the cursor belongs after undo and redo, and after somebody else wrote the file."""

from __future__ import annotations

import pytest

from garage_tui.core.facts.editable_rows import EditableRows
from garage_tui.core.facts.line import Fact, make_line

LINES = [make_line(Fact(f"q{number}", f"a{number}")) for number in range(6)]


def lines(*numbers: int):
    return [make_line(Fact(f"q{number}", f"a{number}")) for number in numbers]


@pytest.mark.parametrize(
    ("now", "position"),
    [
        ([0, 1, 2, 3, 4, 5], 3),
        ([9, 0, 1, 2, 3, 4, 5], 4),
        ([0, 3], 1),
        ([0, 1, 2, 4, 5], 3),
        ([2, 1, 0], 1),
        ([9, 8, 5], 2),
        ([9, 8], 1),
        ([], 0),
    ],
)
def test_the_nearest_neighbour_takes_the_place_of_a_row_that_is_gone(now, position):
    assert EditableRows(lines(*now)).nearest(LINES, 3) == position


def test_undo_goes_to_the_row_that_was_chosen_before_and_redo_to_what_was_changed():
    document = EditableRows(lines(0, 1, 2, 3))
    chosen = [document.lines[1]]
    document.chosen = lambda: chosen[0]
    document.splice(2, 0, lines(7, 8), "adding 2 rows")
    chosen[0] = document.lines[3]
    assert document.cursor_after(document.undo()) == 1
    chosen[0] = document.lines[0]
    assert document.cursor_after(document.redo()) == 3, "the one of the new rows that was chosen"
    assert document.cursor_after(document.undo()) == 1, "still"
    assert document.cursor_after(document.redo()) == 2, "the first new row"


def test_the_last_change_is_the_one_that_undo_takes_back():
    document = EditableRows(lines(0))
    assert document.last_change is None
    change = document.splice(0, 1, [], "deleting a row")
    assert document.last_change is change
    document.undo()
    assert document.last_change is None
