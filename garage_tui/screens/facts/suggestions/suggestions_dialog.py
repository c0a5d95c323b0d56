"""The dialog that suggests other wordings for a fact, from templates and from the served model."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.format import duration
from garage_tui.core.base.sanitize import one_line, plain
from garage_tui.core.chat import client as chat
from garage_tui.core.chat.sampling_params import SamplingParams
from garage_tui.core.facts.line import Fact
from garage_tui.core.rewording import model_prompt, suggestions
from garage_tui.screens.facts.suggestions.suggestion_model import SuggestionModel
from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.key_bar import KeyBar
from garage_tui.widgets.line_input import LineInput
from garage_tui.widgets.notice import Notice
from garage_tui.widgets.table import Column, Table

_MODEL_TOKENS = 300
About = Literal["question", "answer"]


@dataclass(frozen=True)
class Suggestion:
    """One wording that is offered."""

    text: str
    source: str
    state: Literal["open", "taken", "refused"] = "open"


class SuggestionsDialog(Dialog[list[str]]):
    """Offers wordings for a fact; the result is those that were accepted, as they were accepted.

    Args:
        model: answers `m`; asked at once where no template fits.
        fact: the row that they are for.
        about: whether questions are offered, or answers.
        existing: the questions, or the answers, that are there already.
    """

    HELP_PAGE = "guide/facts.md"
    HELP = (
        "Other wordings for this fact. Mark those that a person would use (Space), and press Enter to add them; with "
        "none marked, Enter adds the chosen one. Esc adds nothing. u on Facts undoes it. The default recipe already "
        "trains on wordings from templates; what it cannot know is how you would ask: e edits a wording until it is "
        "yours."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,ctrl+s", "done", "Add", key_display="⏎", tooltip="Add the marked ones, or the chosen one"),
        Binding("space,y", "take", "Mark", key_display="Space", tooltip="Mark the chosen one, to be added"),
        Binding("e", "edit", "Edit", tooltip="Edit the chosen one; it is marked then"),
        Binding("m", "ask", "Ask the model", tooltip="Ask the base model for more; its server starts by itself"),
        Binding("n,d,delete", "refuse", "Refuse", key_display="n", tooltip="Strike the chosen one out"),
        Binding("escape", "cancel", "Cancel", key_display="Esc", tooltip="Add nothing"),
    ]

    def __init__(self, model: SuggestionModel, fact: Fact, about: About, existing: Sequence[str]) -> None:
        super().__init__()
        self._model, self._fact, self._about, self._existing = model, fact, about, list(existing)
        self._offered: list[Suggestion] = []
        self._editing: int | None = None
        self._warned = ""  # the text of which was said what is wrong with it

    def compose(self) -> ComposeResult:
        with Vertical(classes="box form") as box:
            questions, fact = self._about == "question", self._fact
            box.border_title = "Other questions for this fact" if questions else "Other wordings of this answer"
            chosen = fact.question or fact.answer if questions else fact.answer
            yield Static(Content(one_line(chosen, 300)), classes="text")
            title = self._about.capitalize()
            yield Table(Column("", 1), Column(title, share=1), id="suggestions")
            yield Static(id="suggestions-chosen")
            yield LineInput(id="suggestions-edit", compact=True)
            yield Notice()
            yield KeyBar()

    def on_mount(self) -> None:
        line = self.query_one(Input)
        line.display = False
        line.cursor_blink = False
        self.query_one(Table).focus()
        fact = self._fact
        if self._about == "question":
            for text in suggestions.suggest_questions(fact.question, fact.answer, fact.fact):
                self._offer(text, "template")  # those that are there already are nobody's concern
        elif fact.fact not in ("", fact.answer):
            self._offer(fact.fact, "the fact")
        self._show()
        if self._offered:
            self.notice.note("Space marks, e edits. Enter adds the marked ones, Esc adds nothing.")
        else:
            self.action_ask()

    def _wrong(self, text: str, but: int | None = None) -> str:
        """Return what is wrong with a wording, beside those of the file and the others that are offered."""
        others = [one.text for at, one in enumerate(self._offered) if at != but and one.state != "refused"]
        fact, there = self._fact, [*self._existing, *others]
        if self._about == "question":
            return suggestions.check_question(text, fact.question, fact.answer, fact.fact, there)
        return suggestions.check_answer(text, fact.question, fact.answer, fact.fact, fact.must, there)

    def _offer(self, text: str, source: str) -> str:
        """Put a wording into the list, or return what is wrong with it."""
        wrong = self._wrong(text)
        if not wrong and source == "model" and self._about == "question":
            wrong = suggestions.check_topic(text, self._fact.question, f"{self._fact.answer}\n{self._fact.fact}")
        if wrong:
            return f"“{one_line(text, 40)}” {wrong}"
        self._offered.append(Suggestion(plain(text), source))
        return ""

    def _show(self) -> None:
        self.query_one(Table).show_rows(len(self._offered), self._cells)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Take a wording that is left by a click or by Tab, as Enter does."""
        if isinstance(event.widget, Table) and self._editing is not None:
            self._take_edited()

    def on_table_moved(self) -> None:
        """Show the chosen one in full below the list, with where it is from."""
        text = Content()
        if (row := self._row) is not None:
            if self._editing not in (None, row):  # a click, while a check refuses what was written
                self.query_one(Table).cursor = row = self._editing
            one = self._offered[row]
            text = Content.assemble((f"{one.source}: ", "$muted"), one_line(one.text, 400))
        self.query_one("#suggestions-chosen", Static).update(text)

    def _cells(self, row: int) -> Sequence[Content]:
        one = self._offered[row]
        sign = {
            "open": Content(),
            "taken": Content.styled("✓", "bold $success"),
            "refused": Content.styled("✗", "$muted"),
        }
        style = {"open": "", "taken": "$success", "refused": "$muted strike"}[one.state]
        return sign[one.state], Content.styled(one_line(one.text), style)

    @property
    def _row(self) -> int | None:
        return self.query_one(Table).cursor if self._offered else None

    def _mark(self, state: Literal["taken", "refused"]) -> None:
        if (row := self._row) is not None:
            one = self._offered[row]
            self._offered[row] = replace(one, state="open" if one.state == state else state)
            self._show()
            self.query_one(Table).cursor = row + 1

    def on_table_selected(self) -> None:
        self.action_done()

    def action_take(self) -> None:
        self._mark("taken")

    def action_refuse(self) -> None:
        self._mark("refused")

    def action_edit(self) -> None:
        if self._row is None:
            return
        self._editing = self._row
        line = self.query_one(Input)
        line.value, line.display = self._offered[self._row].text, True
        line.focus()
        self.notice.note("Enter marks this text, Esc keeps the one from before.")

    def on_input_submitted(self) -> None:
        self._take_edited()

    def _take_edited(self) -> None:
        """Mark the text in the line; one that a check refuses stays in it."""
        line = self.query_one(Input)
        row, text = self._editing, line.value.strip()
        if row is None:
            return
        wrong = self._wrong(text, but=row)
        if wrong and (text != self._warned or not text):
            # The owner may know better than the check, but is told first; the same text again is taken.
            self._warned = text
            self.notice.wrong(f"{wrong}: Enter again marks it anyway" if text else wrong)
            line.focus()
            return
        self._offered[row] = Suggestion(text, "you", "taken")
        self._leave_line()

    def _leave_line(self) -> None:
        self._editing = None
        self.query_one(Input).display = False
        self.notice.clear()
        self._show()
        self.query_one(Table).focus()

    def action_done(self) -> None:
        """Close with the marked ones; with none marked, with the chosen one. While one is edited, mark it."""
        if self._editing is not None:
            self._take_edited()
            return
        taken = [one.text for one in self._offered if one.state == "taken"]
        chosen = None if self._row is None else self._offered[self._row]
        if not taken and chosen and chosen.state == "open":
            taken = [chosen.text]
        if taken:
            self.dismiss(taken)
        else:
            self.notice.note("Nothing is marked: Space marks the chosen one, Esc closes the list")

    def action_cancel(self) -> None:
        if self._editing is not None:
            self._leave_line()
            return
        written = [one.text for one in self._offered if one.source == "you"]
        if self.may_close([], written, "What you wrote is not added yet: Enter adds it"):
            self.dismiss([])

    def _say_starting(self, text: str) -> None:
        if self._editing is None:
            self.notice.note(text)

    @work(exclusive=True, group="ask")
    async def action_ask(self) -> None:
        """Ask the model, with the fact in its prompt; each wording is offered as it comes. Its server is started."""
        notice, fact = self.notice, self._fact
        notice.note(f"asking {self._model.label} …")
        try:
            address, model_id = await self._model.connect(self._say_starting)
        except GarageError as error:
            notice.wrong(plain(str(error)))
            return
        if self._about == "question":
            messages, read = (
                model_prompt.question_prompt(fact.question, fact.answer, fact.fact),
                model_prompt.parse_questions,
            )
        else:
            messages, read = model_prompt.answer_prompt(fact.question, fact.answer), model_prompt.parse_answers
        model, began, reply, heard = self._model.label, time.monotonic(), "", 0
        refused: list[str] = []
        status = f"asking {model} …"

        def hear(text: str) -> None:
            nonlocal heard
            found = read(text)
            refused.extend(filter(None, [self._offer(wording, "model") for wording in found[heard:]]))
            if heard < len(found):
                heard = len(found)
                self._show()

        notice.note(status)
        try:
            sampling = SamplingParams(model_prompt.TEMPERATURE, _MODEL_TOKENS)
            stream = chat.stream(address, model_id, messages, sampling)
            async with contextlib.aclosing(stream):
                async for part in stream:
                    if isinstance(part, chat.AnswerChunk):
                        reply += part.text
                        hear(reply[: reply.rfind("\n") + 1])
                    if model_prompt.is_complete(reply):
                        break
                    now = f"asking {model} … {duration(time.monotonic() - began)} · {heard} so far"
                    if now != status and self._editing is None:
                        status = now
                        notice.note(status)
        except GarageError as error:
            notice.wrong(plain(str(error)))
            return
        hear(reply)
        if self._editing is not None:
            return
        reasons = f" Rejected: {refused[0]}" if refused else ""
        more = f" · and {len(refused) - 1} more" if len(refused) > 1 else ""
        if heard > len(refused):
            good = f"{heard - len(refused)} of {heard} from {model} passed the checks, at the end of the list"
            notice.note(f"{good}; m asks again.{reasons}{more}")
        elif heard:
            notice.wrong(f"0 of {heard} from {model} passed the checks; m asks again.{reasons}{more}")
        else:
            notice.wrong(f"{model} suggested no {self._about}; m asks again")
