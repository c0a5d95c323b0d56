"""Settings: `garage.toml` in the workspace over the user's file over the defaults."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.base.workspace import Workspace as Workspace
from garage_tui.core.base.workspace import journals_folder as journals_folder
from garage_tui.core.base.workspace import models_folder as models_folder
from garage_tui.core.base.workspace import user_settings_file as user_settings_file

COOLEST = 20.0
"""The lowest limit of heat that there is, in °C: a room."""
Celsius = Annotated[float, msgspec.Meta(ge=COOLEST, le=120)]
Watts = Annotated[float, msgspec.Meta(gt=0)]
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]


WhileTraining = Literal["auto", "sleep", "wait", "both"]


class ServeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[serve]`: the server of base and tuned models."""

    engine: Literal["auto", "embedded", "vllm"] = "auto"
    """What answers: a model in the server itself, or vLLM; auto takes vLLM where `vllm_python` names one."""
    host: str = "127.0.0.1"
    """Address that it listens at: with another one the network can reach it (and needs the key, unencrypted). From the
    user's own settings only."""
    port: Port = 0
    """TCP port; 0 takes any free one."""
    gpu: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """Index of the GPU that it uses; by default the first."""
    idle_minutes: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    """A server that the app started leaves after so many minutes without a question."""
    while_training: WhileTraining = "auto"
    """Whose the card is when a run's turn comes while a server has its model there. `sleep`: the server puts its model
    away and is back, with the new adapter, when the run has ended. `wait`: the run waits until the server has left.
    `both`: they share it. `auto`: they share it if the run fits into what is free then, else the server sleeps."""
    vllm_python: str = ""
    """Python of the environment that vLLM is installed in; from the user's own settings only."""
    vllm_memory: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.9
    """Share of the GPU's memory that vLLM may take; less where less is free."""
    vllm_args: tuple[str, ...] = ()
    """More arguments for vLLM; from the user's own settings only."""


class ChatSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[chat]`: another OpenAI-compatible server for the chat (Ollama, llama.cpp, a vLLM elsewhere)."""

    server: str = ""
    """Its address up to and with `/v1`; by default the chat has one of its own. From the user's own settings only."""
    key_file: str = ""
    """File with the key that it asks for, readable by you alone (`chmod 600`); from the user's own settings only."""
    base: str = ""
    """The model on the left, as that server names it; by default its first."""
    tuned: str = ""
    """The model on the right; by default the run's id."""


class NotifySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[notify]`: how the end of a run is told."""

    on: tuple[Literal["finished", "failed", "stopped", "paused", "interrupted"], ...] = ("finished", "failed")
    """Which ends are told."""
    bell: bool = True
    """Ring the terminal's bell: in the app, and in the tmux pane where the run was started."""
    tmux: bool = True
    """Show a message on every client of the tmux in which the run was started."""
    command: tuple[str, ...] = ()
    """Program and arguments, run without a shell; from the user's own settings only."""
    urls: tuple[str, ...] = ()
    """Services, as apprise writes them; from the user's own settings only."""


class HeatSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[heat]`: when a run pauses to cool."""

    max_temp_c: Celsius | None = None
    """Above it a run pauses; by default 5 °C below the point where the GPU slows itself down. A processor is guarded
    only where this is set."""
    resume_temp_c: Celsius | None = None
    """Below it the run goes on; by default 10 °C below `max_temp_c`."""
    power_cap_w: Watts | None = None
    """Power cap of the run's GPUs while it works, put back afterwards; needs permission (root)."""


class HoursSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[hours]`: when runs may work, as windows: `22:00-06:00`, `sat-sun 10:00-18:00`."""

    only: tuple[str, ...] = ()
    """Runs work only between these times; none allows all."""
    quiet: tuple[str, ...] = ()
    """Runs do not work between these."""


class SunSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[sun]`: runs that wait until the sun pays for them."""

    command: tuple[str, ...] = ()
    """Program and arguments that print the watts to spare, run without a shell; from the user's own settings only."""
    wait: bool = False
    """Every run waits for the sun; else only those that are started with `--sunny`."""
    start_w: float = 0.0
    """Watts to spare from which a run works."""
    stop_w: float = 0.0
    """Watts to spare below which it stops."""
    patience_minutes: Annotated[float, msgspec.Meta(ge=0)] = 5.0
    """It stops after so many minutes below `stop_w`: not for every cloud."""
    every_seconds: Annotated[float, msgspec.Meta(ge=1)] = 60.0
    """How often the command is run, at most."""


class EnergySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[energy]`: what a run's watt-hours cost."""

    price_per_kwh: Annotated[float, msgspec.Meta(ge=0)] | None = None
    """What a kWh costs, in `currency`; shown beside the watt-hours of a run."""
    currency: str = "€"
    """Its sign, as it is shown."""
    co2_g_per_kwh: Annotated[float, msgspec.Meta(ge=0)] | None = None
    """Grams of CO₂ for each kWh."""


OWNERS_ALONE = (
    ("notify", "command"),
    ("notify", "urls"),
    ("sun", "command"),
    ("serve", "host"),
    ("serve", "vllm_python"),
    ("serve", "vllm_args"),
    ("chat", "server"),
    ("chat", "key_file"),
)
"""A workspace may be somebody else's; it must not name programs to run or addresses to tell."""

_EXAMPLE = 'base_model = "smollm2-135m"'


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All settings; each has a default that works on a fresh box."""

    base_model: str = "smollm2-135m"
    """What `train lora` starts from and the chat compares with: a name in `garage models`, a folder or a Hub id."""
    stop_grace_seconds: Annotated[float, msgspec.Meta(ge=1)] = 60.0
    """How long a run may take to save after `stop` before it is killed."""
    checkpoint_seconds: Annotated[float, msgspec.Meta(ge=1)] = 60.0
    """Work between two checkpoints: what a power cut can cost at most."""
    pictures: Literal["auto", "kitty", "sixel", "half", "ascii"] = "auto"
    """How pictures are shown; auto asks the terminal, and $GARAGE_PICTURES goes before it."""
    title: bool = True
    """Say in the terminal's title which workspace this is, and how far its run has come."""
    ascii: bool | None = None
    """Paint borders, gauges, curves, signs and pictures in ASCII, for fonts that have no more; by default where the
    locale is not UTF-8, and on the Linux console. `--ascii` and `--no-ascii` go before it."""
    mouse: bool = True
    """Clicks and the wheel go to the app; false leaves the mouse to the terminal, to select text with. F8 switches it,
    `--mouse` and `--no-mouse` go before it."""
    serve: ServeSettings = ServeSettings()
    chat: ChatSettings = ChatSettings()
    notify: NotifySettings = NotifySettings()
    heat: HeatSettings = HeatSettings()
    hours: HoursSettings = HoursSettings()
    sun: SunSettings = SunSettings()
    energy: EnergySettings = EnergySettings()


def _read(file: Path) -> dict[str, Any]:
    try:
        table = msgspec.toml.decode(read_regular(file))
    except FileNotFoundError:
        return {}
    except msgspec.DecodeError as error:
        what, line = re.sub(r" \(at line (\d+), column \d+\)", "", str(error)), re.search(r"at line (\d+)", str(error))
        where = f", line {line[1]}" if line else ""
        raise BadInputError(f"{file}{where}: this is not TOML ({what}); text goes in quotes: {_EXAMPLE}") from error
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        raise BadInputError(f"{file}: {error}") from error
    return table if isinstance(table, dict) else {}


def _wrong(file: Path, table: dict[str, Any]) -> str:
    from garage_tui.core.base.settings_reference import what_is_wrong  # only for files that are wrong

    return what_is_wrong(Settings, table, read_regular(file).decode())


def _over(low: dict[str, Any], high: dict[str, Any]) -> dict[str, Any]:
    merged = dict(low)
    for key, value in high.items():
        old = merged.get(key)
        merged[key] = _over(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def load_settings(workspace: Workspace) -> Settings:
    """Return the settings that hold in `workspace`.

    Raises:
        BadInputError: a file is not TOML, or a key is unknown or has a wrong type; the text names file, line and key.
    """
    merged: dict[str, Any] = {}
    for file in (user_settings_file(), workspace.settings_file):
        table = _read(file)
        if not table:
            continue
        try:
            msgspec.convert(table, Settings)
        except msgspec.ValidationError as error:
            raise BadInputError(f"{file}, {_wrong(file, table) or error}") from error
        for section, key in OWNERS_ALONE:
            if file == workspace.settings_file and key in table.get(section, {}):
                where = user_settings_file()
                raise BadInputError(f"{file}: {section}.{key} belongs in {where}: a workspace may be somebody else's")
        merged = _over(merged, table)
    return msgspec.convert(merged, Settings) if merged else Settings()


def with_options(settings: Settings, **options: object) -> Settings:
    """Return the settings under what was said on the command line; None there says nothing."""
    said = {name: value for name, value in options.items() if value is not None}
    return msgspec.structs.replace(settings, **said)


def settings_sources(workspace: Workspace) -> dict[str, str]:
    """Return for each setting (dotted name) the file that its value came from, or `default`."""
    sources = {}
    user, here = user_settings_file(), workspace.settings_file
    for name in setting_names():
        *section, key = name.split(".")
        sources[name] = "default"
        for file in (user, here):
            table: Any = _read(file)
            for part in section:
                table = table.get(part, {}) if isinstance(table, dict) else {}
            if isinstance(table, dict) and key in table:
                sources[name] = str(file)
    return sources


def setting_names() -> list[str]:
    """Return the dotted names of all settings, in the order of their definition."""
    names = []
    for field in msgspec.structs.fields(Settings):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            names += [f"{field.name}.{inner.name}" for inner in msgspec.structs.fields(field.type)]
        else:
            names.append(field.name)
    return names
