"""GPUs through the real pynvml, against a library that says what the test wants (tests/nvml)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections import Counter

import pytest

from garage_tui.core.hardware import gpus as gpu
from garage_tui.core.hardware import nvml, pci, power_cap
from garage_tui.core.hardware.energy import EnergyMeter, describe_energy
from garage_tui.core.hardware.nvml import Nvml
from garage_tui.core.settings.settings import EnergySettings
from tests.support.nvml.box import RTX_3090, T4


@pytest.fixture
def driver():
    """The driver's door, closed afterwards."""
    doors = []

    def opened(**how):
        doors.append(Nvml(**how))
        return doors[-1]

    yield opened
    for door in doors:
        door.close()


def test_a_card_tells_everything_that_it_knows(make_box, driver):
    make_box(RTX_3090)
    (card,) = driver().read().gpus
    assert (card.name, card.temp_c, card.slow_c, card.off_c) == ("NVIDIA GeForce RTX 3090", 62, 95, 98)
    assert (card.power_w, card.cap_w, card.usual_cap_w) == (310, 350, 350)
    assert (card.memory_used, card.memory_total) == (9 << 30, 24 << 30)
    assert (card.utilisation, card.fan, card.clock_mhz, card.memory_clock_mhz) == (0.97, 0.58, 1695, 9501)
    assert card.held_back == ("power cap",)
    assert card.energy_j and card.energy_j > 51_200


def test_what_a_card_lacks_is_asked_for_once_and_never_again(make_box, driver):
    box = make_box(T4)
    door = driver()
    (card,) = door.read().gpus
    assert (card.fan, card.energy_j) == (None, None)
    box.forget_calls()
    for _ in range(5):
        door.read()
    calls = Counter(call.split()[0] for call in box.calls())
    assert not {"nvmlDeviceGetFanSpeed", "nvmlDeviceGetTotalEnergyConsumption", "nvmlInitWithFlags"} & set(calls)
    assert calls["nvmlDeviceGetPowerUsage"] == 5
    assert "nvmlDeviceGetTemperatureThreshold" not in calls  # what does not change is not asked for again either


@pytest.mark.parametrize(
    ("call", "field", "value"),
    [("nvmlDeviceGetFanSpeed", "fan", 0.58), ("nvmlDeviceGetTemperatureThreshold", "slow_c", 95)],
)
def test_what_could_not_be_read_at_first_is_asked_for_again(make_box, driver, call, field, value):
    box = make_box({**RTX_3090, call: 999})
    door = driver()
    assert getattr(door.read().gpus[0], field) is None
    box.set(0, **{call: None})
    assert getattr(door.read().gpus[0], field) == value


def test_processes_are_named_by_their_run(make_box, driver, tmp_path):
    run = tmp_path / "checkpoints" / "20261125-1200-lora-garage"
    run.mkdir(parents=True)
    (run / "run.json").write_text("{}")
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    ours, theirs = (subprocess.Popen([*sleep, *more]) for more in ([str(run)], []))
    try:
        box = make_box(RTX_3090)
        box.set(0, pids={ours.pid: 5 << 30, theirs.pid: 1 << 30, 4_000_000: None})
        deadline = time.monotonic() + 10  # until both have become Python
        while True:
            found = {process.pid: process for process in driver().read().gpus[0].processes}
            if found[theirs.pid].name.startswith("python") or time.monotonic() > deadline:
                break
        assert (found[ours.pid].name, found[ours.pid].ours, found[ours.pid].memory) == (run.name, True, 5 << 30)
        assert found[theirs.pid].name.startswith("python") and not found[theirs.pid].ours
        assert (found[4_000_000].name, found[4_000_000].memory) == ("", None)
    finally:
        ours.kill(), theirs.kill()
        ours.wait(), theirs.wait()


def test_a_process_whose_words_cannot_be_read_as_paths_is_no_trouble(make_box, driver):
    words = ["/" + "x" * 5000, "/root/checkpoints/secret", "/a/checkpoints/" + "y" * 300]
    sleep = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", *words])
    try:
        box = make_box(RTX_3090)
        box.set(0, pids={sleep.pid: 1 << 30})
        assert not driver().read().gpus[0].processes[0].ours
    finally:
        sleep.kill()
        sleep.wait()


