"""Which columns are shown: three where they fit, else two of them in turn."""

import pytest

from garage_tui.screens.chat.column_choice import MIN_WIDTH_FOR_THREE, ColumnChoice

WIDE, NARROW = MIN_WIDTH_FOR_THREE, MIN_WIDTH_FOR_THREE - 1


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (WIDE, [("base", "tuned"), ("base", "book", "tuned"), ("base", "tuned")]),
        (NARROW, [("base", "tuned"), ("book", "tuned"), ("base", "book"), ("base", "tuned")]),
    ],
)
def test_the_choices_follow_one_another_and_begin_again(width, shown):
    choice, visible = ColumnChoice(), []
    for _ in shown:
        visible.append(choice.fit(width))
        choice.advance(width)
    assert visible == shown


def test_the_open_book_is_asked_in_all_choices_but_the_first():
    choice = ColumnChoice()
    assert not choice.asks_open_book
    choice.advance(NARROW)
    assert choice.asks_open_book
    choice.advance(NARROW)
    assert choice.asks_open_book


@pytest.mark.parametrize(("index", "hidden"), [(0, None), (1, "base"), (2, "tuned")])
def test_the_side_that_is_asked_but_does_not_fit_is_known(index, hidden):
    assert ColumnChoice(index).hidden(NARROW) == hidden
    assert ColumnChoice(min(index, 1)).hidden(WIDE) is None


def test_a_terminal_that_grows_shows_all_three_and_one_that_shrinks_keeps_the_open_book():
    choice = ColumnChoice(2)
    assert choice.fit(WIDE) == ("base", "book", "tuned")
    assert choice.fit(NARROW) == ("book", "tuned")


def test_without_a_tuned_model_the_base_stays_beside_the_open_book_and_a_model_that_appears_hides_neither():
    choice = ColumnChoice()
    choice.set_has_tuned(False, NARROW)
    choice.advance(NARROW)
    assert choice.fit(NARROW) == ("base", "book") and choice.asks_open_book
    choice.set_has_tuned(True, NARROW)
    assert choice.fit(NARROW) == ("base", "book")


@pytest.mark.parametrize(("index", "empty", "shown"), [(1, "tuned", ("base", "book")), (2, "base", ("book", "tuned"))])
def test_a_column_without_an_answer_gives_its_place_to_the_hidden_one(index, empty, shown):
    choice = ColumnChoice(index)
    choice.show_instead(empty, NARROW)
    assert choice.fit(NARROW) == shown
