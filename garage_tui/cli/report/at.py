"""`garage report RUN --at URL`: the report card of a run, asked of a server."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from garage_tui.core.exam.report import Report
    from garage_tui.core.exam.server_card import ServerCard
    from garage_tui.core.runs.record import Run

_LOST = 5
_KEY = "GARAGE_KEY"


def report_at(args: argparse.Namespace, run: Run) -> int:
    """Ask the server, save the card in the run folder and print it."""
    import asyncio
    import json
    import sys

    import msgspec

    from garage_tui.cli.progress_line import ProgressLine
    from garage_tui.core.base.errors import GarageError
    from garage_tui.core.base.write_errors import why_not_written
    from garage_tui.core.chat.chat_error import ServerRefusalError
    from garage_tui.core.exam import server_card, server_exam

    exam = server_exam.read_exam(run.path)
    server_card.read_cards(run.path)  # a damaged file is named before the questions are asked
    address = server_exam.server_address(args.at, _key(args.key_file))

    async def ask() -> ServerCard:
        model = await server_exam.choose_model(address, args.model or "", run.id, bar.say)
        return await server_exam.examine(address, model, exam, bar.say)

    bar = ProgressLine()
    try:
        card = asyncio.run(ask())
    except GarageError as error:
        refusal = error if isinstance(error, ServerRefusalError) else error.__cause__
        if isinstance(refusal, ServerRefusalError) and refusal.status in (401, 403):
            raise GarageError(f"{error}; the key comes from --key-file FILE, else from ${_KEY}") from error
        raise
    except KeyboardInterrupt:
        bar.close()
        print("cancelled; nothing was saved", file=sys.stderr)
        raise
    finally:
        bar.close()
    try:
        server_card.add_card(run.path, card)
    except OSError as error:
        raise GarageError(f"the card cannot be saved in {run.path}: {why_not_written(error, run.path)}") from error
    if args.json:
        print(json.dumps(msgspec.to_builtins(card), indent=1))
    else:
        _print(exam.card, card)
    return 0


def _key(file: str | None) -> str:
    """Return the key in a file, else in the environment; it is never an argument, which others could read."""
    import os

    from garage_tui.core.base.home_path import expand_home
    from garage_tui.core.chat.key_file import read_key

    if file:
        return read_key(expand_home(file), "check --key-file")
    return os.environ.get(_KEY, "").strip()


def _print(own: Report, card: ServerCard) -> None:
    import time

    from garage_tui.core.base.format import duration
    from garage_tui.core.base.sanitize import one_line
    from garage_tui.core.exam.server_card_text import lost, sentences, table

    for sentence in sentences(own, card):
        print(one_line(sentence, 400))
    print("\n" + "\n".join(table(own, card)))
    made = time.strftime("%Y-%m-%d %H:%M", time.localtime(card.made))
    print(
        f"\n{card.run} · {one_line(card.model, 80)} at {one_line(card.server, 80)} · {made} in {duration(card.seconds)}"
    )
    shown = [(one, prompt) for prompt in card.prompts for one in lost(prompt)]
    if shown:
        print(f"\nWhat went wrong here only ({min(_LOST, len(shown))} of {len(shown)}):")
    for one, prompt in shown[:_LOST]:
        print(f"\n  {one_line(one.question, 200)}  [{prompt.prompt} system prompt]")
        print(f"    {one_line(one.answer, 300) or '(empty answer)'}")
        print(f"    ✗ {one.verdict}{f': {one_line(one.why, 200)}' if one.why else ''}")
