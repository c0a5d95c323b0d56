"""Whether a text that is copied with OSC 52 reaches the terminal: tmux takes it only where it was told to."""

from __future__ import annotations

import os
import subprocess

_SECONDS = 2.0
_REMEDY = "tmux keeps it back: `tmux set -g set-clipboard on` lets it through"


def obstacle() -> str:
    """Return what keeps a copied text from the terminal, with what mends it; empty where nothing is known to.

    In a thread: tmux is asked.
    """
    if not os.environ.get("TMUX"):
        return ""
    try:
        asked = ["tmux", "show-options", "-gqv", "set-clipboard"]  # of the server in $TMUX
        done = subprocess.run(asked, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return _REMEDY if done.returncode == 0 and done.stdout.strip() in ("external", "off") else ""
