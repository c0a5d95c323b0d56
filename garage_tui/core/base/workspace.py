"""The workspace and all other folders that this program uses."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from garage_tui.core.base.errors import BadInputError

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
            root = Path(named).expanduser().resolve()
            is_there = root.is_dir()
        except (OSError, RuntimeError) as error:  # this folder was deleted; a loop of links; no such ~user
            raise BadInputError(f"the workspace {named} cannot be opened ({error}): choose another one") from error
        if not is_there:
            raise BadInputError(
                f"there is no folder {root}: create it with `mkdir -p {root}`, or choose another with --workspace"
            )
        return cls(root)


def user_settings_file() -> Path:
    import platformdirs  # 4 ms, and not every command asks for a folder of the user's

    return Path(platformdirs.user_config_dir(APP)) / SETTINGS_FILE


def _state_folder() -> Path:
    if folder := os.environ.get("GARAGE_STATE"):
        return Path(folder)
    import platformdirs

    return Path(platformdirs.user_state_dir(APP))


def queue_folder() -> Path:
    """Folder of the queue, one for all workspaces of this user on this machine."""
    return _state_folder() / "queue"


def power_caps_folder() -> Path:
    """Folder of the GPUs' power caps that have to be restored."""
    return _state_folder() / "power-caps"


def journals_folder() -> Path:
    """Folder of unsaved changes to open facts files."""
    return _state_folder() / "journal"


def reports_folder() -> Path:
    """Folder of error reports: what a command or the app did not expect."""
    return _state_folder() / "errors"


def models_folder() -> Path:
    """Folder of fetched and converted base models, shared by all workspaces."""
    if folder := os.environ.get("GARAGE_CACHE"):
        return Path(folder) / "models"
    import platformdirs

    return Path(platformdirs.user_cache_dir(APP)) / "models"
