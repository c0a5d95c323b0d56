"""The files for shells and man(1) in `share/`, from the program's own parser: completions by shtab, a manual page.

shtab (MPL-2.0) and argparse-manpage (Apache-2.0) are tools of developers: an installed garage needs neither.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Iterator
from unittest import mock

_FILES = {"FILE", "SOURCE", "OUT", "PATH"}
_FOLDERS = {"DIR", "FOLDER"}
"""Metavars of arguments that are completed with names of files, and of folders."""


def completion(shell: str) -> Callable[[], str]:
    """Return what writes the completion script of a shell: bash, zsh or fish."""

    def write() -> str:
        import shtab

        parser = _parser()
        for action in _actions(parser):
            if action.metavar in _FILES | _FOLDERS and not action.choices:
                action.complete = shtab.DIRECTORY if action.metavar in _FOLDERS else shtab.FILE
        return _lines(shtab.complete(parser, shell=shell))

    return write


def manual() -> str:
    """Return the manual page garage(1) as troff, without the day on which it was written."""
    from argparse_manpage.manpage import Manpage

    from garage_tui import __version__

    parser = _parser()
    # man(1) fills the lines itself, and each version of Python breaks those of a usage elsewhere.
    with mock.patch.dict(os.environ, {"COLUMNS": "10000"}):
        page = str(Manpage(parser, format="single-commands-section"))
    title = f'.TH GARAGE "1" "" "garage {__version__}" "User Commands"'
    page = re.sub(r"^\.TH .*$", lambda _: title, page, count=1, flags=re.MULTILINE)
    name = f".SH NAME\ngarage \\- {parser.description.partition(',')[0].lower()}\n"
    page = re.sub(r"^\.SH NAME\n.*\n", lambda _: name, page, count=1, flags=re.MULTILINE)
    return _lines(
        page + f"\n.SH NOTES\n{_troff(parser.epilog)}\n.PP\n.B garage help\nlists the pages of the documentation.\n"
    )


def _parser() -> argparse.ArgumentParser:
    from garage_tui.__main__ import parser

    with mock.patch.dict(os.environ, {"COLUMNS": "80"}, clear=True):  # nothing of this terminal, nothing of this user
        return parser()


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield the arguments of a parser and of all its commands."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _actions(command)


def _troff(text: str) -> str:
    return text.replace("\\", "\\e").replace("-", "\\-")


def _lines(text: str) -> str:
    """Return a text without spaces at the ends of its lines, and with one line break at its end."""
    return "\n".join(line.rstrip() for line in text.splitlines()).rstrip() + "\n"
