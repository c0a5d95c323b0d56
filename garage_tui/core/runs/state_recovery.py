"""The state of a run whose `state.json` is empty, cut or gone, by its events and checkpoints.

A full disk or a power cut can leave it like that, beside checkpoints that are complete. The run is then resumed from
them like any other that was interrupted.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from garage_tui.core.base.tail import CHUNK, FileFollower
from garage_tui.core.runs.checkpoints import list_checkpoints
from garage_tui.core.runs.folder import ENDED, EVENTS, STATE

_OF_A_STEP = ("step", "total_steps", "epoch", "loss", "tokens_per_s", "images_per_s")


def recovered_fields(folder: Path, alive: bool) -> dict[str, Any] | None:
    """Return fields of `RunState`, by their names and unchecked; None where the folder holds nothing to go by.

    Args:
        alive: the run works right now, and will soon write its state.
    """
    follower, fields, began, ended = FileFollower(folder / EVENTS, tail=CHUNK), dict[str, Any](), False, None
    while follower.behind:
        for event in follower.events(final=True):
            began = True
            if event.get("event") == "step":
                fields |= {name: event[name] for name in _OF_A_STEP if name in event} | {"updated": event.get("t", 0.0)}
            ended = event if event.get("event") == "ended" else None
    saved = list_checkpoints(folder)
    if not began and not saved:
        return None
    if saved:
        fields["step"] = max(fields.get("step", 0), int(saved[0].name.rpartition("-")[2]))
    if alive:
        return {**fields, "state": "running"}
    if ended and ended.get("state") in (*ENDED, "paused", "interrupted"):
        return {**fields, "state": ended["state"], "reason": ended.get("reason", ""), "ended": ended.get("t")}
    reason = f"{STATE} is damaged (by a full disk or a power cut)"
    where = f"the checkpoint of step {fields['step']} exists" if saved else "it has no checkpoint yet"
    return {**fields, "state": "interrupted", "reason": f"{reason}; {where}"}
