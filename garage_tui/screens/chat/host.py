"""What the parts of the Chat screen may ask of the screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from textual.widget import Widget
from textual.widgets import Input

from garage_tui.core.chat.transcripts import Side, Transcript

if TYPE_CHECKING:
    from textual.message import Message
    from textual.screen import Screen
    from textual.worker import Worker

    from garage_tui.core.monitor.run_watcher import RunSnapshot
    from garage_tui.core.settings.settings import Settings, Workspace
    from garage_tui.screens.chat.conversation_columns import ConversationColumns
    from garage_tui.screens.common.chat_server import ChatServer
    from garage_tui.widgets.notice import Notice

T = TypeVar("T")


class ChatHost(Protocol):
    """The Chat screen, as its parts see it."""

    @property
    def workspace(self) -> Workspace: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def runs(self) -> tuple[RunSnapshot, ...]:
        """All runs, the newest first."""
        ...

    @property
    def server(self) -> ChatServer: ...
    @property
    def columns(self) -> ConversationColumns: ...
    @property
    def question_input(self) -> Input: ...
    @property
    def notice(self) -> Notice: ...

    @property
    def facts_file(self) -> Path:
        """The facts file that the open book reads."""
        ...

    @property
    def run_id(self) -> str:
        """Id of the run whose model is the tuned one; empty if there is none."""
        ...

    @property
    def tuned_model(self) -> str:
        """The id that the tuned model is asked by: the run's, or the lasting name; empty if there is none."""
        ...

    @property
    def sides(self) -> list[Side]:
        """The sides that the next question goes to."""
        ...

    def leave_conversation(self) -> None:
        """Stop the answers that are still coming, and edit no question of the open conversation any more.

        What has arrived of the answers stays in the conversation.
        """
        ...

    def show_opened(self, transcript: Transcript) -> None:
        """Choose the models of a conversation that was opened, and show its newest turn."""
        ...

    def show_asking(self) -> None:
        """Show in the state line that a question was sent; what it said before is older than the question."""
        ...

    def show_waiting(self) -> None:
        """Show which questions wait for their turn."""
        ...

    def lay_out(self) -> None:
        """Show the chosen columns, as many as fit."""
        ...

    def focus_now(self, widget: Widget) -> None:
        """Give a widget the focus, and with it the keys that were typed ahead."""
        ...

    def refresh_bindings(self) -> None: ...
    def call_next(self, callback: Callable[[], Any]) -> Any: ...
    def copy_to_clipboard(self, text: str) -> None: ...
    def post_message(self, message: Message) -> bool: ...
    async def ask(self, dialog: Screen[T]) -> T | None:
        """Open a dialog and return its result; must be awaited in a worker."""
        ...

    def run_worker(
        self, work: Any, name: str | None = "", group: str = "default", *, exclusive: bool = False, thread: bool = False
    ) -> Worker[Any]: ...
