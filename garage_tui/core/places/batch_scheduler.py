"""What a watcher needs of a scheduler: the queue at a place that starts jobs when it is their turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

from garage_tui import __version__
from garage_tui.core.places.place import Place

_AT_PLACE = "garage_tui.core.scheduling.supervisor_at_place"
"""The module of the supervisor there."""
GOES_ON = 75
"""Exit code of the supervisor there where a run was cut off, is saved, and would go on (EX_TEMPFAIL of sysexits.h)."""


def supervisor_command(place: Place, folder: str, module: str) -> list[str]:
    """Return the command of the supervisor at a place.

    Args:
        folder: the run folder there.
        module: the module of the job.
    """
    return [place.python, "-P", "-m", _AT_PLACE, folder, __version__, module]


class JobStatus(NamedTuple):
    """What a scheduler says about a job."""

    kind: Literal["waits", "works", "over"]
    text: str
    """The scheduler's own words, as one line: `PENDING (Resources)`."""


class BatchScheduler(Protocol):
    """The queue at a place. Every method raises `PlaceUnreachableError` where it does not answer."""

    def submit(self, folder: str, name: str, command: Sequence[str], grace: float) -> str:
        """Have a command started in a run folder there, and return the id of the job.

        Args:
            folder: absolute path there.
            name: of the job, unique.
            command: with its arguments; `supervisor_command` returns it.
            grace: seconds that the run may take to save.

        Raises:
            GarageError: the scheduler refuses the job.
        """
        ...

    def find(self, name: str) -> str:
        """Return the id of the job with this name; empty where the queue has none: it may have worked, and be over."""
        ...

    def status(self, job: str) -> JobStatus:
        """Return what the scheduler says about a job; one that it no longer knows is over."""
        ...

    def cancel(self, job: str) -> None:
        """End a job, or take it out of the queue; nothing happens if it is over."""
        ...

    def describe(self) -> str:
        """Return what the scheduler is and has, as one line, for `garage places`.

        Raises:
            GarageError: it cannot be used.
        """
        ...
