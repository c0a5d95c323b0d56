"""Whether the server that runs has the base model of the run in service, and what to do if it has another one."""

from __future__ import annotations

from garage_tui.core.base.workspace import Workspace
from garage_tui.core.runs.promotion import NotServedError, base_name, run_in_service
from garage_tui.core.runs.service import Service
from garage_tui.core.serving.server_state import LIVE_STATUSES, inspect


def restart_note(workspace: Workspace, service: Service) -> str:
    """Return what is to be done about a server that runs here without the base model of the run in service.

    Returns:
        One sentence; empty if it has that base, if none runs, or if the run in service cannot be served at all.
    """
    server = inspect(workspace)
    if server.status not in LIVE_STATUSES or not server.base:
        return ""
    try:
        run = run_in_service(workspace, service)
    except NotServedError:
        return ""
    if run is None or base_name(run) == server.base:
        return ""
    return (
        f"the server that runs here has the base model {server.base}, and this run needs {base_name(run)}: restart it "
        "with `garage serve --stop` and `garage serve`"
    )
