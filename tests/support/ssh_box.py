"""A real sshd on a loopback port of its own, and a line to it that can be slow, far away, frozen or cut."""

from __future__ import annotations

import contextlib
import os
import pwd
import shlex
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.repository import REPOSITORY

SSHD = shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
MISSING = not (SSHD and shutil.which("ssh") and shutil.which("ssh-keygen"))
TMUX = shutil.which("tmux")
needs_sshd = pytest.mark.skipif(
    MISSING, reason="needs sshd and ssh (Debian: apt install openssh-server openssh-client)"
)

_SERVER = """
ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/key.pub
PidFile none
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PrintMotd no
PrintLastLog no
"""
_OPTIONS = {
    "StrictHostKeyChecking": "no",
    "UserKnownHostsFile": "/dev/null",
    "GlobalKnownHostsFile": "/dev/null",
    "IdentitiesOnly": "yes",
    "PreferredAuthentications": "publickey",
    "EscapeChar": "none",
    "LogLevel": "ERROR",
    "ConnectTimeout": "60",
}


class Box:
    """The box: an sshd of the current user, and the commands that reach it."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        settings = "".join(f' "{name}={value}"' for name, value in (environment or {}).items())
        for name in ("host_key", "key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
        if os.getuid() == 0:  # the privilege separation's folder, which the system's service would make
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        (folder / "sshd_config").write_text(_SERVER.format(folder=folder) + (f"SetEnv{settings}\n" if settings else ""))
        self.port = free_port()
        self._log = folder / "sshd.log"
        self.open()
        end = time.monotonic() + 60
        while (answered := subprocess.run(self.ssh("true"), capture_output=True, text=True)).returncode:
            if "not allowed because account is locked" in self._log.read_text():
                pytest.skip("this account is locked: sshd lets nobody in without PAM")
            assert time.monotonic() < end, f"{answered.stderr}\n{self._log.read_text()}"
            time.sleep(0.1)

    def open(self) -> None:
        """Start the server, at first or after `close`."""
        with self._log.open("ab") as log:
            self._server = subprocess.Popen(
                [str(SSHD), "-D", "-e", "-f", str(self._folder / "sshd_config"), "-p", str(self.port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def ssh(self, *remote: str, terminal: bool = False, port: int | None = None) -> list[str]:
        """Return the command that runs `remote` on the box, through another port where one is given."""
        options = [f"-o{name}={value}" for name, value in _OPTIONS.items()]
        way = ["-i", str(self._folder / "key"), "-p", str(port or self.port), "-tt" if terminal else "-T"]
        return ["ssh", "-F", "none", *way, *options, f"{pwd.getpwuid(os.getuid()).pw_name}@127.0.0.1", *remote]

    def install_as(self, host: str, folder: Path) -> None:
        """Write an `ssh` into a folder that knows the box as a host of its settings."""
        user = pwd.getpwuid(os.getuid()).pw_name
        way = {"HostName": "127.0.0.1", "Port": self.port, "User": user, "IdentityFile": self._folder / "key"}
        rows = [f"  {name} {value}" for name, value in {**way, **_OPTIONS, "EscapeChar": "none"}.items()]
        (folder / "ssh_config").write_text("\n".join([f"Host {host}", *rows]) + "\n")
        program = folder / "ssh"
        program.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {folder / "ssh_config"} "$@"\n')
        program.chmod(0o755)

    def garage(self, *words: object, **variables: str) -> str:
        """Return the line for the box's shell that runs `garage` with the state and settings of this test."""
        kept = ("GARAGE_STATE", "GARAGE_PORT", "XDG_CONFIG_HOME", "HF_HUB_OFFLINE")
        env = {name: os.environ[name] for name in kept if name in os.environ}
        env |= {"PYTHONPATH": str(REPOSITORY), "LANG": "C.UTF-8", **variables}
        told = [f"{name}={value}" for name, value in env.items()]
        return shlex.join(["exec", "env", *told, sys.executable, "-m", "garage_tui", *map(str, words)])

    def close(self) -> None:
        """End the server and every session of it."""
        for pid in [*descendants(self._server.pid)]:
            if words(pid)[:1] and "sshd" in words(pid)[0]:
                kill(pid)
        self._server.kill()
        self._server.wait()


class Line:
    """A TCP line to a port, with so many seconds in each direction and so many bytes a second."""

    def __init__(self, port: int, delay: float = 0.0, rate: float = float("inf")) -> None:
        self._to, self.delay, self.rate = port, delay, rate
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.down = 0
        """Bytes that have come from the server."""
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                return
            self._sockets += [near, far]
            for one in (near, far):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _Direction(self, near, far, False)
            _Direction(self, far, near, True)

    def close(self) -> None:
        """Cut it."""
        self._listener.close()
        for one in self._sockets:
            one.close()


class _Direction:
    """One of the two: a bottleneck with a buffer of a quarter of a second, as routers have, then the way itself."""

    def __init__(self, line: Line, source: socket.socket, sink: socket.socket, down: bool) -> None:
        self._line, self._source, self._sink, self._down = line, source, sink, down
        self._way: deque[tuple[float, bytes]] = deque()
        self._changed = threading.Condition()
        if line.rate != float("inf"):
            for one, option in ((source, socket.SO_RCVBUF), (sink, socket.SO_SNDBUF)):
                one.setsockopt(socket.SOL_SOCKET, option, 4096)
        threading.Thread(target=self._take, daemon=True).start()
        threading.Thread(target=self._bring, daemon=True).start()

    def _take(self) -> None:
        data = b"-"
        while data:
            try:
                data = self._source.recv(512 if self._line.rate != float("inf") else 65536)
            except OSError:
                data = b""
            if self._down:
                self._line.down += len(data)
            time.sleep(len(data) / self._line.rate)
            with self._changed:
                self._way.append((time.monotonic() + self._line.delay, data))
                self._changed.notify()

    def _bring(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._way)
                when, data = self._way.popleft()
            time.sleep(max(0.0, when - time.monotonic()))
            try:
                if not data:
                    self._sink.shutdown(socket.SHUT_WR)
                    return
                self._sink.sendall(data)
            except OSError:
                return


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as here:
        return int(here.getsockname()[1])


def words(pid: int) -> list[str]:
    """Return a process's command line; empty where it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").split("\0")
    except OSError:
        return []


def stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the third, the state, on; empty where it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def parents(pid: int) -> list[int]:
    """Return the processes that a process comes from, the nearest first."""
    found = []
    while (fields := stat(pid)) and (pid := int(fields[1])) > 1:
        found.append(pid)
    return found


def descendants(pid: int) -> list[int]:
    """Return all that comes from a process."""
    return [one for one in everyone() if pid in parents(one)]


def everyone() -> list[int]:
    """Return all processes."""
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]


def apps(root: Path) -> list[int]:
    """Return the apps that are open on a workspace."""
    return [
        pid
        for pid in everyone()
        if (said := words(pid))[1:3] == ["-m", "garage_tui"] and str(root) in said and stat(pid)[:1] not in ([], ["Z"])
    ]


def cpu_seconds(pid: int) -> float:
    """Return what a process has used of the processors."""
    fields = stat(pid)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def kill(pid: int, number: int = 9) -> None:
    """Send a signal, also to what may be gone by now."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
