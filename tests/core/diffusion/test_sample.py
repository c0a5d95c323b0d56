"""Drawing on demand, by real processes that behave as the job does, or worse."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from garage_tui.core.base.errors import GarageError
from garage_tui.core.diffusion import sample
from garage_tui.core.diffusion.sample import SampleEvent, SampleRequest, draw
from tests.support.repository import REPOSITORY

# Answers as `garage_tui.jobs.diffusion.sample` does; the first word of its folder's name says how it goes.
JOB = """
import json, os, sys, time
folder, *words = sys.argv[1:]
out, steps = words[words.index("--out") + 1], int(words[words.index("--steps") + 1])
open(folder + ".pid", "w").write(str(os.getpid()))
how = os.path.basename(folder).split("-")[0]
print("a library's word", flush=True)
if how == "noisy":
    sys.stderr.write("warning " * 100_000)
if how == "broken":
    sys.stderr.write("Traceback ...\\nno \\x1b[31mpipeline in it\\n")
    sys.exit(1)
if how == "killed":
    os.kill(os.getpid(), 9)
if how == "long":
    print("x" * 200_000, flush=True)
for done in range(1, steps + 1):
    print(json.dumps({"done": done, "of": steps}), flush=True)
    if how == "slow":
        time.sleep(0.1)
if how != "mute":
    open(out, "w").write(" ".join(words))
    print(json.dumps({"path": out}), flush=True)
"""


@pytest.fixture
def job(tmp_path) -> list[str]:
    (tmp_path / "job.py").write_text(JOB)
    return [sys.executable, str(tmp_path / "job.py")]


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_it_says_how_far_it_is_and_where_the_sheet_is(tmp_path, job):
    out = tmp_path / "seed-42.png"
    told = [drawing async for drawing in draw(tmp_path / "noisy-run", SampleRequest(42, 9, 5), out, job)]
    assert told == [*(SampleEvent(done, 5) for done in range(1, 6)), SampleEvent(path=str(out))]
    assert out.read_text() == f"-n 9 --seed 42 --out {out} --steps 5"


async def test_a_film_is_asked_for_with_a_word():
    words = sample.command(Path("/r"), SampleRequest(film=True), Path("/r/a.png"))
    assert words[-1] == "--trajectory"
    assert "--steps" not in words
    assert words[1:4] == ["-P", "-m", "garage_tui.jobs.diffusion.sample"]


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("broken", "no pipeline in it"),
        ("killed", "killed by SIGKILL"),
        ("mute", "nothing was drawn"),
    ],
)
async def test_a_failure_is_told_in_a_line_without_escape_codes(tmp_path, job, how, why):
    with pytest.raises(GarageError, match=why) as caught:
        async for _ in draw(tmp_path / f"{how}-run", SampleRequest(steps=2), tmp_path / "x.png", job):
            pass
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


async def test_a_program_that_is_not_there_is_a_failure_too(tmp_path):
    with pytest.raises(GarageError, match="nothing can be drawn"):
        async for _ in draw(tmp_path, SampleRequest(), tmp_path / "x.png", ["/no/such/program"]):
            pass


async def test_a_line_without_end_does_not_stop_us(tmp_path, job):
    with contextlib.suppress(GarageError):
        async with asyncio.timeout(20):
            async for _ in draw(tmp_path / "long-run", SampleRequest(steps=2), tmp_path / "x.png", job):
                pass


async def test_cancelled_it_ends_the_process(tmp_path, job):
    async def watch() -> None:
        async with contextlib.aclosing(
            draw(tmp_path / "slow-run", SampleRequest(steps=600), tmp_path / "x.png", job)
        ) as told:
            async for drawing in told:
                if drawing.done == 2:
                    begun.set()

    begun = asyncio.Event()
    task = asyncio.create_task(watch())
    await begun.wait()
    pid = int((tmp_path / "slow-run.pid").read_text())
    assert is_running(pid)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not is_running(pid)
    assert not (tmp_path / "x.png").exists()


def test_it_ends_with_whoever_started_it_however_that_goes(tmp_path, job):
    starter = f"""
import asyncio
from pathlib import Path
from garage_tui.core.diffusion.sample import SampleRequest, draw
async def main():
    async for told in draw(Path({str(tmp_path / "slow-run")!r}), SampleRequest(steps=600), Path("x.png"), {job!r}):
        print(told.done, flush=True)
asyncio.run(main())
"""
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    process = subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE, env=env)
    assert process.stdout and process.stdout.readline() == b"1\n"
    pid = int((tmp_path / "slow-run.pid").read_text())
    process.send_signal(signal.SIGKILL)
    process.wait()
    end = time.monotonic() + 10
    while is_running(pid):
        assert time.monotonic() < end, "it draws on for nobody"
        time.sleep(0.05)


def test_without_a_model_there_is_nothing_to_draw_with(tmp_path):
    assert "no model to draw with yet" in sample.why_not(tmp_path)
    assert "no model to draw with yet" in sample.why_not(tmp_path / "nowhere")
    (tmp_path / "checkpoint-40").mkdir()
    assert sample.why_not(tmp_path) == ""
