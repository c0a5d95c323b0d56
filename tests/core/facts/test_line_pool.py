"""Rows with the same bytes: each stays a row of its own, however often its file is read, merged and undone."""

import json

import pytest

from garage_tui.core.facts.line import Fact, parse
from garage_tui.core.facts.line_pool import LinePool, merge_lines
from garage_tui.core.facts.row_problems import first_problem, problems
from garage_tui.core.facts.store import FactsStore

TWICE = b'{"question": "Q?", "answer": "A"}\n'
OTHER = b'{"question": "R?", "answer": "B"}\n'


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "facts.jsonl"
    path.write_bytes(OTHER + TWICE + TWICE)
    return path


@pytest.fixture
def store(file, tmp_path):
    return FactsStore(file, tmp_path / "journal")


def append(file, data):
    with file.open("ab") as opened:
        opened.write(data)


def read_again(store):
    assert store.changed() and store.adopt(store.read())


def all_differ(lines):
    return len({id(line) for line in lines}) == len(lines)


def test_a_line_is_handed_out_once_and_then_copied():
    one, two = parse(b"{}"), parse(b"{}")
    pool = LinePool([one], [one, two])
    found = [pool.take(b"{}") for _ in range(4)]
    assert found[:2] == [one, two] and all_differ(found)
    assert [line.complaints for line in found] == [one.complaints] * 4
    assert pool.take(b"[]") is None


@pytest.mark.parametrize("begin", [b"", OTHER])
def test_a_repeated_row_is_flagged_after_its_file_was_read_again(file, store, begin):
    file.write_bytes(begin + TWICE + TWICE + OTHER.replace(b"R?", b"S?"))
    read_again(store)
    before = store.document.lines
    append(file, OTHER.replace(b"R?", b"T?"))
    read_again(store)
    lines = store.document.lines
    assert lines[:-1] == before and all_differ(lines), "the same rows, and each its own"
    at = len(begin) > 0
    assert store.document.coverage.warnings == 1
    assert first_problem(store.document).startswith(f"line {at + 1}: the same question and answer as line {at + 2}")
    assert problems(store.document, lines[at + 1])[0].text.startswith(f"the same question and answer as line {at + 1}")


def test_a_row_that_somebody_else_repeats_is_flagged(file, store):
    file.write_bytes(OTHER + TWICE)
    read_again(store)
    append(file, TWICE)
    read_again(store)
    assert first_problem(store.document).startswith("line 2: the same question and answer as line 3")


def test_a_merge_keeps_repeated_rows_apart(file, store):
    store.insert(3, [Fact("mine", "m")], "adding")
    append(file, TWICE)
    change = store.save()
    assert change and store.accept(change) and store.save() is None
    assert all_differ(store.document.lines) and len(store.document.lines) == 5
    assert first_problem(store.document).startswith("line 2: the same question and answer as line 3")


def test_rows_that_both_sides_of_a_clash_repeat_are_shown_apart():
    base, mine, theirs = ([parse(raw)] for raw in (OTHER, TWICE, TWICE.replace(b"A", b"C")))
    merged, [(left, right)] = merge_lines(base, [*mine, parse(TWICE)], [*theirs, parse(theirs[0].raw)], "both")
    assert [len(merged), len(left), len(right)] == [4, 2, 2]
    assert all_differ(merged) and all_differ(left) and all_differ(right)


@pytest.mark.parametrize("begin", [b"", OTHER])
def test_a_change_of_all_repeated_rows_reaches_each_of_them(file, store, begin):
    file.write_bytes(begin + TWICE + TWICE)
    read_again(store)
    old = [line for line in store.document.lines if line.raw == TWICE.rstrip()]
    file.write_bytes(OTHER.replace(b"R?", b"above") + begin + TWICE + TWICE)
    read_again(store)
    store.edit_all([(line, {"answer": "new"}) for line in old], "replacing an answer")
    store.save()
    answers = [json.loads(line)["answer"] for line in file.read_text().splitlines()]
    assert answers[-2:] == ["new", "new"]


def test_rows_of_an_earlier_reading_are_each_found_once(store):
    stale = [line.copied() for line in store.document.lines]
    assert store.document.find_all([stale[2], store.document.lines[1], stale[0], parse(b"{}")]) == [2, 1, 0, None]


def test_a_deletion_that_is_taken_back_puts_no_row_in_twice(file, store):
    row = store.document.lines[1]
    store.remove(row, "deleting")
    append(file, TWICE)
    change = store.save()
    assert change and store.accept(change, "theirs")
    assert row in store.document.lines, "it came back with their version"
    store.undo()
    assert all_differ(store.document.lines)
    store.redo()
    assert all_differ(store.document.lines)
