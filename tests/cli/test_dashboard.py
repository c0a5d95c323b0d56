"""`garage dashboard` and `garage logs -F` as typed where there is no tmux, and the line for a status bar."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys

import pytest

GARAGE = (sys.executable, "-m", "garage_tui")


def garage(root, *words, **environment):
    kept = {name: value for name, value in os.environ.items() if name not in ("TMUX", "TMUX_PANE")}
    command = [*GARAGE, "--workspace", str(root), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env={**kept, **environment})


def test_it_says_what_to_do_where_there_is_no_tmux(workspace, tmp_path):
    done = garage(workspace.root, "dashboard", PATH=str(tmp_path))
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "needs tmux" in done.stderr and "apt install tmux" in done.stderr


def test_it_says_what_is_wrong_with_the_settings_before_it_opens_anything(workspace):
    workspace.settings_file.write_text("[hours\n")
    done = garage(workspace.root, "dashboard")
    assert done.returncode == 2 and "garage.toml" in done.stderr


def test_in_a_script_it_says_that_it_needs_a_terminal(workspace):
    if shutil.which("tmux"):
        done = garage(workspace.root, "dashboard")
        assert done.returncode == 2 and "needs a terminal" in done.stderr and "--print" in done.stderr


@pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")
def test_what_it_prints_makes_the_same_window_in_a_workspace_of_any_name(workspace, tmp_path):
    root = workspace.root.rename(tmp_path / "#{pid} it's; a box;")
    printed = garage(root, "dashboard", "--print").stdout
    assert shlex.split(printed)[:2] == ["tmux", "new-session"]
    kept = {name: value for name, value in os.environ.items() if name not in ("TMUX", "TMUX_PANE")}
    env = {**kept, "TMUX_TMPDIR": str(tmp_path), "TERM": "xterm", "LANG": "C.UTF-8"}
    try:
        made = subprocess.run(printed.replace("new-session", "new-session -d", 1), shell=True, env=env)  # noqa: S602
        assert made.returncode == 0
        told = ["tmux", "list-panes", "-t", "garage", "-F", "#{pane_start_command}"]
        panes = subprocess.run(told, capture_output=True, text=True, env=env).stdout.splitlines()
        assert [pane.rstrip('"').split()[-1] for pane in panes] == ["gpu", "runs", "-F"]
        assert all("it's; a box;" in pane.replace("\\", "") for pane in panes)
    finally:
        subprocess.run(["tmux", "kill-server"], env=env)


def test_a_log_that_goes_on_with_the_next_run_is_not_that_of_one_run(workspace):
    done = garage(workspace.root, "logs", "-F", "last")
    assert done.returncode == 2 and "leave out the run" in done.stderr


@pytest.mark.parametrize("folder", ["nowhere", "loop"])
def test_a_status_bar_gets_a_few_words_where_there_is_no_workspace(tmp_path, folder):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    done = garage(tmp_path / folder, "gpu", "--line")
    assert done.returncode == 0 and not done.stderr
    assert done.stdout.startswith("garage: ") and done.stdout.count("\n") == 1 and len(done.stdout) <= 61
