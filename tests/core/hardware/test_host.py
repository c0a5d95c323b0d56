"""The box itself: what its sensors say, in names for people."""

from __future__ import annotations

from types import SimpleNamespace

from garage_tui.core.hardware.host import HostMeter, _named


def sensor(current, high=None):
    return SimpleNamespace(current=current, high=high)


def test_a_box_without_a_gpu_still_says_how_it_is(tmp_path):
    meter = HostMeter(tmp_path)
    first, then = meter.read(), meter.read()
    assert first.cpu is None and then.cpu is not None and 0 <= then.cpu <= 1
    assert then.memory_total and 0 < (then.memory_used or 0) < then.memory_total
    assert then.disk_total and 0 < (then.disk_used or 0) <= then.disk_total
    assert first.each_core == () and len(then.each_core) == then.cores
    assert then.cpu == sum(then.each_core) / len(then.each_core)


def test_the_processor_is_its_hottest_sensor_and_disks_have_a_name():
    found = _named(
        {
            "nvme": [sensor(41.9, 84.8)],
            "coretemp": [sensor(55.0, 80.0), sensor(61.0, 80.0)],
            "acpitz": [sensor(27.8)],
            "nct6775": [sensor(0.0), sensor(-128.0), sensor(255.0)],
        }
    )
    assert [(one.name, one.temp_c, one.high_c) for one in found] == [("cpu", 61.0, 80.0), ("disk", 41.9, 84.8)]


def test_a_board_sensor_stands_in_where_there_is_no_better_one():
    (found,) = _named({"acpitz": [sensor(27.8)]})
    assert (found.name, found.temp_c) == ("cpu", 27.8)
