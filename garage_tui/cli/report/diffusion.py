"""`garage report` of a diffusion run."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from garage_tui.core.base.settings import EnergySettings
    from garage_tui.core.runs.record import Run


def run_card(args: argparse.Namespace, run: Run, prices: EnergySettings) -> int:
    """Print the report card of a diffusion run.

    Raises:
        BadInputError: it has none, or an option is only for LoRA runs.
    """
    import json

    from garage_tui.core.base.errors import BadInputError
    from garage_tui.core.exam.diffusion_report import missing_card_text
    from garage_tui.core.exam.report import REPORT
    from garage_tui.core.launch.exam_process import refusal

    if args.questions:
        raise BadInputError(f"{run.id} is a diffusion run, which has no questions: leave out --questions")
    if args.again:
        raise BadInputError(refusal(run))
    if not (run.path / REPORT).exists():
        raise BadInputError(missing_card_text(run))
    if args.markdown or args.out:
        from garage_tui.cli.report.markdown import print_or_write
        from garage_tui.core.exam.diffusion_report import read_diffusion_report
        from garage_tui.core.exam.report_markdown import diffusion_markdown

        print_or_write(diffusion_markdown(run.id, read_diffusion_report(run.path)), args.out, force=args.force)
    elif args.json:
        from garage_tui.core.base.safe_open import read_regular
        from garage_tui.core.exam.diffusion_report import read_diffusion_report

        read_diffusion_report(run.path)  # it says what is wrong with a damaged one
        print(json.dumps(json.loads(read_regular(run.path / REPORT)), indent=1))  # ASCII: safe in any terminal
    else:
        _print_card(run, prices)
    return 0


def _print_card(run: Run, prices: EnergySettings) -> None:
    import shlex

    from garage_tui.core.base.format import duration
    from garage_tui.core.exam.diffusion_report import read_diffusion_report, result_text, table
    from garage_tui.core.exam.report_text import sign
    from garage_tui.core.hardware.energy import describe_energy
    from garage_tui.core.images import albums

    card = read_diffusion_report(run.path)
    print(f"{sign(card.passed)} {card.verdict}\n  {result_text(card)}\n")
    rows = table(card)
    name, figure = (max(len(row[column]) for row in rows) for column in (0, 1))
    for row in rows:
        print(f"{row[0]:<{name}}  {row[1]:>{figure}}  {row[2]}")
    print(f"\n{run.id} · {card.source} · {card.samples} pictures by {card.sampler} after epoch {card.epoch}")
    trained = "" if card.cpu_seconds is None else f"training took {duration(card.cpu_seconds)} of CPU time, "
    print(f"{trained}this report card took {duration(card.seconds)}")
    if card.wh is not None:
        print(f"The run used {describe_energy(card.wh, card.wh_from, prices)}.")
    if not run.over:
        print(f"{run.id} is training again: this card is from before; a new one is made when it finishes.")
    if sheets := albums.run_album(run.path).epochs:
        print(f"\nLast sheet: garage show {shlex.quote(str(sheets[-1].path))}")
