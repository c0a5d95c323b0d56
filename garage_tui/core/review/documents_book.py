"""The open book of documents: the passages of all documents that were read in a workspace, found by a question."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

from garage_tui.core.base.workspace import Workspace
from garage_tui.core.documents.retrieval import PassageIndex, RetrievedPassage
from garage_tui.core.facts.file import FileStamp, file_stamp
from garage_tui.core.proposals.proposal_file import FOLDER
from garage_tui.core.review.read_copy import COPY_SUFFIX, load_copy


class DocumentsBook:
    """Looks up questions in the documents of a workspace; can be used by several threads.

    Documents are searched as they were last read (`documents/*.read.json`). The index is made at the first question,
    and again when a document was read since.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._folder = workspace.root / FOLDER
        self._guard = threading.Lock()
        self._stamps: dict[Path, FileStamp | None] = {}
        self._index: PassageIndex | None = None

    def find(self, question: str) -> list[RetrievedPassage]:
        """Return the passages that a question is about, the best first. Blocks: it may read files.

        Raises:
            GarageError: this Python's SQLite cannot search texts.
        """
        with self._guard:
            self._update()
            return self._index.find(question) if self._index else []

    def _update(self) -> None:
        paths: list[Path] = []
        with contextlib.suppress(OSError):
            paths = sorted(path for path in self._folder.iterdir() if path.name.endswith(COPY_SUFFIX))
        stamps = {path: file_stamp(path) for path in paths}
        if stamps == self._stamps:
            return
        if self._index:
            self._index.close()
            self._index = None
        copies = (load_copy(path) for path in paths)
        documents = [copy.document for copy in copies if copy]
        if documents:
            self._index = PassageIndex(documents)
        self._stamps = stamps