def test_a_card_that_falls_off_the_bus_is_said_so_and_the_other_one_goes_on(make_box, driver, monkeypatch):
    box = make_box(RTX_3090, T4)
    monkeypatch.setattr(nvml, "_RETRY_SECONDS", 0.0)
    door = driver()
    door.read()
    box.set(0, lost=True)
    lost, other = door.read().gpus
    assert lost.lost and "fallen off the bus" in lost.note and lost.name == "NVIDIA GeForce RTX 3090"
    assert (lost.temp_c, lost.memory_used) == (None, None)
    assert other.temp_c == 48
    box.set(0, lost=None)
    assert door.read().gpus[0].temp_c == 62


def test_a_driver_that_goes_in_mid_run_is_a_sentence_until_it_is_back(make_box, driver, monkeypatch):
    monkeypatch.setattr(nvml, "_RETRY_SECONDS", 0.0)
    box = make_box(RTX_3090)
    door = driver()
    door.read()
    box.top(driver="unloaded")
    found = door.read()
    assert "does not answer" in found.trouble and "nvidia-smi" in found.trouble
    assert found.gpus[0].lost and found.gpus[0].name == "NVIDIA GeForce RTX 3090"
    door.read()
    box.top(driver="ok")
    assert door.read().gpus[0].temp_c == 62


def test_a_driver_that_does_not_answer_is_not_asked_at_every_look(make_box, driver):
    box = make_box(RTX_3090, driver="unloaded")
    door = driver()
    for _ in range(20):
        door.read()
    assert sum(call.startswith("nvmlInit") for call in box.calls()) == 1


def test_a_driver_that_was_updated_underneath_says_reboot(make_box, driver):
    make_box(RTX_3090, driver="mismatch")
    assert "reboot" in driver().read().trouble


def test_a_box_without_a_driver_has_no_gpus_and_no_trouble(driver):
    assert driver().read() == nvml.GpuReadings()
    assert gpu.read() == []


@pytest.mark.parametrize(
    ("mask", "found"), [("1", [1]), ("0,1", [0, 1]), ("GPU-fake-1", [1]), ("GPU-f", [0, 1]), ("", []), ("-1", [])]
)
def test_a_mask_of_cuda_names_gpus_by_index_or_uuid(make_box, monkeypatch, mask, found):
    make_box(RTX_3090, T4)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", mask)
    assert [reading.index for reading in gpu.usable()] == found


def test_mig_is_said(make_box, driver):
    make_box({**RTX_3090, "mig": 1})
    assert "MIG is on" in driver().read().gpus[0].note


def test_a_card_that_does_not_answer_cannot_be_taken_by_a_run(make_box):
    box = make_box(RTX_3090, T4)
    box.set(0, lost=True)
    assert [reading.index for reading in gpu.usable()] == [1]


@pytest.fixture
def bus(tmp_path, monkeypatch):
    """The PCI bus of a laptop with one NVIDIA GPU, which sleeps."""
    folder = tmp_path / "pci" / "0000:01:00.0"
    (folder / "power").mkdir(parents=True)
    (folder / "vendor").write_text("0x10de\n")
    (folder / "class").write_text("0x030200\n")
    (folder / "power/control").write_text("auto\n")
    (folder / "power/runtime_status").write_text("suspended\n")
    monkeypatch.setattr(pci, "DEVICES", folder.parent)
    return folder


def test_a_gpu_that_sleeps_is_not_woken(make_box, driver, bus):
    box = make_box(RTX_3090)
    door = driver()
    (card,) = door.read().gpus
    assert card.asleep and not card.lost and box.calls() == []
    (bus / "power/runtime_status").write_text("active\n")
    (awake,) = door.read().gpus
    assert (awake.temp_c, awake.bus) == (62, "0000:01:00.0")
    assert box.calls()[-1].startswith("nvmlShutdown")  # an open driver would keep it awake
    (bus / "power/runtime_status").write_text("suspended\n")
    box.forget_calls()
    (card,) = door.read().gpus
    assert card.asleep and card.name == "NVIDIA GeForce RTX 3090" and card.temp_c is None and box.calls() == []


def test_one_that_sleeps_beside_one_that_works_is_left_alone_too(make_box, driver, bus):
    other = bus.parent / "0000:02:00.0"
    shutil.copytree(bus, other)
    for folder in (bus, other):
        (folder / "power/runtime_status").write_text("active\n")
    box = make_box({**RTX_3090, "pci": "00000000:01:00.0"}, {**T4, "pci": "00000000:02:00.0"})
    door = driver()
    door.read()
    (other / "power/runtime_status").write_text("suspended\n")
    box.forget_calls()
    working, sleeping = door.read().gpus
    assert working.temp_c == 62 and sleeping.asleep and sleeping.name == "Tesla T4"
    assert not any(call.endswith(" 1") for call in box.calls())


