"""Where LM Studio on this box looks for models."""

from __future__ import annotations

from pathlib import Path

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.write_errors import why_not_written

PUBLISHER = "garage_tui"
_HOMES = (".lmstudio", ".cache/lm-studio")


def model_folder(name: str) -> Path:
    """Return the folder of a model, `~/.lmstudio/models/PUBLISHER/NAME`; the folders above it are made.

    Raises:
        BadInputError: LM Studio has never run here.
        GarageError: the folders cannot be made.
    """
    home = next((Path.home() / one for one in _HOMES if (Path.home() / one).is_dir()), None)
    if home is None:
        raise BadInputError("LM Studio is not here (there is no ~/.lmstudio): start it once, or give a folder to --to")
    folder = home / "models" / PUBLISHER
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GarageError(f"{folder} cannot be made: {why_not_written(error, folder)}") from error
    return folder / name
