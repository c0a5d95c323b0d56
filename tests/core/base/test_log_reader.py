"""A log of any size, a piece at a time."""

import os
import random

import pytest

from garage_tui.core.base.log_reader import FRESH, LONGEST, LogTail, find, last_lines, lines_after, lines_before


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log.txt"


def number(many, first=0):
    return "".join(f"line {n}\n" for n in range(first, first + many))


def test_from_its_end_a_log_is_read_back_to_its_beginning_without_a_line_lost_or_twice(log):
    log.write_text(number(200_000))
    piece = LogTail(log).read()
    lines = [*piece.lines]
    while piece.start:
        piece = lines_before(log, piece.start)
        lines[:0] = piece.lines
    assert lines == number(200_000).splitlines()


def test_and_from_its_beginning_to_its_end(log):
    log.write_text(number(200_000) + "no newline")
    at, lines = 0, []
    while (piece := lines_after(log, at)).lines:
        assert piece.start == at
        lines += piece.lines
        at = piece.end
    assert lines == number(200_000).splitlines()
    assert lines_after(log, at).rest == "no newline"


def test_what_is_new_follows_what_was_there_and_a_line_that_is_being_written_is_told(log):
    log.write_text("one\ntw")
    tail = LogTail(log)
    first = tail.read()
    assert first.lines == ("one",) and first.rest == "tw"
    assert tail.read() is None
    with log.open("a") as file:
        file.write("o\nthree")
    second = tail.read()
    assert second.lines == ("two",) and second.rest == "three" and second.start == first.end


def test_of_a_flood_the_end_is_told_and_the_gap_can_be_seen(log):
    log.write_text(number(10))
    tail = LogTail(log)
    first = tail.read()
    with log.open("a") as file:
        file.write(number(100_000, first=10))
    second = tail.read()
    assert second.lines[-1] == "line 100009" and second.start > first.end
    assert lines_before(log, second.start).lines[-1] == f"line {int(second.lines[0].split()[1]) - 1}"


def test_a_progress_bar_stays_one_line_however_often_it_is_written(log):
    log.write_text("training\n")
    tail = LogTail(log)
    tail.read()
    for percent in range(5000):  # more than is read at once
        with log.open("a") as file:
            file.write(f"\r{percent:4}/5000 " + "#" * (percent // 200))
        piece = tail.read()
        assert piece.lines == () and piece.rest == f"{percent:4}/5000 " + "#" * (percent // 200)
        assert piece.end == len("training\n")
    assert log.stat().st_size > FRESH
    with log.open("a") as file:
        file.write("\rdone\nnext\n")
    last = tail.read()
    assert last.lines[-1] == "next" and (*lines_before(log, last.start).lines, *last.lines)[:2] == ("training", "done")
    assert lines_after(log, 0).lines == ("training", "done", "next")


def test_a_line_without_an_end_is_broken_and_nothing_of_it_is_lost(log):
    letters = "".join(random.Random(1).choices("abcdef", k=300_000))
    log.write_text(f"first\n{letters}\nlast\n")
    at, lines = 0, []
    while (piece := lines_after(log, at)).lines:
        lines += piece.lines
        at = piece.end
    assert lines[0] == "first" and lines[-1] == "last" and "".join(lines[1:-1]) == letters
    assert max(map(len, lines)) <= LONGEST


@pytest.mark.parametrize("backwards", [True, False])
def test_every_match_is_found_once_in_order_in_either_direction(log, backwards):
    luck = random.Random(2)
    rows = [f"row {n} " + ("Loss: NaN" if luck.random() < 0.0003 else "all well" * 3) for n in range(200_000)]
    log.write_text("\n".join(rows) + "\n")
    place, found = log.stat().st_size if backwards else 0, []
    while (at := find(log, "loss: nan", place, backwards=backwards)) is not None:
        found.append(lines_after(log, at, 200).lines[0])
        place = at if backwards else at + 1 + len(found[-1])
    expected = [row for row in rows if "NaN" in row]
    assert found == (expected[::-1] if backwards else expected) and len(found) > 30


def test_what_is_searched_is_what_is_shown(log):
    log.write_bytes("\x1b[32mloss\x1b[0m: 3\nÄRGER\n10%\r20%\nlast\n".encode())
    end = log.stat().st_size
    assert find(log, "loss: 3", end, backwards=True) == 0
    assert lines_after(log, find(log, "ärger", end, backwards=True)).lines[0] == "ÄRGER"
    assert find(log, "10%", end, backwards=True) is None
    assert find(log, "20%", end, backwards=True) is not None


def test_a_search_that_is_given_up_ends_at_once(log):
    log.write_text(number(500_000))
    told = []
    assert find(log, "not there", log.stat().st_size, backwards=True, goes_on=lambda at: told.append(at)) is None
    assert told == [log.stat().st_size]


@pytest.mark.parametrize(("many", "first"), [(0, None), (1, "the rest"), (3, "line 19998"), (15_000, "line 5001")])
def test_the_last_lines_begin_where_they_do(log, many, first):
    log.write_text(number(20_000) + "the rest")
    piece = lines_after(log, last_lines(log, many))
    assert next(iter((*piece.lines, piece.rest)), "") == (first or "")
    assert last_lines(log, 50_000) == 0


def test_a_log_that_begins_anew_is_read_anew(log):
    log.write_text(number(1000))
    tail = LogTail(log)
    tail.read()
    log.write_text("afresh\n")
    assert tail.read().lines == ("afresh",)


def test_a_pipe_or_nothing_in_place_of_a_log_is_empty(log):
    assert LogTail(log).read().lines == ()
    os.mkfifo(log)
    assert LogTail(log).read().lines == ()
    assert lines_after(log, 0, 100).lines == () and find(log, "a", 5, backwards=True) is None


def test_a_link_to_a_file_that_is_waited_for_is_empty_too(log):
    log.symlink_to("/proc/kmsg")
    assert LogTail(log).read().lines == ()
    assert lines_after(log, 0, 100).lines == () and last_lines(log, 5) == 0
