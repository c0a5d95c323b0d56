"""The documents of a workspace: what was read, what was proposed from it, and what the owner decided."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.workspace import Workspace
from garage_tui.core.facts.file import FileStamp, file_stamp
from garage_tui.core.proposals.proposal_file import FOLDER, SUFFIX, read_proposals
from garage_tui.core.review.pass_record import PASS_SUFFIX, PassProgress, is_proposing, read_progress
from garage_tui.core.review.read_copy import (
    COPY_SUFFIX,
    DocumentStamp,
    ReadCopy,
    Standing,
    document_stamp,
    find_standing,
    load_copy,
)

_MAX_DOCUMENTS = 2_000


@dataclass(frozen=True)
class DocumentSummary:
    """One document in the list."""

    name: str
    """As the owner gave it."""
    pages: int = 0
    """0 where the format has none, or nothing is known."""
    accepted: int = 0
    passing: int = 0
    """Open proposals that passed every check."""
    failing: int = 0
    refused: int = 0
    waiting: int = 0
    """Sentences that state something and of which no fact was proposed."""
    standing: Standing = ""
    progress: PassProgress | None = None
    """Of its last pass."""
    problem: str = ""
    """Why its proposals cannot be read; empty if they can."""

    @property
    def is_at_work(self) -> bool:
        return self.progress is not None and self.progress.phase in ("reading", "proposing")


@dataclass(frozen=True)
class _Known:
    """What was read of a document, as long as its files do not change."""

    stamps: tuple[FileStamp | None, FileStamp | None]
    copy: ReadCopy | None
    summary: DocumentSummary


class DocumentListReader:
    """Reads the list again and again; of a document whose files did not change nothing is read again."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._known: dict[str, _Known] = {}
        self._standings: dict[str, tuple[str, DocumentStamp, Standing]] = {}

    def stamp(self) -> object:
        """Return a value that is another one once the list may differ; it reads no file, but looks at each."""
        found = []
        for stem in self._stems():
            paths = self._paths(stem)
            found.append((stem, *map(file_stamp, paths), is_proposing(paths[2])))
        return tuple(found), tuple(document_stamp(self._workspace, name) for name in sorted(self._standings))

    def read(self) -> list[DocumentSummary]:
        """Return all documents by name. It reads the disk: call it in a thread."""
        found = [summary for stem in self._stems() if (summary := self._summary(stem))]
        return sorted(found, key=lambda one: one.name.casefold())

    def _stems(self) -> list[str]:
        folder, stems = self._workspace.root / FOLDER, set[str]()
        with contextlib.suppress(OSError):
            for path in folder.iterdir():
                for suffix in (SUFFIX, COPY_SUFFIX, PASS_SUFFIX):
                    if path.name.endswith(suffix) and not path.name.startswith("."):
                        stems.add(path.name.removesuffix(suffix))
        return sorted(stems)[:_MAX_DOCUMENTS]

    def _paths(self, stem: str) -> tuple[Path, Path, Path]:
        folder = self._workspace.root / FOLDER
        return folder / f"{stem}{SUFFIX}", folder / f"{stem}{COPY_SUFFIX}", folder / f"{stem}{PASS_SUFFIX}"

    def _summary(self, stem: str) -> DocumentSummary | None:
        proposals, copy, progress = self._paths(stem)
        stamps = (file_stamp(proposals), file_stamp(copy))
        known = self._known.get(stem)
        if known is None or known.stamps != stamps:
            before = known.copy if known and known.stamps[1] == stamps[1] else load_copy(copy)
            known = self._known[stem] = _Known(stamps, before, _counted(stem, proposals, before))
        last = read_progress(progress)
        summary = known.summary
        name = known.copy.document.name if known.copy else (last.document if last else summary.name)
        standing = self._standing(known.copy) if known.copy else ""
        return DocumentSummary(
            name,
            summary.pages or (last.pages if last else 0),
            summary.accepted,
            summary.passing,
            summary.failing,
            summary.refused,
            summary.waiting,
            standing,
            last,
            summary.problem,
        )

    def _standing(self, copy: ReadCopy) -> Standing:
        name, sha256 = copy.document.name, copy.document.sha256
        stamp = document_stamp(self._workspace, name)
        known = self._standings.get(name)
        if known is None or known[:2] != (sha256, stamp):
            known = self._standings[name] = (sha256, stamp, find_standing(self._workspace, copy))
        return known[2]


def _counted(stem: str, path: Path, copy: ReadCopy | None) -> DocumentSummary:
    """Return the counts of a document; of proposals those of the version that was read last, if that is known."""
    try:
        found = list(read_proposals(path).proposals.values())
    except GarageError as error:
        return DocumentSummary(stem, problem=str(error))
    name = found[-1].document if found else stem
    if copy:
        found = [one for one in found if one.sha256 == copy.document.sha256]
    counts = Counter(one.state if not one.is_open else "passing" if one.passes else "failing" for one in found)
    return DocumentSummary(
        name,
        pages=copy.document.pages if copy else 0,
        accepted=counts["accepted"],
        passing=counts["passing"],
        failing=counts["failing"],
        refused=counts["refused"],
        waiting=_waiting(copy, [(one.start, one.end) for one in found]) if copy else 0,
    )


def _waiting(copy: ReadCopy, taken: list[tuple[int, int]]) -> int:
    """Return how many sentences state something and are in none of these spans."""
    spans, at, count, end = sorted(taken), 0, 0, 0
    for start, stop, states in copy.sentences:
        while at < len(spans) and spans[at][0] < stop:
            end, at = max(end, spans[at][1]), at + 1
        count += states and end <= start
    return count
