"""Whatever is typed, pasted or read into the app, it goes on without an error, and the facts of before are there."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual import events

from garage_tui.app.app import GarageApp
from garage_tui.core.base.error_report import report_text
from garage_tui.core.base.errors import GarageError
from garage_tui.core.settings.settings import Settings, Workspace
from tests.hostile import doors

FEW, MANY = 6, int(os.environ.get("GARAGE_FUZZ", "300"))
SCREENS = ("facts", "runs", "chat", "gallery", "gpu")
KEYS = st.sampled_from(
    "enter escape up down left right tab shift+tab home end pageup pagedown space backspace delete f1 f2 f3 f4 f5 f6 "
    "f9 a b c d e g h i j k m n o p r s t u v x y z A E I X slash left_square_bracket right_square_bracket "
    "ctrl+a ctrl+e ctrl+f ctrl+g ctrl+k ctrl+l ctrl+n ctrl+p ctrl+r ctrl+s ctrl+t ctrl+u ctrl+y alt+a ctrl+o".split()
)
STEPS = st.lists(
    st.tuples(st.just("press"), KEYS) | st.tuples(st.sampled_from(["paste", "type"]), doors.TEXT),
    min_size=4,
    max_size=20,
)


def _not_here(*_: object, **__: object) -> None:
    raise GarageError("no process is started in this test")


async def _take(app: GarageApp, steps: list[tuple[str, str]]) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        while not app.is_up:
            await pilot.pause(0.01)
        for way, what in steps:
            if way == "press":
                await pilot.press(what)
            elif way == "paste":
                app.post_message(events.Paste(what))
            else:
                for letter in what[:20]:
                    app.post_message(events.Key(letter, letter))
            await pilot.pause()
        await pilot.pause(0.05)
        app.exit(0)
        while app.is_running:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def through_the_keyboard(steps: list[tuple[str, str]], screen: str, data: bytes, name: str) -> None:
    """Type and paste into a workspace with an odd facts file, which has an odd name, in front."""
    root = Path(tempfile.mkdtemp(prefix="garage-doors-"))
    good = b'{"question": "Who is the first?", "answer": "Me."}\n'
    reported: list[BaseException] = []

    def write(error: BaseException, doing: str) -> tuple[None, str]:
        reported.append(error)
        return None, "this is a test"

    try:
        (root / "datasets").mkdir()
        (root / "datasets" / "good.jsonl").write_bytes(good)
        odd = root / "datasets" / f"{name}.jsonl"
        odd.write_bytes(good + data)
        run = root / "checkpoints" / name
        run.mkdir(parents=True)
        (run / "run.json").write_text(json.dumps({"id": name, "kind": "lora"}))
        (run / "log.txt").write_bytes(data)
        own = {"GARAGE_STATE": str(root / "state"), "XDG_CONFIG_HOME": str(root), "VISUAL": "nano '"}
        with (
            mock.patch.dict(os.environ, own),
            mock.patch("garage_tui.core.launch.start._start_supervisor", _not_here),
            mock.patch("garage_tui.core.serving.server_process.start", _not_here),
            mock.patch("garage_tui.core.base.child_process.start", _not_here),
            mock.patch("garage_tui.app.unexpected_errors.write_report", write),
        ):
            asyncio.run(_take(GarageApp(Workspace(root), Settings(), screen, odd), steps))
        assert not reported, report_text(reported[0], "")
        kept = [file.read_bytes() for file in (root / "datasets").rglob("*.jsonl*")]
        assert any(good in text for text in kept)
    finally:
        shutil.rmtree(root, ignore_errors=True)


DOOR = {"steps": STEPS, "screen": st.sampled_from(SCREENS), "data": doors.FACTS, "name": doors.NAME}


def test_the_app_goes_on():
    settings(max_examples=FEW)(given(**DOOR)(through_the_keyboard))()


@pytest.mark.long
@pytest.mark.timeout(3000)
def test_the_app_goes_on_for_long():
    settings(max_examples=MANY)(given(**DOOR)(through_the_keyboard))()
