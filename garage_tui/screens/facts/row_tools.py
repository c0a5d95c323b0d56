"""Suggestions for the chosen row, its tokens, and the row or the whole file in the owner's own editor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from textual.app import SuspendNotSupported

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.format import plural
from garage_tui.core.base.sanitize import plain
from garage_tui.core.documents.row_origin import read_origin
from garage_tui.core.facts.line import Fact
from garage_tui.core.language.fold import fold

if TYPE_CHECKING:
    from garage_tui.core.facts.line import Line
    from garage_tui.screens.facts.host import FactsHost
    from garage_tui.screens.facts.row_edits import RowEdits
    from garage_tui.screens.facts.suggestions.suggestions_dialog import About

T = TypeVar("T")


class RowTools:
    """What can be done with a row beyond writing its fields.

    Args:
        reload: reads the open file again, after an editor had it; it is given what went wrong with the editor.
    """

    def __init__(self, host: FactsHost, edits: RowEdits, reload: Callable[[str], object]) -> None:
        self._host, self._edits, self._reload = host, edits, reload
        self._broken: tuple[Line, str] | None = None
        """A row that came back from the editor and cannot be read, as it was written there."""

    def show_tokens(self) -> None:
        """Show the chosen row as the model will see it."""
        self._host.run_worker(self._show_tokens, group="form", exclusive=True)

    async def _show_tokens(self) -> None:
        line = self._host.line
        if line is None or line.fact is None or line.fact.is_statement:
            self._host.notice.wrong("Only a row with a question and an answer has tokens to show")
            return
        from garage_tui.core.training.recipe import LoraRecipe  # noqa: PLC0415 (not needed for the first paint)
        from garage_tui.screens.facts.token_dialog import TokenDialog  # noqa: PLC0415

        await self._host.ask(TokenDialog(line.fact, self._host.settings.base_model, LoraRecipe().max_length))

    def show_page(self) -> None:
        """Show the sentence of the document that the chosen row came from."""
        line = self._host.line
        if line and line.fact and (origin := read_origin(line.fact.extra)):
            from garage_tui.screens.common.messages import PageRequested  # noqa: PLC0415 (not needed for the first paint)

            self._host.post_message(PageRequested(origin.document, origin.start, origin.quote))
        else:
            self._host.notice.wrong("This row does not say which sentence it came from")

    def suggest(self, about: About) -> None:
        """Offer other questions for the chosen fact, or other wordings of its answer, and add those accepted."""
        self._host.run_worker(partial(self._suggest, about), group="form", exclusive=True)

    async def _suggest(self, about: About) -> None:
        store, line = self._host.session.store, self._host.line
        if store is None or line is None or line.fact is None:
            self._host.notice.wrong("This line cannot be read, so there is nothing to reword: fix it with E")
            return
        if about == "answer" and (line.fact.is_statement or line.fact.exam):
            self._host.notice.wrong("Only the answers of taught questions can be reworded")
            return
        from garage_tui.screens.facts.suggestions.suggestion_model import SuggestionModel  # noqa: PLC0415 (not needed for the first paint)
        from garage_tui.screens.facts.suggestions.suggestions_dialog import SuggestionsDialog  # noqa: PLC0415

        group = store.document.coverage.group(line)
        rows = [other.fact for other in group.lines if other.fact and other.fact.question] if group else []
        existing = [row.question if about == "question" else row.answer for row in rows]
        position = self._host.position or 0
        model = SuggestionModel(self._host.workspace, self._host.settings, key="m")
        accepted = await self._host.ask(SuggestionsDialog(model, line.fact, about, existing))
        if accepted and about == "question":
            self._add_questions(line, position, accepted)
        elif accepted:
            self._vary_answers(line, position, accepted)

    def _vary_answers(self, line: Line, position: int, accepted: Sequence[str]) -> None:
        """Give wordings to those rows of the fact that repeat an answer; the rest become new rows."""
        store, fact = self._host.session.store, line.fact
        group = store.document.coverage.group(line) if store else None
        if store is None or fact is None or group is None:
            return
        name = fact.content
        seen, alike = {fold(fact.answer)}, []
        for other in group.questions:
            if other is not line and other.fact:
                answer = fold(other.fact.answer)
                alike += [other] if answer in seen else []
                seen.add(answer)
        given = list(zip(alike, accepted, strict=False))
        if given:
            count = plural(len(given), "answer")
            what = f"rewording {count}"
            self._edits.change(
                lambda: store.edit_all([(row, {"answer": text, "fact": name}) for row, text in given], what),
                f"Reworded {count}",
            )
        if rest := accepted[len(given) :]:
            at = store.document.find(line, position)
            at = min(position if at is None else at, len(store.document.lines) - 1) + 1
            rows = [Fact(fact.question, text, {**fact.extra, "fact": name}) for text in rest]
            store.insert(at, rows, f"adding {plural(len(rows), 'answer')}")
            self._edits.changed(at, f"Added {plural(len(rows), 'answer')}: the same question, answered in other words")

    def _add_questions(self, line: Line, position: int, accepted: Sequence[str]) -> None:
        """Put other questions below the row that they are for; a row without a question takes the first one."""
        store, fact = self._host.session.store, line.fact
        if store is None or fact is None:
            return
        kept = {key: value for key, value in fact.extra.items() if key != "exam"}
        extra = {**kept, "fact": fact.content}
        at = store.document.find(line, position)
        at = min(position if at is None else at, len(store.document.lines) - 1) + 1
        rows = [Fact(question, fact.answer, extra) for question in accepted]
        count = plural(len(rows), "question")
        if fact.is_statement and store.document.find(line, position) is not None:
            at = store.add_questions(line, rows, f"adding {count}", position)
        else:
            store.insert(at, rows, f"adding {count}")
        self._edits.changed(at, f"Added {count} · Enter edits a row, S rewords its answer")

    def open_row_in_editor(self) -> None:
        """Open the chosen row in the owner's editor, and replace it with the edited one."""
        from garage_tui.core.facts import external_editor  # noqa: PLC0415

        host = self._host
        store, line, position = host.session.store, host.line, host.position
        if store is None or line is None or position is None:
            return
        text = self._broken[1] if self._broken and self._broken[0] is line else ""
        back, problem = self._lend_terminal(lambda: external_editor.open_row(line, text))
        if back is None:
            host.notice.wrong(problem)
            return
        new, written, why = back
        if new is None:
            self._broken = (line, written) if written.strip() else None
            again = ". E opens it again as you left it" if written.strip() else ""
            self._host.notice.wrong(plain(f"Not saved: {why}{again}"))
        elif new is line or new.raw == line.raw:
            self._host.notice.note("Nothing was changed")
        else:
            self._broken = None
            self._edits.change(lambda: store.replace(line, new, "editing a row", position))

    def open_file_in_editor(self) -> None:
        """Open the whole file in the owner's own editor, at the chosen row."""
        from garage_tui.core.facts import external_editor  # noqa: PLC0415

        store = self._host.session.store
        if store is None:
            return
        if store.unsaved:
            self._host.notice.wrong("Some changes are not saved yet: ^s tries again")
            return
        at = (self._host.position or 0) + 1

        _, problem = self._lend_terminal(lambda: external_editor.open_file(store.path, at))
        if problem:
            self._host.notice.wrong(problem)
        self._reload(problem)  # an editor that failed may have written, too

    def _lend_terminal(self, act: Callable[[], T]) -> tuple[T | None, str]:
        """Run an editor in this terminal; return its result, or None and what went wrong, as a sentence."""
        wrong: GarageError | SuspendNotSupported
        try:
            with self._host.suspend():
                try:
                    return act(), ""
                except GarageError as error:
                    wrong = error  # raised out of here, it would keep the terminal from ever coming back
        except SuspendNotSupported as error:
            wrong = error
        return None, plain(str(wrong) or "This terminal cannot open an editor")
