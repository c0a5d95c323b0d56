"""Whoever is away hears that a run has ended: real tmux, real commands, a real web server."""

import fcntl
import json
import os
import pty
import shutil
import struct
import subprocess
import sys
import termios
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.runs.record import Manifest, RunState, read_run, write_manifest, write_state
from garage_tui.core.scheduling.notify import deliver, message_of, run_details
from garage_tui.core.settings.settings import NotifySettings, load_settings, user_settings_file

QUIET = NotifySettings(tmux=False)


@pytest.fixture
def ended(workspace):
    """A run that has failed, with a reason that nobody should believe."""
    folder = workspace.checkpoints / "20261124-0700-lora-garage"
    folder.mkdir()
    write_manifest(folder, Manifest(id=folder.name, kind="lora", created=0, recipe={}, base={}, dataset={}))
    reason = "the disk is full #(touch hacked) #{pane_id} \x1b[2J"
    write_state(folder, RunState(state="failed", reason=reason, step=7, total_steps=75, loss=1.5))
    return folder


def owner(text):
    file = user_settings_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def notify(folder, **environment):
    """Run the notifier as the supervisor does, and return what it wrote to the log."""
    command = [sys.executable, "-P", "-m", "garage_tui.core.scheduling.notify", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_message_is_one_clean_line(ended):
    text = message_of(read_run(ended))
    assert text.startswith(f"garage: {ended.name} failed: the disk is full #(touch hacked)")
    assert text.endswith("7/75 steps, loss 1.500") and "\x1b" not in text


def test_a_command_is_told_in_its_environment_and_on_its_stdin(ended, tmp_path):
    script = "import json,os,sys; sys.exit(json.load(sys.stdin)['run'] + ' ' + os.environ['GARAGE_STATE'])"
    [told] = deliver(
        NotifySettings(tmux=False, command=(sys.executable, "-c", script)), "hello", run_details(read_run(ended))
    )
    assert not told.ok and told.text == f"exit code 1: {ended.name} failed"
    [told] = deliver(NotifySettings(tmux=False, command=("/no/such/program",)), "hello", {})
    assert (told.ok, told.text) == (False, "/no/such/program was not found")


def test_the_owner_alone_names_programs_and_addresses(workspace, ended, tmp_path):
    workspace.settings_file.write_text('[notify]\ncommand = ["touch", "/tmp/hacked"]\n')
    with pytest.raises(
        BadInputError, match=r"notify.command can only be set in .*, because a workspace may be somebody else's"
    ):
        load_settings(workspace)
    assert "no notification was sent: " in notify(ended)
    workspace.settings_file.write_text('[notify]\non = ["stopped"]\n')
    owner(f'[notify]\ncommand = ["touch", "{tmp_path}/told"]\n')
    notify(ended)
    assert not (tmp_path / "told").exists(), "failed is not in `on`"
    workspace.settings_file.unlink()
    assert notify(ended) == ""
    assert (tmp_path / "told").exists()


def test_a_webhook_is_called_and_its_secret_stays_out_of_the_log(ended):
    heard = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        owner(f'[notify]\nurls = ["json://user:secret@127.0.0.1:{server.server_port}/path"]\n')
        assert notify(ended) == ""
    finally:
        server.shutdown()
        server.server_close()
    assert heard and "the disk is full" in heard[0]["message"]
    said = notify(ended)  # nobody listens any more
    assert "notification failed, json://127.0.0.1: not delivered" in said and "secret" not in said
    owner('[notify]\nurls = ["nonsense://token"]\n')
    said = notify(ended)
    assert "apprise does not support" in said and "token" not in said


@pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")
def test_tmux_shows_the_message_and_runs_nothing_in_it(ended, tmp_path):
    socket = str(tmp_path / "tmux")

    def tmux(*arguments):
        return subprocess.run(
            ["tmux", "-S", socket, "-f", "/dev/null", *arguments], capture_output=True, text=True
        ).stdout

    tmux("new-session", "-d", "-x", "300", "-y", "20", "-c", str(tmp_path), "sleep", "100")
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm-256color"
        os.execvp("tmux", ["tmux", "-S", socket, "attach"])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 300, 0, 0))
    painted = bytearray()

    def read():
        try:
            while data := os.read(terminal, 65536):
                painted.extend(data)
        except OSError:
            pass

    threading.Thread(target=read, daemon=True).start()
    try:
        deadline = time.monotonic() + 20
        while not tmux("list-clients"):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        server = tmux("display-message", "-p", "#{pid}").strip()
        assert notify(ended, TMUX=f"{socket},{server},0", TMUX_PANE="%0") == ""
        while b"#(touch hacked) #{pane_id}" not in painted or b"\a" not in painted:
            assert time.monotonic() < deadline, bytes(painted)
            time.sleep(0.05)
        assert not list(tmp_path.rglob("hacked"))
    finally:
        tmux("kill-server")
        os.waitpid(pid, 0)


def test_without_any_way_nothing_is_said(ended):
    assert notify(ended, TMUX="") == ""
