"""Draw the frontier of `docs/explain/recipe.md`: recall against drift, with the leaks beside a point that has any.

    .venv/bin/python benchmarks/frontier.py RESULTS.jsonl … > docs/images/frontier.svg

A point is one variant of a recipe on one set of facts, the mean of its seeds; left and up is better. A hollow one is
of a held-out set.
"""

from __future__ import annotations

import json
import math
import sys
from collections import defaultdict
from pathlib import Path
from statistics import mean
from typing import Any

WIDTH, HEIGHT, LEFT, TOP = 760, 420, 70, 30
LOW, HIGH = 0.003, 6.0
"""Nats per token at the left and at the right end; the scale is logarithmic."""
COLOURS = ("#3465a4", "#cc3d3d", "#4e9a06", "#b8860b", "#75507b", "#555753", "#06989a")


def x_of(drift: float) -> float:
    share = math.log(max(LOW, min(HIGH, drift)) / LOW) / math.log(HIGH / LOW)
    return LEFT + share * (WIDTH - LEFT - 20)


def y_of(recall: float) -> float:
    return TOP + (1 - recall) * (HEIGHT - TOP - 60)


def text(x: float, y: float, label: str, *, size: int = 12, anchor: str = "start", colour: str = "#444") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}">{label}</text>'


def draw(lines: list[dict[str, Any]]) -> str:
    """Return the SVG."""
    groups = defaultdict(list)
    for line in lines:
        groups[line["recipe"], line["set"], line.get("variant")].append(line)
    recipes = list(dict.fromkeys(recipe for recipe, *_ in groups))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<rect x="{x_of(LOW):.0f}" y="{y_of(1):.0f}" width="{x_of(0.02) - x_of(LOW):.0f}"'
        f' height="{y_of(0.95) - y_of(1):.0f}" fill="#d8f0d0"/>',
        text(x_of(LOW) + 4, y_of(1) + 12, "target", size=11),
    ]
    for recall in (0, 0.25, 0.5, 0.75, 1):
        y = y_of(recall)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - 20}" y1="{y:.0f}" y2="{y:.0f}" stroke="#ddd"/>')
        parts.append(text(LEFT - 8, y + 4, f"{recall:.0%}", anchor="end"))
    for drift in (0.003, 0.01, 0.02, 0.05, 0.1, 0.3, 1, 3):
        parts.append(text(x_of(drift), HEIGHT - 40, f"{drift:g}", anchor="middle"))
    parts.append(
        text(
            WIDTH / 2,
            HEIGHT - 20,
            "drift, nats per token (logarithmic); leaks are written beside a point",
            anchor="middle",
        )
    )
    parts.append(text(8, TOP - 12, "share of exam questions answered correctly"))
    for number, ((recipe, name, _), found) in enumerate(groups.items()):
        hits, of = (sum(line["unseen"][index] for line in found) for index in (0, 1))
        leaks, questions = (sum(line["leak"][index] for line in found) for index in (0, 1))
        x, y = x_of(mean(line["drift"] for line in found)), y_of(hits / of)
        colour = COLOURS[recipes.index(recipe) % len(COLOURS)]
        inside = "white" if name.startswith("held-out") else colour
        parts.append(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="5" fill="{inside}" stroke="{colour}" stroke-width="2"/>')
        if leaks:
            parts.append(text(x + 6, y + (-6, 14)[number % 2], f"{leaks}/{questions}", size=10, colour=colour))
    for index, recipe in enumerate(recipes):
        parts.append(text(x_of(0.2), y_of(0.28) + 16 * index, recipe, colour=COLOURS[index % len(COLOURS)]))
    return "\n".join([*parts, "</svg>"])


if __name__ == "__main__":
    print(draw([json.loads(line) for file in sys.argv[1:] for line in Path(file).read_text().splitlines()]))
