"""The part of `garage read` that proposes facts: `--propose`, `--list`, `--accept`, `--refuse`."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from garage_tui.core.base.workspace import Workspace
    from garage_tui.core.documents.passage import Document
    from garage_tui.core.proposals.acceptance import Acceptance
    from garage_tui.core.proposals.proposal import Proposal
    from garage_tui.core.review.pass_record import PassRecorder
    from garage_tui.core.settings.settings import Settings


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options for proposals to the parser of `garage read`."""
    group = parser.add_argument_group("facts proposed from the documents")
    group.add_argument(
        "--propose", action="store_true", help="propose facts from the passages that were not offered yet"
    )
    group.add_argument(
        "--writer",
        choices=("auto", "model", "rules"),
        default="auto",
        help="who writes them: the model of [documents] or the one that is served, or rules (default: a model if there "
        "is one)",
    )
    group.add_argument("--most", type=_count, metavar="N", help="offer at most N passages of each document now")
    group.add_argument(
        "--ask-model", action="store_true", help="also check that the model answers with the quote, and not without it"
    )
    group.add_argument("--list", action="store_true", help="list the proposals of the documents with their checks")
    group.add_argument(
        "--accept", metavar="WHICH", help="write proposals into the facts file: passing, all, or ids with commas"
    )
    group.add_argument("--refuse", metavar="WHICH", help="refuse proposals: failing, all, or ids with commas")
    group.add_argument("--file", metavar="FACTS", help="the facts file (default: `facts` in [school])")


def is_requested(args: argparse.Namespace) -> bool:
    """Return whether any of these options is given."""
    return bool(args.propose or args.list or args.accept or args.refuse or args.ask_model)


def recorded(
    args: argparse.Namespace, workspace: Workspace, name: str
) -> contextlib.AbstractContextManager[PassRecorder | None]:
    """Return a context that records the pass over a document for the app; one that does nothing without `--propose`.

    Raises (in the context):
        GarageError: another pass over the document is at work.
    """
    if not args.propose:
        return contextlib.nullcontext()
    from garage_tui.core.review.pass_record import recorded_pass

    return recorded_pass(workspace, name)


def run_proposals(
    args: argparse.Namespace, workspace: Workspace, document: Document, recorder: PassRecorder | None
) -> tuple[int, dict[str, Any]]:
    """Do for one document what the options say, print it unless `--json`, and return exit code and result.

    Raises:
        BadInputError: an id is unknown, or no model is there that was asked for.
        GarageError: a file cannot be read or written, or the server does not answer.
    """
    import asyncio

    from garage_tui.core.proposals.changed_document import move_rows, outdated_quotes
    from garage_tui.core.proposals.proposal_file import proposals_path, read_proposals
    from garage_tui.core.school.remember import facts_file
    from garage_tui.core.settings.settings import load_settings

    passages = document.passages
    if not passages:
        return 0, {}
    settings = load_settings(workspace)
    facts, say = facts_file(workspace, settings, args.file), _quiet if args.json else print
    path = proposals_path(workspace, passages[0].document)
    result: dict[str, Any] = {"proposals_file": str(path)}
    changed = move_rows(facts, passages) if facts.exists() else []
    outdated = [row for row in changed if row.is_outdated]
    result["outdated"] = [{"line": row.line, "question": row.row.question, "quote": row.quote} for row in outdated]
    for row in outdated:
        say(f"  outdated: line {row.line} of {facts.name}: the document no longer says “{_short(row.quote)}”")
    if args.propose:
        result["proposed"] = asyncio.run(_propose(args, workspace, settings, facts, document, recorder))
    if args.ask_model:
        asyncio.run(_ask_model(workspace, settings, path, passages[0].sha256))
    if args.refuse:
        from garage_tui.core.proposals.acceptance import refuse

        refused = _chosen(args.refuse, read_proposals(path).in_state("proposed", "edited"), path)
        refuse(workspace, refused)
        result["refused"] = [one.id for one in refused]
        say(f"  refused {_counted(len(refused))}")
    code = 0
    if args.accept:
        from garage_tui.core.base.errors import GarageError
        from garage_tui.core.proposals.acceptance import accept

        open_ones = read_proposals(path).in_state("proposed", "edited")
        current = [one for one in open_ones if one.sha256 == passages[0].sha256]
        chosen = _chosen(args.accept, current, path)
        done = accept(workspace, facts, chosen, base_model=settings.base_model, outdated=outdated_quotes(changed))
        result["accepted"] = _accepted(done)
        _print_accepted(done, say)
        if done.problem:
            raise GarageError(done.problem)
        code = 2 if done.left_out else 0
    if args.list:
        found = sorted(read_proposals(path).proposals.values(), key=lambda one: one.start)
        result["proposals"] = [_as_dict(one) for one in found]
        for proposal in found:
            say("\n".join(_lines(proposal)))
    return code, result


