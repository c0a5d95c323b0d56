"""Puts a run in service and takes it back, and finds the run that is in service now."""

from __future__ import annotations

import contextlib

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.workspace import Workspace
from garage_tui.core.base.write_errors import why_not_written
from garage_tui.core.models import base_models
from garage_tui.core.models.weight_safety import SAFE
from garage_tui.core.runs.diffusion_files import no_chat_reason
from garage_tui.core.runs.folder import COMPLETE
from garage_tui.core.runs.record import Run, read_run
from garage_tui.core.runs.service import (
    MAX_WHY,
    MEND,
    Service,
    ServiceChange,
    append_change,
    locked_record,
    new_change,
    read_service,
    service_file,
)


class NotServedError(GarageError):
    """The run in service cannot answer; the text is one sentence that says why and what to do."""


def promote(workspace: Workspace, run: Run, why: str = "") -> ServiceChange | None:
    """Put a run in service and return the change; None if it is in service already.

    Raises:
        BadInputError: it draws pictures, has no complete adapter or no base model, or `why` is too long.
        GarageError: the record cannot be written.
    """
    with locked_record(workspace.checkpoints) as fd:
        run = read_run(run.path)  # it may have been deleted or resumed since it was read
        if reason := why_not_served(run) or why_no_base(run):
            raise BadInputError(reason)
        service = read_service(workspace)
        if service.run == run.id:
            return None
        return _append(workspace, fd, new_change(run.id, _checked(why), service))


def go_back(workspace: Workspace, why: str = "", *, to_base: bool = False) -> ServiceChange | None:
    """Put in service what was there before and return the change; None if the base model is in service already.

    Going back again goes one further: after promoting A and B, it leads to A and then to the base model.

    Args:
        to_base: put the base model in service, whatever was before.

    Raises:
        BadInputError: nothing was in service before, what was cannot be served any more, or `why` is too long.
        GarageError: the record cannot be written.
    """
    with locked_record(workspace.checkpoints) as fd:
        service = read_service(workspace)
        if not service.problem and service.run is None:
            return None
        run = None if to_base else service.earlier
        earlier = None if run is None else _named(workspace, run)
        if earlier and (reason := why_not_served(earlier) or why_no_base(earlier)):
            raise BadInputError(f"{reason} (it was in service before); {MEND}")
        return _append(workspace, fd, new_change(run, _checked(why), service, back=True))


def run_in_service(workspace: Workspace, service: Service | None = None) -> Run | None:
    """Return the run in service as it is now; None while the base model is.

    Args:
        service: the record, where it has been read already.

    Raises:
        NotServedError: the record cannot be read, or the run it names cannot be served.
    """
    service = service or read_service(workspace)
    if service.problem:
        raise NotServedError(service.problem)
    if service.run is None:
        return None
    run = _named(workspace, service.run)
    if reason := why_not_served(run):
        raise NotServedError(f"the run in service cannot answer: {reason}; {MEND}")
    return run


def describe_service(workspace: Workspace) -> str:
    """Return what answers under the lasting name now: a run id, `the base model`, or why nothing does."""
    try:
        run = run_in_service(workspace)
    except NotServedError as error:
        return str(error)
    return run.id if run else "the base model"


def why_not_served(run: Run) -> str:
    """Return why a run cannot answer people, as the beginning of a sentence; empty if it can."""
    if run.path.is_symlink() or not run.path.is_dir():
        return f"{one_line(run.id, 80)} is missing"
    if run.broken or run.manifest is None:
        return f"{run.id} cannot be read ({one_line(run.broken, 160)})"
    if run.draws:
        return no_chat_reason(run.id)
    if run.status not in COMPLETE:
        return f"{run.id} is {run.status}, and only a run that is finished or stopped can be in service"
    if run.adapter is None:
        return f"{run.id} has no adapter"
    with contextlib.suppress(OSError):
        if not any(file.name.endswith(SAFE) for file in run.adapter.iterdir()):
            return f"the adapter of {run.id} has no weights ({SAFE})"
    return ""


def why_no_base(run: Run) -> str:
    """Return why no server can have the base model of a run, as the beginning of a sentence; empty if one can."""
    try:
        base_models.find(base_name(run))
    except BadInputError as error:
        return f"the base model of {run.id} cannot be used ({error})"
    return ""


def base_name(run: Run) -> str:
    """Return the name of the base model that a run was trained on; empty where its record names none."""
    return str(run.manifest.base.get("name") or "") if run.manifest else ""


def _named(workspace: Workspace, run_id: str) -> Run:
    """Return the run that a line of the record names.

    Raises:
        NotServedError: that leads out of the folder of the runs.
    """
    if "/" in run_id or run_id.startswith("."):
        raise NotServedError(
            f"{service_file(workspace.checkpoints)} names {one_line(run_id, 80)}, which is not a run; {MEND}"
        )
    return read_run(workspace.checkpoints / run_id)


def _append(workspace: Workspace, fd: int, change: ServiceChange) -> ServiceChange:
    try:
        append_change(fd, change)
    except OSError as error:
        file = service_file(workspace.checkpoints)
        raise GarageError(
            f"nothing has changed, because {file} cannot be written: {why_not_written(error, file)}"
        ) from error
    return change


def _checked(why: str) -> str:
    if (length := len(one_line(why, 100_000))) > MAX_WHY:
        raise BadInputError(f"the reason has {length:,} characters: shorten it to at most {MAX_WHY}")
    return one_line(why, MAX_WHY)
