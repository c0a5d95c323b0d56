"""The power cap that a supervisor sets for its run is restored, whatever happens meanwhile."""

from __future__ import annotations

import contextlib
import sys

import pytest

from garage_tui.core.hardware import power_cap
from garage_tui.core.limits.run_limits import RunLimits
from garage_tui.core.scheduling import supervisor


@pytest.fixture
def done(monkeypatch):
    """What was done, in its order; no real GPU is touched."""
    calls: list[str] = []

    @contextlib.contextmanager
    def lowered(run, gpus, watts):
        calls.append("lowered")
        yield ["power cap of GPU 0: 200 W instead of 350"]

    def put_back(run=None):
        if run is not None:
            calls.append("restored")
        return ["power cap restored to 350 W"] if run is not None else []

    monkeypatch.setattr(power_cap, "lowered", lowered)
    monkeypatch.setattr(power_cap, "put_back", put_back)
    return calls


LIMITS = RunLimits(power_cap_w=200.0)


def test_a_full_disk_does_not_keep_a_run_from_working_nor_its_cap_from_being_restored(tmp_path, done, monkeypatch):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        monkeypatch.setattr(sys, "stdout", full)
        with supervisor._power_cap(tmp_path, ("0",), LIMITS):
            done.append("the job works")
        monkeypatch.undo()
        with contextlib.suppress(OSError):
            full.close()
    assert done == ["lowered", "the job works", "restored"]


def test_the_cap_is_restored_where_the_job_cannot_be_started(tmp_path, done):
    with pytest.raises(OSError, match="no more processes"), supervisor._power_cap(tmp_path, ("0",), LIMITS):
        raise OSError("no more processes")
    assert done == ["lowered", "restored"]
