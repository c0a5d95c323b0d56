"""The settings: their page is what they are, `garage settings` says what holds, and a wrong file is told in words."""

from __future__ import annotations

import contextlib
import json
import math
import re

import msgspec
import pytest

from garage_tui.__main__ import main
from garage_tui.core.base.errors import BadInputError
from garage_tui.core.settings.reference import sections
from garage_tui.core.settings.settings import Settings, load_settings, user_settings_file
from garage_tui.core.settings.sources import setting_names
from garage_tui.core.settings.types import PlaceSettings
from tests.support.repository import REPOSITORY

PAGE = REPOSITORY / "docs" / "reference" / "settings.md"


def test_every_setting_says_what_it_is_for():
    known = [one for section in sections(Settings) for one in section.settings]
    assert sorted(one.name for one in known) == sorted(setting_names())
    assert not [one.name for one in known if not one.text]


def test_every_variable_that_the_program_asks_for_is_on_the_page():
    source = "".join(path.read_text() for path in (REPOSITORY / "garage_tui").rglob("*.py"))
    variables = {
        *re.findall(r"environ(?:\.get\(|\.pop\(|\[)\"([A-Z_]+)\"", source),
        *re.findall(r"\bGARAGE_[A-Z_]+\b", source),
    }
    # Between the processes of one run, of one server, of one start.
    variables -= {"GARAGE_RANKS_PORT", "GARAGE_SERVE_SETTINGS", "GARAGE_OWNERS_PYTHONPATH"}
    variables -= {"USER", "TMUX_PANE", "PYTHONPATH"}  # which nobody would set for our sake
    assert not [name for name in sorted(variables) if f"`{name}`" not in PAGE.read_text()]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("base_modle = 'x'\n", "line 1: base_modle is not a setting; did you mean base_model?"),
        ("[serve]\n# which\nhosst = 'x'\n", "line 3: serve.hosst is not a setting; did you mean serve.host?"),
        ("bell = true\n", "line 1: bell is not a setting; did you mean notify.bell?"),
        ("\n[heet]\nmax_temp_c = 80\n", "line 2: heet is not a setting; did you mean heat?"),
        ("frobnicate = 1\n", "line 1: frobnicate is not a setting (`garage settings` lists all)"),
        ("[serve]\nport = 'any'\n", 'line 2: serve.port must be a whole number from 0 to 65535, not "any"'),
        ("[serve]\nport = 99999\n", "line 2: serve.port must be a whole number from 0 to 65535, not 99999"),
        (
            "serve = { idle_minutes = 0 }\n",
            "line 1: serve.idle_minutes must be a number above 0, at most 525600, not 0",
        ),
        (
            "\npictures = 'ansi'\n",
            'line 2: pictures must be one of "auto", "kitty", "sixel", "half", "ascii", not "ansi"',
        ),
        ("notify.on = 'finished'\n", 'line 1: notify.on must be a list of "finished", "failed"'),
        ("heat = 80\n", "line 1: [heat] is a table of settings, not a value"),
        ("checkpoint_seconds = inf\n", "line 1: checkpoint_seconds must be a number from 1 to 86400, not inf"),
        ("stop_grace_seconds = nan\n", "line 1: stop_grace_seconds must be a number from 1 to 86400, not nan"),
        ("sun.start_w = -inf\n", "line 1: sun.start_w must be a number from -100000 to 100000, not -inf"),
        ("hours.only = [\n  22,\n]\n", "line 1: hours.only must be a list of texts, not [22]"),
        ("mouse = yes\n", "line 1: this is not valid TOML"),
    ],
)
def test_a_wrong_settings_file_is_told_with_its_line_and_what_was_meant(workspace, text, says):
    workspace.settings_file.write_text(text)
    with pytest.raises(BadInputError) as told:
        load_settings(workspace)
    assert f"{workspace.settings_file}, {says}" in str(told.value)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_no_setting_takes_a_number_without_end(value):
    tables = {"": Settings, **{field.name: field.type for field in msgspec.structs.fields(Settings)}}
    taken = []
    for name in setting_names():
        section, _, key = name.rpartition(".")
        struct = tables.get(section, PlaceSettings)
        with contextlib.suppress(msgspec.ValidationError):
            msgspec.convert({key: value}, struct)
            taken.append(name)
    assert not taken


def test_garage_settings_says_what_holds_and_where_it_comes_from(workspace, capsys):
    workspace.settings_file.write_text('pictures = "ascii"\n[serve]\nport = 8123\n')
    user_settings_file().parent.mkdir(parents=True)
    user_settings_file().write_text('pictures = "half"\n[notify]\nurls = ["ntfys://x"]\n')
    assert main(["--workspace", str(workspace.root), "settings", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["pictures"]["value"] == "ascii" and told["pictures"]["from"] == str(workspace.settings_file)
    assert told["notify.urls"]["value"] == ["ntfys://x"] and told["notify.urls"]["from"] == str(user_settings_file())
    assert told["mouse"]["from"] == "default" and set(told) == set(setting_names())
    assert main(["--workspace", str(workspace.root), "settings", "serve.port"]) == 0
    said = capsys.readouterr().out
    text = "TCP port; 0 means any free port, another one at each start."
    assert f"serve.port = 8123  # from {workspace.settings_file}\n    {text}" in said
    assert main(["--workspace", str(workspace.root), "settings", "heet"]) == 2
    assert "heet is not a setting; did you mean heat?" in capsys.readouterr().err
