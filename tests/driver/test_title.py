"""The terminal's title, as it is sent."""

from __future__ import annotations

import pytest

from garage_tui.core.monitor.run_watcher import RunSnapshot
from garage_tui.core.runs.record import RunState
from garage_tui.driver.title import TerminalTitle, has_title


def run(name="garage", status="running", step=43, alive=True) -> RunSnapshot:
    state = RunState(state="running", step=step, total_steps=100)
    return RunSnapshot(f"20261126-1000-lora-{name}", None, alive, status, "", state, None, False)


@pytest.fixture
def sent():
    return []


@pytest.fixture
def now():
    return [0.0]


@pytest.fixture
def title(sent, now):
    return TerminalTitle("~/box", sent.append, clock=lambda: now[0])


def test_it_keeps_the_one_that_was_there_and_brings_it_back(title, sent):
    title.show([])
    title.close()
    title.close()
    assert sent == ["\x1b[22;2t\x1b]2;garage ~/box\x07", "\x1b]2;\x07\x1b[23;2t"]


def test_it_says_how_far_the_run_is_every_few_seconds_and_what_happens_to_it_at_once(title, sent, now):
    title.show([run(step=43)])
    for step in range(44, 60):
        now[0] += 0.25
        title.show([run(step=step)])
    assert len(sent) == 1 and "garage ~/box · lora-garage 43 %" in sent[0]
    now[0] = 6.0
    title.show([run(step=60)])
    title.show([run(step=60, status="paused")])
    title.show([run(step=60, alive=False, status="finished")])
    assert [text[4:-1] for text in sent[1:]] == [
        "garage ~/box · lora-garage 60 %",
        "garage ~/box · lora-garage paused",
        "garage ~/box",
    ]


def test_a_name_cannot_end_it_nor_colour_the_status_line_of_tmux(title, sent):
    title.show([run(name="x\x07\x1b]0;evil\x07#[fg=red]##{pid}"), run(), run(status="queued")])
    assert sent[0].removeprefix("\x1b[22;2t") == "\x1b]2;garage ~/box · lora-x[fg=red]{pid} 43 % +1\x07"


def test_a_deep_workspace_leaves_room_for_the_run(sent):
    TerminalTitle("/srv/" + "deep/" * 30 + "box", sent.append).show([run()])
    assert "…" in sent[0] and "deep/box · lora-garage 43 %" in sent[0]


def test_in_ascii_it_is_ascii(sent):
    TerminalTitle("~/böx", sent.append, only_ascii=True).show([run()])
    assert sent[0].isascii() and "~/b?x - lora-garage 43 %" in sent[0]


@pytest.mark.parametrize("term, has", [("xterm-256color", True), ("tmux", True), ("linux", False), ("dumb", False)])
def test_a_console_has_none(term, has):
    assert has_title({"TERM": term}) is has


def test_no_terminal_has_none():
    assert not has_title({})
