"""What else can be done with facts: questions suggested, a row seen as the model will or in one's own editor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from textual import work
from textual.app import SuspendNotSupported

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import plain
from garage_tui.core.facts.coverage import folded
from garage_tui.core.facts.line import Fact
from garage_tui.screens.facts.cell_editing import FactCells
from garage_tui.screens.facts.row_text import many

if TYPE_CHECKING:
    from garage_tui.core.base.settings import Settings, Workspace
    from garage_tui.core.facts.line import Line
    from garage_tui.screens.facts.suggestions_dialog import About

T = TypeVar("T")


class FactTools(FactCells):
    """The actions of the facts pane that use something beyond the table."""

    workspace: Workspace
    settings: Settings
    _broken: tuple[Line, str] | None = None
    """A row that came back from the editor and cannot be read, as it was written there."""

    @work(group="form", exclusive=True)
    async def action_tokens(self) -> None:
        """Show the chosen row as the model will see it."""
        line = self._line
        if line is None or line.fact is None or line.fact.statement:
            self.notice.wrong("only a row with a question and an answer is seen by the model")
            return
        from garage_tui.core.training.recipe import LoraRecipe  # noqa: PLC0415 (not needed for the first paint)
        from garage_tui.screens.facts.token_dialog import TokenDialog  # noqa: PLC0415

        await self.app.push_screen_wait(TokenDialog(line.fact, self.settings.base_model, LoraRecipe().max_length))

    @work(group="form", exclusive=True)
    async def action_suggest(self, about: About) -> None:
        """Offer other questions for the chosen fact, or other wordings of its answer, and take those accepted."""
        line = self._line
        if self.store is None or line is None or line.fact is None:
            self.notice.wrong("a line that cannot be read has no other wordings: mend it with E")
            return
        if about == "answer" and (line.fact.statement or line.fact.exam):
            self.notice.wrong("only the answer of a question that is taught has other wordings")
            return
        from garage_tui.screens.facts.suggestions_dialog import SuggestionsDialog  # noqa: PLC0415 (not needed for the first paint)

        group = self.store.document.coverage.group(line)
        rows = [other.fact for other in group.lines if other.fact and other.fact.question] if group else []
        existing = [row.question if about == "question" else row.answer for row in rows]
        place = self.place or 0
        accepted = await self.app.push_screen_wait(SuggestionsDialog(self.workspace, line.fact, about, existing))
        if accepted and about == "question":
            self._add_questions(line, place, accepted)
        elif accepted:
            self._vary_answers(line, place, accepted)

    def _vary_answers(self, line: Line, place: int, accepted: Sequence[str]) -> None:
        """Give wordings to the fact's rows that repeat another's answer; what is over becomes rows of its own."""
        store, fact = self.store, line.fact
        group = store.document.coverage.group(line) if store else None
        if store is None or fact is None or group is None:
            return
        name = fact.says
        seen, alike = {folded(fact.answer)}, []
        for other in group.questions:
            if other is not line and other.fact:
                answer = folded(other.fact.answer)
                alike += [other] if answer in seen else []
                seen.add(answer)
        given = list(zip(alike, accepted, strict=False))
        if given:
            count = many(len(given), "answer")
            what = f"rewording {count}"
            self._change(
                lambda: store.edit_all([(row, {"answer": text, "fact": name}) for row, text in given], what),
                f"Reworded {count}",
            )
        if rest := accepted[len(given) :]:
            at = store.document.find(line, place)
            at = min(place if at is None else at, len(store.document.lines) - 1) + 1
            rows = [Fact(fact.question, text, {**fact.extra, "fact": name}) for text in rest]
            store.insert(at, rows, f"adding {many(len(rows), 'answer')}")
            self._changed(at, f"Added {many(len(rows), 'answer')}: the same question, said in other words")

    def _add_questions(self, line: Line, place: int, accepted: Sequence[str]) -> None:
        """Put rows that ask otherwise below the one that they are for; what awaited a question takes the first."""
        store, fact = self.store, line.fact
        if store is None or fact is None:
            return
        kept = {key: value for key, value in fact.extra.items() if key != "exam"}
        extra = {**kept, "fact": fact.says}
        at = store.document.find(line, place)
        at = min(place if at is None else at, len(store.document.lines) - 1) + 1
        rows = [Fact(question, fact.answer, extra) for question in accepted]
        count = many(len(rows), "question")
        if fact.statement and store.document.find(line, place) is not None:
            at = store.ask(line, rows, f"adding {count}", place)
        else:
            store.insert(at, rows, f"adding {count}")
        self._changed(at, f"Added {count}: vary their answers with Enter, or have some suggested with S")

    def action_editor(self) -> None:
        """Open the chosen row in the owner's own editor, and take over what comes back."""
        from garage_tui.core.facts import external_editor as own_editor  # noqa: PLC0415

        store, line, place = self.store, self._line, self.place
        if store is None or line is None or place is None:
            return
        text = self._broken[1] if self._broken and self._broken[0] is line else ""
        back = self._lend_terminal(lambda: own_editor.open_row(line, text))
        if back is None:
            return
        new, written = back
        if new is None:
            self._broken = (line, written)
            self.notice.wrong("not taken over: what came back is not JSON. E goes on with it as you left it")
        elif new is line or new.raw == line.raw:
            self.notice.note("nothing was changed")
        else:
            self._broken = None
            self._change(lambda: store.replace(line, new, "editing a row", place))

    def action_editor_file(self) -> None:
        """Open the whole file in the owner's own editor, at the chosen row."""
        from garage_tui.core.facts import external_editor as own_editor  # noqa: PLC0415

        store = self.store
        if store is None:
            return
        if store.unsaved:
            self.notice.wrong("not everything is saved yet: ^s tries again")
            return
        at = (self.place or 0) + 1

        def act() -> bool:
            own_editor.open_file(store.path, at)
            return True

        if self._lend_terminal(act):
            self.run_worker(self._look(), group="look", exclusive=True)

    def _lend_terminal(self, act: Callable[[], T]) -> T | None:
        """Let an editor have the terminal; None where it could not, which was said then."""
        wrong: GarageError | SuspendNotSupported
        try:
            with self.app.suspend():
                try:
                    return act()
                except GarageError as error:
                    wrong = error  # raised out of here, it would keep the terminal from ever coming back
        except SuspendNotSupported as error:
            wrong = error
        self.notice.wrong(plain(str(wrong) or "this terminal cannot be lent to an editor"))
        return None

    async def _look(self) -> None:
        """Follow what an editor or another app does to the file."""
        raise NotImplementedError
