"""A finished run with an adapter of zeros, ready to be exported."""

from __future__ import annotations

from garage_tui.core.runs.catalog import new_run_folder
from garage_tui.core.runs.record import Manifest, RunState, read_run, write_manifest, write_state


def make_run(workspace, name="lora", kind="lora", state="finished", adapter=True):
    folder = new_run_folder(workspace, kind, name)
    write_manifest(folder, Manifest(id=folder.name, kind=kind, created=1, recipe={}, base={}, dataset={}))
    write_state(folder, RunState(state=state, created=1))
    if adapter:
        (folder / "adapter").mkdir()
        (folder / "adapter" / "adapter_config.json").write_text("{}")
    return read_run(folder)
