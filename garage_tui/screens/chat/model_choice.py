"""Which models answer in the chat: the base model, and the run whose model is the tuned one."""

from __future__ import annotations

import asyncio

from textual.content import Content

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.format import model_label
from garage_tui.core.base.sanitize import one_line, plain
from garage_tui.core.chat.transcripts import Side, Transcript
from garage_tui.core.models import base_models
from garage_tui.core.monitor.run_watcher import RunSnapshot
from garage_tui.core.runs.folder import COMPLETE
from garage_tui.screens.chat.asker import Asker
from garage_tui.screens.chat.column_choice import SIDES
from garage_tui.screens.chat.conversations import Conversations
from garage_tui.screens.chat.host import ChatHost
from garage_tui.screens.common.run_text import fraction

_BASE_HINT = "Ask a question below. All models get the same question and answer side by side."
_BOOK_HINT = "The base model again, with the facts that match your question in its prompt. It learns nothing."
_TUNED_HINT = "This model learned {rows} rows. Ask about something that you taught it, and about something else."
_NAMED_TUNED_HINT = "The server's model {model} answers here, because `tuned` in [chat] of your settings names it."
_NO_TUNED_HINT = (
    "No tuned model yet.\n\nF2 shows your facts, t teaches them. When that run has finished, its model answers here."
)
_LASTING_HINT = (
    "The model in service answers here, as it answers whoever asks the server for {name}: with the facts that it has "
    "not learned yet, if the question is about them. P on Runs (F3) puts another run in service."
)
_TRAINING_HINT = (
    "No tuned model yet: {run} {state}. When it has finished, its model answers here. F3 shows its progress."
)


