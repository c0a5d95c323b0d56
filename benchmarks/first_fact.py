"""From `git clone` on a fresh machine to a taught and examined fact: how long, and what takes the time?

    .venv/bin/python benchmarks/first_fact.py             (five minutes on two cores; needs the package index)
    .venv/bin/python benchmarks/first_fact.py --no-setup  the same without set-up, with this environment

It clones this repository's last commit, runs `make setup` with empty caches of pip and uv, and teaches the shipped
example with an empty cache of ours, as somebody does who types README's lines. Then it teaches the same once more, as
every later run does. "CPU" are the seconds of all cores together, which other work on the machine changes less than the
time; a part that waits (for the index, the disk, a lock) has little of it. Budget: 180 seconds, card and all.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from table import machine

from garage_tui.core.base.tail import FileFollower
from garage_tui.core.runs.folder import EVENTS
from garage_tui.core.runs.record import read_run

ROOT = Path(__file__).resolve().parents[1]
BUDGET = 180.0
PHASES = {
    "finding the base model": "base: download, unpack, convert",
    "importing torch and trl": "imports and loading",
    "loading the base model": "imports and loading",
    "collecting the base model's own answers": "preparation: the base's answers",
    "choosing LoRA directions": "preparation: directions",
    "training on": "steps and probes",
    "the facts are learned": "steps and probes",
    "saving the adapter": "report card",
    "writing the report card": "report card",
}
"""The part that each phase of a run belongs to, by its first words."""
START = "start of command, supervisor and job"
EVERY = 0.1


@dataclass
class Part:
    """A part of the way, and what it took."""

    name: str
    seconds: float = 0.0
    cpu: float = 0.0


def parts(fresh: bool) -> Iterator[tuple[str, list[Part]]]:
    """Yield the parts of the first run, then those of the second on the same base."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        checkout = Path(place) / "garage"
        own = {name: str(Path(place) / name) for name in ("PIP_CACHE_DIR", "UV_CACHE_DIR", "GARAGE_CACHE")}
        own |= {"GARAGE_STATE": str(Path(place) / "state"), "XDG_CONFIG_HOME": str(Path(place) / "config")}
        environment = {**os.environ, **own}
        for name in ("PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL"):
            environment.pop(name, None)
        clone = _timed("git clone", ["git", "clone", "-q", str(ROOT), str(checkout)], environment, Path(place))
        found = [clone]
        garage = [sys.executable, "-m", "garage_tui"]
        if fresh:
            found.append(_timed("set-up (make setup)", ["make", "-s", "setup"], environment, checkout))
            garage = [str(checkout / ".venv" / "bin" / "garage")]
        for title in ("the first fact", "the second run"):
            yield title, [*found, *teach(garage, checkout, environment)]
            found = []


def teach(garage: list[str], checkout: Path, environment: dict[str, str]) -> list[Part]:
    """Teach the shipped example; return what each part took."""
    found: dict[str, Part] = {START: Part(START)}
    known = set(checkout.glob("checkpoints/2*"))
    began = time.time()
    command = subprocess.Popen(
        [*garage, "train", "lora", "--facts", "datasets/garage.jsonl"],
        cwd=checkout,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (new := set(checkout.glob("checkpoints/2*")) - known):
        if command.poll() is not None:
            raise SystemExit(command.stderr.read() if command.stderr else "no run was started")
        time.sleep(EVERY)
    folder = new.pop()
    events = FileFollower(folder / EVENTS)
    name, since, used = START, began, 0.0
    while True:
        over = command.poll() is not None
        latest = max(used_by(folder), used)
        for event in events.events(final=over):
            if phase := str(event.get("phase", "")):
                part = next((part for first, part in PHASES.items() if phase.startswith(first)), name)
                _add(found, name, event["t"] - since, latest - used)
                name, since, used = part, event["t"], latest
        if over:
            break
        time.sleep(EVERY)
    _add(found, name, time.time() - since, latest - used)
    seen = read_run(folder)
    if seen.status != "finished":
        raise SystemExit(f"{seen.status}: {seen.reason}\n{(folder / 'log.txt').read_text()[-2000:]}")
    print(f"  {seen.reason}", flush=True)
    return list(found.values())


def used_by(folder: Path) -> float:
    """Return the CPU seconds so far of a run's living processes and of what they waited for."""
    total = 0.0
    for process in psutil.process_iter(["cmdline", "cpu_times"]):
        if str(folder) in (process.info["cmdline"] or ()) and process.info["cpu_times"]:
            total += sum(process.info["cpu_times"][:4])  # user, system, and those of its children
    return total


def _add(found: dict[str, Part], name: str, seconds: float, cpu: float) -> None:
    part = found.setdefault(name, Part(name))
    part.seconds, part.cpu = part.seconds + seconds, part.cpu + cpu


def _timed(name: str, command: list[str], environment: dict[str, str], where: Path) -> Part:
    before, began = _children(), time.time()
    done = subprocess.run(command, cwd=where, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return Part(name, time.time() - began, _children() - before)


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> int:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    arguments.add_argument("--no-setup", action="store_true", help="use this environment instead of a new one")
    args = arguments.parse_args()
    holds = True
    for title, found in parts(not args.no_setup):
        whole = sum(part.seconds for part in found)
        print(f"\n{title:42} {'seconds':>8} {'share':>6} {'CPU s':>7}")
        for part in found:
            print(f"{part.name:42} {part.seconds:8.1f} {part.seconds / whole:6.0%} {part.cpu:7.1f}")
        print(f"{'in all':42} {whole:8.1f} {'':6} {sum(part.cpu for part in found):7.1f}", flush=True)
        if title == "the first fact" and not args.no_setup:
            holds = whole <= BUDGET
            print(f"budget {BUDGET:.0f} s: {'held' if holds else 'MISSED'}", flush=True)
    print(machine())
    return int(not holds)


if __name__ == "__main__":
    sys.exit(main())
