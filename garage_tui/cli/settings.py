"""`garage settings`: every setting with its value here and the file of that value."""

from __future__ import annotations

import argparse
from typing import Any


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser("settings", help="list every setting with its value and its origin")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="only these, with their descriptions: heat, serve.port"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.set_defaults(run=run_settings)


def run_settings(args: argparse.Namespace) -> int:
    import json

    from garage_tui.core.base.errors import BadInputError
    from garage_tui.core.base.settings import Settings, Workspace, load_settings, settings_sources, user_settings_file
    from garage_tui.core.base.settings_reference import nearest, sections, toml_value

    workspace = Workspace.find(args.workspace)
    settings, sources = load_settings(workspace), settings_sources(workspace)
    found = sections(Settings)
    names = [one.name for section in found for one in section.settings]
    known = [*names, *(section.name for section in found if section.name)]
    for name in args.names:
        if name not in known:
            raise BadInputError(f"{name} is not a setting{nearest(name, known)} (`garage settings` lists all)")
    shown = [
        one
        for section in found
        for one in section.settings
        if not args.names or one.name in args.names or section.name in args.names
    ]
    values = {one.name: _value(settings, one.name) for one in shown}
    if args.json:
        described = {
            one.name: {"value": values[one.name], "from": sources[one.name], "text": one.text} for one in shown
        }
        print(json.dumps(described, indent=2, ensure_ascii=False))
        return 0
    lines = [f"{name} = {toml_value(value)}" if value is not None else f"# {name}" for name, value in values.items()]
    width = max(map(len, lines))
    for one, line in zip(shown, lines, strict=True):
        source = "by default" if sources[one.name] == "default" else f"from {sources[one.name]}"
        print(f"{line:{width}}  # {source if values[one.name] is not None else 'not set'}")
        if args.names:
            print(f"    {one.text} ({one.kind})")
    if not args.names:
        print(
            f"\nThe workspace's settings in {workspace.settings_file} "
            f"take precedence over yours in {user_settings_file()}."
        )
        print("`garage settings NAME` describes a setting; `garage help settings` describes all of them.")
    return 0


def _value(settings: object, name: str) -> Any:
    for part in name.split("."):
        settings = getattr(settings, part)
    return settings
