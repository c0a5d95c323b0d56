"""Facts from the chat: how one comes into the open file, and the question about rows that say otherwise.

It is imported with the first fact.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.format import plural
from garage_tui.core.base.sanitize import plain
from garage_tui.core.facts.line import Fact, Line
from garage_tui.core.school.fact_change import FactChange, Outcome, apply_change, plan_change
from garage_tui.core.school.fact_input import FactInput
from garage_tui.core.school.remember import row_mark
from garage_tui.widgets.confirm_and_pick import Confirm

if TYPE_CHECKING:
    from garage_tui.core.facts.store import FactsStore
    from garage_tui.screens.facts.host import FactsHost
    from garage_tui.screens.facts.row_edits import RowEdits

_SHOWN = 3
"""Rows that say otherwise of which the text is shown."""


class ChatFacts:
    """Puts facts from the chat into the open file."""

    def __init__(self, host: FactsHost, edits: RowEdits) -> None:
        self._host, self._edits = host, edits

    async def add(self, fact: Fact) -> tuple[Outcome, str]:
        """Put a fact from another screen into the file and save it; return what happened, and its file and line.

        Raises:
            GarageError: it is not in the file.
        """
        session = self._host.session
        store = session.create()
        change = await self._planned(store, fact)
        if change.outcome == "already there" and change.there:
            return change.outcome, self._place_of(store, change.there)
        position = apply_change(store, change, "a fact from the chat")
        line = store.document.lines[position]
        # A row that is being written stays where it is.
        self._host.show(None if self._host.is_writing else position)
        await self._edits.save("Added a fact from the chat").wait()
        if store.unsaved:
            label = session.label(store.path)
            raise GarageError(f"{label} could not be saved; the fact is kept on Facts: F2 shows why, ^s tries again")
        where = self._place_of(store, line)
        return change.outcome, f"{where}, marked ! (F2 shows why)" if store.document.has_problem(line) else where

    def _place_of(self, store: FactsStore, line: Line) -> str:
        label, position = self._host.session.label(store.path), store.document.find(line)
        return label if position is None else f"{label}, line {position + 1}"

    async def _planned(self, store: FactsStore, fact: Fact) -> FactChange:
        """Return how a fact comes into the file; the owner is asked whether it replaces the rows that say otherwise.

        Raises:
            GarageError: it does not come into the file.
        """
        mark, replace = row_mark("chat"), False
        if fact.exam:  # the table marks what is wrong with an exam question
            return FactChange("added", (Fact(fact.question, fact.answer, {**fact.extra, **mark}),))
        while True:
            document, version = store.document, store.document.version
            given = FactInput(fact.answer, fact.question)
            change = await asyncio.to_thread(plan_change, list(document.lines), given, mark, replace=replace)
            if document.version != version:
                continue  # somebody else wrote the file meanwhile
            if change.outcome != "contradicts":
                return change
            found = change.contradictions
            text = "\n".join(plain(one.text) for one in found[:_SHOWN])
            more = f"\nand {plural(len(found) - _SHOWN, 'more row')}" if len(found) > _SHOWN else ""
            text = f"In the facts file, {text}{more}.\n\nYours: “{plain(fact.answer)}”. Both cannot be taught."
            dialog = Confirm("The facts file says otherwise", text, "replace what the file says", "leave it as it is")
            replace = await self._ask(dialog)
            if not replace:
                raise GarageError("not added: the facts file says otherwise; alt+a brings back what you wrote")

    async def _ask(self, dialog: Confirm) -> bool:
        answer: bool | None = await self._host.ask(dialog)
        return bool(answer)
