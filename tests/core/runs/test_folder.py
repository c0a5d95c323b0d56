"""A glance at the runs that are alive, whatever stands in their folders."""

from __future__ import annotations

import fcntl

import pytest

from garage_tui.core.runs.folder import LOCK, STATE, live_runs
from garage_tui.core.runs.request import REQUEST, requested_action, skips_start_conditions, write_request


@pytest.fixture
def alive(tmp_path):
    """A run folder whose lock is held."""
    folder = tmp_path / "20261125-1200-lora-garage"
    folder.mkdir()
    with (folder / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def glance(folder):
    return next(live_runs(folder.parent))


def test_only_those_that_are_alive_are_looked_at(alive):
    dead = alive.with_name("20261125-1300-lora-dead")
    dead.mkdir()
    (dead / LOCK).touch()
    (alive / STATE).write_text('{"state": "running", "step": 3, "total_steps": 36, "seconds_left": 250.5}' + " " * 900)
    (run,) = live_runs(alive.parent)
    assert run == ("lora-garage", "running", 3, 36, 250.5, "", "")
    write_request(alive, "pause")
    assert glance(alive).status == "pausing"
    write_request(alive, "stop", now=True)
    assert glance(alive).status == "stopping"
    assert list(live_runs(alive.parent / "nowhere")) == []


@pytest.mark.parametrize(
    "state",
    [
        None,
        b"",
        b"[]",
        b"7",
        b"\xff{}",
        b"[" * 100_000,
        b'{"step": 3}',
        b'{"state": "running", "step": "many"}',
        b'{"state": "running", "step": 1e999}',
        b'{"state": "running", "total_steps": null}',
        b'{"state": "running", "seconds_left": "soon"}',
    ],
)
def test_one_whose_state_makes_no_sense_is_still_named(alive, state):
    if state is not None:
        (alive / STATE).write_bytes(state)
    assert glance(alive) == ("lora-garage", "broken", 0, 0, None, "", "")


@pytest.mark.parametrize("left", [b"NaN", b"1e999", b"-1", b"null", b"9" * 400])
def test_a_time_that_makes_no_sense_is_not_told(alive, left):
    (alive / STATE).write_bytes(b'{"state": "running", "seconds_left": ' + left + b"}")
    assert glance(alive).status == "running" and glance(alive).seconds_left is None


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b'{"at": 1.0}',
        b'{"want": "fly", "at": 1.0}',
        b'{"want": ["stop"], "at": 1.0}',
        b'{"want": "stop", "at": 1.0, "now": "yes"}',
    ],
)
def test_a_request_that_makes_no_sense_is_none(alive, said):
    (alive / REQUEST).write_bytes(said)
    assert requested_action(alive) is None and not skips_start_conditions(alive)


def test_a_request_is_one_line_of_json(alive):
    write_request(alive, "release", now=True)
    assert (alive / REQUEST).read_bytes().startswith(b'{"want":"release","at":1')
    assert (alive / REQUEST).read_bytes().endswith(b',"now":true}')
    write_request(alive, "")
    assert requested_action(alive) is None and skips_start_conditions(alive)
