"""A thousand run folders: how long the list takes, in a process and as a command, beside reading as many small files.

.venv/bin/python benchmarks/many_runs.py [COUNT]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from timing import milliseconds

from garage_tui.core.monitor.run_watcher import RunWatcher
from garage_tui.core.runs.catalog import list_runs
from garage_tui.core.runs.record import Manifest, RunState, write_manifest, write_state
from garage_tui.core.settings.settings import Workspace

BUDGET_MS = 200


def make(workspace: Workspace, count: int) -> None:
    for number in range(count):
        folder = workspace.checkpoints / f"20261124-{number:04d}-lora-garage"
        folder.mkdir(parents=True)
        recipe = {"epochs": 25, "lr": 5e-4, "batch_size": 8, "rank": 16, "alpha": 16, "targets": ["q_proj"] * 7}
        base = {"name": "smollm2-135m", "path": "/models/smollm2-135m", "sha256": "0" * 64}
        dataset = {"path": "/box/datasets/garage.jsonl", "sha256": "0" * 64, "rows": 24}
        write_manifest(
            folder, Manifest(id=folder.name, kind="lora", created=number, recipe=recipe, base=base, dataset=dataset)
        )
        spark = tuple(3 / step for step in range(1, 25))
        write_state(
            folder, RunState(state="finished", step=75, total_steps=75, loss=0.01, started=1, ended=2, spark=spark)
        )
        (folder / "lock").touch()
        (folder / "adapter").mkdir()
        (folder / "adapter" / "adapter_config.json").write_text("{}")
    (workspace.checkpoints / "20261124-9999-broken").mkdir()


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as root:
        workspace = Workspace(Path(root))
        make(workspace, count)
        files = [folder / "state.json" for folder in workspace.checkpoints.iterdir()]
        files = [file for file in files if file.exists()]
        watcher = RunWatcher(workspace)
        command = [sys.executable, "-m", "garage_tui", "--workspace", root, "runs", "--json"]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
        shown = json.loads(subprocess.run(command, capture_output=True, env=environment, check=True).stdout)
        assert len(shown) == count + 1 and shown[0]["state"] == "broken"
        print(f"{count} run folders and a broken one, median of 7")
        rows = (
            ("reference: read as many state.json", lambda: [json.loads(file.read_bytes()) for file in files], None),
            ("list_runs", lambda: list_runs(workspace), BUDGET_MS),
            ("the app's first poll", lambda: RunWatcher(workspace).snapshots(), BUDGET_MS),
            ("each later poll of the app", watcher.snapshots, None),
            (
                "garage runs --json, a whole process",
                lambda: subprocess.run(command, capture_output=True, env=environment),
                None,
            ),
        )
        for name, work, budget in rows:
            took = milliseconds(work)
            verdict = "" if budget is None else f"  budget {budget} ms: {'met' if took <= budget else 'MISSED'}"
            print(f"{name:38} {took:7.1f} ms{verdict}")


if __name__ == "__main__":
    main()
