"""`garage help [TOPIC]`: the pages of docs/ in the terminal."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

WIDEST = 100
"""Columns of a rendered page: longer lines are hard to read."""
_COMMANDS_PAGE = "cli"


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "help",
        help="the documentation, page by page",
        description="Show a page of the documentation, or a command's part of it; without TOPIC, list the topics. "
        "A page longer than the terminal goes through $PAGER, by default less -R.",
    )
    parser.add_argument("topic", nargs="*", metavar="TOPIC", help="a page or a command: facts, settings, train lora")
    parser.set_defaults(run=run_help)


def run_help(args: argparse.Namespace) -> int:
    pages = find_pages()
    topic = " ".join(args.topic).lower().removeprefix("garage ")
    if not topic:
        print(_topics(pages), end="")
        return 0
    _show(text_of(topic, pages))
    return 0


def find_pages() -> dict[str, Path]:
    """Return the pages by their topics, in the order of docs/index.md.

    They are in the package of an installed wheel, and beside the package in a checkout.

    Raises:
        GarageError: there are none.
    """
    from garage_tui.core.base.errors import GarageError
    from garage_tui.core.base.package_path import PACKAGE

    for folder in (PACKAGE / "docs", PACKAGE.parent / "docs"):
        index = folder / "index.md"
        if index.is_file():
            listed = re.findall(r"\]\(([\w/-]+\.md)\)", index.read_text(encoding="utf-8"))
            found = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*.md"))}
            return {Path(name).stem: found[name] for name in dict.fromkeys([*listed, *found]) if name in found}
    raise GarageError("the documentation is not part of this installation; install garage_tui again")


def text_of(topic: str, pages: dict[str, Path]) -> str:
    """Return the Markdown of a topic: its page, then what the page of all commands says of a command of that name.

    Raises:
        BadInputError: neither is there; the message names what is near.
    """
    import difflib

    from garage_tui.core.base.errors import BadInputError

    commands = sections(_read(pages[_COMMANDS_PAGE])) if _COMMANDS_PAGE in pages else {}
    found = [_read(pages[topic])] if topic in pages else []
    found += [commands[topic]] if topic in commands else []
    if not found:
        near = difflib.get_close_matches(topic, [*pages, *commands], 3)
        meant = f" Did you mean {' or '.join(dict.fromkeys(near))}?" if near else ""
        raise BadInputError(f'there is no topic "{topic}".{meant} `garage help` lists all topics')
    return "\n".join(found)


def sections(page: str) -> dict[str, str]:
    """Return the parts of the page of all commands by the command's name, each with the parts of its subcommands."""
    heads = [(len(head[1]), head[2], head.start()) for head in re.finditer(r"^(#+) garage (.+)$", page, re.MULTILINE)]
    found = {}
    for at, (level, name, start) in enumerate(heads):
        end = next((begin for below, _, begin in heads[at + 1 :] if below <= level), len(page))
        found[name] = page[start:end]
    return found


def _read(path: Path) -> str:
    return re.sub(r"<!--.*?-->\n*", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)


def first_sentence(page: str) -> str:
    """Return the first sentence below a page's title, without Markdown."""
    _, _, text = page.partition("\n")
    paragraph = " ".join(text.strip().partition("\n\n")[0].split())
    sentence = re.match(r".*?\.(?= |$)", paragraph)
    return re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*]", r"\1", sentence[0] if sentence else paragraph)


def _topics(pages: dict[str, Path]) -> str:
    """Return the list of topics, wrapped for a terminal, one a line in a pipe."""
    import shutil
    import sys
    import textwrap

    listed = {topic: first_sentence(_read(path)) for topic, path in pages.items() if topic != "index"}
    commands = [name for name in sections(_read(pages[_COMMANDS_PAGE])) if " " not in name]
    width = max(map(len, listed)) + 2
    room = min(WIDEST, shutil.get_terminal_size().columns) if sys.stdout.isatty() else 10_000
    lines = ["Topics: `garage help TOPIC` shows the page.", ""]
    for topic, text in listed.items():
        lines += textwrap.wrap(text, room, initial_indent=topic.ljust(width), subsequent_indent=" " * width)
    lines += ["", "Commands: `garage help COMMAND` shows the command's options.", ""]
    lines += textwrap.wrap(", ".join(commands), room)
    return "\n".join(lines) + "\n"


def _show(page: str) -> None:
    """Print a page: as it is into a pipe, rendered on a terminal, through a pager where it is longer than that."""
    import shutil
    import sys

    from garage_tui.core.terminal.safe_stdout import unwrapped

    if not sys.stdout.isatty():
        print(page, end="")
        return
    columns, rows = shutil.get_terminal_size()
    encoding = sys.stdout.encoding or "utf-8"
    rendered = _rendered(page, min(WIDEST, columns), encoding).encode(encoding, "replace")
    if rendered.count(b"\n") < rows or not _paged(rendered):
        stdout = unwrapped(sys.stdout)
        stdout.flush()
        stdout.buffer.write(rendered)
        stdout.flush()


def _rendered(page: str, width: int, encoding: str) -> str:
    from io import BytesIO, TextIOWrapper

    from rich.console import Console
    from rich.markdown import Markdown
    from rich.theme import Theme

    file = TextIOWrapper(BytesIO(), encoding=encoding, errors="replace", newline="\n")  # rich asks it for its encoding
    plain = {
        "markdown.code": "bold cyan",
        "markdown.code_block": "cyan",
    }  # by default on black, also where paper is white
    console = Console(file=file, force_terminal=True, width=width, theme=Theme(plain))
    console.print(Markdown(_for_terminal(page), code_theme="ansi_dark", hyperlinks=False))
    file.seek(0)
    return file.read()


def _for_terminal(page: str) -> str:
    """Return a page whose links to other pages name the command that shows them, and whose pictures are named."""
    page = re.sub(r"!\[([^\]]*)\]\([^)]*\)", r"(picture: \1)", page)
    page = re.sub(r"\[([^\]]*)\]\((?:[\w./-]*/)?([\w-]+)\.md(?:#[\w-]*)?\)", r"\1 (`garage help \2`)", page)
    return re.sub(r"\[([^\]]*)\]\(#[\w-]*\)", r"\1", page)


def _paged(rendered: bytes) -> bool:
    """Show a page through $PAGER, else less; return whether there was a pager."""
    import os
    import shlex
    import subprocess

    try:
        command = shlex.split(os.environ.get("PAGER") or "less -R")
        pager = subprocess.Popen(command, stdin=subprocess.PIPE, env={"LESS": "-R", **os.environ})
    except (OSError, ValueError, IndexError):  # there is no such program, or an unclosed quote in its command line
        return False
    while True:
        try:
            pager.communicate(rendered)
            return True
        except KeyboardInterrupt:  # Ctrl-C is the pager's: less ends a search with it
            rendered = b""
