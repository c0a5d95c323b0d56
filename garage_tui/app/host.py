"""The protocol through which the parts of the app use it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import Screen

if TYPE_CHECKING:
    from textual.message import Message
    from textual.worker import Worker

    from garage_tui.core.hardware.hardware_snapshot import HardwareSnapshot
    from garage_tui.core.monitor.run_watcher import RunSnapshot
    from garage_tui.core.settings.settings import Settings, Workspace
    from garage_tui.screens.facts.pane import FactsPane
    from garage_tui.widgets.header import HeaderBar
    from garage_tui.widgets.pane import Pane

T = TypeVar("T")


class AppHost(Protocol):
    """The app, as its parts see it."""

    runs: tuple[RunSnapshot, ...]
    hardware: HardwareSnapshot | None

    @property
    def workspace(self) -> Workspace: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def pane(self) -> Pane:
        """The screen in front."""
        ...

    @property
    def header(self) -> HeaderBar: ...
    @property
    def is_running(self) -> bool: ...
    @property
    def in_ascii(self) -> bool: ...
    @property
    def chosen_facts(self) -> Path | None:
        """The facts file that was named at the start."""
        ...

    @property
    def facts_pane(self) -> FactsPane | None:
        """The Facts screen; None while nobody has opened it."""
        ...

    async def action_show(self, name: str) -> None: ...
    async def add_pane(self, name: str) -> None:
        """Make a screen without bringing it to the front."""
        ...

    async def ask(self, dialog: Screen[T]) -> T | None:
        """Open a dialog and return its answer."""
        ...

    def push_screen(self, screen: Screen[Any]) -> AwaitComplete | Any: ...
    def post_message(self, message: Message) -> bool: ...
    def run_worker(
        self, work: Any, name: str | None = "", group: str = "default", *, exclusive: bool = False, thread: bool = False
    ) -> Worker[Any]: ...
    def write_to_terminal(self, text: str) -> None: ...
    def show_error(self, text: str) -> None:
        """Show a sentence on what went wrong in front, a dialog included."""
        ...

    def bell(self) -> None: ...
