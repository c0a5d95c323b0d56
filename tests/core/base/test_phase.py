"""The text of a wait: what happens, how much of it is done, for how long, and how long it will take."""

from __future__ import annotations

import pytest

from garage_tui.core.base.format import rough_time
from garage_tui.core.base.phase import Phase, with_counts, without_counts


def test_a_counted_wait_says_count_time_and_what_is_left():
    phase = Phase("asking the base model", 40, 224, started=1000.0)
    assert phase.describe(1012.0) == "asking the base model: 40 of 224 · 12 s · about a minute left"
    assert phase.share == pytest.approx(40 / 224)


def test_a_wait_without_a_count_says_its_time_and_forecasts_nothing():
    assert Phase("loading the base model", started=1000.0).describe(1012.0) == "loading the base model · 12 s"
    assert Phase("loading the base model").share is None


def test_a_wait_that_has_just_begun_forecasts_nothing():
    assert Phase("downloading", 1, 145, "MB", started=1000.0).describe(1001.0) == "downloading: 1 of 145 MB"
    assert Phase("downloading", 1, 145, "MB", started=1000.0).describe(1010.0) == "downloading: 1 of 145 MB · 10 s"


def test_a_clock_that_was_set_back_gives_no_negative_time():
    assert Phase("downloading", 90, 145, "MB", started=1000.0).describe(900.0) == "downloading: 90 of 145 MB"


@pytest.mark.parametrize(
    ("seconds", "text", "brief"),
    [
        (0.4, "a moment", "1 s"),
        (4, "a few seconds", "5 s"),
        (12, "about 10 seconds", "10 s"),
        (29, "half a minute", "30 s"),
        (48, "about 50 seconds", "50 s"),
        (63, "about a minute", "60 s"),
        (95, "a minute and a half", "90 s"),
        (187, "about 3 minutes", "3 min"),
        (23 * 60, "about 25 minutes", "25 min"),
        (31 * 60, "half an hour", "30 min"),
        (60 * 60, "about an hour", "60 min"),
        (67 * 60, "a bit over an hour", "70 min"),
        (95 * 60, "an hour and a half", "90 min"),
        (2.1 * 3600, "about 2 hours", "2 h"),
        (2.6 * 3600, "about 2 and a half hours", "2.5 h"),
        (11.2 * 3600, "about 11 hours", "11 h"),
        (50 * 3600, "about 2 days", "2 days"),
    ],
)
def test_an_estimated_time_is_rounded_as_one_would_say_it(seconds, text, brief):
    assert (rough_time(seconds), rough_time(seconds, brief=True)) == (text, brief)


def test_reports_become_texts_with_or_without_their_counts():
    counted: list[str] = []
    report = with_counts(counted.append)
    report("downloading", 1, 145, "MB")
    report("unpacking")
    assert counted == ["downloading: 1 of 145 MB", "unpacking"]
    plain: list[str] = []
    report = without_counts(plain.append)
    for done in range(3):
        report("downloading", done, 145, "MB")
    report("unpacking")
    assert plain == ["downloading", "unpacking"]
