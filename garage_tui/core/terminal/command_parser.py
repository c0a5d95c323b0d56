"""The parser of the command line: argparse, whose messages show names as all others do."""

from __future__ import annotations

import argparse
from typing import NoReturn

from garage_tui.core.base.sanitize import unescaped


class CommandParser(argparse.ArgumentParser):
    """A parser whose errors name an argument as `sanitize.shown` has it; argparse names it by its `repr`."""

    def error(self, message: str) -> NoReturn:
        super().error(unescaped(message))
