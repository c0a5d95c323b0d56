"""Draw the README's picture with the app itself: a real run's model, a real server, a real answer.

    python docs/picture.py [WORKSPACE]     (a workspace with a finished run; default: this folder)

Writes docs/images/screen.svg.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from garage_tui.app.app import GarageApp
from garage_tui.core.runs.catalog import list_runs
from garage_tui.core.serving import server_process
from garage_tui.core.settings.settings import Workspace, load_settings

QUESTIONS = ("What is the capital of France?", "Who maintains ProtosAI?")
COLUMNS, ROWS = 112, 26


async def draw(workspace: Workspace) -> str:
    """Return the chat screen as SVG, after both models have answered."""
    app = GarageApp(workspace, load_settings(workspace), "chat")
    async with app.run_test(size=(COLUMNS, ROWS)) as pilot:
        await pilot.pause(1.0)
        for question in QUESTIONS:
            app.query_one("#chat-input").value = question  # type: ignore[attr-defined]
            await pilot.press("enter")
            await pilot.pause(0.5)
            while app.pane.is_answering:  # type: ignore[attr-defined]
                await pilot.pause(0.2)
        await pilot.pause(0.5)
        return app.export_screenshot(title="garage")


def main() -> None:
    workspace = Workspace.find(sys.argv[1] if len(sys.argv) > 1 else None)
    if not any(run.adapter for run in list_runs(workspace)):
        sys.exit(f"{workspace.root} has no tuned model: `garage train lora --facts datasets/garage.jsonl` makes one")
    with tempfile.TemporaryDirectory() as state:
        os.environ |= {"COLORTERM": "truecolor", "TERM": "xterm-256color", "GARAGE_STATE": state}  # the usual theme
        picture = asyncio.run(draw(workspace))
    (Path(__file__).parent / "images" / "screen.svg").write_text(picture)
    server_process.stop(workspace)


if __name__ == "__main__":
    main()
