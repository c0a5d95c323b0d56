"""The place of this process among those that a launcher of distributed programs (torchrun, srun, mpirun) started.

A launcher describes each process through environment variables. Those of the user's shell never reach a job that
`garage` started (`core/base/child_environment.py`): only whoever starts a job by hand can use a launcher.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from garage_tui.core.base.errors import BadInputError

_LAUNCHERS = (
    ("WORLD_SIZE", "RANK", "LOCAL_RANK"),  # torchrun, accelerate launch
    ("SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "SLURM_LOCALID"),  # srun; sbatch alone sets no number of a step's tasks
    ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_LOCAL_RANK"),  # Open MPI
    ("PMI_SIZE", "PMI_RANK", "MPI_LOCALRANKID"),  # MPICH, Intel MPI
    ("MV2_COMM_WORLD_SIZE", "MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_LOCAL_RANK"),  # MVAPICH
)
"""For each launcher the variables of the number of processes, of this one's rank, and of its rank on this machine."""


class LaunchedProcess(NamedTuple):
    """One of several processes that a launcher started."""

    count: int  # type: ignore[assignment]  # a tuple's method of that name is of no use here
    """How many there are; at least 2."""
    rank: int
    """From 0; `-1` where the launcher does not say."""
    local_rank: int
    """Among those on this machine, from 0."""
    variable: str
    """The environment variable that says how many there are."""


def launched_process(environment: Mapping[str, str] = os.environ) -> LaunchedProcess | None:
    """Return which one of several processes this is; None where it is the only one."""
    for count, rank, local in _LAUNCHERS:
        if (number := _number(environment, count, 0)) > 1:
            return LaunchedProcess(number, _number(environment, rank, -1), _number(environment, local, 0), count)
    return None


def refuse_several_processes() -> None:
    """Refuse to work as one of several processes, for a job that is one process.

    Raises:
        BadInputError: a launcher started several.
    """
    if process := launched_process():
        raise BadInputError(
            f"a LoRA run is one process, and {process.variable} says {process.count}: start it without torchrun, srun, "
            "mpirun or accelerate (each process would train another adapter, and all would write into one folder)"
        )


def _number(environment: Mapping[str, str], name: str, default: int) -> int:
    try:
        return int(environment.get(name, ""))
    except ValueError:
        return default
