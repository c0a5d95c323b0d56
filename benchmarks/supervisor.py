"""What a run's supervisor costs while its job works, and while it waits in the queue, beside a bare Python that sleeps.

    .venv/bin/python benchmarks/supervisor.py [SECONDS]

Budget: at most 20 MB resident and less than 0.5 % of a core.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from processes import megabytes, ticks
from table import Figure, show

WAITING = 10
JOB = """
import sys, time
from garage_tui.jobs.runtime.progress import ENDINGS, Progress
progress = Progress.of_arguments(sys.argv[1:])
progress.interruptible = False
progress.start_phase("working")
while not progress.requested(): time.sleep(0.5)
progress.end(*ENDINGS[progress.requested()])
"""


def cost(pids: list[int], seconds: float) -> tuple[float, float]:
    """Return the mean megabytes resident and the mean share of a core in percent of some processes."""
    before = {pid: ticks(pid) for pid in pids}
    time.sleep(seconds)
    used = sum(ticks(pid) - before[pid] for pid in pids) / os.sysconf("SC_CLK_TCK")
    return sum(map(megabytes, pids)) / len(pids), 100 * used / seconds / len(pids)


def supervisors(folder: Path) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        arguments = path.read_text().split("\0")
        if "garage_tui.core.scheduling.supervisor" in arguments and any(
            word.startswith(str(folder)) for word in arguments
        ):
            found.append(int(path.parent.name))
    return found


def figures(seconds: float = 20.0) -> Iterator[Figure]:
    """Yield one figure after another."""
    from garage_tui.core.launch import run_control, start
    from garage_tui.core.runs.catalog import list_runs, new_run_folder
    from garage_tui.core.runs.record import Manifest, RunState, write_manifest, write_state
    from garage_tui.core.settings.settings import Workspace

    with tempfile.TemporaryDirectory() as root:
        os.environ["GARAGE_STATE"] = f"{root}/state"
        os.environ["GARAGE_PYTHONPATH"] = root
        (Path(root) / "bench_job.py").write_text(JOB)
        workspace = Workspace(Path(root))
        bare = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1e6)"])
        folders = []
        for number in range(WAITING + 1):
            folder = new_run_folder(workspace, "lora", f"bench-{number}")
            manifest = Manifest(id=folder.name, kind="lora", created=0, recipe={}, base={}, dataset={})
            write_manifest(folder, manifest)
            write_state(folder, RunState(state="queued"))
            start.spawn("bench_job", folder)
            folders.append(folder)
        time.sleep(3)
        beside, _ = cost([bare.pid], 1)
        rows = (
            ("supervisor whose job works", supervisors(folders[0])),
            (f"each of {WAITING} that wait", [pid for folder in folders[1:] for pid in supervisors(folder)]),
        )
        for name, pids in rows:
            resident, share = cost(pids, seconds)
            yield Figure(f"{name}: resident", 20, resident, "MB", f"a bare Python {beside:.1f} MB")
            yield Figure(f"{name}: processor", 0.5, share, "% CPU")
        bare.kill()
        for run in list_runs(workspace):
            run_control.stop(run)
        while any(run.alive for run in list_runs(workspace)):
            time.sleep(0.2)
        time.sleep(1)


if __name__ == "__main__":
    sys.exit(not show(figures(*map(float, sys.argv[1:]))))
