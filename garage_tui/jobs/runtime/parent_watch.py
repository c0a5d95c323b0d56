"""A process that works for another one, and ends with it."""

from __future__ import annotations

import os
import signal
import threading
import time

_LOOK_SECONDS = 0.2


def end_with(asker: int) -> None:
    """Have this process end when the one that asked for it, its parent, is gone: nothing else would tell it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both, and is the asker's

    def watch() -> None:
        while os.getppid() == asker:
            time.sleep(_LOOK_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="asker", daemon=True).start()
