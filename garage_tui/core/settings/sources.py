"""The names of all settings, and the file that each value comes from."""

from __future__ import annotations

from typing import Any

import msgspec

from garage_tui.core.settings.settings import Settings, Workspace, read_settings_file, user_settings_file


def settings_sources(workspace: Workspace) -> dict[str, str]:
    """Return for each setting (dotted name) the file of its value, or `default`."""
    sources = {}
    tables = {str(file): read_settings_file(file) for file in (user_settings_file(), workspace.settings_file)}
    for name in [*setting_names(), *_place_settings(tables)]:
        *section, key = name.split(".") if not name.startswith("places.") else name.split(".", 1)
        sources[name] = "default"
        for file, whole in tables.items():
            table: Any = whole
            for part in section:
                table = table.get(part, {}) if isinstance(table, dict) else {}
            if isinstance(table, dict) and key in table:
                sources[name] = file
    return sources


def _place_settings(tables: dict[str, dict[str, Any]]) -> list[str]:
    """Return `places.NAME` for each place that a file sets."""
    found = [table.get("places", {}) for table in tables.values()]
    return list(dict.fromkeys(f"places.{name}" for places in found if isinstance(places, dict) for name in places))


def setting_names() -> list[str]:
    """Return the dotted names of all settings, in the order of their definition; those of places are not listed."""
    names = []
    for field in msgspec.structs.fields(Settings):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            names += [f"{field.name}.{inner.name}" for inner in msgspec.structs.fields(field.type)]
        elif field.name != "places":
            names.append(field.name)
    return names
