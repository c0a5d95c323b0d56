"""The types of settings that have bounds or a form of their own, a place, and what a workspace cannot set."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

COOLEST = 20.0
"""The lowest temperature limit, in °C."""
Celsius = Annotated[float, msgspec.Meta(ge=COOLEST, le=120)]
# Every number has both bounds: TOML has `inf` and `nan`, and a run that waits for ever never saves, and never ends.
Watts = Annotated[float, msgspec.Meta(gt=0, le=100_000)]
SurplusWatts = Annotated[float, msgspec.Meta(ge=-100_000, le=100_000)]
"""Less than nothing where power is bought."""
WorkSeconds = Annotated[float, msgspec.Meta(ge=1, le=86_400)]
"""At most a day."""
IdleMinutes = Annotated[float, msgspec.Meta(gt=0, le=525_600)]
"""At most a year."""
PatienceMinutes = Annotated[float, msgspec.Meta(ge=0, le=1440)]
"""At most a day."""
PricePerKwh = Annotated[float, msgspec.Meta(ge=0, le=100_000)]
GramsPerKwh = Annotated[float, msgspec.Meta(ge=0, le=10_000)]
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
LastingName = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(?!last$)[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        description="letters, digits, dots, hyphens and underscores, at most 64, and not `last`",
    ),
]
FactsPath = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(?:(?![/~])(?!(?:.*/)?\.\.(?:/|$))[^\x00-\x1f]{1,200}\.jsonl)?$",
        description="a path in the workspace that ends with .jsonl, such as datasets/family.jsonl",
    ),
]
TimeOfDay = Annotated[
    str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="a time of day, such as 02:00")
]
WhileTraining = Literal["auto", "sleep", "wait", "both"]
"""What happens when a run is due on a GPU where the server has its model."""
PLACE_NAME = r"^(?!(?:here|home)$)[A-Za-z0-9][A-Za-z0-9._-]{0,31}$"
PLACE_NAME_TEXT = "letters, digits, dots, hyphens and underscores, at most 32, and not `here` or `home`"
PlaceName = Annotated[str, msgspec.Meta(pattern=PLACE_NAME, description=PLACE_NAME_TEXT)]
SshHost = Annotated[
    str, msgspec.Meta(pattern=r"^(?:[^\s\x00-\x1f-][^\s\x00-\x1f]*)?$", description="a host, such as lab or me@lab.org")
]
Address = Annotated[
    str, msgspec.Meta(pattern=r"^(?:https?://\S+)?$", description="an address, such as http://127.0.0.1:8265")
]
OWNERS_ALONE = (
    ("notify", "command"),
    ("notify", "urls"),
    ("sun", "command"),
    ("serve", "host"),
    ("serve", "vllm_python"),
    ("serve", "vllm_args"),
    ("chat", "server"),
    ("chat", "key_file"),
    ("documents", "writer_url"),
    ("documents", "writer_key_file"),
)
"""Settings that a workspace cannot set: it may be somebody else's, and must not name programs or addresses."""


class PlaceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[places.NAME]`: a place where runs can work besides this box: `garage train lora --at NAME`. All of it works
    only in the user's own settings."""

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
    gpus: Annotated[float, msgspec.Meta(ge=0, le=1000)] = 0
    """GPUs that a run gets from Ray. Only for `ray`."""
    cpus: Annotated[float, msgspec.Meta(ge=0, le=10_000)] = 1
    """Processor cores that a run gets from Ray. Only for `ray`."""
