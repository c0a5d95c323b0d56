"""Where this package lies on disk; for its data files and for the path that child processes import it from."""

from __future__ import annotations

from pathlib import Path

import garage_tui

PACKAGE = Path(garage_tui.__file__).resolve().parent
"""The folder `garage_tui/`."""
DATA = PACKAGE / "data"
"""Word lists, prompts and exam questions that come with the package."""
