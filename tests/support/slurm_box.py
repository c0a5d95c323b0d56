"""A real Slurm on loopback, for one test session: munged, slurmctld and two slurmd, all of the current user.

The nodes `box1` and `box2` are this machine twice; each has one CPU slot and, if asked for, make-believe GPUs. Debian's
build of Slurm can do that (`slurmd -N`). Nothing listens on another address than 127.0.0.1.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import socket
import stat
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.repository import REPOSITORY

_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
_PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "squeue", "scancel")
MISSING = [program for program in _PROGRAMS if shutil.which(program, path=_PATH) is None]
needs_slurm = pytest.mark.skipif(
    bool(MISSING) or os.getuid() != 0,
    reason="needs Slurm and root in a throw-away box (Debian: apt install slurm-wlm munge rsync)",
)

_GUIDE = REPOSITORY / "docs" / "guide" / "places.md"


def _configuration(folder: Path, port: int, nodes: list[str], gpus: bool) -> str:
    """Return the slurm.conf of the guide, on loopback and in a folder: so what the guide says is tried each time."""
    found = re.search(r"^```text\n(ClusterName=.*?)^```", _GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    assert found, "the guide has no slurm.conf"
    lines = [line for line in found[1].splitlines() if not line.startswith("NodeName=")]
    ours = {
        "SlurmctldHost": "localhost(127.0.0.1)",
        "SlurmUser": pwd.getpwuid(os.getuid()).pw_name,
        "StateSaveLocation": f"{folder}/state",
        "SlurmdSpoolDir": f"{folder}/spool.%n",
        "SlurmctldLogFile": f"{folder}/ctld.log",
        "SlurmdLogFile": f"{folder}/slurmd.%n.log",
        "SlurmctldPidFile": f"{folder}/ctld.pid",
        "SlurmdPidFile": f"{folder}/slurmd.%n.pid",
    }
    replaced = [f"{key}={ours.get(key, value)}" for key, _, value in (line.partition("=") for line in lines)]
    partition = replaced.pop()  # the last line; it needs the nodes before it
    more = [
        f"SlurmdUser={ours['SlurmUser']}",
        f"AuthInfo=socket={folder}/munge.socket",
        "CommunicationParameters=NoInAddrAny,NoCtldInAddrAny",
        f"SlurmctldPort={port}",
        "SchedulerParameters=sched_interval=1,bf_interval=2,batch_sched_delay=0",
    ]
    return "\n".join(
        [line for line in replaced if gpus or not line.startswith("GresTypes")] + more + nodes + [partition, ""]
    )


class SlurmBox:
    """A Slurm of its own.

    Args:
        folder: for its files; the path must be short, since it has sockets.
        gpus: make-believe GPUs of each of the two nodes.
    """

    def __init__(self, folder: Path, gpus: tuple[int, int] = (0, 0)) -> None:
        self.folder = folder
        self._servers: list[subprocess.Popen[bytes]] = []
        for name in ("state", "spool.box1", "spool.box2"):
            (folder / name).mkdir(mode=0o700)
        control, *ports = (_free_port() for _ in range(3))
        nodes, rows = [], []
        for number, (port, count) in enumerate(zip(ports, gpus, strict=True), 1):
            gres = f" Gres=gpu:{count}" if count else ""
            nodes.append(
                f"NodeName=box{number} NodeHostname=localhost NodeAddr=127.0.0.1 Port={port} CPUs=1 RealMemory=6000"
                f"{gres} State=UNKNOWN"
            )
            for index in range(count):
                os.mknod(folder / f"gpu{number}-{index}", stat.S_IFCHR | 0o600, os.makedev(1, 3))  # as /dev/null
            if count:
                rows.append(f"NodeName=box{number} Name=gpu File={folder}/gpu{number}-[0-{count - 1}]")
        (folder / "gres.conf").write_text("\n".join(rows) + "\n")
        (folder / "cgroup.conf").write_text("CgroupAutomount=no\n")
        (folder / "slurm.conf").write_text(_configuration(folder, control, nodes, any(gpus)))
        (folder / "munge.key").write_bytes(os.urandom(128))
        (folder / "munge.key").chmod(0o600)
        self._start(
            "munged", "--foreground", "--force", f"--socket={folder}/munge.socket", f"--key-file={folder}/munge.key",
            f"--pid-file={folder}/munge.pid", f"--log-file={folder}/munge.log", f"--seed-file={folder}/munge.seed",
            "--num-threads=2",
        )  # fmt: skip
        _wait_until(lambda: (folder / "munge.socket").exists(), self.logs)
        self.start_controller()
        for number in (1, 2):
            self._start("slurmd", "-D", "-N", f"box{number}", "-f", str(folder / "slurm.conf"))
        _wait_until(lambda: self.run("sinfo", "-h", "-o", "%T %D").split()[:1] == ["idle"], self.logs)

    def start_controller(self) -> None:
        """Start slurmctld; after `stop_controller` it reads its state again."""
        self._controller = self._start("slurmctld", "-D", "-f", str(self.folder / "slurm.conf"))

    def stop_controller(self) -> None:
        """End slurmctld: Slurm no longer answers, and its jobs go on."""
        self._controller.terminate()
        self._controller.wait(30)

    @property
    def environment(self) -> dict[str, str]:
        """What Slurm's commands need to find this Slurm."""
        return {"SLURM_CONF": str(self.folder / "slurm.conf"), "PATH": _PATH}

    def run(self, *command: str) -> str:
        """Run one of Slurm's commands and return what it prints."""
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | self.environment, timeout=60)
        return done.stdout

    def jobs(self, form: str = "%i %j %T") -> list[str]:
        """Return all jobs that Slurm knows, ended ones too."""
        return self.run("squeue", "-h", "-t", "all", "-o", form).splitlines()

    def empty(self) -> None:
        """End all jobs and wait until they are gone."""
        user = pwd.getpwuid(os.getuid()).pw_name
        self.run("scancel", "--user", user, "--state=PENDING")
        self.run("scancel", "--user", user, "--signal=KILL", "--full")
        _wait_until(lambda: not self.run("squeue", "-h"), self.logs)

    def logs(self) -> str:
        """Return the ends of all logs, for a test that fails."""
        return "\n".join(f"{log.name}:\n{log.read_text(errors='replace')[-2000:]}" for log in self.folder.glob("*.log"))

    def close(self) -> None:
        """Cancel all jobs, then end all daemons."""
        if self._controller.poll() is None:
            self.run("scancel", "--user", pwd.getpwuid(os.getuid()).pw_name, "--signal=KILL", "--full")
        for server in reversed(self._servers):
            server.kill()  # their state is of no use to anybody
            server.wait()

    def _start(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        path = shutil.which(program, path=_PATH)
        assert path
        with (self.folder / f"{program}.out.log").open("ab") as log:
            server = subprocess.Popen(
                [path, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | self.environment,
                start_new_session=True,
            )
        self._servers.append(server)
        return server


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as here:
        return int(here.getsockname()[1])


def _wait_until(ready, logs, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, logs()
        time.sleep(0.1)
