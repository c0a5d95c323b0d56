"""The parser of the command line: argparse, whose messages show names as all others do, and are in English alone.

For each argument argparse looks for a translation of its own words on the disk: 5 ms of each `garage --help`. One that
it found would stand between our English sentences.
"""

from __future__ import annotations

import argparse
from typing import NoReturn

from garage_tui.core.base.sanitize import unescaped

vars(argparse).update(_=str, ngettext=lambda one, many, count: one if count == 1 else many)


class CommandParser(argparse.ArgumentParser):
    """A parser whose errors name an argument as `sanitize.shown` has it; argparse names it by its `repr`."""

    def error(self, message: str) -> NoReturn:
        super().error(unescaped(message))
