"""Several apps on one workspace, each in a pane of a real tmux: none steps on another."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap

import pytest

from garage_tui.core.launch.run_control import stop
from garage_tui.core.runs.catalog import list_runs
from garage_tui.core.serving import server_process
from tests.support.app_user import RunFolder
from tests.support.repository import REPOSITORY
from tests.support.tmux_server import GARAGE, TmuxServer, wait_for

in_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")


class Apps(TmuxServer):
    """Apps on one workspace, each in a session of its own name."""

    root = ""

    def start(self, name: str, *options: str) -> None:
        self.open(name, *GARAGE, "--workspace", self.root, *options)

    def quit(self, *names: str) -> None:
        for name in names:
            self.press(name, "q")
        for name in names:
            self.ends(name)


@pytest.fixture
def apps(tmp_path, workspace):
    apps = Apps(tmp_path / "t")
    apps.root = str(workspace.root)
    yield apps
    apps.close()


def questions(workspace) -> list[str]:
    lines = (workspace.datasets / "garage.jsonl").read_text().splitlines()
    return [json.loads(line)["question"] for line in lines]


@in_tmux
def test_a_row_is_edited_in_one_while_another_is_half_written_in_the_other(apps, workspace):
    first = questions(workspace)[0]
    for name in ("one", "two"):
        apps.start(name)
    for name in ("one", "two"):
        apps.sees(name, "35 rows", first)
    apps.types("two", "aWhoever is An")
    apps.sees("two", "Whoever is An")

    apps.press("one", "d")
    apps.sees("one", "34 rows", "Deleted")
    apps.sees("two", "Whoever is An")
    wait_for(lambda: first not in apps.screen("two"), 40, lambda: apps.screen("two"))
    assert "Whoever is An" in apps.screen("two"), "what is being written stays"

    apps.start("three")  # what is unsaved in an app that lives is no work that was left behind
    assert "Unsaved work" not in apps.sees("three", "34 rows")

    apps.types("two", "n?\rAnn is a pilot.\r")
    for name in ("one", "two", "three"):
        apps.sees(name, "35 rows", "Whoever is Ann?")
    assert first not in questions(workspace) and "Whoever is Ann?" in questions(workspace)

    apps.quit("one", "two", "three")


@in_tmux
def test_what_a_killed_app_left_behind_is_offered_to_the_next_one_though_another_lives(apps, workspace):
    apps.start("one")
    apps.start("two")
    for name, text in (("one", "aFirst app"), ("two", "aSecond app")):
        apps.sees(name, "35 rows")
        apps.types(name, text)
        apps.sees(name, text[1:])
    wait_for(lambda: journal_has("Second app"), 40, lambda: "the half-written text is in no journal")
    os.kill(int(apps("display-message", "-p", "-t", "two", "#{pane_pid}")), signal.SIGKILL)
    apps.start("three")
    screen = apps.sees("three", "Unsaved work", "Second app")
    assert "First app" not in screen
    assert "First app" in apps.screen("one")


def journal_has(text: str) -> bool:
    from garage_tui.core.settings.settings import journals_folder

    return any(text in file.read_text() for file in journals_folder().glob("*.jsonl"))


@in_tmux
def test_a_run_that_comes_ends_and_is_deleted_is_the_same_in_all_of_them(apps, workspace):
    old = RunFolder(workspace, "20261126-1000-lora-old", "finished", step=100)
    old.log("the old log")
    apps.start("one", "--screen", "runs")
    apps.start("two", "--screen", "runs")
    apps.start("gauges", "--screen", "gpu")
    for name in ("one", "two"):
        apps.sees(name, old.path.name, "✓ finished", "the old log")

    new = RunFolder(workspace, "20261126-1100-lora-new", "running", step=3).hold()
    try:
        for name in ("one", "two", "gauges"):
            apps.sees(name, "lora-new", "3/100")
        apps.press("one", "d")
        apps.sees("one", "Delete this run?")
        apps.press("one", "Enter")
        for name in ("one", "two"):
            wait_for(lambda name=name: "✓ finished" not in apps.screen(name), 40, lambda name=name: apps.screen(name))
            apps.sees(name, "● running", "lora-new")
        assert not old.path.exists()
    finally:
        new.let_go()
    for name in ("one", "two"):
        apps.sees(name, "interrupted")
    apps.quit("one", "two", "gauges")


def test_two_that_save_at_the_same_moment_lose_no_row(workspace, tmp_path):
    """Two processes write as fast as they can, each as the app does: what the other wrote is merged, never replaced."""
    program = textwrap.dedent("""
        import sys
        from pathlib import Path
        from garage_tui.core.facts.line import Fact
        from garage_tui.core.facts.store import FactsStore

        path, journals, name = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
        store = FactsStore(path, journals)
        print("ready", flush=True)
        sys.stdin.readline()
        for number in range(60):
            store.insert(len(store.document.lines), [Fact(f"{name} {number}?", "Yes.")], "a row")
            while (theirs := store.save()) is not None or store.unsaved:
                if theirs is not None:
                    store.accept(theirs)
        store.close()
    """)
    path = workspace.datasets / "garage.jsonl"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(path), str(tmp_path / "journals"), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        )
        for name in ("one", "two")
    ]
    for writer in writers:
        assert writer.stdout and writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin
        writer.stdin.write("go\n")
        writer.stdin.flush()
    assert [writer.wait(120) for writer in writers] == [0, 0]
    found = questions(workspace)
    wanted = {f"{name} {number}?" for name in ("one", "two") for number in range(60)}
    assert not wanted - set(found), f"{len(wanted - set(found))} rows are lost"
    assert len(found) == 35 + len(wanted)


@in_tmux
@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_real_run_and_one_model_server_are_shared(apps, workspace, tiny_model):
    workspace.settings_file.write_text(f'base_model = "{tiny_model}"\n')
    apps.start("one")
    apps.start("two", "--screen", "runs")
    apps.sees("one", "35 rows")
    apps.sees("two", "No runs yet")
    apps.press("one", "t")
    apps.sees("one", "60 steps")
    apps.press("one", "C-s")
    try:
        for name in ("one", "two"):
            apps.sees(name, "● running", seconds=120)
        for name in ("one", "two"):
            apps.sees(name, "✓ finished", "60/60", seconds=240)
        for name in ("one", "two"):
            apps.press(name, "c")
            apps.sees(name, "the model server is off")
        for name in ("one", "two"):
            apps.types(name, "What is TinyLLM?")
            apps.press(name, "Enter")
        for name in ("one", "two"):
            apps.sees(name, "● ready", "tokens", seconds=240)
        asked = ["pgrep", "-f", f"garage_tui.jobs.serve {workspace.root}"]
        found = subprocess.run(asked, capture_output=True, text=True)
        assert len(found.stdout.split()) == 1, "one server answers both"
        apps.press("one", "F3")
        apps.sees("one", "✓ finished")
    finally:
        server_process.stop(workspace)
        for run in list_runs(workspace):
            if run.alive:
                stop(run)
