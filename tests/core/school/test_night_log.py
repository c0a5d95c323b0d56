"""The record of nights, also damaged and written by hand."""

import os
import time

import pytest

from garage_tui.core.base.errors import GarageError
from garage_tui.core.school.night_log import (
    NIGHTS,
    NightEvent,
    append_event,
    folder_of,
    new_night,
    only_one,
    read_nights,
)


def event(night="2026-11-30 02:00", **changes) -> NightEvent:
    return NightEvent(**{"night": night, "when": time.time(), "event": "began", **changes})


def test_lines_of_one_night_belong_together(workspace):
    append_event(workspace, event())
    append_event(workspace, event(event="run", run="20261130-0200-lora-school", attempt=1))
    append_event(workspace, event("2026-12-01 02:00", event="ended", outcome="nothing new", text="Nothing is new."))
    first, second = read_nights(workspace)
    assert (first.runs, first.end) == ({1: "20261130-0200-lora-school"}, None)
    assert second.end.text == "Nothing is new."


def test_lines_that_nobody_can_read_are_left_out(workspace):
    append_event(workspace, event())
    with (workspace.checkpoints / NIGHTS).open("ab") as file:
        file.write(b'what?\n{"night": 3}\n\xff\n{"night": "x", "when": -1, "event": "began"}\n')
    append_event(workspace, event(event="ended", outcome="failed"))
    (night,) = read_nights(workspace)
    assert night.end.outcome == "failed"


def test_a_full_disk_is_said_and_leaves_the_record_as_it_was(workspace, monkeypatch):
    append_event(workspace, event())
    before = (workspace.checkpoints / NIGHTS).read_bytes()

    def full(fd, data):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(GarageError, match=r"school.jsonl cannot be written: the disk is full"):
        append_event(workspace, event())
    assert (workspace.checkpoints / NIGHTS).read_bytes() == before


def test_a_link_in_its_place_is_not_written_through(workspace, tmp_path):
    (tmp_path / "elsewhere").write_text("mine\n")
    (workspace.checkpoints / NIGHTS).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(GarageError):
        append_event(workspace, event())
    assert (tmp_path / "elsewhere").read_text() == "mine\n"


def test_a_run_that_the_record_names_lies_in_the_folder_of_the_runs(workspace):
    assert folder_of(workspace, "../../etc/passwd") == workspace.checkpoints / "passwd"


def test_nights_of_the_same_minute_have_different_names(workspace):
    append_event(workspace, event(new_night([], 0.0)))
    nights = read_nights(workspace)
    assert new_night(nights, 0.0) == f"{nights[0].id} #2"


def test_the_lock_is_free_again_after_a_night(workspace):
    with only_one(workspace), pytest.raises(GarageError, match="another `garage school`"), only_one(workspace):
        pass
    with only_one(workspace):
        pass
