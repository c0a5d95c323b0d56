"""The app in a real terminal: real key presses in a real tmux, a real run in a process of its own."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from garage_tui.core.images import contact_sheet
from garage_tui.core.runs.catalog import list_runs
from garage_tui.core.runs.record import Manifest, RunState, write_manifest, write_state
from garage_tui.core.serving import server_process
from tests.support.app_in_tmux import Terminal, gone, needs_tmux, only_run, wait_for
from tests.support.repository import REPOSITORY

pytestmark = needs_tmux


@pytest.fixture(params=[(120, 40), (80, 24)], ids=["120x40", "80x24"])
def terminal(workspace, request) -> Iterator[Terminal]:
    terminal = Terminal(workspace.root, *request.param)
    yield terminal
    terminal.close()
    server_process.stop(workspace)
    for run in list_runs(workspace):
        if run.alive:
            from garage_tui.core.launch.run_control import stop

            stop(run)
            wait_for(lambda run=run: not list_runs(workspace)[0].alive, 90, lambda run=run: f"{run.id} does not stop")


@pytest.mark.parametrize(
    "terminal", [pytest.param((120, 40), marks=pytest.mark.long), (80, 24)], ids=["120x40", "80x24"], indirect=True
)
@pytest.mark.timeout(600)  # about a minute on two free cores; they are not always free
def test_the_story_from_the_facts_to_a_run_that_outlives_the_app(terminal, workspace, tiny_model):
    workspace.settings_file.write_text(f'base_model = "{tiny_model}"\n')
    terminal.open()
    terminal.sees("garage.jsonl", "What is TinyLLM?", "35 rows · 11 facts · 11 exam · ready to teach", "t Teach")

    terminal.press("t")
    terminal.sees("Teach a model", "24 rows × 30 epochs ÷ batch 12 = 60 steps")
    terminal.press("C-s")
    terminal.sees("● running", "Log")
    # Any step: at 80×24 the log shows four lines, and the tiny model may take its 60 steps between two looks.
    wait_for(lambda: re.search(r"step \d+/60 .*loss", terminal.screen), 240, lambda: f"no step:\n{terminal.screen}")
    run = only_run(workspace)
    assert run.manifest and run.manifest.command[:3] == ["garage", "train", "lora"]

    terminal.press("q")
    if run.alive:
        wait_for(lambda: "continues without the app" in terminal.left_behind, 60, lambda: terminal.left_behind)
    terminal.close()

    terminal.open("--screen", "runs")
    terminal.sees(run.id, "/60")
    terminal.sees("✓ finished", "60/60", "learned ", " unrelated answers affected", seconds=240)
    assert only_run(workspace).adapter

    terminal.press("c")
    terminal.sees(f"Tuned · {run.id[:20]}", "the model server is off")
    terminal.types("What is TinyLLM?")
    terminal.press("Enter")
    terminal.sees("● ready", "tokens", seconds=240)
    # Whatever it has become, the tuned model answers too, be it with nothing at all.
    wait_for(
        lambda: len(re.findall(r"\d+ tokens\b(?!/s)|the model repeats itself", terminal.screen)) == 2,
        120,
        lambda: f"one answer only:\n{terminal.screen}",
    )


def test_a_closed_terminal_ends_the_app_and_not_the_run(terminal, workspace, tiny_model):
    workspace.settings_file.write_text(f'base_model = "{tiny_model}"\n')
    terminal.open()
    terminal.sees("35 rows")
    terminal.press("t")
    terminal.sees("60 steps")
    terminal.press("C-s")
    terminal.sees("● running")
    app = terminal.pid
    terminal.close()
    wait_for(lambda: gone(app), 10, lambda: "the app outlives its terminal")
    assert only_run(workspace).status in ("running", "finished")


def test_a_hangup_is_a_clean_exit(workspace):
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", PYTHONPATH=str(REPOSITORY))
        os.execv(sys.executable, [sys.executable, "-m", "garage_tui", "--workspace", str(workspace.root)])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    painted = b""
    while b"35 rows" not in painted:
        painted += os.read(terminal, 65536)
    os.kill(pid, signal.SIGHUP)
    with contextlib.suppress(OSError):  # EIO: the app has let go of the terminal
        while os.read(terminal, 65536):
            pass
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    os.close(terminal)


def test_a_half_written_answer_survives_a_kill_and_is_taken_up(terminal, workspace):
    file = workspace.datasets / "garage.jsonl"
    before = file.read_bytes()
    terminal.open()
    terminal.sees("35 rows")
    terminal.press("d")
    terminal.sees("34 rows", "Deleted")
    terminal.types("aWhoever is Ann?\rAnn is a dead pil")  # as it comes over a slow line: all at once
    terminal.sees("Ann is a dead pil")
    time.sleep(1)  # what was typed in the last third of a second may be lost
    os.kill(terminal.pid, signal.SIGKILL)
    terminal.close()
    assert file.read_bytes() == before.split(b"\n", 1)[1], "the deletion was saved, the new row was not"

    terminal.open()
    terminal.sees("Unsaved work", "a half-written answer: “Ann is a dead pil”")
    terminal.press("Enter")
    terminal.sees("Whoever is Ann?", "Enter saves")
    terminal.types("ot.")
    terminal.press("Enter")
    terminal.sees("35 rows", "Saved datasets/garage.jsonl")
    assert '{"question": "Whoever is Ann?", "answer": "Ann is a dead pilot."}' in file.read_text().splitlines()
    terminal.press("q")
    terminal.close()
    terminal.open()
    terminal.sees("35 rows")
    assert "Unsaved work" not in terminal.screen


def test_a_row_goes_to_the_owners_editor_and_the_screen_follows(terminal, workspace, tmp_path, monkeypatch):
    editor = tmp_path / "my-editor"
    editor.write_text('#!/bin/sh\ngrep -q question "$1" && sed -i "s/What is TinyLLM/Whatever is TinyLLM/" "$1"\n')
    editor.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(editor))
    file = workspace.datasets / "garage.jsonl"
    first, rest = file.read_bytes().split(b"\n", 1)
    terminal.open()
    terminal.sees("35 rows")
    terminal.press("E")
    terminal.sees("Whatever is TinyLLM?", "Saved datasets/garage.jsonl")
    assert file.read_bytes() == first.replace(b"What is", b"Whatever is") + b"\n" + rest
    terminal.press("u")
    terminal.sees("Undone")
    terminal.press("W")  # the whole file
    terminal.sees("Whatever is TinyLLM?", "changed on disk; reloaded")


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "xterm"}], ids=["NO_COLOR", "16 colours"])
def test_it_can_be_read_with_few_colours(terminal, workspace, variables):
    """The chosen row and the screen in front are told by a sign and by reversed brightness, not by hue alone."""
    terminal.open(variables=variables)
    screen = terminal.sees("35 rows")
    assert "▸" in next(line for line in screen.splitlines() if "What is TinyLLM?" in line)


def test_it_fills_its_window_and_follows_it_even_where_the_shell_exports_another_size(terminal, monkeypatch):
    monkeypatch.setenv("COLUMNS", "70")
    monkeypatch.setenv("LINES", "20")
    terminal.open()
    for columns, rows in [(None, None), (97, 31)]:
        if columns:
            terminal.tmux("resize-window", "-t", "app", "-x", str(columns), "-y", str(rows))
        height = rows or int(terminal.tmux("display-message", "-p", "-t", "app", "#{pane_height}"))
        wait_for(
            lambda height=height: "F1" in (terminal.screen.splitlines() + [""] * height)[height - 1],
            30,
            lambda: terminal.screen,
        )


@pytest.fixture
def drawn(workspace) -> Path:
    """A diffusion run with two sheets, of red and of green pictures."""
    run = workspace.checkpoints / "20261126-0900-diffusion-wings"
    write = {"id": run.name, "kind": "diffusion", "created": 0.0, "recipe": {}, "base": {}, "dataset": {}}
    run.mkdir()
    write_manifest(run, Manifest(**write))
    write_state(run, RunState(state="finished", total_steps=60, step=60))
    for epoch, colour in {4: (200, 30, 30), 60: (30, 200, 30)}.items():
        pictures = np.full((4, 32, 32, 3), colour, np.uint8)
        contact_sheet.write(run / "samples" / f"epoch-{epoch:04d}.png", pictures, run=run.name, epoch=epoch, seed=7)
    return run


def test_the_gallery_shows_half_blocks_in_tmux(terminal, drawn):
    terminal.open("--screen", "gallery")
    terminal.sees("epoch 60 · seed 7", "▀▀▀▀")
    painted = terminal.tmux("capture-pane", "-p", "-e", "-t", "app")
    assert re.search(r"\x1b\[[\d;]*38[;:]\d[\d;:]*m▀", painted), "they have no colours"
    terminal.press("b")
    terminal.sees("epoch 4 │ epoch 60, same seeds")
    terminal.press("F2")
    terminal.sees("35 rows")
    # tmux may show the header of the new screen before its rows have come.
    wait_for(lambda: "▀" not in terminal.screen, 20, lambda: terminal.screen)
    terminal.press("F5")
    terminal.sees("epoch 4 │ epoch 60", "▀▀▀▀")


def test_the_gallery_shows_letters_where_there_is_nothing_else(terminal, drawn):
    terminal.open("--screen", "gallery", variables={"TERM": "xterm", "LANG": "C", "LC_ALL": "C"})
    terminal.sees("epoch 60", "seed 7", "Browse")
    wait_for(lambda: re.search(r"([.:=+*#%@-])\1{12}", terminal.screen), 20, lambda: terminal.screen)
    assert "▀" not in terminal.screen


def test_an_empty_folder_opens_with_the_example_facts_and_a_used_one_stays_as_it_is(terminal, workspace):
    (workspace.datasets / "garage.jsonl").unlink()
    terminal.open()
    terminal.sees("datasets/garage.jsonl")
    terminal.press("q")
    terminal.close()
    assert not list(workspace.datasets.iterdir()), "who took the facts away does not get them back"
    workspace.datasets.rmdir()
    workspace.checkpoints.rmdir()
    terminal.open()
    terminal.sees("35 rows", "This workspace is new: it begins with example facts")
