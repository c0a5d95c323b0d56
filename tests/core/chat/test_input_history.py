"""Earlier questions come back as a shell's do."""

from garage_tui.core.chat.input_history import InputHistory


def test_up_goes_back_and_down_comes_forward_to_what_was_being_typed():
    recall = InputHistory()
    recall.add(["one", "two"])
    assert [now := recall.back("half"), now := recall.back(now), now := recall.back(now)] == ["two", "one", "one"]
    assert [now := recall.forward(now), now := recall.forward(now), recall.forward(now)] == ["two", "half", "half"]


def test_a_question_that_was_asked_twice_comes_back_once():
    recall = InputHistory()
    recall.add(["one", "two", "one"])
    assert [now := recall.back(""), now := recall.back(now), recall.back(now)] == ["one", "two", "two"]


def test_after_a_recalled_line_was_changed_up_begins_at_the_newest_and_down_returns_to_it():
    recall = InputHistory()
    recall.add(["one", "two"])
    recall.back(recall.back(""))
    assert recall.back("one more") == "two"
    assert recall.forward("two") == "one more"


def test_without_earlier_lines_nothing_changes():
    assert InputHistory().back("x") == "x"
    assert InputHistory().forward("x") == "x"
