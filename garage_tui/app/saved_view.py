"""The view of a workspace that is kept between two starts of the app: its screen, its facts file and its theme."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.base.workspace import Workspace, views_folder


class SavedView(msgspec.Struct, frozen=True):
    """Where the app was left; empty strings where nothing is known."""

    screen: str = ""
    facts: str = ""
    """Name of the facts file in `datasets/`."""
    theme: str = ""

    def facts_path(self, workspace: Workspace) -> Path | None:
        """Return the facts file that was open; None where it is gone."""
        path = workspace.datasets / Path(self.facts).name
        return path if self.facts and path.is_file() else None


def view_file(workspace: Workspace) -> Path:
    """Return the file of this workspace's view, in the state folder."""
    name = hashlib.sha256(str(workspace.root).encode(errors="surrogateescape")).hexdigest()[:16]
    return views_folder() / f"{name}.json"


def load_view(workspace: Workspace) -> SavedView:
    """Return where the app was left; an empty view if nothing, or nothing readable, was saved."""
    try:
        return msgspec.json.decode(view_file(workspace).read_bytes(), type=SavedView)
    except (OSError, ValueError):
        return SavedView()


def save_view(workspace: Workspace, view: SavedView) -> None:
    """Save where the app was left. A failure is ignored: the next start is the usual one then."""
    path = view_file(workspace)
    try:
        if view != load_view(workspace):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, msgspec.json.encode(view))
    except OSError:
        return
