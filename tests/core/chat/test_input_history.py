"""Earlier questions come back as a shell's do."""

from garage_tui.core.chat.input_history import InputHistory


def test_up_goes_back_and_down_comes_forward_to_what_was_being_typed():
    history = InputHistory()
    history.add(["one", "two"])
    assert [now := history.back("half"), now := history.back(now), now := history.back(now)] == ["two", "one", "one"]
    assert [now := history.forward(now), now := history.forward(now), history.forward(now)] == ["two", "half", "half"]


def test_a_question_that_was_asked_twice_comes_back_once():
    history = InputHistory()
    history.add(["one", "two", "one"])
    assert [now := history.back(""), now := history.back(now), history.back(now)] == ["one", "two", "two"]


def test_after_a_recalled_line_was_changed_up_begins_at_the_newest_and_down_returns_to_it():
    history = InputHistory()
    history.add(["one", "two"])
    history.back(history.back(""))
    assert history.back("one more") == "two"
    assert history.forward("two") == "one more"


def test_without_earlier_lines_nothing_changes():
    assert InputHistory().back("x") == "x"
    assert InputHistory().forward("x") == "x"
