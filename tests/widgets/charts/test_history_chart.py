"""One quantity over time: what stands on the screen, and when it is painted."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.strip import Strip

from garage_tui.app.theme import GARAGE, VARIABLES
from garage_tui.widgets.charts.column_chart import Threshold, draw
from garage_tui.widgets.charts.history_chart import HistoryChart
from garage_tui.widgets.charts.styled_lines import Picture

NOW = 1_800_000_000.0
"""The beginning of a column, of whatever length here."""
PAUSE, RESUME = Threshold(84, "84 pause", "error"), Threshold(75, "75 resume", "warning")


def minutes(*values: float) -> tuple[tuple[float, float], ...]:
    """Return a sample for each minute, the last of them now."""
    return tuple((NOW - 60 * (len(values) - 1 - at), value) for at, value in enumerate(values))


def text(picture: Picture) -> list[str]:
    return ["".join(run for run, _ in line) for line in picture]


def styles(picture: Picture, letter: str) -> set[str]:
    return {style for line in picture for run, style in line if letter in run}


def test_a_curve_stands_above_its_time_beside_its_scale():
    points = minutes(*(float(value) for value in range(30)))
    assert text(draw(points, 33, 6, now=NOW, top=30, form="{:.0f}".format)) == [
        "30                          ▁▃▄▅▇",
        "                      ▁▃▄▅▇██████",
        "15              ▁▃▄▅▇████████████",
        "          ▁▃▄▅▇██████████████████",
        " 0 ▁▁▃▄▅▇████████████████████████",
        "   −30 min     −15 min        now",
    ]


@pytest.mark.parametrize(
    ("values", "thresholds", "top"),
    [
        ([3.0, 9.0], (), "10"),
        ([11.0], (), "20"),
        ([210.0], (), "500"),
        ([251.0], (), "500"),
        ([100.0], (), "100"),
        ([0.0], (), "1"),
        ([0.013], (), "0.02"),
        ([61.0], (PAUSE,), "100"),
    ],
)
def test_a_scale_without_a_fixed_top_ends_at_a_round_number_above_values_and_thresholds(values, thresholds, top):
    lines = text(draw(minutes(*values), 40, 6, now=NOW, thresholds=thresholds))
    assert lines[0].split()[0] == top


def test_the_scale_may_begin_above_nothing_and_words_its_values():
    lines = text(draw(minutes(60.0), 40, 6, now=NOW, bottom=20, top=100, form="{:.0f} °C".format))
    assert [line[:7] for line in lines] == ["100 °C ", "       ", " 60 °C ", "       ", " 20 °C ", "       "]


def test_a_low_picture_has_no_middle_of_its_scale():
    lines = text(draw(minutes(60.0), 40, 4, now=NOW, top=100))
    assert [line[:4] for line in lines] == ["100 ", "    ", "  0 ", "    "]


def test_a_threshold_is_a_dashed_row_that_says_what_it_is_at_its_right_end():
    picture = draw(minutes(*[50.0] * 30), 34, 6, now=NOW, top=100, thresholds=(PAUSE,))
    assert text(picture)[0] == "100 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄ 84 pause"
    assert styles(picture, "┄") == styles(picture, "84 pause") == {"$error"}
    assert styles(picture, "█") == {"$primary"}


def test_a_column_above_a_threshold_has_its_colour_and_a_sign_where_it_crosses_it():
    picture = draw(minutes(*[50.0] * 10, 84.0, 95.0, *[50.0] * 18), 34, 11, now=NOW, top=100, thresholds=(PAUSE,))
    assert text(picture)[:3] == [
        "100            ▄                  ",
        "    ┄┄┄┄┄┄┄┄┄┄▲▲┄┄┄┄┄┄┄┄┄ 84 pause",
        "              ██                  ",
    ]
    assert styles(picture, "▲") == {"$error reverse"}, "dark on its column, which is not cut in two"
    assert ("██", "$error") in picture[2]


def test_where_the_newest_columns_are_hot_the_label_gives_way_to_them():
    hot, cool = [95.0], [50.0]
    draws = {"top": 100.0, "thresholds": (PAUSE,)}
    assert text(draw(minutes(*cool * 25, *hot * 5), 34, 11, now=NOW, **draws))[1].endswith("┄┄ 84 pause ▲▲▲▲▲")
    assert text(draw(minutes(*hot * 30), 34, 11, now=NOW, **draws))[1].endswith(" 84 pause ▲▲▲▲▲▲▲▲▲▲▲▲▲▲▲▲▲▲▲▲▲")


def test_two_thresholds_are_told_apart_without_colours():
    values = [60.0] * 10 + [80.0] * 5 + [90.0] * 5 + [60.0] * 10
    picture = draw(minutes(*values), 34, 21, now=NOW, top=100, thresholds=(PAUSE, RESUME))
    lines = text(picture)
    assert lines[3] == "    ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▲▲▲▲▲┄ 84 pause"
    assert lines[4] == "    ┄┄┄┄┄┄┄┄┄┄╍╍╍╍╍╍╍╍╍╍ 75 resume"
    assert styles(picture, "╍") == {"$warning reverse", "$error reverse"}


def test_of_two_thresholds_in_one_row_only_the_higher_is_crossed_and_both_are_said_where_there_is_room():
    values = [50.0] * 10 + [80.0] * 5 + [90.0] * 5 + [50.0] * 30
    lines = text(draw(minutes(*values), 54, 4, now=NOW, span=3000, bottom=20, top=100, thresholds=(PAUSE, RESUME)))
    assert lines[0] == "100 ┄┄┄┄┄┄┄┄┄┄▂▂▂▂▂▲▲▲▲▲┄┄┄┄┄┄┄┄┄ 84 pause · 75 resume"


def test_a_threshold_off_the_scale_is_no_row():
    assert "┄" not in "".join(text(draw(minutes(0.5), 40, 8, now=NOW, top=1.0, thresholds=(PAUSE,))))


def test_a_long_stretch_without_samples_stays_empty_and_a_short_one_does_not():
    whole = minutes(*[100.0] * 30)
    line = text(draw(whole[:10] + whole[15:20] + whole[21:], 34, 3, now=NOW, top=100))[0]
    assert line == "100 ██████████     ███████████████"


def test_samples_of_every_ten_seconds_are_no_gaps_where_a_column_is_one_second():
    points = tuple((NOW - seconds, 100.0) for seconds in (25, 15, 5))
    assert text(draw(points, 34, 3, now=NOW, span=30, top=100))[0] == "100     " + "█" * 26


def test_a_sensor_that_fell_silent_ends_in_nothing():
    assert text(draw(minutes(*[100.0] * 30)[:-5], 34, 3, now=NOW, top=100))[0] == "100 " + "█" * 25 + " " * 5


def test_zero_is_something_to_see():
    assert text(draw(minutes(*[0.0] * 30), 34, 4, now=NOW, top=100))[2] == "  0 " + "▁" * 30


def test_what_is_no_number_was_not_measured():
    holed = minutes(*[100.0] * 10, *[math.nan] * 5, *[math.inf] * 5, *[100.0] * 10)
    assert text(draw(holed, 34, 3, now=NOW))[0] == "100 " + "█" * 10 + " " * 10 + "█" * 10


def test_a_column_is_the_mean_of_its_samples():
    points = tuple((NOW + at, value) for at, value in enumerate([0.0, 100.0] * 20))
    assert text(draw(points, 34, 3, now=NOW + 59, top=100))[1][-1] == "█"
    assert text(draw(points, 34, 3, now=NOW + 59, top=100))[0][-1] == " ", "50 of 100: one row of two"


def test_a_short_peak_above_a_threshold_does_not_vanish_in_a_mean():
    seconds = [(NOW - 1799 + at, 86.0 if at == 905 else 60.0) for at in range(1800)]
    picture = draw(seconds, 34, 11, now=NOW, top=100, thresholds=(PAUSE,))
    assert text(picture)[1].count("▲") == 1 and styles(picture, "▲") == {"$error reverse"}


def test_what_lies_before_the_span_or_after_now_is_not_shown():
    points = ((NOW - 7200, 500.0), (NOW, 5.0), (NOW + 1, 500.0))
    assert text(draw(points, 40, 6, now=NOW))[0].split() == ["5", "██"]


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (60, ["−60 s", "−30 s", "now"]),
        (300, ["−5 min", "−2.5 min", "now"]),
        (1800, ["−30 min", "−15 min", "now"]),
        (5400, ["−90 min", "−45 min", "now"]),
        (7200, ["−2 h", "−1 h", "now"]),
        (86400, ["−24 h", "−12 h", "now"]),
    ],
)
def test_the_time_is_said_in_words(span, words):
    axis = text(draw(minutes(4.0), 62, 4, now=NOW, span=span))[-1]
    assert [word.strip() for word in axis.split("  ") if word.strip()] == words
    assert axis.endswith("now") and axis.index(words[0]) == 2, "each where it belongs"
    assert axis.index(words[1]) == pytest.approx(2 + (60 - len(words[1])) / 2, abs=1)


def test_a_narrow_picture_says_less_of_the_time():
    assert text(draw(minutes(5.0), 24, 6, now=NOW))[-1] == "  −30 min            now"
    assert text(draw(minutes(5.0), 16, 6, now=NOW, form="{:.4f}".format))[-1].split() == ["now"]


@pytest.mark.parametrize(("width", "height"), [(30, 2), (30, 1), (15, 8), (1, 1)])
def test_a_tiny_picture_is_columns_alone(width, height):
    lines = text(draw(minutes(*map(float, range(30))), width, height, now=NOW, top=29, thresholds=(PAUSE,)))
    assert set("".join(lines)) <= set(" ▁▂▃▄▅▆▇█") and lines[-1].strip()


def test_a_tiny_picture_marks_what_is_above_a_threshold():
    assert text(draw(minutes(60.0, 90.0, 60.0), 3, 1, now=NOW, span=180, top=100, thresholds=(PAUSE,))) == ["▅▲▅"]


def test_a_scale_that_leaves_no_room_for_columns_is_left_out():
    lines = text(draw(minutes(60.0), 20, 4, now=NOW, form="{:.12f}".format))
    assert "0.00" not in "".join(lines) and lines[-1].endswith("█")


@pytest.mark.parametrize("points", [(), minutes(*[math.nan] * 5), ((NOW - 7200, 5.0),)])
def test_where_nothing_was_measured_a_sentence_says_why(points):
    picture = draw(points, 20, 4, now=NOW, thresholds=(PAUSE,), empty="no sensor: a card without a fan")
    assert text(picture) == [" " * 20, " no sensor: a card  ", "   without a fan    ", " " * 20]
    assert styles(picture, "no sensor") == {"$muted"}


def test_all_but_the_newest_column_stay_as_they_are_until_a_new_one_begins():
    points = [(NOW - 1800 + at, float(at * 7 % 50)) for at in range(1900)]
    pictures = [text(draw(points, 63, 7, now=NOW + at, top=50)) for at in range(0, 30)]
    assert len({tuple(line[:-1] for line in picture[:-1]) for picture in pictures}) == 1
    assert text(draw(points, 63, 7, now=NOW + 30, top=50)) != pictures[-1]


numbers = st.floats() | st.floats(-200, 200)


@given(
    values=st.lists(st.tuples(st.floats(-4000, 10), numbers), max_size=40),
    width=st.integers(-1, 90),
    height=st.integers(-1, 12),
    span=st.sampled_from([60.0, 1800.0, 7200.0]) | st.floats(),
    now=st.just(NOW) | st.floats(),
    top=st.none() | numbers,
    bottom=numbers,
    thresholds=st.lists(st.builds(Threshold, numbers, st.text(max_size=12)), max_size=3),
    unit=st.text(max_size=4),
    empty=st.text(max_size=60),
)
def test_any_picture_is_exactly_as_large_as_its_place(
    values, width, height, span, now, top, bottom, thresholds, unit, empty
):
    points = sorted(((NOW + t, value) for t, value in values), key=lambda point: point[0])
    told = {"span": span, "now": now, "top": top, "bottom": bottom, "thresholds": thresholds, "empty": empty}
    lines = text(draw(points, width, height, form=lambda value: f"{value:.3g}{unit}", **told))
    assert len(lines) == (max(0, height) if width > 0 else 0)
    assert all(cell_len(line) == width == len(line) for line in lines)


class RunSnapshot(HistoryChart):
    """Counts how often it is painted."""

    painted = 0

    def render_line(self, y: int) -> Strip:
        self.painted += y == 0
        return super().render_line(y)


class One(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.history = RunSnapshot(form="{:.0f}°".format)
        self.history.now, self.history.points = NOW, minutes(*[60.0] * 40)
        self.history.top, self.history.thresholds = 100, (PAUSE,)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return VARIABLES

    def compose(self) -> ComposeResult:
        yield self.history

    def lines(self) -> list[str]:
        return [strip.text for strip in self.screen._compositor.render_strips()]


async def test_the_widget_shows_the_picture_and_follows_its_size():
    app = One()
    async with app.run_test(size=(65, 8)) as pilot:
        await pilot.pause()
        assert app.lines() == text(
            draw(app.history.points, 65, 8, now=NOW, top=100, thresholds=(PAUSE,), form=app.history.form)
        )
        await pilot.resize_terminal(35, 5)
        await pilot.pause()
        assert app.lines()[0] == "100° ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄ 84 pause"
        assert app.lines()[-1].split() == ["−30", "min", "−15", "min", "now"]


async def test_it_is_painted_only_when_the_picture_changes():
    app = One()
    async with app.run_test(size=(65, 8)) as pilot:
        await pilot.pause()
        before = app.history.painted
        for second in range(1, 30):
            app.history.points = (*app.history.points, (NOW + second, 60.0))
            app.history.now = NOW + second
            await pilot.pause()
        assert app.history.painted == before, "another second of the same"
        app.history.points = (*app.history.points, (NOW + 29.5, 95.0))
        app.history.now = NOW + 29.5
        await pilot.pause()
        assert app.history.painted == before + 1, "once for two news"
        assert app.lines()[1].endswith("▲"), "a peak"


async def test_colours_are_those_of_the_theme_also_of_the_next_one():
    app = One()
    async with app.run_test(size=(65, 8)) as pilot:

        def colours(letter: str) -> set[str]:
            strips = app.screen._compositor.render_strips()
            found = {part.style.color for strip in strips for part in strip if letter in part.text and part.style}
            return {colour.get_truecolor().hex for colour in found if colour}

        await pilot.pause()
        assert colours("█") == {app.theme_variables["primary"].lower()}
        app.register_theme(GARAGE)
        app.theme = "garage"
        await pilot.pause()
        assert colours("█") == {app.theme_variables["primary"].lower()}
        assert colours("84 pause") == {app.theme_variables["error"].lower()}
