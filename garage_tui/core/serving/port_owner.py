"""Which program listens on a TCP port of this box, as far as its user may know."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line

_JOB = "garage_tui.jobs.serve"


@dataclass(frozen=True)
class PortOwner:
    """The process that listens on a port."""

    workspace: Path | None = None
    """The workspace whose model server it is; None for another program."""
    program: str = ""
    """Name of the program; empty if this user may not know it."""
    pid: int | None = None

    @property
    def text(self) -> str:
        """Who it is, as the end of `port N is taken by …`."""
        if self.workspace:
            return f"the model server of {one_line(str(self.workspace), 200)}"
        if self.program:
            return f"{one_line(self.program, 60)} (process {self.pid})"
        return "a program of another user"


def port_owner(port: int) -> PortOwner | None:
    """Return who listens on a port; None if nobody does (any more)."""
    import psutil

    try:
        found = psutil.net_connections(kind="tcp")
    except (psutil.Error, OSError):
        return PortOwner()
    listening = [one for one in found if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port == port]
    if not listening:
        return None
    pid = next((one.pid for one in listening if one.pid), None)
    if pid is None:
        return PortOwner()
    try:
        process = psutil.Process(pid)
        arguments, program = process.cmdline(), process.name()
    except (psutil.Error, OSError):
        return PortOwner(pid=pid)
    if _JOB in arguments[:-1]:
        return PortOwner(Path(arguments[arguments.index(_JOB) + 1]), program, pid)
    return PortOwner(None, program, pid)


class PortTakenError(GarageError):
    """Another program listens on the port; the text says in one sentence who, and what to do.

    Args:
        port: the port.
    """

    def __init__(self, port: int) -> None:
        owner = port_owner(port)
        by = f"taken by {owner.text}" if owner else "taken"
        stop = "stop it there with `garage serve --stop`, or " if owner and owner.workspace else ""
        another = "give this workspace another one (`port` in [serve] of its garage.toml)"
        super().__init__(f"port {port} is {by}: {stop}{another}")
        self.port = port
