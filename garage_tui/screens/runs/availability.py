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
        "chat": complete,
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


def why_not(action: str, run: RunSnapshot | None, *, exporting: str = "") -> str:
    """Return why an action of the Runs screen has nothing to do, and what can be done; empty if nothing can be said."""
    if action == "resume_all":
        return "No run was interrupted"
    if action == "service_back":
        return "Nothing was in service before"
    if run is None:
        return "There is no run yet: press n to start one"
    if action in ("chat", "report", "export", "promote"):
        return _why_no_model(action, run)
    state = f"{run.id} is {run.status}"
    sentences = {
        "stop": f"{state}: only a run that works or waits can be stopped",
        "pause": _why_not_paused(run),
        "go_on": f"{run.id} does not wait for its hours, the sun, a GPU or memory",
        "delete": f"{run.id} is being exported: press Esc first" if run.id == exporting else f"{state}: press s first",
        "move": f"{run.id} is not in the queue",
        "view": f"{run.id} learns facts and draws nothing",
        "duplicate": _NO_RECORD.format(run.id),
        "compare": _NO_RECORD.format(run.id),
    }
    return sentences.get("pause" if action == "resume" else action, "")


_NO_RECORD = "{} has no record that can be read: d deletes it"


def _why_not_paused(run: RunSnapshot) -> str:
    if run.alive:
        return f"{run.id} is {run.status}: wait until it has done that"
    again = "" if run.manifest is None else ": y trains it again, with changes"
    return f"{run.id} {'has finished' if run.status == 'finished' else 'cannot be resumed'}{again}"


def _why_no_model(action: str, run: RunSnapshot) -> str:
    """Return why a run has no model to talk to, to examine, to export or to put in service."""
    if run.service and action == "promote":
        return f"{run.id} is in service already"
    if run.draws and action in ("chat", "promote"):
        return f"{run.id} draws pictures and answers no questions: v shows them"
    if run.alive:
        return f"{run.id} is {run.status}: it has a model when it has finished, or when you stop it with s"
    if run.adapter:
        return f"{run.id} is {run.status}: p resumes it" if run.resumable else f"{run.id} is {run.status}"
    remedy = "p resumes it" if run.resumable else "y trains it again" if run.manifest else "d deletes it"
    return f"{run.id} is {run.status} and has no model: {remedy}"
