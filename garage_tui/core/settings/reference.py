"""Descriptions of all settings, and error messages for wrong keys and values in a settings file."""

from __future__ import annotations

import ast
import difflib
import inspect
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from garage_tui.core.base.sanitize import quoted
from garage_tui.core.settings.types import PLACE_NAME, PLACE_NAME_TEXT

_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text in quotes"}
_SEVERAL = {str: "a list of texts"}


@dataclass(frozen=True)
class Setting:
    """One setting, as its struct defines it."""

    name: str
    """Dotted, as `serve.port`."""
    default: object
    """None if it depends on the machine; the text says how."""
    kind: str
    """The allowed values, as text."""
    text: str
    """The description."""


@dataclass(frozen=True)
class Section:
    """The settings of one table of the file."""

    name: str
    """Empty for the settings before the first table."""
    text: str
    settings: tuple[Setting, ...]


def sections(struct: type[msgspec.Struct]) -> list[Section]:
    """Return all settings below `struct`, with the docstrings below them in its source."""
    texts = _texts(struct)
    own, tables = [], []
    hints = get_type_hints(struct, include_extras=True)
    for field in msgspec.structs.fields(struct):
        inner = hints[field.name]
        if _struct_of_each(inner):
            continue  # `named_sections` has them
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            texts |= _texts(inner)  # a table may have a module of its own
            found = tuple(_settings(inner, f"{field.name}.", texts[inner.__name__][1]))
            tables.append(Section(field.name, _after_colon(texts[inner.__name__][0]), found))
        else:
            own.append(field.name)
    top = tuple(one for one in _settings(struct, "", texts[struct.__name__][1]) if one.name in own)
    return [Section("", "", top), *tables]


def named_sections(struct: type[msgspec.Struct]) -> list[Section]:
    """Return the settings of tables of which there may be several, each with a name of its own: `places.NAME`."""
    found = []
    for field, hint in get_type_hints(struct, include_extras=True).items():
        if inner := _struct_of_each(hint):
            texts = _texts(inner)[inner.__name__]
            name = f"{field}.NAME"
            found.append(Section(name, _after_colon(texts[0]), tuple(_settings(inner, f"{name}.", texts[1]))))
    return found


def _struct_of_each(hint: Any) -> type[msgspec.Struct] | None:
    """Return the struct of the values of a `dict[str, …]`; None for any other type."""
    return get_args(hint)[1] if get_origin(hint) is dict else None


def _settings(struct: type[msgspec.Struct], before: str, texts: dict[str, str]) -> Iterator[Setting]:
    hints = get_type_hints(struct, include_extras=True)
    for field in msgspec.structs.fields(struct):
        yield Setting(before + field.name, field.default, kind(hints[field.name]), texts.get(field.name, ""))


def _texts(struct: type[msgspec.Struct]) -> dict[str, tuple[str, dict[str, str]]]:
    """Return for each class in the struct's module its docstring, and those below its fields."""
    source = inspect.getsource(inspect.getmodule(struct))  # type: ignore[arg-type]
    found = {}
    for node in ast.parse(source).body:
        if not isinstance(node, ast.ClassDef):
            continue
        texts = {}
        for field, after in zip(node.body, node.body[1:], strict=False):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and (text := _text(after)):
                texts[field.target.id] = " ".join(text.split())
        found[node.name] = (" ".join((ast.get_docstring(node) or "").split()), texts)
    return found


def _text(node: ast.stmt) -> str:
    """Return the string that a statement consists of; empty for other statements."""
    value = node.value.value if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) else ""
    return value if isinstance(value, str) else ""


def _after_colon(text: str) -> str:
    text = text.partition(": ")[2] or text
    return text[:1].upper() + text[1:]


def kind(hint: Any) -> str:
    """Return the allowed values of this type as text: `a whole number from 0 to 65535`."""
    origin, inside = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return kind(inside[0]) + "".join(_bounds(one) for one in inside[1:] if isinstance(one, msgspec.Meta))
    if origin in (Union, UnionType):
        return kind(next(one for one in inside if one is not NoneType))
    if origin is Literal:
        return "one of " + ", ".join(f'"{one}"' for one in inside)
    if origin is tuple:
        one = inside[0]
        return _SEVERAL.get(one) or f"a list of {kind(one).removeprefix('one of ')}"
    return _KINDS.get(hint, "a table")


def _bounds(meta: msgspec.Meta) -> str:
    if meta.ge is not None and meta.le is not None:
        return f" from {meta.ge:g} to {meta.le:g}"
    if meta.pattern and meta.description:
        return f" ({meta.description})"
    low = f" of {meta.ge:g} or more" if meta.ge is not None else f" above {meta.gt:g}" if meta.gt is not None else ""
    return low + (f"{',' if low else ''} at most {meta.le:g}" if meta.le is not None else "")


