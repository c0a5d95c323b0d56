"""The runs whose speed and memory say something about this box."""

from __future__ import annotations

from collections.abc import Iterator

from garage_tui.core.runs.catalog import list_runs
from garage_tui.core.runs.record import Manifest, Run, RunState
from garage_tui.core.settings.settings import Workspace


def measured_here(workspace: Workspace, kind: str, *, on_gpu: bool) -> Iterator[tuple[Run, Manifest, RunState]]:
    """Yield the runs of a kind that worked on this box as a new one will: on GPUs, or on the processor; newest first.

    A run at another place has measured the hardware there.
    """
    for run in list_runs(workspace):
        manifest, state = run.manifest, run.state
        if manifest is None or state is None or manifest.kind != kind or manifest.place:
            continue
        if bool(state.gpus) == on_gpu:
            yield run, manifest, state
