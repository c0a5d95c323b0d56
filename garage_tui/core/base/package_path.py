"""The folder of this package, for its data files and for the import path of child processes."""

from __future__ import annotations

from pathlib import Path

import garage_tui

PACKAGE = Path(garage_tui.__file__).resolve().parent
"""The folder `garage_tui/`."""
DATA = PACKAGE / "data"
"""Word lists, prompts and exam questions that come with the package."""
