"""`garage report` of a diffusion run."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from garage_tui.core.exam.diffusion_report import DiffusionReport
    from garage_tui.core.runs.record import Run
    from garage_tui.core.settings.settings import EnergySettings


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
    if args.markdown or args.out is not None:
        from garage_tui.cli.report.markdown import print_or_write
        from garage_tui.core.exam.diffusion_report import read_diffusion_report
        from garage_tui.core.exam.report_markdown import diffusion_markdown

        card = read_diffusion_report(run.path)
        print_or_write(diffusion_markdown(run.id, card, _remedies(run, card)), args.out, force=args.force)
    elif args.json:
        from garage_tui.core.base.safe_open import read_regular
        from garage_tui.core.exam.diffusion_report import read_diffusion_report

        read_diffusion_report(run.path)  # it says what is wrong with a damaged one
        print(json.dumps(json.loads(read_regular(run.path / REPORT)), indent=1))  # ASCII: safe in any terminal
    else:
        _print_card(run, prices)
    return 0


def _remedies(run: Run, card: DiffusionReport) -> list[str]:
    from garage_tui.core.diffusion.recipe import usual_epochs
    from garage_tui.core.exam.diffusion_remedies import diffusion_remedies

    if run.manifest is None:
        return []
    recipe = run.manifest.recipe
    return diffusion_remedies(card, recipe, usual_epochs(recipe)).commands(run.id)


def _print_card(run: Run, prices: EnergySettings) -> None:
    import shlex

    from garage_tui.core.base.format import duration
    from garage_tui.core.exam.diffusion_report import (
        drawn_text,
        grade_of,
        read_diffusion_report,
        result_text,
        table,
    )
    from garage_tui.core.hardware.energy import describe_energy
    from garage_tui.core.images import albums
    from garage_tui.core.runs.grades import SIGNS

    card = read_diffusion_report(run.path)
    print(f"{SIGNS[grade_of(card)]} {card.verdict}\n  {result_text(card)}\n")
    for line in table(card):
        print(f"{line.head}  {line.explanation}")
    print(f"\n{run.id} · {card.source} · {drawn_text(card)}")
    trained = "" if card.cpu_seconds is None else f"training took {duration(card.cpu_seconds)} of CPU time, "
    print(f"{trained}this report card took {duration(card.seconds)}")
    if card.wh is not None:
        print(f"The run used {describe_energy(card.wh, card.wh_from, prices)}.")
    if not run.over:
        print(f"{run.id} is training again: this card is from before; a new one is made when it finishes.")
    if found := _remedies(run, card):
        print("\nWhat to do:")
        for remedy in found:
            print(f"  {remedy}")
    if sheets := albums.run_album(run.path).epochs:
        print(f"\nLast sheet: garage show {shlex.quote(str(sheets[-1].path))}")
