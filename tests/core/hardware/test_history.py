"""What the gauges said is kept: by the second for some minutes, by tens for a day, and across the app's lives."""

from __future__ import annotations

import json

import pytest

from garage_tui.core.hardware.gpu_reading import GpuReading
from garage_tui.core.hardware.hardware_snapshot import HardwareSnapshot
from garage_tui.core.hardware.history import BOX, COARSE_SECONDS, FINE_SECONDS, KEPT_SECONDS, ReadingHistory
from garage_tui.core.hardware.host import Host

START = 1_800_000_000.0


def look(t: float, **card: object) -> HardwareSnapshot:
    return HardwareSnapshot(t, Host(cores=2, cpu=0.5, memory_used=4_000), (GpuReading(0, "RTX 3090", **card),))  # type: ignore[arg-type]


def test_every_second_is_kept_for_minutes_and_means_for_a_day():
    history = ReadingHistory()
    for second in range(3600):
        history.add(look(START + second, temp_c=60 + second // 1800))
    points = history.points("0", "temp", 0)
    assert len(points) < FINE_SECONDS + 3600 / COARSE_SECONDS + 2
    assert points[0] == (START + COARSE_SECONDS / 2, 60) and points[-1] == (START + 3599, 61)
    assert [t for t, _ in points] == sorted(t for t, _ in points)
    assert {value for _, value in points} == {60, 61}
    history.add(look(START + 3 * KEPT_SECONDS, temp_c=40))
    assert history.points("0", "temp", 0) == ((START + 3 * KEPT_SECONDS, 40),)


def test_what_is_absent_leaves_nothing():
    history = ReadingHistory()
    history.add(look(START))
    assert history.points("0", "power", 0) == ()
    assert history.points(BOX, "busy", 0) == ((START, 0.5),)
    assert history.points("7", "temp", 0) == ()


def event(t: float, temp: float) -> str:
    gpu = {"index": 0, "temp_c": temp, "power_w": 300, "memory_used": None, "utilisation": 0.9}
    return json.dumps({"t": t, "event": "telemetry", "gpus": [gpu], "host": {"cpu": 0.3, "temp_c": None}})


def test_what_a_run_told_before_the_app_was_opened_is_there(tmp_path):
    torn = '{"t": 1800000001, "event": "telemetry", "gp'
    foreign = json.dumps({"t": "noon", "event": "telemetry", "gpus": 3, "host": None})
    hostile = [
        '{"t": NaN, "event": "telemetry", "gpus": [], "host": {"cpu": 1}}',
        '{"t": 1e999, "event": "telemetry", "gpus": [], "host": {"cpu": 1}}',
        '{"t": 1800000007, "event": "telemetry", "gpus": [], "host": "x"}',
        '{"t": 1800000007, "event": "telemetry", "gpus": {"a": 1}, "host": {"cpu": "much"}}',
        '{"event": "telemetry", "deep": ' + "[" * 100_000,
        '["telemetry"]',
    ]
    lines = [event(START + 10 * n, 50 + n) for n in range(5)]
    (tmp_path / "events.jsonl").write_text("\n".join([*lines, *hostile, foreign, '{"event": "step", "step": 1}', torn]))
    history = ReadingHistory()
    history.add(look(START + 45, temp_c=80))  # the app looked before it read
    history.recall([tmp_path, tmp_path / "no such run"], START + 5)
    temps = [value for _, value in history.points("0", "temp", 0)]
    assert temps == [51, 52, 53, 80]  # the moment that both have seen counts once
    assert [value for _, value in history.points(BOX, "busy", 0)][:3] == [pytest.approx(0.3)] * 3


def test_when_the_clock_is_put_back_what_was_later_is_forgotten():
    history = ReadingHistory()
    for second in range(100):
        history.add(look(START + second, temp_c=60))
    history.add(look(START + 50, temp_c=70))
    points = history.points("0", "temp", 0)
    assert points[-1] == (START + 50, 70) and [t for t, _ in points] == sorted(t for t, _ in points)
