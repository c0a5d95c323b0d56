"""The generated pages of docs/reference/ are what the program says now, wherever they are generated."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys

import pytest

from docs.generate import __main__ as generate
from docs.generate import keys
from garage_tui.__main__ import _COMMANDS
from tests.support.repository import REPOSITORY

CLI, KEYS = (REPOSITORY / "docs" / "reference" / name for name in ("cli.md", "keys.md"))


def test_no_generated_page_is_stale():
    assert generate.stale() == [], "make docs"


def test_a_page_that_is_stale_is_named_with_what_mends_it(monkeypatch, capsys):
    assert generate.main(["--check"]) == 0 and not capsys.readouterr().out
    from textual.binding import Binding

    from garage_tui.widgets.table import Table

    first, *others = Binding.make_bindings(Table.BINDINGS)
    changed = Binding(first.key, first.action, first.description, tooltip="Somewhere else")
    monkeypatch.setattr(Table, "BINDINGS", [changed, *others])
    assert generate.main(["--check"]) == 1
    assert capsys.readouterr().out == "docs/reference/keys.md is stale: run `make docs` and commit it\n"


@pytest.mark.parametrize(
    "environment",
    [
        {"COLUMNS": "40", "LANG": "C", "PYTHONHASHSEED": "1"},
        {"COLUMNS": "300", "LANG": "de_DE.UTF-8", "PYTHONHASHSEED": "2", "GARAGE_PICTURES": "ascii", "NO_COLOR": "1"},
    ],
)
def test_pages_are_the_same_on_every_terminal_and_for_every_user(environment, tmp_path):
    settings = tmp_path / "garage_tui" / "garage.toml"
    settings.parent.mkdir()
    settings.write_text('base_model = "other"\nascii = true\n')
    variables = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path), "CUDA_VISIBLE_DEVICES": "", **environment}
    command = [sys.executable, "-m", "docs.generate", "--check"]
    done = subprocess.run(command, cwd=REPOSITORY, env=variables, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_command_and_option_of_the_program_is_on_the_page():
    from garage_tui.__main__ import parser

    page = CLI.read_text()
    names = [name for commands in _COMMANDS.values() for name in commands]
    assert len(names) >= 20 and not [name for name in names if f"\n## garage {name}\n" not in page]
    options = {name for name in _options(parser()) if name not in ("-h", "--help")}
    assert len(options) >= 60 and not [name for name in options if f"`{name}" not in page]


def _options(parser):
    for action in parser._actions:
        yield from action.option_strings
        for below in action.choices.values() if isinstance(action.choices, dict) else ():
            yield from _options(below)


def test_every_binding_of_the_package_is_on_the_page_of_keys():
    from textual.binding import Binding
    from textual.dom import DOMNode

    keys.load_all()
    importlib.import_module("garage_tui.app.app")
    page = KEYS.read_text()
    found = [
        (kind.__name__, binding)
        for kind in keys.kinds_of(DOMNode)
        for binding in Binding.make_bindings(kind.__dict__.get("BINDINGS") or ())
    ]
    assert len(found) >= 150
    missing = [(name, one.key) for name, one in found if f"`{keys.key_name(one.key)}`" not in page]
    untold = [(name, one.tooltip) for name, one in found if one.tooltip and f"| {one.tooltip} |" not in page]
    assert not missing and [name for name, _ in untold] in ([], ["Dialog"])  # F1, which is named for the app


def test_no_key_on_the_page_lacks_its_sentence():
    assert not [line for line in KEYS.read_text().splitlines() if line.startswith("| `") and line.endswith("|  |")]
