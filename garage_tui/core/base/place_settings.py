"""The settings of a place: another computer, or several behind a queue, where a run can work."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

PLACE_NAME = r"^(?!(?:here|home)$)[A-Za-z0-9][A-Za-z0-9._-]{0,31}$"
PLACE_NAME_TEXT = "letters, digits, dots, hyphens and underscores, at most 32, and not `here` or `home`"
PlaceName = Annotated[str, msgspec.Meta(pattern=PLACE_NAME, description=PLACE_NAME_TEXT)]
SshHost = Annotated[
    str, msgspec.Meta(pattern=r"^(?:[^\s\x00-\x1f-][^\s\x00-\x1f]*)?$", description="a host, such as lab or me@lab.org")
]
Address = Annotated[
    str, msgspec.Meta(pattern=r"^(?:https?://\S+)?$", description="an address, such as http://127.0.0.1:8265")
]


class PlaceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[places.NAME]`: a place where runs can work besides this box: `garage train … --at NAME`. All of it works only
    in the user's own settings."""

    kind: Literal["slurm", "ray"] = "slurm"
    """Whose queue the place has: Slurm's, or that of Ray Jobs."""
    ssh: SshHost = ""
    """Host behind which the place is, as `ssh` understands it, best a `Host` of ~/.ssh/config; ssh must not ask for a
    password. Left out, the place's commands run on this box."""
    folder: str = ""
    """Folder there in which the run folders are kept while runs work; it is made if it is missing. A path that does not
    begin with `/` is below your home there. Left out, this box and the place share their files: the run folder has
    the same path there."""
    python: str = ""
    """Python there in which this version of garage_tui is installed, such as `/home/me/garage/.venv/bin/python`; by
    default the path of the one here."""
    args: tuple[str, ...] = ()
    """More arguments for `sbatch`, such as `--gres=gpu:1` and `--time=4:00:00`."""
    address: Address = ""
    """Address of Ray's dashboard. Only for `ray`."""
    key_file: str = ""
    """File with Ray's token, which only you may be able to read (`chmod 600`). Only for `ray`."""
    gpus: Annotated[float, msgspec.Meta(ge=0)] = 0
    """GPUs that a run gets from Ray. Only for `ray`."""
    cpus: Annotated[float, msgspec.Meta(ge=0)] = 1
    """Processor cores that a run gets from Ray. Only for `ray`."""
