"""The environment variables of child processes: those of this process, without what a shell has left over.

Launchers of distributed programs (torchrun, mpirun, srun, accelerate) describe a process through its environment.
torch and accelerate believe it: with a forgotten `WORLD_SIZE=2` they wait for a second process that nobody starts. A
`PYTHONPATH` from another project replaces libraries. Neither is meant for the processes that we start.

Some of those start commands of the owner: notifications, the surplus of solar power. What our processes import is not
meant for them; they get the `PYTHONPATH` that the owner's shell has.
"""

from __future__ import annotations

import os
import site
from collections.abc import Mapping
from pathlib import Path

from garage_tui.core.base.import_path import MODULES
from garage_tui.core.base.package_path import PACKAGE

_LAUNCHERS = frozenset(
    """
    WORLD_SIZE RANK LOCAL_RANK LOCAL_WORLD_SIZE NODE_RANK GROUP_RANK GROUP_WORLD_SIZE ROLE_NAME ROLE_RANK
    ROLE_WORLD_SIZE CROSS_RANK CROSS_SIZE LOCAL_SIZE MASTER_ADDR MASTER_PORT
    MPI_LOCALRANKID MPI_LOCALNRANKS JSM_NAMESPACE_RANK JSM_NAMESPACE_SIZE JSM_NAMESPACE_LOCAL_RANK
    """.split()
)
_LAUNCHER_PREFIXES = (
    "TORCHELASTIC_", "ACCELERATE_", "FSDP_", "MEGATRON_LM_", "PARALLELISM_CONFIG_", "OMPI_", "PRTE_", "PMI_", "PMIX_",
    "I_MPI_", "HYDRA_", "HYDI_", "MV2_", "MPICH_", "PALS_", "SLURM_", "SLURMD_", "SRUN_",
)  # fmt: skip
_SETTINGS = frozenset({"SLURM_CONF", "SLURM_CLUSTERS"})
"""Of those names what describes no process: where Slurm's commands find their Slurm."""
_PYTHON = frozenset(
    """
    PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONINSPECT PYTHONOPTIMIZE PYTHONDEBUG PYTHONDEVMODE PYTHONVERBOSE
    PYTHONPROFILEIMPORTTIME PYTHONDUMPREFS PYTHONEXECUTABLE PYTHONPLATLIBDIR PYTHONCASEOK PYTHONBREAKPOINT
    PYTHONTRACEMALLOC PYTHONASYNCIODEBUG PYTHONWARNINGS PYTHONIOENCODING
    """.split()
)
"""What changes which modules Python finds, how it runs them, or how it writes text."""

_FOR_DEVELOPERS = "ignore::FutureWarning,ignore::DeprecationWarning,ignore::PendingDeprecationWarning"
"""Warnings of libraries to those who program with them; in logs and on a terminal they hide what a person looks for."""
_OWNERS = "GARAGE_OWNERS_PYTHONPATH"
"""Environment variable of our processes: the `PYTHONPATH` of the shell that started the first of them."""


def environment(*, shares_cores: bool = False) -> dict[str, str]:
    """Return the environment of one of our processes, in which this package can be imported from any folder.

    Args:
        shares_cores: it keeps to the cores that others leave (`jobs/runtime/cpu_threads.py`), so its threads may spin
            a moment while they wait for one another.
    """
    # Python finds what is installed by itself; in front of its own library it could hide parts of that.
    modules = [] if _is_installed() else [str(PACKAGE.parent)]
    modules += filter(None, os.environ.get(MODULES, "").split(os.pathsep))
    return {
        **_waiting(shares_cores),
        **without_leftovers(os.environ),
        **({"PYTHONPATH": os.pathsep.join(dict.fromkeys(modules))} if modules else {}),
        "PYTHONUNBUFFERED": "1",
        _OWNERS: os.environ.get(_OWNERS, os.environ.get("PYTHONPATH", "")),
        "PYTHONUTF8": "1",  # logs are UTF-8, whatever the locale is
        "PYTHONWARNINGS": _FOR_DEVELOPERS,
    }


def owners_environment() -> dict[str, str]:
    """Return the environment for a command of the owner: that of this process, without what is meant for our own."""
    found = dict(os.environ)
    if _OWNERS in found:  # `environment` made it
        ours = ("PYTHONPATH", "PYTHONUNBUFFERED", "PYTHONWARNINGS")
        owners = found.pop(_OWNERS)
        found = {name: value for name, value in found.items() if name not in ours}
        found |= {"PYTHONPATH": owners} if owners else {}
    return found


def _is_installed() -> bool:
    """Return whether this package is among the packages of this Python, not in a checkout."""
    folders = [*site.getsitepackages(), *([site.getusersitepackages()] if site.ENABLE_USER_SITE else [])]
    return PACKAGE.parent in {Path(folder).resolve() for folder in folders}


def without_leftovers(variables: Mapping[str, str]) -> dict[str, str]:
    """Return variables without those of launchers of distributed programs, and of another Python program."""
    return {
        name: value
        for name, value in variables.items()
        if name in _SETTINGS
        or (name not in _LAUNCHERS and name not in _PYTHON and not name.startswith(_LAUNCHER_PREFIXES))
    }


def _waiting(shares_cores: bool) -> dict[str, str]:
    """Return the variables for how libgomp's threads wait.

    Threads that sleep make a run of small batches half as fast. Threads that spin take cores from other processes on a
    small machine: beside a server or a second run all of them were up to twice as slow
    (docs/explain/figures.md).
    """
    if shares_cores and "OMP_WAIT_POLICY" not in os.environ:
        return {"GOMP_SPINCOUNT": "2000"}
    return {"OMP_WAIT_POLICY": "PASSIVE"}
