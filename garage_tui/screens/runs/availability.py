"""Which actions of the Runs screen are available; no Textual here."""

from __future__ import annotations

from garage_tui.core.monitor.run_watcher import RunSnapshot
from garage_tui.core.runs.folder import COMPLETE


def is_available(
    action: str, run: RunSnapshot | None, *, interrupted: bool, exporting: str, can_go_back: bool = False
) -> bool:
    """Return whether an action of the Runs screen has something to do; one that is not listed here always has.

    Args:
        run: the chosen run; None where there is none.
        interrupted: whether any run was interrupted and can be resumed.
        exporting: the id of the run that is being exported; empty where none is.
        can_go_back: whether something was in service before what is in service now.
    """
    alive = bool(run and run.alive and run.status != "stopping")
    complete = bool(run and run.adapter and run.status in COMPLETE)
    available = {
        "stop": alive,
        "pause": alive and run is not None and run.status in ("running", "queued"),
        "resume": bool(run and run.resumable and not run.held),
        "go_on": bool(run and run.held),
        "resume_all": interrupted,
        "delete": bool(run and not run.alive and run.id != exporting),
        "move": bool(run and (run.queue_position is not None or run.waiting_for == "place")),
        "chat": bool(run and run.adapter),
        "report": bool(run and (run.adapter or run.card or run.draws)),
        "view": bool(run and run.draws),
        "export": complete,
        "promote": bool(complete and run and not run.service),
        "service_back": can_go_back,
        "duplicate": bool(run and run.manifest),
        "compare": bool(run and run.manifest),
        **dict.fromkeys(("log", "hold", "wrap", "pan", "label"), run is not None),
    }
    return available.get(action, True)
