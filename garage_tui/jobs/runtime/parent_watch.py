"""A watchdog that ends a helper process together with its parent."""

from __future__ import annotations

import os
import signal
import threading
import time

_POLL_SECONDS = 0.2


def end_with_parent(parent: int) -> None:
    """End this process when its parent, with this pid, has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both, and the parent handles it

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_POLL_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
