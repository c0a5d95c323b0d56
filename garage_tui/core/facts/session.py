"""The facts files of one app: opening, saving and merging them, and what a killed app left of them.

It opens no dialog. A question that only the owner can answer comes back as a value (`Conflict`, `leftovers`), and the
answer is a call.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.format import plural
from garage_tui.core.base.sanitize import plain
from garage_tui.core.base.write_errors import why_not_written
from garage_tui.core.facts.external_change import ExternalChange
from garage_tui.core.facts.file import find_files
from garage_tui.core.facts.journal import UnsavedText
from garage_tui.core.facts.row_problems import first_problem
from garage_tui.core.facts.store import FactsStore
from garage_tui.core.facts.three_way_merge import Choice
from garage_tui.core.settings.settings import Workspace

_CONFLICT = "the same rows were changed on disk"


class Conflict(msgspec.Struct, frozen=True):
    """The same rows were changed here and on disk; `Saving.resolve` takes the owner's choice."""

    change: ExternalChange


class Saving(msgspec.Struct):
    """One try to write what is not saved of a file, step by step."""

    store: FactsStore
    merged: bool = False
    """True when our changes were put into a version that somebody else wrote."""
    discarded: bool = False
    """True when the owner chose the version on disk, so that our changes of those rows were given up."""

    async def step(self) -> Literal["saved", "rows changed"] | Conflict:
        """Write until something has to be shown or asked.

        Returns:
            "saved" when everything is on disk; "rows changed" when the rows have to be shown again before the next
            step; a conflict that has to be resolved before the next step.

        Raises:
            GarageError: the file cannot be written. Nothing is lost: the change is in memory and in the journal.
        """
        while self.store.unsaved or await asyncio.to_thread(self.store.gone):
            change = await asyncio.to_thread(self.store.save)
            if change is None:
                continue
            if change.clashes:
                return Conflict(change)
            self.merged = self.store.accept(change) or self.merged
            return "rows changed"
        return "saved"

    async def resolve(self, conflict: Conflict, choice: Choice) -> None:
        """Take the owner's choice; afterwards the rows have to be shown again, and `step` goes on."""
        if not self.store.accept(conflict.change, choice):
            return  # the rows were changed while the question was open: the next step compares again
        self.merged = True
        if choice == "theirs":
            self.discarded = True
            await asyncio.to_thread(self.store.save)  # out of the journal too


