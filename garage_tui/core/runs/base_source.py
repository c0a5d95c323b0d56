"""Where the base model of a run is: in the folder that it was loaded from, or wherever its name leads today."""

from __future__ import annotations

from pathlib import Path

from garage_tui.core.runs.record import Manifest


def base_source(manifest: Manifest) -> str:
    """Return the folder that a run loaded its base model from, or, where that is gone, its name; empty without both.

    A workspace that was moved to another computer or home folder has the old path, and the base under its name.
    """
    path, name = str(manifest.base.get("path") or ""), str(manifest.base.get("name") or "")
    return path if path and (Path(path).is_dir() or not name) else name