class ModelChoice:
    """Chooses the run whose model is the tuned one; hints and titles of the columns show who answers."""

    def __init__(self, host: ChatHost, conversations: Conversations, asker: Asker, first_run: str | None) -> None:
        """Choose `first_run` as soon as it is seen, else the newest run."""
        self._host, self._conversations, self._asker = host, conversations, asker
        self._first_run = first_run
        self._tuned: RunSnapshot | None = None
        self._is_lasting = False
        """True while the lasting name is asked, whichever run is in service."""
        self._in_service: str | None = None
        """Id of the run in service, empty for none; None before the runs were seen."""
        self._was_picked = False
        """True once the user has picked a run: then newer ones do not replace it."""
        self._known: frozenset[str] = frozenset()
        """Ids of the runs that had a model when the user last chose one, or saw the list."""
        self._offered = ""
        """Id of a newer run whose model is offered; empty if none is."""
        self._offer_text = ""
        """What the state line said when that was offered."""
        self._missing_run = ""
        """Run of an opened conversation that does not exist any more."""

    @property
    def run_id(self) -> str:
        """Id of the run whose model is the tuned one; empty if there is none."""
        return self._tuned.id if self._tuned else ""

    @property
    def model_id(self) -> str:
        """The id that the tuned model is asked by: the run's, or the lasting name; empty if there is none."""
        return self._host.server.lasting_name if self._is_lasting else self.run_id

    @property
    def sides(self) -> list[Side]:
        """The sides that the next question goes to."""
        is_asked: dict[Side, bool] = {
            "base": True,
            "book": self._host.columns.choice.asks_open_book,
            "tuned": bool(self.model_id or self._host.server.tuned),
        }
        return [side for side in SIDES if is_asked[side]]

    @property
    def has_tuned(self) -> bool:
        """Whether the tuned model is asked, or has answered in the open conversation."""
        return "tuned" in self.sides or self._conversations.open.transcript.has_answers("tuned")

    # Titles and hints

    def show_hints(self) -> None:
        """Show what each column is for, until something is asked."""
        columns = self._host.columns
        columns["base"].show_hint(_BASE_HINT)
        columns["book"].show_hint(_BOOK_HINT)
        columns["tuned"].show_hint(_NO_TUNED_HINT)
        self._host.run_worker(self._show_download_hint(), group="base")

    async def _show_download_hint(self) -> None:
        if self._host.settings.chat.server:
            return
        if hint := await asyncio.to_thread(_download_hint, self._host.server.base):
            self._host.columns["base"].show_hint(f"{_BASE_HINT}\n\n{hint}")

    def show_titles(self) -> None:
        """Show above each column who answers there."""
        columns, server = self._host.columns, self._host.server
        no_run = f"missing: {self._missing_run}" if self._missing_run else "none yet"
        columns["base"].set_title("Base · ", one_line(model_label(server.base), 60))
        columns["book"].set_title("Open book · ", plain(self._host.facts_file.name))
        if self._is_lasting:
            columns["tuned"].set_title(f"Tuned · {server.lasting_name}, now ", self.run_id or "the base model")
        else:
            columns["tuned"].set_title("Tuned · ", one_line(server.tuned, 60) or self.run_id or no_run)

    # Choosing

    def show_runs(self, runs: tuple[RunSnapshot, ...]) -> None:
        """Choose the newest run, if none is chosen and the open conversation can go on with it."""
        candidates = _candidates(runs)
        self._follow_service(runs)
        if self._is_lasting:
            self._offer(candidates)
            return
        if self._first_run and any(run.id == self._first_run for run in candidates):
            self.choose_run(self._first_run)
            self._first_run = None
        if self._tuned and any(run.id == self._tuned.id for run in candidates):
            self._offer(candidates)
            return
        newest, transcript = candidates[0] if candidates else None, self._conversations.open.transcript
        # A conversation with another base model stays open: this run's base could not go on with it.
        would_close = bool(transcript.turns) and self._base_of(newest) != self._host.server.base
        if not (self._was_picked or self._asker.is_answering or would_close or transcript.has_answers("tuned")):
            self._choose(newest)
        if not self._tuned and not self._host.server.tuned:
            self._host.columns["tuned"].show_hint(_no_tuned_hint(runs))
        self._offer(candidates)

    def _follow_service(self, runs: tuple[RunSnapshot, ...]) -> None:
        """Say so when another run is in service than before; where the lasting name is asked, that run answers."""
        run = next((run for run in runs if run.service), None)
        before, self._in_service = self._in_service, run.id if run else ""
        if before is None or before == self._in_service:
            return
        if self._is_lasting:
            self._use(run, self._base_of(run), is_lasting=True)
        if name := self._host.server.lasting_name:
            text = f"{run.id} is in service now: it answers as {name}" if run else f"no run answers as {name} now"
            self._host.notice.note(text)

    def _offer(self, candidates: list[RunSnapshot]) -> None:
        """Offer the newest of the models that were not there when the user last chose one."""
        new = [run for run in candidates if run.id not in self._known]
        newest = max(new, key=lambda run: (run.state.ended or 0.0) if run.state else 0.0, default=None)
        offered = newest.id if newest and not self._host.server.tuned else ""
        if newest and offered and offered != self._offered:
            kind = "newer" if self.run_id else "tuned"
            self._offer_text = f"A {kind} model is here: ^t chooses it ({newest.id})"
            self._host.notice.note(self._offer_text)
        self._offered = offered
        self.show_offer()

    def show_offer(self) -> None:
        """Show below a column that a newer model can be chosen; of the columns that are seen, the tuned one's."""
        columns, visible = self._host.columns, self._host.columns.visible_sides
        side = "tuned" if "tuned" in visible or not visible else visible[-1]
        text = f"a {'newer' if self.run_id else 'tuned'} model is here: "
        for one in SIDES:
            shown = self._offered and one == side
            if shown or columns[one].border_subtitle:  # setting it paints the whole conversation
                columns[one].border_subtitle = Content.assemble(text, ("^t", "bold $primary")) if shown else None

    def _take_note_of(self, candidates: list[RunSnapshot]) -> None:
        """Offer none of these models: the user knows them."""
        self._known, self._offered = frozenset(run.id for run in candidates), ""
        if self._offer_text and self._host.notice.text == self._offer_text:
            self._host.notice.clear()
        self.show_offer()

    def choose_run(self, run_id: str) -> None:
        """Choose a run, or say that it has no model that could answer."""
        run = next((run for run in _candidates(self._host.runs) if run.id == run_id), None)
        if run is None:
            self._host.notice.wrong(f"{plain(run_id)} has no finished model: another one answers. ^t shows them")
            return
        self._was_picked = True
        self._choose(run)

    def pick(self) -> None:
        """Let the user pick the run."""
        self._host.run_worker(self._pick(), group="form", exclusive=True)

    async def _pick(self) -> None:
        candidates, name = _candidates(self._host.runs), self._host.server.lasting_name
        if not candidates:
            if run := _in_training(self._host.runs):
                self._host.notice.note(f"no tuned model yet: {run.id} {_how_far(run)}; F3 shows its progress")
            elif not name:
                self._host.notice.wrong("no tuned model yet: F2 shows your facts, t teaches them")
            if not name:
                return
        from garage_tui.core.runs.promotion import describe_service  # noqa: PLC0415
        from garage_tui.screens.chat.tuned_model_dialog import TunedModelDialog  # noqa: PLC0415 (not needed for the first paint)

        current = self._offered or self.model_id
        self._take_note_of(candidates)
        lasting = (name, await asyncio.to_thread(describe_service, self._host.workspace)) if name else None
        chosen = await self._host.ask(TunedModelDialog(candidates, current, lasting))
        if chosen == name and name:
            self._choose_lasting()
        elif chosen is not None:
            self.choose_run(chosen)

    def _choose_lasting(self) -> None:
        self._was_picked = True
        if not self._is_lasting:
            run = next((run for run in self._host.runs if run.service), None)
            self._leave_conversation(self._base_of(run))
            self._use(run, self._base_of(run), is_lasting=True)

    def adopt(self, transcript: Transcript) -> None:
        """Choose the models that answered in a transcript."""
        is_lasting = bool(transcript.run) and transcript.run == self._host.server.lasting_name
        candidates = _candidates(self._host.runs)
        run = next((run for run in candidates if (run.service if is_lasting else run.id == transcript.run)), None)
        self._was_picked = True
        missing = "" if run or is_lasting else transcript.run
        self._use(run, transcript.base or self._host.settings.base_model, missing, is_lasting=is_lasting)
        choice = self._host.columns.choice
        if transcript.has_answers("book") and not choice.asks_open_book:
            choice.index = 1
        self._host.lay_out()

    def _choose(self, run: RunSnapshot | None) -> None:
        if run is not None and run.id == self.run_id and not self._is_lasting:
            return
        base = self._base_of(run)
        self._leave_conversation(base)
        self._use(run, base)

    def _leave_conversation(self, base: str) -> None:
        """Begin a new conversation if another model would have to go on with what these answered.

        The conversation so far stays in its file.
        """
        has_tuned = self._conversations.open.transcript.has_answers("tuned")
        if self._asker.is_answering or base != self._host.server.base or has_tuned:
            self._conversations.branch()

    def _base_of(self, run: RunSnapshot | None) -> str:
        name = str(run.manifest.base.get("name", "")) if run and run.manifest else ""
        return name or self._host.settings.base_model

    def _use(self, run: RunSnapshot | None, base: str, missing_run: str = "", *, is_lasting: bool = False) -> None:
        server = self._host.server
        self._tuned, self._missing_run, self._is_lasting = run, missing_run, is_lasting
        self._take_note_of(_candidates(self._host.runs))
        server.choose_base(base)
        rows = run.manifest.dataset.get("rows", "?") if run and run.manifest else "?"
        hint = _TUNED_HINT.format(rows=rows) if run else _no_tuned_hint(self._host.runs)
        hint = _LASTING_HINT.format(name=server.lasting_name) if is_lasting else hint
        hint = _NAMED_TUNED_HINT.format(model=one_line(server.tuned)) if server.tuned else hint
        self._host.columns["tuned"].show_hint(hint)
        self.show_titles()
        self._host.lay_out()


