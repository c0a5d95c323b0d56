"""The GPU screen and the strip, on boxes whose GPUs say what the test wants (tests/nvml)."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time

import pytest

from garage_tui.core.hardware.host import Host
from garage_tui.core.limits.run_limits import RunLimits
from garage_tui.core.runs.folder import MANIFEST
from garage_tui.core.runs.record import Manifest, write_manifest
from garage_tui.screens.gpu.text import host_lines
from tests.support.nvml.box import RTX_3090, T4

RUN = "20261125-1200-lora-garage"


async def test_the_strip_is_on_every_screen(open_app, make_box, make_run):
    make_box(RTX_3090)
    make_run(RUN, "running", step=34, seconds_left=120.0).hold()
    async with open_app() as user:
        for key in ("f2", "f3", "f4", "f6"):
            await user.press(key)
            screen = await user.sees("62 °C", "310/350 W", "lora-garage 34/100 · 2 min left")
            assert "310/350 W" in screen.splitlines()[0]


async def test_in_80_columns_the_strip_keeps_heat_power_memory_and_progress(open_app, make_box, make_run):
    make_box(RTX_3090)
    make_run(RUN, "running", step=34, seconds_left=120.0).hold()
    async with open_app(size=(80, 24)) as user:
        screen = await user.sees("62° 310W 9G", "34/100 · 2 min left")
        assert "F6 GPU" in screen.splitlines()[0]


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_the_screen_shows_gauges_limits_and_histories(open_app, make_box, size):
    make_box({**RTX_3090, "temp": 91, "reasons": "0x20"})
    async with open_app(screen="gpu", size=size) as user:
        screen = await user.sees("GPU 0  NVIDIA GeForce RTX 3090", "91 °C", "throttled by heat (driver)")
        assert "pauses at 90, slows at 95" in screen and "of 350 W" in screen and "of 24.0 GiB" in screen
        assert "fan 58 %" in screen and "1695 MHz" in screen
        for title in ("Temperature", "Power", "Usage", "Memory"):
            assert f"─ {title} ─" in screen
        assert "slows 95" in screen and "−30 min" in screen and "┃" in screen  # the mark that is reached
        await user.press("plus")
        await user.sees("−5 min")
        await user.press("minus", "minus", "minus", "minus")
        await user.sees("−12 h")


async def test_the_next_device_is_one_key_away_and_the_box_is_one_of_them(open_app, make_box):
    make_box(RTX_3090, T4)
    async with open_app(screen="gpu") as user:
        await user.sees("RTX 3090", "→ GPU 1 · this box")
        await user.press("right")
        await user.sees("GPU 1  Tesla T4", "fan –")
        await user.press("right")
        await user.sees("This box", "cores", "disk")
        await user.press("left")
        await user.sees("GPU 1  Tesla T4")


async def test_a_box_without_a_gpu_has_a_useful_screen(open_app):
    async with open_app(screen="gpu", size=(80, 24)) as user:
        screen = await user.sees("This box", "cpu", "cores", "memory", "disk", "100 %")
        assert "─ Usage ─" in screen and "─ Memory ─" in screen
        assert "─ Power ─" not in screen, "an empty frame for what this box cannot report"


async def test_a_box_without_a_gpu_names_its_runs_with_their_memory_and_cores(open_app, workspace, make_run):
    make_run(RUN, "finished")
    command = [sys.executable, "-c", "while True: pass", str(workspace.checkpoints / RUN)]
    process = await asyncio.create_subprocess_exec(*command)
    try:
        async with open_app(screen="gpu") as user:
            screen = await user.sees(RUN, " cores  2026")
            assert re.search(rf"MiB +\d\.\d cores +{RUN}", screen)
    finally:
        process.kill()
        await process.wait()


@pytest.mark.parametrize(("used", "sign"), [(0.5, ""), (0.92, "! "), (0.98, "! ")])
def test_a_memory_or_disk_that_is_nearly_full_says_so_by_sign_and_colour(used, sign):
    host = Host(2, memory_total=100 * 2**30, memory_used=int(used * 100 * 2**30), disk_total=1, disk_used=0)
    line = next(line for line in host_lines(host, RunLimits(), 80, 0) if line.plain.startswith("memory"))
    assert sign in line.plain and (("full" in line.plain) == bool(sign))
    styles = {str(span.style) for span in line.spans if set("━┃") & set(line.plain[span.start : span.end])}
    assert styles == (
        {"$primary"} if not sign else {"$primary", "$warning"} if used < 0.97 else {"$primary", "$warning", "$error"}
    )


async def test_keys_before_the_first_look_do_nothing(open_app, monkeypatch):
    monkeypatch.setattr("garage_tui.core.hardware.watcher.HardwareWatcher.read", lambda self: time.sleep(0.6) or 1 / 0)
    async with open_app(screen="gpu") as user:
        await user.sees("Reading the sensors")
        await user.press("right", "tab", "plus", "u")
        screen = await user.sees("the sensors cannot be read")  # and an app whose sensors fail goes on
        assert "Resume now" not in screen, "no run waits here"


async def test_a_card_that_is_lost_is_said_and_comes_back(open_app, make_box):
    box = make_box(RTX_3090)
    async with open_app(screen="gpu") as user:
        await user.sees("62 °C")
        box.set(0, lost=True)
        await user.sees("it has fallen off the bus", "GPU does not answer")
        box.set(0, lost=None)
        await user.sees("62 °C", "of 350 W")


async def test_a_run_that_waits_for_the_cool_says_so_everywhere_and_what_it_used(open_app, make_box, make_run):
    make_box({**RTX_3090, "temp": 86})
    run = make_run(RUN, "paused", step=34, waits="heat", reason="86 °C, waiting for 75", gpus=("0",), wh=12.34).hold()
    manifest = Manifest(
        id=RUN, kind="lora", created=0, recipe={}, base={"name": "smollm2-135m"}, dataset={},
        limits=RunLimits(max_temp_c=84, resume_temp_c=75, only=("22:00-06:00",)),
    )  # fmt: skip
    write_manifest(run.path, manifest)
    async with open_app(screen="gpu") as user:
        await user.sees(
            "lora-garage 34/100  paused: 86 °C, waiting for 75", "only 22:00-06:00 · pauses at 84 °C · used 12.3 Wh"
        )
        await user.press("u")
        await user.sees("waits for its GPU to cool")
        await user.press("f3")
        await user.sees("86 °C, waiting for 75", "Energy", "12.3 Wh", "when  only 22:00-06:00 · pauses at 84")
    assert MANIFEST in {path.name for path in run.path.iterdir()}


async def test_a_run_that_waits_for_its_hours_goes_on_when_its_owner_says_so(open_app, make_run):
    run = make_run(RUN, "queued", waits="hours", reason="waiting for 22:00").hold()
    async with open_app(screen="runs") as user:
        await user.sees("queued", "waiting for 22:00")
        await user.press("u")
        await user.sees("starts now, without waiting")
    assert json.loads((run.path / "request.json").read_text())["now"] is True


async def test_what_a_run_told_before_the_app_was_opened_is_in_the_history(open_app, make_box, make_run):
    make_box({**RTX_3090, "temp": 62})
    run = make_run(RUN, "running", step=34, gpus=("0",)).hold()
    now = time.time()
    with (run.path / "events.jsonl").open("a") as file:
        for ago in range(1500, 60, -10):
            gpu = {"index": 0, "temp_c": 93, "power_w": 340, "memory_used": 9 << 30, "utilisation": 1.0}
            told = {"t": now - ago, "event": "telemetry", "gpus": [gpu], "host": {"cpu": 0.5}}
            file.write(json.dumps(told) + "\n")
    async with open_app(screen="gpu") as user:
        await user.sees("62 °C", "╍╍╍╍╍╍╍╍", seconds=20)  # columns that cross the line


async def test_when_a_run_begins_to_wait_it_is_said_on_whatever_screen_is_in_front(open_app, make_run):
    run = make_run(RUN, "running", step=34).hold()
    async with open_app() as user:
        await user.sees("lora-garage 34/100")
        run.state("paused", waits="heat", reason="86 °C, waiting for 75")
        screen = await user.sees(f"{RUN} paused: 86 °C, waiting for 75")
        assert "What is TinyLLM?" in screen


async def test_the_key_for_the_next_device_is_there_only_if_there_is_another_one(open_app, make_box):
    async with open_app(screen="gpu") as user:
        await user.sees("This box", "- Zoom out")
        assert "Next device" not in user.screen


async def test_with_a_gpu_the_next_device_has_a_key(open_app, make_box):
    make_box(RTX_3090)
    async with open_app(screen="gpu") as user:
        await user.sees("→ Next device")