class FactsSession:
    """The facts files that were opened since the start, the one in front among them.

    Files that were open before stay in memory, so that undo reaches back after another file was open.

    Args:
        workspace: where facts files are looked for.
        journals: the folder of journals.
        path: the file to open first; by default `datasets/garage.jsonl`, else the first there is.
    """

    def __init__(self, workspace: Workspace, journals: Path, path: Path | None = None) -> None:
        self.store: FactsStore | None = None
        """The file in front; None before the first one could be read."""
        self.problem = ""
        """What is wrong with the file that was read last; empty if nothing is."""
        self._workspace, self._journals, self._path = workspace, journals, path
        self._stores: dict[Path, FactsStore] = {}
        self.save_lock = asyncio.Lock()
        """Held from the first step of a `Saving` to its last, so that one question is asked at a time."""
        self._question_open = asyncio.Event()

    @property
    def path(self) -> Path | None:
        """The file in front; None if it is not on disk yet."""
        return self.store.path if self.store and self.store.path.exists() else None

    @property
    def intended_path(self) -> Path:
        """The file in front; before there is one, the file that the first fact makes."""
        return self.store.path if self.store else self._path or self._workspace.datasets / "garage.jsonl"

    def label(self, path: Path | None = None) -> str:
        """Return a file's name as a person in this workspace writes it; by default that of the file in front."""
        path = path or self.intended_path
        inside = path.is_relative_to(self._workspace.root)
        return plain(str(path.relative_to(self._workspace.root) if inside else path))

    def files(self) -> list[Path]:
        """Return the facts files that can be opened."""
        return find_files(self._workspace.datasets)

    def open(self, path: Path | None = None) -> None:
        """Bring a file to the front; in a thread, since it may be long. `problem` says what is wrong with it.

        Args:
            path: the file, which need not exist; by default the one that this session begins with.
        """
        self.problem = ""
        # Of a file that is not there yet, too, somebody may have left a half-written fact behind.
        chosen = path or self._path or next(iter(self.files()), self.intended_path)
        try:
            store = self._stores.get(chosen) or FactsStore(chosen, self._journals)
        except GarageError as error:
            self.problem = plain(str(error))
            return
        self.problem = first_problem(store.document)
        self._stores[chosen] = self.store = store

    def create(self) -> FactsStore:
        """Return the file in front; begin a new one if there is none.

        Raises:
            GarageError: a file is there and cannot be read.
        """
        if self.store is None:
            path = self.intended_path
            self.store = self._stores[path] = FactsStore(path, self._journals)
        return self.store

    # What others write

    async def changed_on_disk(self) -> bool:
        """Return whether the file in front has to be read again; not while something here is unsaved."""
        store = self.store
        return store is not None and not store.unsaved and await asyncio.to_thread(store.changed)

    async def reload(self, what: str = "") -> bool:
        """Read the file in front again; return whether its rows are other ones now.

        Args:
            what: names the change for undo; without it the change cannot be undone.

        Raises:
            GarageError: it cannot be read.
        """
        store = self.store
        if store is None:
            return False
        change = await asyncio.to_thread(store.read)
        return store is self.store and store.adopt(change, what)

    @contextlib.contextmanager
    def question_open(self) -> Iterator[None]:
        """While the owner is asked about a conflict: `save_lock` is held until the answer, which may never come."""
        self._question_open.set()
        try:
            yield
        finally:
            self._question_open.clear()

    async def save_all(self, draft: UnsavedText | None = None) -> str:
        """Save all files before the app is left; return what stays unsaved, as sentences, and nothing if all is saved.

        Args:
            draft: the row that is being written in the file in front.
        """
        sentences = []
        for store in self._stores.values():
            why = await self._why_unsaved(store) if store.unsaved else ""
            kept = [plural(store.unsaved, "change")] if store.unsaved else []
            kept += ["the row that you were writing"] if draft and store is self.store else []
            if kept:
                reason = f"{self.label(store.path)} could not be saved: {why}. " if why else ""
                where = "" if why else f" of {self.label(store.path)}"
                sentences.append(f"{reason}Unsaved work{where}, {' and '.join(kept)}, is offered at the next start.")
        return "\n".join(sentences)

    async def unsaved_files(self) -> dict[Path, str]:
        """Try to save all files; return, for each that is not saved, what of it is not, as a sentence."""
        found = {}
        for store in self._stores.values():
            if store.unsaved and (why := await self._why_unsaved(store)):
                found[store.path] = f"{plural(store.unsaved, 'change')} of {self.label(store.path)} not saved: {why}."
        return found

    async def _why_unsaved(self, store: FactsStore) -> str:
        """Try to save a file; return why it is not saved, and nothing if it is."""
        if not await self._take_turn():
            return _CONFLICT
        try:
            saving = Saving(store)
            while (step := await saving.step()) != "saved":
                if isinstance(step, Conflict):
                    return _CONFLICT
        except GarageError as error:
            cause = error.__cause__
            why = why_not_written(cause, store.path) if isinstance(cause, OSError) else str(error)
            return plain(why)
        finally:
            self.save_lock.release()
        return ""

    async def _take_turn(self) -> bool:
        """Take `save_lock` after the savings that are under way; False once one of them waits for the owner."""
        turn = asyncio.create_task(self.save_lock.acquire())
        question = asyncio.create_task(self._question_open.wait())
        try:
            await asyncio.wait({turn, question}, return_when=asyncio.FIRST_COMPLETED)
            return turn.done()
        finally:
            turn.cancel()
            question.cancel()

    def close(self, draft: UnsavedText | None = None) -> None:
        """Save what is unsaved and let go of all files; what cannot be saved is offered at the next start.

        Args:
            draft: the row that is being written in the file in front.
        """
        for store in self._stores.values():
            if store is self.store and draft:
                store.keep_draft(draft)
            if store.unsaved:
                with contextlib.suppress(GarageError):  # what the file does not take stays in the journal
                    store.save()
            store.close(keep_draft=store is self.store and draft is not None)
