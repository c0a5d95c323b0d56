"""Something raises that nobody expected, anywhere in the app: a sentence says so, and the user works on."""

from __future__ import annotations

import asyncio
import os
import pty
import subprocess
import sys
import threading

import pytest
from textual.message import Message

from garage_tui.app.unexpected_errors import _SHOWN
from garage_tui.core.base.uncaught_exceptions import passing_on
from garage_tui.screens.facts.pane import FactsPane
from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.header import HeaderBar
from garage_tui.widgets.notice import Notice
from tests.support.app_user import User
from tests.support.repository import REPOSITORY

GOES_ON = "Something went wrong, and the app goes on (ZeroDivisionError: division by zero);"


class Bang(Message):
    """Handled by a method that a test breaks."""


def fail(*_: object) -> None:
    raise ZeroDivisionError("division by zero")


async def fail_later(*_: object) -> None:
    fail()


class BrokenDialog(Dialog[None]):
    def compose(self):
        yield Notice()
        fail()


class DialogThatFailsWhenMounted(Dialog[None]):
    def compose(self):
        yield Notice()

    def on_mount(self) -> None:
        fail()


def in_a_thread(app) -> None:
    with passing_on(app.errors.in_thread):  # as `run_app` does
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()


def in_a_task(app) -> None:
    asyncio.create_task(fail_later())  # noqa: RUF006 (nobody waits for it: that is the point)


WAYS = {
    "an action": lambda app: setattr(app, "action_redraw", fail),
    "a timer": lambda app: app.set_timer(0.01, fail),
    "a timer of a widget": lambda app: app.pane.set_timer(0.01, fail_later),
    "a worker": lambda app: app.run_worker(fail_later()),
    "a thread of a worker": lambda app: app.run_worker(fail, thread=True),
    "a callback": lambda app: app.call_later(fail),
    "a callback of a widget": lambda app: app.pane.call_after_refresh(fail),
    "a handler of a widget": lambda app: (setattr(FactsPane, "on_bang", fail), app.pane.post_message(Bang())),
    "a handler of the app": lambda app: (setattr(type(app), "on_bang", fail), app.post_message(Bang())),
    "a handler of Textual's own widget": lambda app: app.screen.post_message(Bang()),
    "a dialog that is made": lambda app: app.push_screen(BrokenDialog()),
    "a dialog that is shown": lambda app: app.push_screen(DialogThatFailsWhenMounted()),
    "a thread": in_a_thread,
    "a task": in_a_task,
}


@pytest.fixture(autouse=True)
def put_back(monkeypatch):
    from textual.screen import Screen

    from garage_tui.app.app import GarageApp

    for kind in (FactsPane, GarageApp):
        monkeypatch.setattr(kind, "on_bang", lambda self, event: event.stop(), raising=False)
    monkeypatch.setattr(Screen, "on_bang", fail_later, raising=False)


async def is_up(user: User) -> None:
    await user.sees("35 rows")
    while not user.app.is_up:
        await user.pilot.pause(0.02)


@pytest.mark.parametrize("way", WAYS)
async def test_the_app_says_it_and_goes_on(open_app, error_reports, way):
    async with open_app(size=(200, 24)) as user:
        await is_up(user)
        WAYS[way](user.app)
        if way == "an action":
            await user.press("f9")
        if way == "a task":
            import gc

            await user.pilot.pause(0.05)
            gc.collect()
        text = await user.sees("Something went wrong, and the app goes on")
        assert GOES_ON in " ".join(text.split())
        (report,) = error_reports()
        assert "ZeroDivisionError" in report.read_text() and "in fail" in report.read_text()
        assert f"the details are in {report.parent}" in " ".join(text.split()) or len(str(report)) > 150
        await user.press("f3")
        await user.sees("No runs yet")
        await user.press("f2")
        await user.sees("35 rows")
        await user.press("down", "right", "enter")
        await user.sees("Enter saves")


async def test_a_widget_that_cannot_be_painted_is_blank_and_the_rest_is_there(open_app, error_reports, monkeypatch):
    async with open_app() as user:
        await is_up(user)
        monkeypatch.setattr(HeaderBar, "render_line", fail, raising=False)
        monkeypatch.setattr(HeaderBar, "render", fail)
        for _ in range(20):
            user.app.header.refresh()
            await user.pilot.pause(0.01)
        text = await user.sees("What is TinyLLM?", "Something went wrong")
        assert "F2 Facts" not in text
        assert len(error_reports()) == 1
        monkeypatch.undo()
        user.app.header.refresh()
        await user.sees("F2 Facts")


async def test_an_error_that_comes_again_and_again_is_shown_a_few_times_only(open_app, error_reports):
    async with open_app() as user:
        await is_up(user)
        user.app.set_interval(0.01, fail)
        await user.sees("Something went wrong")
        await user.pilot.pause(0.2)
        user.app.pane.notice.note("Something else was done")
        await user.pilot.pause(0.2)
        await user.sees("Something else was done")
        assert len(error_reports()) == 1 and _SHOWN < 10


async def test_errors_without_a_rest_end_the_app_with_its_work_saved(workspace, open_app, error_reports):
    with pytest.raises(ZeroDivisionError):
        async with open_app() as user:
            await is_up(user)

            def again() -> None:
                user.app.call_later(again)
                fail()

            again_ = user.app.call_later(again)
            assert again_
            for _ in range(500):
                await user.pilot.pause(0.01)
                if not user.app.is_running:
                    break
            assert not user.app.is_running
    assert len(error_reports()) == 1


async def test_what_is_being_written_outlives_an_error_and_is_saved(workspace, open_app, error_reports):
    async with open_app() as user:
        await is_up(user)
        await user.press("right", "enter")
        await user.types(" for ever")
        user.app.set_timer(0.01, fail)
        await user.sees("Something went wrong")
        await user.press("enter")
        await user.sees("Saved")
    assert " for ever" in (workspace.datasets / "garage.jsonl").read_text()
    assert len(error_reports()) == 1


BROKEN_STARTS = {
    "made": "from garage_tui.widgets.key_bar import KeyBar; KeyBar.compose = lambda self: 1 / 0",
    "painted": "from garage_tui.widgets.header import HeaderBar; HeaderBar.render = lambda self: 1 / 0",
    "styled": "from garage_tui.app.app import GarageApp; GarageApp.CSS_PATH = '/nowhere/at/all.tcss'",
    "mounted": "from garage_tui.app.app import GarageApp; GarageApp.on_mount = lambda self: 1 / 0",
}


@pytest.mark.parametrize("how", BROKEN_STARTS)
def test_an_app_that_cannot_start_leaves_with_one_line(workspace, error_reports, how):
    program = f"{BROKEN_STARTS[how]}; from garage_tui.__main__ import main; import sys; sys.exit(main(sys.argv[1:]))"
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-c", program, "--workspace", str(workspace.root)],
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "LANG": "C.UTF-8"},
        cwd=REPOSITORY,
    )
    os.close(ours)
    os.close(theirs)
    (report,) = error_reports()
    assert done.returncode == 1
    *_, line = done.stderr.splitlines()  # Textual paints through stderr
    assert line.partition("garage: ")[2].startswith("the app cannot go on (")
    assert line.endswith(f"; the details are in {report}") and "Traceback" not in done.stderr
