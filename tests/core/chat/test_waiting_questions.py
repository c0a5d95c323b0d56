"""Questions that wait for their turn survive the end of the app, whatever way it ends."""

from __future__ import annotations

import os

from garage_tui.core.chat.waiting_questions import WaitingQuestions


def opened(folder):
    waiting = WaitingQuestions(folder)
    waiting.load()
    return waiting


def crash(waiting):
    """Let go of the lock as the kernel does when a process is killed."""
    os.close(waiting._fd)


def test_they_are_asked_in_their_order_and_the_last_can_be_taken_back(tmp_path):
    waiting = opened(tmp_path)
    for question in ("one", "two", "three"):
        waiting.add(question)
    assert (waiting.take_back(), waiting.take_next()) == ("three", "one")
    assert waiting.questions == ["two"]


def test_the_next_start_has_those_of_an_app_that_was_closed_or_killed(tmp_path):
    closed, killed = WaitingQuestions(tmp_path), WaitingQuestions(tmp_path)
    closed.add("from the closed one")
    closed.save()
    closed.close()
    killed.add("from the killed one")
    killed.save()
    crash(killed)
    waiting = opened(tmp_path)
    assert sorted(waiting.questions) == ["from the closed one", "from the killed one"]
    waiting.close()
    assert sorted(opened(tmp_path).questions) == ["from the closed one", "from the killed one"]


def test_those_of_an_app_that_lives_are_left_to_it(tmp_path):
    alive = opened(tmp_path)
    alive.add("mine")
    alive.save()
    assert opened(tmp_path).questions == []
    alive.close()
    assert opened(tmp_path).questions == ["mine"]


def test_nothing_lies_in_the_folder_once_none_waits(tmp_path):
    folder = tmp_path / "chats"
    waiting = opened(folder)
    waiting.save()
    assert not folder.exists()
    waiting.add("one")
    waiting.save()
    waiting.take_next()
    waiting.save()
    assert list(folder.iterdir()) == []
    waiting.close()


def test_a_line_that_was_cut_by_a_power_cut_does_not_cost_the_ones_before(tmp_path):
    waiting = opened(tmp_path)
    waiting.add("one")
    waiting.save()
    os.write(waiting._fd, b'["one","tw')
    crash(waiting)
    (tmp_path / ".waiting-1-1.jsonl").write_bytes(b"\xff\xfe{")
    (tmp_path / ".waiting-1-2.jsonl").mkdir()
    assert opened(tmp_path).questions == ["one"]


def test_what_they_contain_is_safe_to_paint(tmp_path):
    (tmp_path / ".waiting-1-1.jsonl").write_text('["who\\u001b]0;x\\u0007 are\\u202e you?", "  "]\n')
    assert opened(tmp_path).questions == ["who are\ufffd you?"]