def test_who_starts_a_run_on_a_sleeping_gpu_finds_it(make_box, bus):
    make_box(RTX_3090)
    assert [reading.name for reading in gpu.usable()] == ["NVIDIA GeForce RTX 3090"]


def test_energy_is_the_cards_own_count_where_it_counts_and_integrated_where_not(make_box, driver):
    box = make_box({**RTX_3090, "energy": 1_000_000, "power": 999_000}, {**T4, "power": 60_000})
    door, own, other = driver(), EnergyMeter(), EnergyMeter()
    first = door.read().gpus
    own.add(0.0, first[:1]), other.add(0.0, first[1:])
    box.set(0, energy=8_200_000)
    box.set(1, power=30_000)
    then = door.read().gpus
    own.add(20.0, then[:1]), other.add(20.0, then[1:])
    assert (own.wh, own.source) == (2.0, "counter")  # 7,200 J
    assert (other.wh, other.source) == (0.25, "power")  # 45 W for 20 s
    other.add(200.0, then[1:])
    assert other.wh == 0.25  # three minutes without a look: nobody knows
    assert EnergyMeter(3.0, "power").wh == 3.0


def test_without_a_sensor_no_energy_is_invented(make_box, driver):
    make_box({key: value for key, value in T4.items() if key != "power"})
    meter = EnergyMeter()
    for t in (0.0, 10.0):
        meter.add(t, driver().read().gpus)
    assert (meter.wh, meter.source) == (None, "")
    assert describe_energy(meter.wh, meter.source, EnergySettings(price_per_kwh=0.3)) == ""


def test_energy_says_what_it_costs_and_how_it_was_found():
    prices = EnergySettings(price_per_kwh=0.32, co2_g_per_kwh=380)
    assert describe_energy(12.34, "counter", prices) == "12.3 Wh, 0.0039 €, 4.7 g CO₂"
    assert describe_energy(0.5, "power", EnergySettings()) == "0.50 Wh, integrated from its power"


def caps(box):
    """The cap as the driver has it now."""
    door = Nvml()
    try:
        return [card.cap_w for card in door.read().gpus]
    finally:
        door.close()


def test_a_power_cap_is_lowered_for_a_run_and_put_back(make_box, tmp_path):
    box = make_box({**RTX_3090, "set_cap": "ok"}, T4)
    with power_cap.lowered(tmp_path / "run", [0], 250) as said:
        assert said == ["power cap of GPU 0: 250 W instead of 350, until the run ends"]
        assert caps(box) == [250, 70]
    assert power_cap.put_back(tmp_path / "another run") == []
    assert caps(box) == [250, 70]
    assert power_cap.put_back(tmp_path / "run") == ["power cap restored to 350 W"]
    assert caps(box) == [350, 70]


def test_without_permission_the_cap_stays_and_the_command_that_sets_it_is_said(make_box, tmp_path):
    box = make_box({**RTX_3090, "set_cap": "denied"})
    with power_cap.lowered(tmp_path / "run", [0], 250) as (said,):
        pass
    assert "sudo nvidia-smi -i 0 -pl 250" in said
    assert caps(box) == [350] and power_cap.put_back(tmp_path / "run") == []


def test_a_cap_that_somebody_changed_meanwhile_is_left_alone(make_box, tmp_path):
    box = make_box({**RTX_3090, "set_cap": "ok"})
    with power_cap.lowered(tmp_path / "run", [0], 250):
        pass
    box.set(0, cap=300_000)
    assert power_cap.put_back(tmp_path / "run") == []
    assert caps(box) == [300]


def test_a_cap_that_was_left_behind_is_put_back_by_whoever_looks_next(make_box, tmp_path):
    box = make_box({**RTX_3090, "set_cap": "ok"})
    with power_cap.lowered(tmp_path / "a run whose processes are gone", [0], 250):
        pass
    made = subprocess.run(
        [sys.executable, "-m", "garage_tui", "gpu"], capture_output=True, text=True, cwd=tmp_path, env=dict(os.environ)
    )
    assert made.returncode == 0, made.stderr
    assert caps(box) == [350]
