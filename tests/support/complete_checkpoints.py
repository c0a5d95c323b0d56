"""The checkpoint from which a run would go on."""

from pathlib import Path

from garage_tui.core.runs.checkpoints import CheckpointSeal, list_checkpoints, read_seal


def newest_complete(run: Path) -> tuple[Path, CheckpointSeal] | None:
    """Return the newest complete checkpoint and its seal; None where there is none."""
    for folder in list_checkpoints(run):
        if seal := read_seal(folder):
            return folder, seal
    return None
