"""What every training job does around its work: take the gauges, end in words, put back what it changed."""

from __future__ import annotations

import contextlib
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from garage_tui.core.base.errors import GarageError
from garage_tui.core.hardware import power_cap
from garage_tui.core.runs import checkpoints
from garage_tui.jobs.runtime.error_text import in_words
from garage_tui.jobs.runtime.progress import Progress, StopRequestedError
from garage_tui.jobs.runtime.telemetry import Telemetry

FULL_DISK = "free some space and resume the run"


def run(train: Callable[[Path, Progress, Telemetry], None], out_of_memory: str) -> int:
    """Have `train` work on the run folder of the command line, and return the exit code.

    Args:
        out_of_memory: what is said when there was too little of it.
    """
    progress = Progress.of_arguments(sys.argv[1:])
    telemetry = Telemetry(progress)
    try:
        telemetry.start()
        progress.gauges = telemetry.fields
        train(progress.folder, progress, telemetry)
    except StopRequestedError:
        progress.end_early()
    except Exception as error:
        checkpoints.remove_unsealed(progress.folder)  # on a full disk this makes room for what is to be said
        reason = in_words(error, full_disk=FULL_DISK, out_of_memory=out_of_memory)
        if not isinstance(error, GarageError):
            with contextlib.suppress(OSError):  # the disk may be full
                traceback.print_exc()
        progress.end("failed", reason)
        return 1
    finally:
        telemetry.stop()
        power_cap.put_back(progress.folder)  # its supervisor does that, unless it was killed
    return 0
