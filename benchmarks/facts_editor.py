"""The facts editor with 100,000 rows: reading them, and how long after a key the screen is painted.

.venv/bin/python benchmarks/facts_editor.py [ROWS]

The reference, measured in the same run, is the same work without the app: `json.loads` of every line for the reading,
and a bare Textual app with one line of text that changes with every key for the painting.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from textual import events
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import Static
from timing import milliseconds

from garage_tui.app.app import GarageApp
from garage_tui.core.facts import filter as facts_view
from garage_tui.core.facts.coverage import Coverage
from garage_tui.core.facts.editable_rows import EditableRows
from garage_tui.core.facts.file import load_facts
from garage_tui.core.facts.store import FactsStore
from garage_tui.core.settings.settings import Settings, Workspace

WORDS = "garage solar power heat model learns answer question butterfly noise image token fan board driver rack".split()
KEYS = 200


def make(path: Path, rows: int) -> None:
    luck = random.Random(1)
    with path.open("w") as file:
        for number in range(rows):
            row = {
                "question": f"What is {' '.join(luck.choices(WORDS, k=5))} number {number}?",
                "answer": f"Thing {number // 3} is {' '.join(luck.choices(WORDS, k=12))}.",
                "fact": f"fact {number // 3}",
            }
            file.write(json.dumps(row) + "\n")


class Bare(App[None]):
    """What a key costs in any Textual app."""

    count = 0

    def compose(self) -> ComposeResult:
        yield Static("0")

    def on_key(self) -> None:
        self.count += 1
        self.query_one(Static).update(str(self.count))


async def key_to_paint(pilot: Pilot[Any], keys: list[str]) -> tuple[float, float]:
    """Return median and 95th percentile in milliseconds from a key to the end of the painting that it causes."""
    took = []
    for key in keys:
        start = time.perf_counter()
        pilot.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await pilot._wait_for_screen()
        pilot.app.screen._on_timer_update()  # paint now what waits for the next frame
        took.append((time.perf_counter() - start) * 1000)
        await asyncio.sleep(0.01)
    took.sort()
    return statistics.median(took), took[int(len(took) * 0.95)]


async def measure_keys(workspace: Workspace) -> None:
    async with Bare().run_test(size=(120, 40)) as pilot:
        await key_to_paint(pilot, ["x"] * 20)
        print("  a bare Textual app        median %5.1f ms   p95 %5.1f ms" % await key_to_paint(pilot, ["x"] * KEYS))
    app = GarageApp(workspace, Settings())
    async with app.run_test(size=(120, 40)) as pilot:
        while not app.pane.store:  # type: ignore[attr-defined]
            await pilot.pause(0.05)
        await pilot.pause(0.5)
        for name, keys in {
            "down": ["down"] * KEYS,
            "page down": ["pagedown"] * KEYS,
            "end, home": ["end", "home"] * (KEYS // 2),
        }.items():
            print(f"  {name:<25} median %5.1f ms   p95 %5.1f ms" % await key_to_paint(pilot, keys))
        for name, keys in {"delete, undo": ["d", "u"] * 10, "exam": ["x"] * 20}.items():
            await pilot.press("end")
            print(f"  {name:<25} median %5.1f ms   p95 %5.1f ms" % await key_to_paint(pilot, keys))
        for name, keys in {
            "edit, cancel": ["e", "escape"] * 10,
            "edit": ["e"],
            "a letter": ["x"] * KEYS,
            "tab": ["tab"] * 20,
        }.items():
            print(f"  {name:<25} median %5.1f ms   p95 %5.1f ms" % await key_to_paint(pilot, keys))


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as root:
        workspace = Workspace(Path(root))
        workspace.datasets.mkdir()
        path = workspace.datasets / "garage.jsonl"
        make(path, rows)
        print(f"{rows:,} rows, {path.stat().st_size / 1e6:.0f} MB")
        lines = path.read_bytes().splitlines()
        print(f"  json.loads of each line  {milliseconds(lambda: [json.loads(line) for line in lines]):6.0f} ms")
        print(f"  load                     {milliseconds(lambda: load_facts(path)):6.0f} ms")
        file = load_facts(path)
        print(f"  coverage                 {milliseconds(lambda: Coverage(file.lines)):6.0f} ms")
        print(f"  both, as the editor does {milliseconds(lambda: FactsStore(path, Path(root))):6.0f} ms   budget 1000")
        document = EditableRows(file.lines)
        find = facts_view.Filter("butterfly noise")
        print(f"  a search through all     {milliseconds(lambda: facts_view.filter_rows(document, find)):6.0f} ms")
        store = FactsStore(path, Path(root) / "journal")

        def save() -> None:
            store.remove(store.document.lines[-1], "deleting", len(store.document.lines) - 1)
            store.save()

        print(f"  one change to the disk   {milliseconds(save):6.0f} ms, beside the event loop")
        print("from a key to the paint")
        asyncio.run(measure_keys(workspace))


if __name__ == "__main__":
    main()
