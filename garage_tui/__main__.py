"""The door: arguments in, exit code out. Everything heavy is imported by the command that needs it.

Exit codes: 0 done, 1 failed, 2 wrong usage or bad input.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import sys
from collections.abc import Iterable, Sequence
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING

from garage_tui import __version__
from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.uncaught_exceptions import passing_on
from garage_tui.core.terminal.safe_stdout import safe_streams

if TYPE_CHECKING:
    import argparse

_COMMANDS = {
    "facts.facts": ("facts",),
    "facts.remember": ("remember",),
    "documents.read": ("read",),
    "train.train": ("train",),
    "runs.runs": ("runs", "logs"),
    "runs.run_control": ("stop", "pause", "resume", "delete", "queue"),
    "runs.name": ("name",),
    "runs.compare": ("compare",),
    "report.report": ("report",),
    "sample": ("sample",),
    "ask": ("ask",),
    "chat": ("chat",),
    "serve": ("serve",),
    "service": ("promote", "back", "service"),
    "school": ("school",),
    "mcp": ("mcp",),
    "export.export": ("export",),
    "export.hand_over": ("hand-over",),
    "gpu": ("gpu",),
    "images": ("images",),
    "show": ("show",),
    "models": ("models",),
    "notify": ("notify",),
    "check.places": ("places",),
    "dashboard": ("dashboard",),
    "settings": ("settings",),
    "check.doctor": ("doctor",),
    "help": ("help",),
}
"""The modules of `garage_tui.cli`, in the order of `--help`, with their commands."""
_SCREENS = ("facts", "runs", "chat", "gallery", "gpu", "school", "documents")
_PATIENCE = 0.005
"""Seconds that the app waits for an answer of the terminal; it understands later ones too."""


def parser(modules: Iterable[str] = tuple(_COMMANDS)) -> argparse.ArgumentParser:
    """Return the parser of the app's own options and of the commands of these modules: by default the whole one."""
    import argparse

    from garage_tui.core.terminal.command_parser import CommandParser

    top = CommandParser(
        prog="garage",
        description="Teach facts to a language model on your own box, and see that they stuck.",
        epilog="Without a command, the app opens. RUN is a run id, its beginning or its end, a name, `last`, or "
        "`garage` (the run in service).",
    )
    top.add_argument("--version", action="version", version=f"garage_tui {__version__}")
    top.add_argument("--workspace", metavar="DIR", help="work in DIR (default: $GARAGE_WORKSPACE, else this folder)")
    top.add_argument("--screen", choices=_SCREENS, help="open the app on this screen")
    both = argparse.BooleanOptionalAction
    top.add_argument("--ascii", action=both, help="paint in ASCII (default: where locale or console have no more)")
    top.add_argument("--mouse", action=both, help="use the mouse, or leave it to the terminal to select text with")
    top.set_defaults(run=open_app)
    if modules:
        groups = top.add_subparsers(title="commands", metavar="COMMAND")
        for module in modules:
            importlib.import_module(f"garage_tui.cli.{module}").add(groups)
    return top


def open_app(args: argparse.Namespace | SimpleNamespace) -> int:
    """Open the app on the workspace."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise BadInputError("the app needs a terminal; in a script use the commands that `garage --help` lists")
    from garage_tui.core.settings.settings import Workspace, load_settings, with_options
    from garage_tui.core.terminal.capabilities import forced_mode, why_ascii, why_unpaintable
    from garage_tui.core.terminal.query import TerminalQuery

    if wrong := why_unpaintable(os.environ):
        raise BadInputError(wrong)

    workspace = Workspace.find(args.workspace)
    settings = with_options(load_settings(workspace), ascii=args.ascii, mouse=args.mouse)
    only = why_ascii(os.environ) if settings.ascii is None else ""
    way = "ascii" if settings.ascii or only else forced_mode(os.environ, settings.pictures)
    gc.disable()  # until the first paint: all that is made before it stays
    sys.setswitchinterval(0.001)  # a frame waits so long for the writer's thread to run: 5 ms by default
    with TerminalQuery(way) as question:
        from garage_tui.app.run_app import run_app  # the terminal answers while this is imported

        question.read_reply(_PATIENCE)
    return run_app(
        workspace, settings, args.screen, question=question, talk_to=getattr(args, "talk_to", None), only_ascii=only
    )


def _needed(arguments: Sequence[str]) -> tuple[str, ...]:
    """Return the modules whose commands these arguments could mean: all of them would take 20 ms of each start."""
    own = [word for before, word in pairwise(["", *arguments]) if before not in ("--workspace", "--screen")]
    command = next((word for word in own if not word.startswith("-")), None)
    if command is None:  # the app is asked for by options alone
        return () if {"-h", "--help"}.isdisjoint(arguments) else tuple(_COMMANDS)
    return tuple(name for name, commands in _COMMANDS.items() if command in commands) or tuple(_COMMANDS)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; every error is one line on stderr."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    if argv is None and sys.warnoptions:  # meant for another program: with `error` some library would fail
        import warnings

        warnings.simplefilter("ignore")
    if argv is None and os.environ.get("PYTHONPATH"):
        from garage_tui.core.base.import_path import forget_shell_modules

        forget_shell_modules()
    with safe_streams(), passing_on(lambda error, doing: _print_unexpected(error, arguments, doing)):
        return _main(arguments)


def app_options(arguments: Sequence[str]) -> SimpleNamespace | None:
    """Return what `parser` makes of arguments that only open the app; None for all others.

    Argparse takes 8 ms to import and to build, which the first paint would wait for.
    """
    options = SimpleNamespace(workspace=None, screen=None, ascii=None, mouse=None, run=open_app)
    rest = list(arguments)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if name in ("--workspace", "--screen"):
            if not equals:
                value = rest.pop(0) if rest else ""
            if not value or value.startswith("-") or (name == "--screen" and value not in _SCREENS):
                return None
            setattr(options, name[2:], value)
        elif name in ("--ascii", "--no-ascii", "--mouse", "--no-mouse") and not equals:
            setattr(options, name.rpartition("-")[2], not name.startswith("--no-"))
        else:
            return None
    return options


def _main(arguments: list[str]) -> int:
    try:
        try:
            args = app_options(arguments) or parser(_needed(arguments)).parse_args(arguments)
            code = int(args.run(args))
        except SystemExit:  # argparse has printed what there is to say
            sys.stdout.flush()
            raise
        sys.stdout.flush()
        return code
    except GarageError as error:
        from garage_tui.core.base.sanitize import shown_line

        _print_error(shown_line(str(error), 2000))
        return 2 if isinstance(error, BadInputError) else 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader (head, less) left
        return 0
    except Exception as error:
        _print_unexpected(error, arguments)
        return 1


def _print_error(text: str) -> None:
    # stderr may be full or gone; the exit code still says that it failed.
    with contextlib.suppress(OSError, GarageError):
        print(f"garage: {text}", file=sys.stderr, flush=True)


def _print_unexpected(error: BaseException, arguments: list[str], thread: str = "") -> None:
    """Say in one line that something went wrong that nobody expected, and write its report.

    Args:
        thread: in which thread, if not in the main one.
    """
    from garage_tui.core.base.error_report import command_line, headline, where_details_are

    what = command_line(arguments) + (f" ({thread})" if thread else "")
    cause = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else headline(error)
    _print_error(f"this command could not finish ({cause}); {where_details_are(error, what)}")


if __name__ == "__main__":
    sys.exit(main())
