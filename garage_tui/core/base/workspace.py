"""The workspace and all other folders that this program uses."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import NamedTuple

from garage_tui.core.base.errors import BadInputError, reason_of
from garage_tui.core.base.home_path import expand_home

APP = "garage_tui"
SETTINGS_FILE = "garage.toml"


class Workspace(NamedTuple):
    """The folder that commands work in: `datasets/` and `checkpoints/` are created here when needed."""

    root: Path

    @property
    def datasets(self) -> Path:
        return self.root / "datasets"

    @property
    def checkpoints(self) -> Path:
        return self.root / "checkpoints"

    @property
    def server(self) -> Path:
        """Folder of the embedded server: its lock, address, key and log."""
        return self.checkpoints / ".server"

    @property
    def settings_file(self) -> Path:
        return self.root / SETTINGS_FILE

    @classmethod
    def find(cls, folder: str | Path | None = None) -> Workspace:
        """Return the workspace named by `folder`, else by `$GARAGE_WORKSPACE`, else the current folder.

        Raises:
            BadInputError: the folder does not exist, or cannot be read.
        """
        named = folder or os.environ.get("GARAGE_WORKSPACE") or "."
        try:
            root = expand_home(named).resolve()
            is_there = root.is_dir()
        except (OSError, RuntimeError) as error:  # this folder was deleted; a loop of links
            raise BadInputError(
                f"the workspace {named} cannot be opened ({reason_of(error)}): choose another one"
            ) from error
        if not is_there and os.path.lexists(root):
            raise BadInputError(f"the workspace {root} is not a folder: choose another with --workspace")
        if not is_there:
            import shlex

            make = f"mkdir -p {shlex.quote(str(root))}"
            raise BadInputError(
                f"there is no folder {root}: create it with `{make}`, or choose another with --workspace"
            )
        return cls(root)


def user_settings_file() -> Path:
    import platformdirs  # 4 ms, and not every command asks for a folder of the user's

    return Path(platformdirs.user_config_dir(APP)) / SETTINGS_FILE


def _state_folder() -> Path:
    if folder := os.environ.get("GARAGE_STATE"):
        return _checked(Path(folder), "GARAGE_STATE")
    import platformdirs

    return _checked(Path(platformdirs.user_state_dir(APP)), "GARAGE_STATE")


def _checked(folder: Path, variable: str) -> Path:
    """Return a folder if a file system can have it; most ways to ask whether it is there raise otherwise.

    Raises:
        BadInputError: its name is too long.
    """
    try:
        os.lstat(folder)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise BadInputError(f"{folder}: {error.strerror}; set {variable} to another folder") from error
    return folder


def queue_folder() -> Path:
    """Folder of the queue, one for all workspaces of this user on this machine."""
    return _state_folder() / "queue"


def power_caps_folder() -> Path:
    """Folder of the GPUs' power caps that have to be restored."""
    return _state_folder() / "power-caps"


def journals_folder() -> Path:
    """Folder of unsaved changes to open facts files."""
    return _state_folder() / "journal"


def views_folder() -> Path:
    """Folder in which each workspace's app keeps where it was left."""
    return _state_folder() / "views"


def reports_folder() -> Path:
    """Folder of the reports on unexpected exceptions."""
    return _state_folder() / "errors"


def models_folder() -> Path:
    """Folder of fetched and converted base models, shared by all workspaces."""
    if folder := os.environ.get("GARAGE_CACHE"):
        return _checked(Path(folder), "GARAGE_CACHE") / "models"
    import platformdirs

    return _checked(Path(platformdirs.user_cache_dir(APP)), "GARAGE_CACHE") / "models"
