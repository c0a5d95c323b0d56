"""Why something could not be written, in a sentence."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from garage_tui.core.base.write_errors import why_not_written


def test_a_device_that_takes_no_more_is_no_full_disk():
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert why_not_written(error, Path("/dev/full")) == "the device takes no more; name another target"
    assert why_not_written(error, Path("/dev/nowhere/x")).startswith("the disk is full: only ")
