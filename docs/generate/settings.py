"""The page of all settings, from the settings themselves."""

# ruff: noqa: E501 (lines of a page, not of a program)

from __future__ import annotations

from docs.generate.tables import table
from garage_tui.core.settings.reference import Section, Setting, named_sections, sections, toml_value
from garage_tui.core.settings.settings import Settings
from garage_tui.core.settings.types import OWNERS_ALONE

HEAD = """# Settings

<!-- Written by docs/generate/settings.py (`make docs`) from garage_tui/core/settings/settings.py: change the texts there. -->

All settings with their defaults, and the environment variables. Everything works without a settings file. Settings are TOML in two files. Where both name a setting, the workspace's file wins:

| file | applies to |
|---|---|
| `garage.toml` in the workspace | this workspace |
| `~/.config/garage_tui/garage.toml` (`$XDG_CONFIG_HOME`) | all your workspaces |

Settings marked **yours only** name programs to run or addresses to send to. They work only in your own file, because somebody else may
have written the workspace's. `garage settings` prints every setting with its value and the file that it comes from,
`garage settings NAME` explains one, and `garage doctor` says what is wrong. An unknown name or a wrong value is an error that names file,
line and key. The app reads the settings when it starts; a run keeps those of its start.
"""

ENVIRONMENT = """## Environment variables

| variable | meaning |
|---|---|
| `GARAGE_WORKSPACE` | the workspace, if `--workspace` names none; else the current folder |
| `GARAGE_STATE` | folder of the queue, journals, power caps, views and error reports; by default `~/.local/state/garage_tui` (`$XDG_STATE_HOME`) |
| `GARAGE_CACHE` | folder of fetched and converted models (in `models/`); by default `~/.cache/garage_tui` (`$XDG_CACHE_HOME`) |
| `GARAGE_PICTURES` | how pictures are shown; overrides `pictures` |
| `GARAGE_API_KEY` | the key that `garage serve` asks clients for; else the workspace's own, in `checkpoints/.server/key` |
| `GARAGE_KEY` | the key that `garage report RUN --at URL` sends, where no `--key-file` is given |
| `GARAGE_PORT` | the port that the server listens on; overrides `port` in `[serve]` |
| `GARAGE_PYTHONPATH` | more folders that runs, server, exams and exports import from. `PYTHONPATH` and the variables of torchrun, mpirun, srun and accelerate do not reach them: a forgotten `WORLD_SIZE` would make a run wait for ever |
| `LLAMA_CPP` | folder of llama.cpp, whose converter makes GGUF files |
| `VISUAL`, `EDITOR` | the editor of `E` and `W` on the Facts screen |
| `PAGER` | shows the pages of `garage help` that are longer than the terminal; by default `less -R` |
| `NO_COLOR` | with any value: no colours |
| `COLORTERM`, `TERM`, `LC_ALL`, `LC_CTYPE`, `LANG` | what the terminal can show: colours, and whether more than ASCII |
| `MASTER_ADDR`, `MASTER_PORT`, `SLURM_JOB_ID`, `SLURM_STEP_NODELIST` | a diffusion job that a launcher starts as several ranks: where rank 0 is. torchrun and srun set them |
| `HF_HOME`, `HF_TOKEN`, `HF_HUB_OFFLINE` | Hugging Face's: its cache, your token for gated models, and never to ask the Hub (`1`) |
| `CUDA_VISIBLE_DEVICES` | which GPUs the app and the runs can use |
| `TMUX` | set by tmux; notices, the clipboard and pictures then go through it |

The command of `[notify]` gets `GARAGE_RUN`, `GARAGE_STATE` (how the run ended) and `GARAGE_MESSAGE` in its environment, and the same as JSON on its stdin.
"""


def page() -> str:
    """Return the whole page."""
    return "\n".join([HEAD, *map(_section, [*sections(Settings), *named_sections(Settings)]), ENVIRONMENT])


def _section(section: Section) -> str:
    title, text = (f"`[{section.name}]`", section.text) if section.name else ("At the top of the file", "")
    rows = [(_name(one), _default(one), one.kind, one.text) for one in section.settings]
    lines = table(("setting", "default", "may be", "meaning"), rows)
    return "\n".join([f"## {title}", "", *([text, ""] if text else []), *lines])


def _name(one: Setting) -> str:
    own = tuple(one.name.split(".")) in OWNERS_ALONE or one.name.startswith("places.")
    return f"`{one.name.rpartition('.')[2]}`{' (**yours only**)' if own else ''}"


def _default(one: Setting) -> str:
    return "–" if one.default is None else f"`{toml_value(one.default)}`"
