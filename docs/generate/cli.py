"""The page of all commands, from the program's own parser."""

# ruff: noqa: E501 (lines of a page, not of a program)

from __future__ import annotations

import argparse
import os
import re
import textwrap
from collections.abc import Iterator
from unittest import mock

from docs.generate.tables import table

WIDTH = 100
"""Characters of a line of usage."""

HEAD = """# Commands

<!-- Written by docs/generate/cli.py (`make docs`) from the commands in garage_tui/cli/: change the texts there. -->

All commands with their options, their exit codes and what they print as JSON. {epilog} A command with `--help` says
the same as this page; `garage help COMMAND` shows a command's part of it.

## Exit codes

| code | meaning |
|---|---|
| 0 | done |
| 1 | failed; one line on stderr says why. Of an error that nobody expected, it also says where its report is |
| 2 | wrong usage or bad input: an unknown option, a file that cannot be read, a facts file with errors |
| 130 | interrupted by Ctrl-C |

Output that cannot be written (a full disk) is an error, code 1. A reader that leaves early (`| head -1`) is none, and neither is
output that you have closed (`>&-`).

With `--json`, a command prints JSON on stdout and nothing else: one document, or one object on each line where the table of options says
"JSON lines".
"""


def page() -> str:
    """Return the whole page."""
    from garage_tui.__main__ import parser

    with mock.patch.dict(os.environ, {}, clear=True):  # nothing of this terminal, nothing of this user
        top = parser()
    head = HEAD.format(epilog=top.epilog)
    return "\n".join([head, *_sections(top, "The app", 2)]).rstrip() + "\n"


def _sections(parser: argparse.ArgumentParser, title: str, level: int, text: str = "") -> Iterator[str]:
    """Yield the section of a parser, then those of its commands, each a level below."""
    yield from (f"{'#' * level} {title}", "")
    yield from ("```text", *_usage(parser), "```", "")
    if purpose := (parser.description if text else "") or text:
        yield from (_sentence(purpose), "")
    if rows := [_row(parser, action) for action in _arguments(parser)]:
        yield from table(("argument", "default", "meaning"), rows)
    if text and parser.epilog:
        yield from (parser.epilog, "")
    commands = _commands(parser)
    if commands is None:
        return
    helps = {each.dest: each.help or "" for each in commands._choices_actions}
    below = max(level, 2) if parser.prog == "garage" else level + 1
    for name, command in commands.choices.items():
        yield from _sections(command, command.prog, below, helps.get(name, ""))


def _commands(parser: argparse.ArgumentParser) -> argparse._SubParsersAction | None:
    found = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return found[0] if found else None


def _arguments(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return what a reader may write after a command, without what every command has."""
    kinds = (argparse._HelpAction, argparse._SubParsersAction)
    shown = [each for each in parser._actions if not isinstance(each, kinds) and each.help is not argparse.SUPPRESS]
    return sorted(shown, key=lambda each: bool(each.option_strings))  # what has a position comes first


def _usage(parser: argparse.ArgumentParser) -> list[str]:
    """Return the lines of a command's usage; argparse's own depend on the terminal and on the version of Python."""
    exclusive = {id(each): group for group in parser._mutually_exclusive_groups for each in group._group_actions}
    parts, done = [], set()
    for each in sorted(_arguments(parser), key=lambda each: not each.option_strings):
        group = exclusive.get(id(each))
        if group is None:
            parts.append(_usage_of(each, not (each.required or _is_needed(each))))
        elif id(group) not in done:
            done.add(id(group))
            inside = " | ".join(_usage_of(one, False) for one in group._group_actions)
            parts.append(f"({inside})" if group.required else f"[{inside}]")
    if commands := _commands(parser):
        parts.append(f"{commands.metavar or 'COMMAND'} …" if commands.required else f"[{commands.metavar} …]")
    indent = " " * (len(parser.prog) + 1)
    joined = " ".join(part.replace(" ", "\0") for part in parts)  # a part stays on one line
    wrapped = textwrap.wrap(
        f"{parser.prog} {joined}", WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return [line.replace("\0", " ") for line in wrapped]


def _is_needed(action: argparse.Action) -> bool:
    return not action.option_strings and action.nargs not in ("?", "*")


def _usage_of(action: argparse.Action, optional: bool) -> str:
    if not action.option_strings:
        text = _value(action) + (" …" if action.nargs in ("+", "*") else "")
    elif isinstance(action, argparse.BooleanOptionalAction):
        text = " | ".join(action.option_strings)
    else:
        text = " ".join(filter(None, (action.option_strings[-1], _value(action))))
    return f"[{text}]" if optional else text


def _value(action: argparse.Action) -> str:
    """Return what stands for the value of an argument; empty where it takes none."""
    if action.nargs == 0 or isinstance(action, argparse.BooleanOptionalAction):
        return ""
    if isinstance(action.metavar, str):
        return action.metavar
    if action.choices is not None:
        return "{" + ",".join(map(str, action.choices)) + "}"
    return action.dest.upper()


def _row(parser: argparse.ArgumentParser, action: argparse.Action) -> tuple[str, str, str]:
    text, default = _text(parser, action)
    names = action.option_strings or [_value(action)]
    value = _value(action) if action.option_strings else ""
    shown = ", ".join(f"`{name}{f' {value}' if value and name is names[-1] else ''}`" for name in names)
    if not text and names == ["RUN"]:
        text = "a run id, its beginning or its end, a name, or `last`"
    if action.metavar and action.choices:
        text += f": one of {', '.join(f'`{one}`' for one in action.choices)}"
    return shown, default, text


def _text(parser: argparse.ArgumentParser, action: argparse.Action) -> tuple[str, str]:
    """Return what an argument is for, and its default as text; a dash if there is none."""
    text = (action.help or "") % {**vars(action), "prog": parser.prog}
    if found := re.search(r"\s*\(default: ((?:[^()]|\([^()]*\))*)\)$", text):
        return text[: found.start()], found[1]
    default = action.default
    if default is None or default is argparse.SUPPRESS or default is False or default == []:
        return text, "–"
    return text, f"`{default}`"


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."
