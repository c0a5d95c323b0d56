"""`garage read`: reads documents and shows their passages."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from garage_tui.cli.documents import read_proposals

if TYPE_CHECKING:
    from garage_tui.core.base.workspace import Workspace
    from garage_tui.core.documents.passage import Document
    from garage_tui.core.review.pass_record import PassRecorder


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "read",
        help="read documents: PDF, web pages, Word, EPUB, Markdown, text, manual pages",
        description="Read documents and cut them into passages. For each document the command prints how many pages, "
        "passages and characters it read, and what it left out and why. Exit codes: 0 every document was read, "
        "1 nothing could start, 2 a document cannot be read.",
    )
    parser.add_argument(
        "documents", metavar="FILE|FOLDER|URL", nargs="+", help="files, folders with all their documents, web addresses"
    )
    parser.add_argument("--show", action="store_true", help="print every passage with its page and heading")
    parser.add_argument("--json", action="store_true", help="one JSON document; with --show it has the passages")
    parser.add_argument(
        "--keep",
        action="store_true",
        help="keep the text for the open book and the Documents screen",
    )
    parser.add_argument("--forget", action="store_true", help="read nothing; remove the texts that were kept")
    read_proposals.add_options(parser)
    parser.set_defaults(run=run_read)


def run_read(args: argparse.Namespace) -> int:
    import json

    from garage_tui.core.base.errors import BadInputError
    from garage_tui.core.base.workspace import Workspace

    workspace = Workspace.find(args.workspace)
    failed: list[dict[str, str]] = []
    read: list[dict[str, Any]] = []
    code = 0
    if args.forget:
        return _forget(workspace, args.documents)
    for name in _names(args.documents, workspace, failed):
        try:
            with read_proposals.recorded(args, workspace, name) as recorder:
                found, done = _read_one(args, workspace, name, recorder)
        except BadInputError as error:
            failed.append({"name": name, "error": str(error)})
            if not args.json:
                _complain(str(error))
            continue
        code = max(code, done)
        read.append(found)
    if args.json:
        print(json.dumps({"documents": read, "failed": failed}, indent=2))
    return 2 if failed else code


def _read_one(
    args: argparse.Namespace, workspace: Workspace, name: str, recorder: PassRecorder | None
) -> tuple[dict[str, Any], int]:
    """Read one document, do with it what the options say, and return what `--json` prints of it and the exit code."""
    from garage_tui.core.documents.read_document import read_document
    from garage_tui.core.review.read_copy import document_stamp, save_copy

    show, stamp = _progress(name), document_stamp(workspace, name)

    def on_page(page: int, pages: int) -> None:
        show(page, pages)
        if recorder:
            recorder.read_page(page, pages)

    document = read_document(name, workspace, on_page)
    found: dict[str, Any] = {}
    if args.json:
        found = _as_dict(document, args.show)
    else:
        print("\n".join(_lines(document, args.show)), flush=True)
    if args.keep or read_proposals.is_requested(args):
        save_copy(workspace, document, stamp)
    if not read_proposals.is_requested(args):
        return found, 0
    code, more = read_proposals.run_proposals(args, workspace, document, recorder)
    return found | more, code


def _forget(workspace: Workspace, names: list[str]) -> int:
    """Remove the kept texts of documents, and return the exit code. Proposals and decisions stay."""
    from garage_tui.core.base.sanitize import shown_line
    from garage_tui.core.review.read_copy import remove_copy

    code = 0
    for name in names:
        if remove_copy(workspace, name):
            print(f"{shown_line(name)}: its text is removed; the open book no longer has it")
        else:
            _complain(f"{name}: no text of it is kept here; give its name as you gave it to `garage read`")
            code = 2
    return code


def _names(given: list[str], workspace: Workspace, failed: list[dict[str, str]]) -> Iterator[str]:
    """Yield the names of documents, those in folders one by one."""
    import sys

    from garage_tui.core.base.errors import BadInputError
    from garage_tui.core.base.format import plural
    from garage_tui.core.base.sanitize import shown_line
    from garage_tui.core.documents.folder import find_documents

    for name in given:
        try:
            found = None if "://" in name else find_documents(name, workspace)
        except BadInputError as error:
            failed.append({"name": name, "error": str(error)})
            _complain(str(error))
            continue
        if found is None:
            yield name
            continue
        if not found.names:
            failed.append({"name": name, "error": f"{name}: the folder holds no document that garage reads"})
            _complain(failed[-1]["error"])
        yield from found.names
        left = [plural(found.others, "file") + " of other formats"] * bool(found.others)
        left += [plural(found.links, "link") + ", which is not followed"] * bool(found.links)
        if left:
            print(f"{shown_line(name)}: left out {' and '.join(left)}", file=sys.stderr)


def _complain(error: str) -> None:
    import sys

    from garage_tui.core.base.sanitize import shown_line

    print(f"garage: {shown_line(error, 2000)}", file=sys.stderr)


def _progress(name: str) -> Any:
    """Return what shows on a terminal which page is read."""
    import sys
    import time

    from garage_tui.core.base.sanitize import shown_line

    shown_at = time.monotonic()
    shown_name = shown_line(name[-50:])

    def show(page: int, pages: int) -> None:
        nonlocal shown_at
        if sys.stderr.isatty() and (time.monotonic() - shown_at > 0.2 or page == pages):
            shown_at = time.monotonic()
            end = "\r" if page < pages else "\r\033[K"
            print(f"\r\033[K{shown_name}: page {page:,} of {pages:,}", end=end, file=sys.stderr, flush=True)

    return show


def _lines(document: Document, with_passages: bool) -> list[str]:
    from garage_tui.core.base.format import plural
    from garage_tui.core.base.sanitize import shown_line

    counts = [plural(document.pages, "page")] * bool(document.pages)
    counts += [plural(len(document.passages), "passage"), plural(len(document.text), "character")]
    lines = [f"{shown_line(document.name)} ({document.format}): {', '.join(counts)}"]
    lines += [f"  left out: {reason}" for reason in document.left_out]
    lines += [f"  note: {note}" for note in document.notes]
    for passage in document.passages if with_passages else ():
        place = [f"page {passage.page}"] * bool(passage.page) + [passage.heading] * bool(passage.heading)
        lines += ["", f"[{' · '.join(place) or f'from character {passage.start:,}'}]", passage.text]
    return [*lines, ""] if with_passages else lines


def _as_dict(document: Document, with_passages: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": document.name,
        "title": document.title,
        "format": document.format,
        "sha256": document.sha256,
        "pages": document.pages,
        "characters": len(document.text),
        "passage_count": len(document.passages),
        "left_out": list(document.left_out),
        "notes": list(document.notes),
    }
    if with_passages:
        found["passages"] = [
            {name: getattr(passage, name) for name in ("page", "start", "end", "heading", "text")}
            for passage in document.passages
        ]
    return found