def what_is_wrong(struct: type[msgspec.Struct], table: dict[str, Any], text: str) -> str:
    """Return the first mistake in a file's table, with its line and the allowed values; empty if there is none.

    Args:
        struct: the struct of all settings.
        table: the parsed file.
        text: the file, to find the line in.
    """
    known = {one.name: one for section in sections(struct) for one in section.settings}
    tables = [section.name for section in sections(struct) if section.name]
    several = {section.name.partition(".")[0]: section for section in named_sections(struct)}
    for field, section in several.items():
        if wrong := _wrong_in_named(struct, section, table.get(field, {}), text):
            return wrong
    for name, value in _flat({key: value for key, value in table.items() if key not in several}, tables):
        where = f"line {line_of(text, name)}: "
        if name in tables:
            return f"{where}[{name}] is a table of settings, not a value"
        if name not in known:
            names = [*known, *tables, *several]
            return f"{where}{name} is not a setting{nearest(name, names)} (`garage settings` lists all)"
        try:
            msgspec.convert(_nested(name, value), struct)
        except msgspec.ValidationError:
            shown = _shown(value)
            return f"{where}{name} must be {known[name].kind}, not {shown[:60]}"
    return ""


def _wrong_in_named(struct: type[msgspec.Struct], section: Section, tables: object, text: str) -> str:
    """Return the first mistake in tables with names of their own, as `what_is_wrong` does."""
    field = section.name.partition(".")[0]
    known = {one.name.rpartition(".")[2]: one for one in section.settings}
    if not isinstance(tables, dict):
        return f"line {line_of(text, field)}: [{field}] has a table for each name, as [{field}.lab]"
    for name, values in tables.items():
        where = f"line {line_of(text, f'{field}.{name}')}: "
        if not isinstance(values, dict):
            return f"{where}[{field}.{name}] is a table of settings, not a value"
        if not re.fullmatch(PLACE_NAME, name):
            return f"{where}{quoted(name)} cannot be the name of a place: it has {PLACE_NAME_TEXT}"
        for key, value in values.items():
            where = f"line {line_of(text, f'{field}.{name}.{key}')}: "
            if key not in known:
                return f"{where}{field}.{name}.{key} is not a setting{nearest(key, list(known))}"
            try:
                msgspec.convert({field: {name: {key: value}}}, struct)
            except msgspec.ValidationError:
                shown = _shown(value)
                return f"{where}{field}.{name}.{key} must be {known[key].kind}, not {shown[:60]}"
    return ""


def _shown(value: object) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has neither inf nor nan
    return msgspec.json.encode(value, enc_hook=str).decode()


def _flat(table: dict[str, Any], tables: list[str]) -> Iterator[tuple[str, object]]:
    for key, value in table.items():
        if key in tables and isinstance(value, dict):
            for inner, one in value.items():
                yield f"{key}.{inner}", one
        else:
            yield key, value


def _nested(name: str, value: object) -> dict[str, Any]:
    section, _, key = name.rpartition(".")
    return {section: {key: value}} if section else {key: value}


def nearest(name: str, known: list[str]) -> str:
    """Return `; did you mean NAME?` for the most similar known name; empty if none is similar."""
    last = name.rpartition(".")[2]
    by_last = [one for one in known if one.rpartition(".")[2] == last]
    near = (
        by_last
        or difflib.get_close_matches(name, known, 1)
        or [one for one in known if difflib.get_close_matches(last, [one.rpartition(".")[2]], 1, 0.75)]
    )
    return f"; did you mean {near[0]}?" if near else ""


def toml_value(value: object) -> str:
    """Return a value in TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, str):
        return msgspec.json.encode(value).decode()
    if isinstance(value, tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    return str(value)


def line_of(text: str, name: str) -> int:
    """Return the line (from 1) of a TOML text in which a dotted name gets its value, or its table begins."""
    table, best = "", 1
    for number, line in enumerate(text.splitlines(), 1):
        if head := re.match(r"\s*\[+\s*([^\]]+?)\s*\]", line):
            table = _bare(head[1])
            if name == table or name.startswith(f"{table}."):
                best = number
        elif key := re.match(r"\s*([^=#]+?)\s*=", line):
            full = ".".join(filter(None, (table, _bare(key[1]))))
            if full == name:
                return number
            if name.startswith(f"{full}."):  # an inline table
                best = number
    return best


def _bare(name: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in name.split("."))
