"""Write docs/settings.md from the settings themselves, so that it says what is so: `make docs`.

python docs/settings.py [--check]     (--check writes nothing, and exits with 1 where the page is another)
"""

# ruff: noqa: E501 (lines of a page, not of a program)

from __future__ import annotations

import sys
from pathlib import Path

from garage_tui.core.base.settings import OWNERS_ALONE, Settings
from garage_tui.core.base.settings_reference import Section, Setting, sections, toml_value

PAGE = Path(__file__).with_suffix(".md")

HEAD = """# Settings

<!-- Written by docs/settings.py (`make docs`) from garage_tui/core/base/settings.py: change them there. -->

Everything works without a settings file. Settings are TOML, in two files; where both say something, the workspace's wins:

| file | whose |
|---|---|
| `garage.toml` in the workspace | for this workspace |
| `~/.config/garage_tui/garage.toml` (`$XDG_CONFIG_HOME`) | yours, for every workspace |

Settings marked **yours only** name programs to run or addresses to tell: they hold in your own file alone, as a workspace may be
somebody else's. `garage settings` prints every setting with its value here and the file it comes from, `garage settings NAME` what one is for,
`garage doctor` what is wrong with them. An unknown name or a value of a wrong kind is an error that names file, line and key. The app reads them when it
starts; a run keeps those of its start.
"""

ENVIRONMENT = """## Environment variables

| variable | what |
|---|---|
| `GARAGE_WORKSPACE` | the workspace, where `--workspace` names none; else the current folder |
| `GARAGE_STATE` | folder of the queue, of journals and power caps; by default `~/.local/state/garage_tui` (`$XDG_STATE_HOME`) |
| `GARAGE_CACHE` | folder of fetched and converted models (in `models/`); by default `~/.cache/garage_tui` (`$XDG_CACHE_HOME`) |
| `GARAGE_PICTURES` | how pictures are shown: goes before `pictures` |
| `GARAGE_API_KEY` | the key that `garage serve` asks clients for; else a new one, in `checkpoints/.server/key` |
| `LLAMA_CPP` | folder of llama.cpp, whose converter makes GGUF files |
| `VISUAL`, `EDITOR` | the editor of `E` and `W` on the Facts screen |
| `NO_COLOR` | with any value: no colours |
| `COLORTERM`, `TERM`, `LC_ALL`, `LC_CTYPE`, `LANG` | what the terminal can paint: colours, and whether more than ASCII |
| `HF_HOME`, `HF_TOKEN`, `HF_HUB_OFFLINE` | Hugging Face's: its cache, your key for models behind a licence, never ask the Hub (`1`) |
| `CUDA_VISIBLE_DEVICES` | which GPUs there are for the app and for runs |
| `TMUX` | set by tmux: notices, the clipboard and pictures go through it |

The command of `[notify]` finds `GARAGE_RUN`, `GARAGE_STATE` (how the run ended) and `GARAGE_MESSAGE` in its environment, and the same as JSON on its stdin.
"""


def page() -> str:
    """Return the whole page."""
    return "\n".join([HEAD, *map(_section, sections(Settings)), ENVIRONMENT])


def _section(section: Section) -> str:
    title, words = (f"`[{section.name}]`", section.text) if section.name else ("At the top of the file", "")
    rows = [f"| {_name(one)} | {_default(one)} | {_cell(one.kind)} | {_cell(one.text)} |" for one in section.settings]
    table = ["| setting | default | may be | what |", "|---|---|---|---|", *rows]
    return "\n".join([f"## {title}", "", *([words, ""] if words else []), *table, ""])


def _name(one: Setting) -> str:
    own = tuple(one.name.split(".")) in OWNERS_ALONE
    return f"`{one.name.rpartition('.')[2]}`{' (**yours only**)' if own else ''}"


def _default(one: Setting) -> str:
    return "–" if one.default is None else f"`{toml_value(one.default)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> int:
    if "--check" in sys.argv[1:]:
        return int(not PAGE.exists() or PAGE.read_text() != page())
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
