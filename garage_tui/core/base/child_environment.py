"""The environment variables of child processes."""

from __future__ import annotations

import os

from garage_tui.core.base.package_path import PACKAGE


def environment(*, shares_cores: bool = False) -> dict[str, str]:
    """Return the environment of a child process, in which this package can be imported from any folder.

    Args:
        shares_cores: it keeps to the cores that others leave (`jobs/runtime/cpu_threads.py`), so its threads may spin
        while
        they
            wait for one another, a moment only.
    """
    root = str(PACKAGE.parent)
    paths = [root, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {
        **_waiting(shares_cores),
        **os.environ,
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)),
        "PYTHONUNBUFFERED": "1",
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