def _candidates(runs: tuple[RunSnapshot, ...]) -> list[RunSnapshot]:
    return [run for run in runs if run.adapter and run.status in COMPLETE]


def _no_tuned_hint(runs: tuple[RunSnapshot, ...]) -> str:
    """Return what is shown instead of a tuned model: which run is training one, or how to train one."""
    if run := _in_training(runs):
        return _TRAINING_HINT.format(run=run.id, state=_how_far(run))
    return _NO_TUNED_HINT


def _in_training(runs: tuple[RunSnapshot, ...]) -> RunSnapshot | None:
    """Return the run that is training a model: of several one that works already, else the one that began first."""
    training = [run for run in reversed(runs) if run.alive and not run.draws]
    return min(training, key=lambda run: run.status == "queued", default=None)


def _how_far(run: RunSnapshot) -> str:
    """Return what a run does that trains a model: `is queued`, `is still training (20/300)`."""
    state = "is still training" if run.status == "running" else f"is {run.status}"
    return state + (f" ({fraction(run.state)})" if run.state and run.state.step else "")


def _download_hint(base: str) -> str:
    """Return a sentence about a base model that is yet to be downloaded; empty if it is here. Blocks: reads folders."""
    try:
        model = base_models.find(base)
    except GarageError:
        return ""  # the first question shows the error
    if model.here:
        return ""
    known = base_models.KNOWN.get(model.name)
    return f"{one_line(model.name, 60)} is not on this box yet: your first question downloads it, once" + (
        f" ({known.download})." if known else "."
    )
