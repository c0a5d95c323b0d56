"""`garage dashboard`, the status line and the titles in a real tmux."""

from __future__ import annotations

import shlex
import shutil
import subprocess

import pytest

from tests.support.app_user import RunFolder
from tests.support.tmux_server import GARAGE, TmuxServer, wait_for

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")

HOSTILE = "20261126-0900-lora-#[fg=red]X#(touch done)#{pid}"


@pytest.fixture
def tmux(tmp_path):
    server = TmuxServer(tmp_path / "t", 80, 24)
    yield server
    server.close()


@pytest.fixture
def runs(workspace):
    made = [RunFolder(workspace, f"20261126-{hour}-lora-{name}", "queued") for hour, name in ((1000, "a"), (1100, "b"))]
    yield made
    for run in made:
        run.let_go()


def dashboard(workspace, environment, *options):
    command = [*GARAGE, "--workspace", str(workspace.root), "dashboard", *options]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


def windows(tmux) -> list[str]:
    return tmux("list-windows", "-a", "-F", "#{session_name}:#{window_index} #{window_panes} #{window_active}").split(
        "\n"
    )


def living(tmux) -> list[str]:
    """Return the panes of the dashboard in which something runs; tmux may close the others a little later."""
    told = tmux("list-panes", "-t", "mine:garage", "-F", "#{pane_id} #{pane_dead}").splitlines()
    return [pane.split()[0] for pane in told if pane.endswith("0")]


def test_in_80x24_it_shows_gauges_runs_and_the_log_of_whichever_run_is_at_work(tmux, workspace, runs):
    first, second = runs
    first.hold().step(43, 0.5)
    second.state("finished", step=100)
    tmux.open("mine", "sh")
    done = dashboard(workspace, tmux.inside)
    assert done.returncode == 0, done.stderr
    assert windows(tmux) == ["mine:0 1 0", "mine:1 3 1"]
    gauges, listed, log = tmux("list-panes", "-t", "mine:garage", "-F", "#{pane_id}").split()
    tmux.sees(gauges, "This box", "cpu", "memory", "disk", "● lora-a 43/100", "q Quit")
    tmux.sees(listed, "● running", "43/100", "✓ finished", "q Quit")
    tmux.sees(log, "── 20261126-1000-lora-a ──", "step 43/100  loss 0.5000")
    wait_for(lambda: "lora-a 43 %" in tmux("display-message", "-p", "-t", listed, "#T"), 40, lambda: "no title")

    first.state("finished", step=100)
    first.let_go()
    second.hold().step(1, 0.25)
    tmux.sees(log, "── 20261126-1100-lora-b ──", "step 1/100  loss 0.2500")
    second.state("failed")
    second.let_go()

    tmux("select-window", "-t", "mine:0")
    again = dashboard(workspace, tmux.inside)
    assert again.returncode == 0, again.stderr
    assert windows(tmux) == ["mine:0 1 0", "mine:1 3 1"], "the second call goes to the window that is there"
    tmux.press(listed, "q")
    tmux.press(log, "C-c")
    wait_for(lambda: living(tmux) == [gauges], 40, lambda: f"{living(tmux)} live, not only {gauges}")


def test_outside_of_tmux_it_makes_a_session_and_attaches_and_the_title_goes_to_the_terminal(tmux, tmp_path, workspace):
    terminal = TmuxServer(tmp_path / "terminal", 150, 30)  # a terminal around the tmux that is made
    (tmp_path / ".tmux.conf").write_text("set -g set-titles on\nset -g set-titles-string '#T'\n")
    command = ["env", "-u", "TMUX", "-u", "TMUX_PANE", f"TMUX_TMPDIR={tmp_path / 't'}", f"HOME={tmp_path}"]
    command += ["sh", "-c", f"{shlex.join([*GARAGE, '--workspace', str(workspace.root), 'dashboard'])}; echo left"]
    try:
        terminal.open("one", *command)
        terminal.sees("one", "This box", "No runs yet", "the log of the first run will appear here")
        assert windows(tmux) == ["garage:0 3 1"]
        title = lambda: terminal("display-message", "-p", "-t", "one", "#T")  # noqa: E731
        wait_for(lambda: title() == "garage ~/box", 40, title)
        tmux("detach-client", "-s", "garage")
        terminal.sees("one", "left")
        terminal.open("two", *command)
        terminal.sees("two", "This box", "No runs yet")
        assert windows(tmux) == ["garage:0 3 1"]
    finally:
        terminal.close()


def test_a_status_line_shows_a_hostile_name_as_it_is(tmux, tmp_path, workspace):
    run = RunFolder(workspace, HOSTILE, "running", step=12).hold()
    line = shlex.join(["env", f"PYTHONPATH={tmux.environment['PYTHONPATH']}", *GARAGE])
    line += f" --workspace {shlex.quote(str(workspace.root))} gpu --line"
    terminal = TmuxServer(tmp_path / "terminal", 150, 8)
    attach = ["env", "-u", "TMUX", f"TMUX_TMPDIR={tmp_path / 't'}", "tmux", "attach-session", "-t", "mine"]
    try:
        tmux.open("mine", "sh")
        for option, value in {
            "status-right-length": "120",
            "status-interval": "1",
            "status-right": f"#({line})",
        }.items():
            tmux("set-option", "-g", option, value)
        terminal.open("around", *attach)
        bar = terminal.sees("around", "lora-#[fg=red]X#(touch done)#{pid} 12/100").splitlines()[-1]
        assert "GiB" in bar
        assert not list(tmp_path.rglob("done"))
        run.let_go()
        shutil.rmtree(workspace.root)
        terminal.sees("around", "garage: there is no folder")
    finally:
        run.let_go()
        terminal.close()


def test_one_word_closes_all_panes(tmux, workspace, runs):
    tmux.open("mine", "sh")
    assert dashboard(workspace, tmux.inside).returncode == 0
    assert windows(tmux) == ["mine:0 1 0", "mine:1 3 1"]
    done = dashboard(workspace, tmux.inside, "--close")
    assert (done.returncode, done.stdout) == (0, "the dashboard is closed; runs continue\n"), done.stderr
    assert windows(tmux) == ["mine:0 1 1"]
    assert dashboard(workspace, tmux.inside, "--close").stdout == "no dashboard of this workspace is open\n"
