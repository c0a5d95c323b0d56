"""Which openings of an answer are compared, and which one is taken."""

from math import log

import pytest

from garage_tui.core.routing.openings import MAX_OPENINGS, Opening, best_opening, likely_first_tokens

END = frozenset({2})


def candidates(*probabilities, first=10):
    return [(first + number, log(share)) for number, share in enumerate(probabilities)]


def test_every_likely_first_token_is_continued_and_no_unlikely_one():
    found = likely_first_tokens(candidates(0.6, 0.3, 0.04, 0.01), END)
    assert [token for token, _ in found] == [10, 11]


def test_no_more_openings_are_compared_than_a_chat_waits_for():
    assert len(likely_first_tokens(candidates(*[0.15] * 6), END)) == MAX_OPENINGS


@pytest.mark.parametrize("first", [candidates(0.95, 0.03), [(2, log(0.5)), (7, log(0.5))], []])
def test_a_certain_first_token_an_empty_answer_and_no_answer_have_nothing_to_compare(first):
    assert len(likely_first_tokens(first, END)) < 2


def test_an_answer_does_not_become_empty_because_its_end_is_likely():
    assert [token for token, _ in likely_first_tokens([(7, log(0.5)), (2, log(0.4)), (8, log(0.1))], END)] == [7, 8]


def test_the_opening_with_the_highest_mean_log_probability_is_taken_whatever_its_length():
    long, short = Opening((1, 2, 3, 4), (-0.1, -0.2, -0.1, -0.2)), Opening((5, 6), (-0.2, -0.2))
    assert best_opening([short, long]) is long
    assert best_opening([short, Opening((8, 9), (-0.2, -0.2))]) is short
