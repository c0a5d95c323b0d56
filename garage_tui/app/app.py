"""The app: its screens, the keys that work everywhere, and the command palette; wiring only."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.screen import Screen
from textual.signal import Signal

from garage_tui.app.leaving import Leaving
from garage_tui.app.monitor import ErrorOutside, HardwareRead, Monitor, RunProgressed, RunsChanged, from_home
from garage_tui.app.navigation import Navigation
from garage_tui.app.pane_factory import PaneFactory
from garage_tui.app.pane_switcher import PaneSwitcher
from garage_tui.app.run_forms import RunForms
from garage_tui.app.saved_view import SavedView
from garage_tui.app.tabs import NAMES, TABS, least_size
from garage_tui.app.terminal_app import TerminalApp
from garage_tui.app.unexpected_errors import UnexpectedErrors
from garage_tui.core.settings.settings import Settings, Workspace
from garage_tui.core.terminal.capabilities import Terminal
from garage_tui.screens.common import messages
from garage_tui.screens.facts.pane import FactsPane
from garage_tui.widgets._textual_internals import driver_of
from garage_tui.widgets.header import HeaderBar
from garage_tui.widgets.key_bar import KeyBar
from garage_tui.widgets.notice import Notice
from garage_tui.widgets.pane import Pane

T = TypeVar("T")
if TYPE_CHECKING:
    from textual.command import Provider
    from textual.driver import Driver
    from textual.events import CursorPosition

    from garage_tui.core.hardware.hardware_snapshot import HardwareSnapshot
    from garage_tui.core.monitor.run_watcher import RunSnapshot
    from garage_tui.core.terminal.query import TerminalQuery


def _action_provider() -> type[Provider]:
    from garage_tui.app.action_palette import ActionProvider

    return ActionProvider


class GarageApp(TerminalApp):
    """The terminal app of one workspace.

    Args:
        screen: the screen in front at the start.
        facts: the facts file to open; by default `datasets/garage.jsonl`, else the first one.
        question: the queries that were sent to the terminal; its answers may still come.
        talk_to: the run whose model is the tuned one in the chat; by default the newest.
        only_ascii: why only ASCII is painted although nobody chose that; empty if it is not so.
        view: where the app was left the last time; what is named above comes first.
    """

    CSS_PATH = "garage.tcss"
    TITLE = "garage"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1,question_mark", "help", "Help", key_display="F1", tooltip="Help for this screen"),
        Binding("f2,1", "show('facts')", "Facts", show=False, tooltip="Go to the facts"),
        Binding("f3,2", "show('runs')", "Runs", show=False, tooltip="Go to the runs"),
        Binding("f4,3", "show('chat')", "Chat", show=False, tooltip="Go to the chat"),
        Binding("f5,4", "show('gallery')", "Gallery", show=False, tooltip="Go to the pictures"),
        Binding("f6,5", "show('gpu')", "GPU", show=False, tooltip="Go to the GPU readings"),
        Binding("f7,6", "show('school')", "School", show=False, tooltip="Go to the nights"),
        Binding("f10,7", "show('documents')", "Documents", show=False, tooltip="Go to the documents"),
        Binding("ctrl+p", "command_palette", "All actions", priority=True),
        Binding("f8", "mouse", "Mouse", show=False, tooltip="Toggle mouse (off: select text)"),
        Binding("f9", "redraw", "Redraw", show=False, tooltip="Redraw the screen"),
        Binding("q", "quit", "Quit", tooltip="Quit the app; runs continue without it"),
        Binding("ctrl+q", "quit", "Quit", priority=True, tooltip="Quit the app; runs continue without it"),
    ]
    COMMAND_PALETTE_DISPLAY = "^p"
    COMMANDS: ClassVar = {_action_provider}
    # Rows of a pane of a dashboard, where what matters most has all the room: the style sheets say what that is.
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (14, "-low"), (23, "-high")]  # noqa: RUF012 (as Textual has it)

    terminal: reactive[Terminal] = reactive(Terminal, repaint=False)
    """The capabilities of the terminal."""
    runs: reactive[tuple[RunSnapshot, ...]] = reactive((), repaint=False)
    """All runs as they were last seen, the newest first."""
    hardware: reactive[HardwareSnapshot | None] = reactive(None, repaint=False)
    """The sensors of this box as they were last read."""

    class TerminalAnswered(Message):
        """The terminal has answered the queries of the start, late."""

        def __init__(self, terminal: Terminal) -> None:
            super().__init__()
            self.terminal = terminal

    def __init__(
        self,
        workspace: Workspace,
        settings: Settings,
        screen: str | None = None,
        facts: Path | None = None,
        question: TerminalQuery | None = None,
        talk_to: str | None = None,
        only_ascii: str = "",
        view: SavedView | None = None,
    ) -> None:
        keeps_view, view = view is not None, view or SavedView()
        super().__init__(self._driver_for(question), view.theme)
        self.workspace, self.settings = workspace, settings
        self._only_ascii = only_ascii
        self.opening_note = ""
        """What to say about the start, on the first screen."""
        self.in_ascii = bool(settings.ascii or only_ascii)
        self.terminal_answered = Signal[object](self, "terminal-answered")
        if question:
            terminal = question.terminal
            self.set_reactive(GarageApp.terminal, terminal.ascii_only() if self.in_ascii else terminal)
        self.animation_level = "none"  # over SSH smooth scrolling is slow
        self.chosen_facts = facts or view.facts_path(workspace)
        self.errors = UnexpectedErrors(self)
        self.monitor = Monitor(self)
        self.navigation = Navigation(self)
        self.run_forms = RunForms(self, lambda: self.monitor.runs.wake())
        self._factory = PaneFactory(self, talk_to)
        front = screen or (view.screen if view.screen in NAMES else "facts")
        self.panes = PaneSwitcher(self, self._factory.make, front)
        self._leaving = Leaving(self, self.navigation.facts_file, keeps_view=keeps_view)

    def _driver_for(self, question: TerminalQuery | None) -> type[Driver] | None:
        if question is None or question.is_done:
            from garage_tui.driver.mouse_driver import MouseDriver

            return MouseDriver
        from garage_tui.driver.late_terminal_replies import driver_for

        return driver_for(question, lambda: self.post_message(self.TerminalAnswered(question.terminal)))

    @on(TerminalAnswered)
    def _take_terminal(self, event: TerminalAnswered) -> None:
        self.terminal = event.terminal

    def on_cursor_position(self, event: CursorPosition) -> None:
        self.terminal_answered.publish(event)

    def least_size(self) -> Size:
        return least_size(self.panes.front)

    def action_mouse(self) -> None:
        self.pane.notice.note(self.switch_mouse())

    def compose(self) -> ComposeResult:
        yield HeaderBar(from_home(self.workspace.root), TABS)
        yield self.panes.compose()
        yield KeyBar()

    def action_command_palette(self) -> None:
        from textual.command import CommandPalette

        self._factory.read_styles("palette")
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette(placeholder="Type a part of what you want to do", id="--command-palette"))

    def on_mount(self) -> None:
        self.query_one(HeaderBar).active = self.pane.id or ""
        self.pane.reveal()
        self._leaving.listen()
        self.errors.listen()
        if self._only_ascii:
            self.pane.notice.note(f"Only ASCII is shown: {self._only_ascii}; `garage --no-ascii` shows all characters")
        elif self.opening_note:
            self.pane.notice.note(self.opening_note)
        self.set_timer(0.1, self._after_first_paint)
        self.set_timer(0.2, self.monitor.watch_hardware)

    def _after_first_paint(self) -> None:
        """Start what would have slowed down the first paint."""
        self.call_after_refresh(setattr, self, "is_up", True)
        gc.freeze()  # imported modules stay: the collector need not visit them
        gc.enable()
        self.monitor.watch_runs()

    @property
    def view(self) -> SavedView:
        """What is in front now, to be there again at the next start."""
        return self._leaving.view

    def leave(self) -> None:
        """Exit because the terminal is gone, or because of a signal."""
        self._leaving.leave()

    @property
    def pane(self) -> Pane:
        """The pane in front."""
        return self.panes.pane

    @property
    def header(self) -> HeaderBar:
        """The first line: tabs, hardware readings, the running run."""
        return self.screen_stack[0].query_one(HeaderBar)

    @property
    def facts_pane(self) -> FactsPane | None:
        """The Facts screen; None until it is opened."""
        return self.panes.facts

    async def ask(self, dialog: Screen[T]) -> T | None:
        """Open a dialog and return its answer; must be awaited in a worker."""
        return await self.push_screen_wait(dialog)

    def write_to_terminal(self, text: str) -> None:
        """Send control sequences that do not change the screen, such as a title."""
        if driver := driver_of(self):
            driver.write(text)

    async def add_pane(self, name: str) -> None:
        """Make a screen without bringing it to the front."""
        await self.panes.add(name)

    async def action_show(self, name: str) -> None:
        """Bring a screen to the front; it is made when it is first shown."""
        await self.panes.show(name)

    def action_help(self) -> None:
        from garage_tui.app.help import open_help

        open_help(self, self.pane)

    # What the parts do

    def action_new_run(self) -> None:
        """Ask which kind of run to start, then open its form."""
        self.run_forms.ask_kind()

    def action_teach(self) -> None:
        """Open the form of a run that teaches facts."""
        self.run_forms.open(draws=False)

    def action_draw(self) -> None:
        """Open the form of a run that learns to draw."""
        self.run_forms.open(draws=True)

    @on(HardwareRead)
    @on(RunsChanged)
    @on(RunProgressed)
    def _show_watched(self, event: HardwareRead | RunsChanged | RunProgressed) -> None:
        self.monitor.show(event)

    @on(messages.ChatRequested)
    @on(messages.GalleryRequested)
    @on(messages.ReportRequested)
    @on(messages.DiffusionReportRequested)
    @on(messages.ComparisonRequested)
    @on(messages.WordingRequested)
    @on(messages.FactWritten)
    @on(messages.PageRequested)
    async def _answer_screen(self, event: Message) -> None:
        await self.navigation.answer(event)

    @on(messages.DuplicateRequested)
    def _open_form_like(self, event: messages.DuplicateRequested) -> None:
        self.run_forms.open_like(event.run_id, event.preset, event.epochs)

    def take_error(self, error: Exception, doing: str, *, painting: bool = False) -> bool:
        return self.errors.take(error, doing, painting)

    def give_up(self, dialog: Screen[object]) -> None:
        super().give_up(dialog)
        self.call_later(self.errors.show_last)  # it was shown in the dialog

    @on(ErrorOutside)
    def _take_error_outside(self, event: ErrorOutside) -> None:
        self.errors.take(event.error, event.doing)

    def show_error(self, text: str) -> None:
        """Show a sentence on what went wrong in the notice in front; as a toast where there is none."""
        if not self.is_running:
            return
        dialogs = reversed(self.screen_stack[1:])
        for front in (*dialogs, *self.screen_stack[0].query(f"#{self.panes.front}")):
            if notice := next(iter(front.query(Notice)), None):
                notice.wrong(text)
                return
        self.notify(text, severity="error", timeout=20, markup=False)

    def on_unmount(self) -> None:
        self.workers.cancel_group(self, "watch")
        self.monitor.close()

    async def action_quit(self) -> None:
        """Quit; living runs continue and unsaved facts are kept, and a message in the shell says so."""
        await self._leaving.quit()
