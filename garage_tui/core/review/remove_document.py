"""Takes a document off the list of documents."""

from __future__ import annotations

import contextlib

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.workspace import Workspace
from garage_tui.core.facts.file import BACKUP
from garage_tui.core.proposals.proposal_file import one_writer, proposals_path
from garage_tui.core.review.pass_record import is_proposing, pass_path
from garage_tui.core.review.read_copy import remove_copy


def remove_document(workspace: Workspace, name: str) -> None:
    """Remove the text of a document and the record of its last pass, and set its proposals aside as `….bak`.

    The document itself and the rows of the facts file stay. It touches the disk: call it in a thread.

    Raises:
        GarageError: a pass is at work on the document, or a file cannot be removed.
    """
    progress, proposals = pass_path(workspace, name), proposals_path(workspace, name)
    if is_proposing(progress):
        raise GarageError(f"{one_line(name, 200)} is being read: pause it first (p)")
    try:
        with one_writer(proposals):
            with contextlib.suppress(FileNotFoundError):
                proposals.replace(proposals.with_name(proposals.name + BACKUP))
            progress.unlink(missing_ok=True)
    except OSError as error:
        raise GarageError(f"{one_line(name, 200)} cannot be taken off the list: {error.strerror or error}") from error
    remove_copy(workspace, name)
