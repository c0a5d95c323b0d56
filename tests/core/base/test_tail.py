"""Following a file that grows."""

import os

from garage_tui.core.base.tail import CHUNK, FileFollower


def test_lines_come_once_and_whole(tmp_path):
    log = tmp_path / "log.txt"
    follower = FileFollower(log)
    assert follower.text() == []
    log.write_text("one\ntw")
    assert follower.text() == ["one"]
    with log.open("a") as file:
        file.write("o\nthree")
    assert follower.text() == ["two"]
    assert follower.text(final=True) == ["three"]


def test_of_a_progress_bar_the_last_state_is_shown_and_escapes_are_gone(tmp_path):
    log = tmp_path / "log.txt"
    log.write_bytes(b"10%\r50%\r\x1b[32m100%\x1b[0m\nbad \xff byte\n")
    assert FileFollower(log).text() == ["100%", "bad ⟨0xFF⟩ byte"]


def test_a_big_file_is_read_in_bounded_pieces_and_a_tail_starts_at_a_line(tmp_path):
    log = tmp_path / "log.txt"
    log.write_text("".join(f"line {n}\n" for n in range(100_000)))
    follower = FileFollower(log)
    lines = follower.text()
    assert follower.position == CHUNK and follower.behind
    while follower.behind:
        lines += follower.text()
    assert lines == [f"line {n}" for n in range(100_000)]
    assert FileFollower(log, tail=1000).text()[-1] == "line 99999"
    assert FileFollower(log, tail=1000).text()[0].startswith("line ")


def test_torn_and_foreign_event_lines_are_left_out(tmp_path):
    events = tmp_path / "events.jsonl"
    events.write_text('{"event": "step"}\n{"event": "st\nnull\n[1]\n{"event": "ended"}')
    assert FileFollower(events).events(final=True) == [{"event": "step"}, {"event": "ended"}]


def test_a_pipe_in_place_of_a_log_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "log.txt")
    assert FileFollower(tmp_path / "log.txt").text() == []
