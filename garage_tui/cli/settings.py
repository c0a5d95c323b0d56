"""`garage settings`: every setting with its value here and the file of that value."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from garage_tui.core.settings.reference import Section
    from garage_tui.core.settings.settings import Settings


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
    from garage_tui.core.settings.reference import nearest, toml_value
    from garage_tui.core.settings.settings import Workspace, load_settings, user_settings_file
    from garage_tui.core.settings.sources import settings_sources

    workspace = Workspace.find(args.workspace)
    settings, sources = load_settings(workspace), settings_sources(workspace)
    found = _sections(settings)
    names = [one.name for section in found for one in section.settings]
    known = [*names, *(section.name for section in found if section.name), "places"]
    found = [section for section in found if args.names or not section.name.endswith(".NAME")]
    for name in args.names:
        if name not in known:
            raise BadInputError(f"{name} is not a setting{nearest(name, known)} (`garage settings` lists all)")
    shown = [
        one
        for section in found
        for one in section.settings
        if not args.names or not {one.name, section.name, section.name.partition(".")[0]}.isdisjoint(args.names)
    ]
    values = {one.name: _value(settings, one.name) for one in shown}
    if args.json:
        described = {
            one.name: {"value": values[one.name], "from": _source(sources, one.name), "text": one.text} for one in shown
        }
        print(json.dumps(described, indent=2, ensure_ascii=False))
        return 0
    lines = [f"{name} = {toml_value(value)}" if value is not None else f"# {name}" for name, value in values.items()]
    width = max(map(len, lines))
    for one, line in zip(shown, lines, strict=True):
        origin = _source(sources, one.name)
        source = "by default" if origin == "default" else f"from {origin}"
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


def _sections(settings: Settings) -> list[Section]:
    """Return all sections; `places.NAME` once for each place that is set, or as it is where there is none."""
    from dataclasses import replace

    from garage_tui.core.settings.reference import named_sections, sections
    from garage_tui.core.settings.settings import Settings

    found = sections(Settings)
    for template in named_sections(Settings):
        for name in settings.places or ("NAME",):
            renamed = [replace(one, name=one.name.replace("NAME", name, 1)) for one in template.settings]
            found.append(replace(template, name=template.name.replace("NAME", name, 1), settings=tuple(renamed)))
    return found


def _source(sources: dict[str, str], name: str) -> str:
    """Return the file of a value, or `default`; the settings of a place are those of its table."""
    return sources.get(name) or sources.get(name.rpartition(".")[0], "default")


def _value(settings: Settings, name: str) -> Any:
    from garage_tui.core.settings.types import PlaceSettings

    found: Any = settings
    if name.startswith("places."):
        place, _, name = name.removeprefix("places.").rpartition(".")
        found = settings.places.get(place, PlaceSettings())
    for part in name.split("."):
        found = getattr(found, part)
    return found