async def _propose(
    args: argparse.Namespace,
    workspace: Workspace,
    settings: Settings,
    facts: Path,
    document: Document,
    recorder: PassRecorder | None,
) -> dict[str, Any]:
    from garage_tui.core.base.format import plural
    from garage_tui.core.proposals.propose import propose
    from garage_tui.core.proposals.writer_choice import choose_writer

    writer = await choose_writer(workspace, settings, args.writer)
    name = writer.model if writer else "rules"
    if recorder:
        recorder.begin(name, document.pages)
    made, passing, waiting, done, total = 0, 0, 0, 0, 0
    failed: list[str] = []
    async for offered in propose(workspace, facts, document.passages, writer, title=document.title, most=args.most):
        made, passing = made + len(offered.proposals), passing + sum(one.passes for one in offered.proposals)
        waiting, done, total = waiting + len(offered.waiting), offered.done, offered.total
        if offered.reason:
            failed.append(offered.reason)
        _progress(done, total, made)
        if recorder:
            recorder.offered(offered.passage.page, done, total, made)
    if not args.json:
        if total:
            print(
                f"  {done:,} of {plural(total, 'passage')} offered to {name}: {_counted(made)}, {passing:,} passed "
                f"every "
                f"check; {plural(waiting, 'sentence')} without a fact yet"
            )
        else:
            print(f"  every passage was offered to {name} already")
        for reason in failed[:3]:
            print(f"  left out: {reason}")
    return {"writer": name, "passages": done, "of": total, "made": made, "passing": passing, "waiting": waiting}


async def _ask_model(workspace: Workspace, settings: Settings, path: Path, sha256: str) -> None:
    """Ask the model about the open proposals that pass every other check."""
    import time

    from garage_tui.core.base.errors import BadInputError
    from garage_tui.core.proposals.model_check import MODEL_CHECK, asking, check_with_model
    from garage_tui.core.proposals.proposal_file import ProposalEvent, append_events, read_proposals
    from garage_tui.core.proposals.propose import open_proposals
    from garage_tui.core.proposals.writer_choice import choose_writer

    writer = await choose_writer(workspace, settings, "model")
    if writer is None:
        raise BadInputError("no model is there to ask")
    ask = asking(writer.address, writer.model)
    for proposal in open_proposals(read_proposals(path), sha256):
        if proposal.passes and not any(check.name == MODEL_CHECK for check in proposal.checks):
            checked = await check_with_model(proposal, ask)
            append_events(path, [ProposalEvent("proposed", time.time(), proposal=checked)])


def _chosen(which: str, found: Sequence[Proposal], path: Path) -> list[Proposal]:
    """Return the open proposals that `--accept` or `--refuse` names.

    Raises:
        BadInputError: an id is not among them.
    """
    from garage_tui.core.base.errors import BadInputError
    from garage_tui.core.base.sanitize import one_line

    if which in ("all", "passing", "failing"):
        return [one for one in found if which == "all" or one.passes == (which == "passing")]
    by_id = {one.id: one for one in found}
    ids = [part.strip() for part in which.split(",") if part.strip()]
    if unknown := [one for one in ids if one not in by_id]:
        raise BadInputError(f"no open proposal has the id {one_line(', '.join(unknown), 100)}: `--list` shows the ids")
    return [by_id[one] for one in ids]


def _lines(proposal: Proposal) -> list[str]:
    from garage_tui.core.base.sanitize import shown_line

    mark = {"accepted": "✓", "refused": "✗"}.get(proposal.state, "·" if proposal.passes else "!")
    place = f" (page {proposal.page})" if proposal.page else ""
    lines = [f"{mark} {proposal.id} {proposal.state}{place}: {shown_line(proposal.statement, 300)}"]
    lines += [f"    {shown_line(question, 300)}" for question in proposal.questions]
    if proposal.exam_question:
        lines.append(f"    exam: {shown_line(proposal.exam_question, 300)}")
    lines += [f"    answer: {shown_line(proposal.answer, 300)}", f"    quote: {shown_line(proposal.quote, 300)}"]
    return lines + [f"    {check.name}: {shown_line(check.reason, 400)}" for check in proposal.failed]


def _as_dict(proposal: Proposal) -> dict[str, Any]:
    import msgspec

    found: dict[str, Any] = msgspec.to_builtins(proposal)
    return {**found, "passes": proposal.passes}


def _accepted(done: Acceptance) -> dict[str, Any]:
    return {
        "file": str(done.file),
        "rows": done.rows,
        "ids": [one.id for one in done.accepted],
        "left_out": [{"id": one.id, "reason": reason} for one, reason in done.left_out],
    }


def _print_accepted(done: Acceptance, say: Any) -> None:
    from garage_tui.core.base.format import plural
    from garage_tui.core.proposals.acceptance import left_out_text

    say(f"  accepted {_counted(len(done.accepted))}: {plural(done.rows, 'row')} in {done.file}")
    for proposal, reason in done.left_out:
        say(f"  {left_out_text(proposal, reason)}")


def _counted(count: int) -> str:
    from garage_tui.core.base.format import plural

    return plural(count, "proposal")


def _short(text: str) -> str:
    from garage_tui.core.base.sanitize import one_line

    return one_line(text, 120)


def _progress(done: int, total: int, made: int) -> None:
    import sys

    if sys.stderr.isatty():
        end = "\r" if done < total else "\r\033[K"
        print(f"\r\033[K  passage {done:,} of {total:,}: {_counted(made)}", end=end, file=sys.stderr, flush=True)


def _quiet(*_: object) -> None:
    """Print nothing."""


def _count(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("give a whole number from 1")
    return int(text)
