"""Whether text that is copied with OSC 52 reaches the terminal: tmux passes it on only if it is set up so."""

from __future__ import annotations

import os
import subprocess

_SECONDS = 2.0
_REMEDY = "tmux blocks it: `tmux set -g set-clipboard on` lets it through"


def obstacle() -> str:
    """Return what keeps copied text from the terminal, and the remedy; empty where nothing is known to.

    Call it in a thread: it runs tmux.
    """
    if not os.environ.get("TMUX"):
        return ""
    try:
        command = ["tmux", "show-options", "-gqv", "set-clipboard"]  # of the server in $TMUX
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return _REMEDY if done.returncode == 0 and done.stdout.strip() in ("external", "off") else ""
