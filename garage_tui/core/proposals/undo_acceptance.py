"""Takes back what accepted proposals wrote into a facts file, as long as nobody has changed those rows since."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.workspace import journals_folder
from garage_tui.core.facts.store import FactsStore
from garage_tui.core.proposals.acceptance import WrittenRows

_TRIES = 50
CHANGED = "its rows were changed or removed since, so they stay as they are"


def undo_acceptance(path: Path, written: Sequence[WrittenRows]) -> frozenset[str]:
    """Take rows out of a facts file that acceptance wrote, and put back what it superseded. Call it in a thread.

    Return the ids of the proposals whose rows stay, because somebody has changed one of them since. Rows of others are
    never touched.

    Args:
        written: as `acceptance.accept` returns them.

    Raises:
        GarageError: the file cannot be read or written; it is then as it was.
    """
    for _ in range(_TRIES):
        store = FactsStore(path, journals_folder(), if_unsaved="nothing was undone")
        try:
            kept = _take_back(store, written)
            if store.save() is None:
                return kept
        finally:
            store.abandon()
    raise GarageError(f"{path} is written by others all the time, so nothing was undone: try again")


def _take_back(store: FactsStore, written: Sequence[WrittenRows]) -> frozenset[str]:
    kept: set[str] = set()
    groups: dict[str, list[WrittenRows]] = {}
    for one in reversed(written):  # the newest first
        groups.setdefault(one.proposal.id, []).append(one)
    for id_, group in groups.items():
        done = 0
        for one in group:
            if not store.take_back(one.change):
                break
            done += 1
        if done < len(group):
            kept.add(id_)
            for _ in range(done):
                store.undo()
    return frozenset(kept)
