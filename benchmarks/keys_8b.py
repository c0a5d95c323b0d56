"""The directions of one layer of an 8B model's shape, chosen in both ways: time, memory, and whether they agree.

    .venv/bin/python benchmarks/keys_8b.py            (two minutes and 4 GB on two cores)

The rows are made up, with a spectrum like that of hidden states: the width, the number of tokens and the ridge are
those of a real run on Llama-3.1-8B. Each way works in a process of its own, which says how much memory it took beside
the rows. `docs/explain/recipe.md` has the figures.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from table import machine

from garage_tui.jobs.lora import specific_directions as solver
from garage_tui.jobs.lora.specific_directions import Sample, SecondMoment, specific_directions

FACTS, GUARDS, ALL_GUARDS = 640, 2300, 10_700
DIRECTIONS = 48
SHAPES = {"inputs of q, k, v, o, gate and up": 4096, "inputs of down, gradients of gate and up": 14_336}
RIDGE = 0.05
_BLOCK = 1024


def rows(count: int, width: int, seed: int, own: int = 0) -> torch.Tensor:
    """Return (count, width) rows in bf16 that are strong in few directions, and in `own` more that others lack."""
    generator = torch.Generator().manual_seed(seed)
    strength = torch.arange(1, width + 1).float() ** -0.6
    found = torch.randn(count, width, generator=generator) * strength
    found[:, width - own :] = torch.randn(count, own, generator=generator) * strength[own] if own else found[:, width:]
    # The Hartley transform mixes the columns, as an orthogonal matrix would that took minutes to make.
    signs = torch.randint(0, 2, (width,), generator=torch.Generator().manual_seed(width)) * 2 - 1
    spectrum = torch.fft.fft(found * signs, norm="ortho")
    return (spectrum.real - spectrum.imag).bfloat16()


def work(way: str, width: int, out: Path) -> None:
    """Choose directions in one way; save them, and print seconds and megabytes."""
    own, other = rows(FACTS, width, 1, 60), rows(ALL_GUARDS if way == "streamed" else GUARDS, width, 2)
    solver.ledoit_wolf = lambda *_: 0.0  # so that both have the same ridge
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew (proc(5)): making the rows took more
    before = _kilobytes("VmRSS")
    began = time.monotonic()
    if way == "dual":
        found, values = specific_directions(own, Sample(other, len(other)), DIRECTIONS, RIDGE)
    else:
        moment = torch.zeros(width, width)
        for block in other.split(_BLOCK):
            moment.addmm_(block.float().T, block.float())
        found, values = specific_directions(own, SecondMoment(moment, len(other)), DIRECTIONS, RIDGE)
    seconds = time.monotonic() - began
    more = (_kilobytes("VmHWM") - before) / 1024
    torch.save((found, values), out)
    print(json.dumps({"seconds": round(seconds, 1), "megabytes": round(more)}))


def _kilobytes(name: str) -> int:
    """Return a line of /proc/self/status."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def run(way: str, width: int, out: Path) -> dict[str, float]:
    command = [sys.executable, __file__, way, str(width), str(out)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: dict[str, float] = json.loads(output.splitlines()[-1])
    return found


def agreement(first: Path, second: Path) -> tuple[float, float]:
    """Return the least cosine between the spaces of the first half of the directions, and the largest ratio of their
    energies less one."""
    (left, energy), (right, other) = (torch.load(file) for file in (first, second))
    half = DIRECTIONS // 2
    left, right = (torch.linalg.qr(part.T)[0] for part in (left[:half], right))
    return float(torch.linalg.svdvals(left.T @ right).min()), float((energy / other - 1)[:half].abs().max())


def main() -> None:
    print(
        f"{'rows':42} {'width':>6} {'way':>9} {'guard tokens':>12} {'seconds':>8} {'MB':>6}  agrees with the direct way"
    )
    with tempfile.TemporaryDirectory() as place:
        for name, width in SHAPES.items():
            direct = Path(place) / f"direct-{width}"
            for way in ("direct", "dual", *(("streamed",) if width < ALL_GUARDS else ())):
                out = Path(place) / f"{way}-{width}"
                found = run(way, width, out)
                note = ""
                if way == "dual":
                    cosine, energy = agreement(direct, out)
                    note = f"least cosine {cosine:.4f}, energies within {energy:.1%}"
                tokens = ALL_GUARDS if way == "streamed" else GUARDS
                print(
                    f"{name:42} {width:6} {way:>9} {tokens:12} {found['seconds']:8} {found['megabytes']:6.0f}  {note}",
                    flush=True,
                )
    print(machine())


if __name__ == "__main__":
    if sys.argv[1:]:
        work(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
    else:
        main()
