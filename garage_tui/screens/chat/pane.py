"""Chat: one question, two or three answers side by side: the base model, the base with the facts, the tuned model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from garage_tui.core.chat.transcripts import Side, Transcript
from garage_tui.core.facts.line import Fact
from garage_tui.core.monitor.run_watcher import RunSnapshot
from garage_tui.core.serving.server_state import ServerSnapshot
from garage_tui.core.settings.settings import Settings, Workspace
from garage_tui.screens.chat.asker import Asker
from garage_tui.screens.chat.conversation_columns import ConversationColumns
from garage_tui.screens.chat.conversations import Conversations
from garage_tui.screens.chat.keys import BINDINGS, HELP, HELP_GROUPS
from garage_tui.screens.chat.model_choice import ModelChoice
from garage_tui.screens.chat.question_queue import QuestionQueue
from garage_tui.screens.chat.server_line import ServerLine
from garage_tui.screens.chat.server_restart import ServerRestart
from garage_tui.screens.chat.turn_actions import TurnActions
from garage_tui.screens.common.app_state import app_state
from garage_tui.screens.common.chat_server import make_chat_server
from garage_tui.widgets.line_input import LineInput
from garage_tui.widgets.pane import Pane

if TYPE_CHECKING:
    from garage_tui.core.school.fact_change import Outcome

T = TypeVar("T")
_ASK = {
    (True, False): "Ask both models …",
    (True, True): "Ask all three …",
    (False, False): "Ask the base model …",
    (False, True): "Ask the base model, without and with the open book …",
}
"""What the input field says before a question, by whether a tuned model and the open book answer."""
_SIDE_NAMES: dict[Side, str] = {"base": "the base model", "book": "the open book", "tuned": "the tuned model"}


class ChatPane(Pane):
    """The Chat screen: a conversation for each model, and one input field for all.

    Args:
        workspace: whose runs and server answer, and where conversations are saved.
        settings: of the workspace.
        facts_file: returns the facts file that the open book reads, which is the one on the Facts screen.
        run_id: the run whose model is the tuned one at first; by default the newest.
    """

    HELP_PAGE = "guide/chat.md"
    HELP = HELP
    FIRST_FOCUS = "#chat-input"
    HELP_GROUPS = HELP_GROUPS
    BINDINGS = BINDINGS

    def __init__(
        self, workspace: Workspace, settings: Settings, facts_file: Callable[[], Path], run_id: str | None = None
    ) -> None:
        super().__init__(id="chat")
        self.workspace, self.settings = workspace, settings
        self._facts_file = facts_file
        self.columns, self.server_line = ConversationColumns(), ServerLine()
        self.question_input = LineInput(
            placeholder=_ASK[False, False], id="chat-input", compact=True, select_on_focus=False
        )
        self.question_input.cursor_blink = False  # a blinking cursor repaints for ever
        self.server = make_chat_server(workspace, settings, self._show_server)
        self._titled_base = ""
        self.conversations = Conversations(self)
        self.queue = QuestionQueue(self)
        self.asker = Asker(self, self.conversations, self.queue)
        self.server_restart = ServerRestart(self, self.asker)
        self.turn_actions = TurnActions(self, self.conversations, self.asker)
        self.models = ModelChoice(self, self.conversations, self.asker, run_id)

    def compose(self) -> ComposeResult:
        yield self.columns
        yield self.server_line
        yield self.question_input

    def on_mount(self) -> None:
        self.models.show_hints()
        self.lay_out()
        self.models.show_titles()
        self.queue.load()
        self.watch(self.app, "runs", self.models.show_runs)

    def on_unmount(self) -> None:
        self.asker.commit_pending()
        self.conversations.save_at_exit()
        self.queue.close()

    def reveal(self) -> None:
        super().reveal()
        self.server_line.start_polling(self.server)
        self.models.show_titles()

    def conceal(self) -> None:
        super().conceal()
        self.server_line.stop_polling()

    def on_resize(self, event: events.Resize) -> None:
        if self.is_resized(event):
            self.lay_out()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        self.turn_actions.follow_focus(event.widget)

    @on(Input.Submitted, "#chat-input")
    def _submit(self, event: Input.Submitted) -> None:
        self.asker.submit(event.value)

    def _show_server(self, snapshot: ServerSnapshot) -> None:
        if self.server.base != self._titled_base:  # an external server names its model only when it is asked
            self._titled_base = self.server.base
            self.models.show_titles()
        self.server_line.show_state(self.server.describe(snapshot), snapshot.status)

    # What the app asks of this screen

    @property
    def is_answering(self) -> bool:
        """True while an answer is awaited or coming in."""
        return self.asker.is_answering

    def choose_run(self, run_id: str) -> None:
        """Put the model of this run on the right."""
        self.models.choose_run(run_id)

    def show_fact_saved(self, fact: Fact, outcome: Outcome, position: str) -> None:
        """Say where a fact is now, and what comes next."""
        self.turn_actions.show_fact_saved(fact, outcome, position)

    def show_fact_error(self, fact: Fact, message: str) -> None:
        """Say why a fact is not in its file."""
        self.turn_actions.show_fact_error(fact, message)

    # What the parts ask of this screen

    @property
    def runs(self) -> tuple[RunSnapshot, ...]:
        return app_state(self).runs

    @property
    def run_id(self) -> str:
        return self.models.run_id

    @property
    def tuned_model(self) -> str:
        return self.models.model_id

    @property
    def sides(self) -> list[Side]:
        return self.models.sides

    @property
    def facts_file(self) -> Path:
        return self._facts_file()

    def leave_conversation(self) -> None:
        self.asker.stop()
        self.asker.leave_edit()

    def show_asking(self) -> None:
        self.server_line.forget()
        self.server_line.show_state("◐ asking …", "starting")

    def show_waiting(self) -> None:
        self.asker.show_waiting()

    def show_opened(self, transcript: Transcript) -> None:
        self.models.adopt(transcript)
        self.turn_actions.choose_newest()

    def lay_out(self) -> None:
        self.columns.choice.set_has_tuned(self.models.has_tuned, self.app.size.width)
        self.columns.lay_out()
        self.models.show_offer()
        choice = self.columns.choice
        self.question_input.placeholder = _ASK[choice.has_tuned, choice.asks_open_book]
        self.turn_actions.stay_visible()

    def focus_now(self, widget: Widget) -> None:
        self.screen.set_focus(widget, scroll_visible=False)  # `Widget.focus` would lose keys that were typed ahead

    def copy_to_clipboard(self, text: str) -> None:
        self.app.copy_to_clipboard(text)

    async def ask(self, dialog: Screen[T]) -> T | None:
        return await self.app.push_screen_wait(dialog)

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "stop":
            return self.asker.is_answering
        if action == "leave":
            return self.turn_actions.is_walking or self.asker.editing is not None
        return True

    def action_stop(self) -> None:
        self.asker.stop()

    def action_leave(self) -> None:
        self.turn_actions.leave()

    def action_answers(self) -> None:
        self.turn_actions.toggle()

    def action_step(self, by: int) -> None:
        self.turn_actions.step(by)

    def action_aside(self, by: int) -> None:
        self.turn_actions.step_aside(by)

    def action_turn(self, action: str) -> None:
        self.turn_actions.act(action)

    def action_scroll(self, pages: int) -> None:
        self.columns.scroll_pages(pages)

    def action_columns(self) -> None:
        """Show the next choice of columns."""
        width = self.app.size.width
        self.columns.choice.set_has_tuned(self.models.has_tuned, width)
        self.columns.choice.advance(width)
        self.lay_out()
        self.models.show_titles()
        hidden = self.columns.choice.hidden(width)
        if hidden == "book":
            self.notice.note("The open book answers from your next question on, and then has a column.")
        elif hidden:
            self.notice.note(f"All three answer, but only two columns fit. Ctrl+O shows {_SIDE_NAMES[hidden]}.")

    def action_clear(self) -> None:
        self.conversations.start_new()

    def action_reload(self) -> None:
        self.conversations.open_earlier()

    def action_settings(self) -> None:
        self.conversations.ask_settings()

    def action_pick(self) -> None:
        self.models.pick()

    def action_restart(self) -> None:
        self.server_restart.restart()
