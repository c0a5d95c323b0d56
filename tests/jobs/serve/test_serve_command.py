"""`garage serve` in a shell: starts, tells how to use it, and leaves with Ctrl-C."""

import json
import re
import signal
import subprocess
import sys
import time

import pytest

from garage_tui.__main__ import main
from garage_tui.core.serving import server_process, server_state


@pytest.fixture
def garage(workspace, tiny_model):
    """Start `garage` in a workspace whose base is the tiny model; its server does not outlive the test."""
    workspace.settings_file.write_text(f'base_model = "{tiny_model}"\n')
    started = []

    def run(*args):
        process = subprocess.Popen(
            [sys.executable, "-m", "garage_tui", "--workspace", str(workspace.root), *map(str, args)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # A shell that starts the tests in the background has them ignore SIGINT, and children inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()
    server_process.stop(workspace)


def read_until(stream, last):
    """Return the lines up to the one that is `last`."""
    lines = []
    for line in stream:
        lines.append(line)
        if line.strip() == last:
            return "".join(lines)
    raise AssertionError("".join(lines))


def test_a_server_in_the_foreground_from_start_to_ctrl_c(garage, workspace, finished_run, tiny_model):
    shown, hidden = finished_run(workspace, "shown", 1), finished_run(workspace, "hidden", 2)
    foreground = garage("serve", shown)
    said = read_until(foreground.stdout, "Ctrl-C stops it")
    key = (workspace.server / "key").read_text().strip()
    assert f"models   garage\n         {tiny_model}\n         {shown}\n" in said
    assert "service  garage is the base model\n" in said
    assert hidden not in said
    assert key not in said
    assert str(workspace.server / "key") in said

    curl = re.search(r"\n  (printf .*\n    curl .*)\n", said)[1].replace(
        '"temperature"', '"max_tokens": 5, "temperature"'
    )
    answer = subprocess.run(["bash", "-c", curl], capture_output=True, text=True, timeout=120)
    assert json.loads(answer.stdout)["model"] == shown, answer

    status, _ = garage("serve", "--status", "--json").communicate(timeout=120)
    document = json.loads(status)
    assert (document["status"], document["models"]) == ("ready", ["garage", str(tiny_model), shown])
    assert (document["service"]["name"], document["service"]["run"]) == ("garage", None)
    assert key not in status

    out, err = garage("serve", "--port", "0", shown).communicate(timeout=120)
    assert "a server is already running here" in out, err
    second = garage("serve")  # all runs: another server than the one that lives
    assert "stop it with `garage serve --stop`" in second.communicate(timeout=120)[1]
    assert second.returncode == 1

    foreground.send_signal(signal.SIGINT)
    out, err = foreground.communicate(timeout=120)
    assert out.strip() == "stopped"
    assert foreground.returncode == 0, err
    assert server_state.inspect(workspace).status == "off"


def test_a_server_that_is_stopped_elsewhere_ends_the_command(garage, workspace, capsys):
    foreground = garage("serve")
    deadline = time.monotonic() + 30
    while server_state.inspect(workspace).status != "starting":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    # Here, not in a process of its own: by the time that one had imported everything the server might be ready.
    assert main(["--workspace", str(workspace.root), "serve", "--stop"]) == 0
    assert "the server has stopped" in capsys.readouterr().out
    _, err = foreground.communicate(timeout=120)
    assert foreground.returncode == 1
    assert "the server was stopped while it started" in err


def test_without_a_server_status_and_stop_say_so(garage):
    for action in ("--status", "--stop"):
        process = garage("serve", action)
        assert process.communicate(timeout=120)[0] == "no server is running\n" if action == "--status" else True
        process.wait()
        assert process.returncode == 0
    out, _ = garage("serve", "--stop", "--json").communicate(timeout=120)
    assert json.loads(out)["status"] == "off"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--port", "70000"], "give 0 to 65535"),
        (["nothing"], "no run"),
        (["--base", "no such!"], "is not a base model"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(garage, args, words):
    process = garage("serve", *args)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 2
    assert words in err
    assert len(err.splitlines()) == 1
