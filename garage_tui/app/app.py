"""The app: its screens, the keys that work everywhere, and the command palette; wiring only."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.screen import Screen
from textual.signal import Signal
from textual.widgets import ContentSwitcher

from garage_tui.app.monitor import ErrorOutside, HardwareRead, Monitor, RunProgressed, RunsChanged, from_home
from garage_tui.app.navigation import Navigation
from garage_tui.app.pane_factory import PaneFactory
from garage_tui.app.run_forms import RunForms
from garage_tui.app.saved_view import SavedView, load_view, save_view
from garage_tui.app.terminal_app import TerminalApp
from garage_tui.app.theme import GARAGE, VARIABLES, readable
from garage_tui.app.unexpected_errors import UnexpectedErrors
from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.settings import Settings, Workspace
from garage_tui.core.base.uncaught import passing_on
from garage_tui.core.terminal.capabilities import Terminal
from garage_tui.screens.common import messages
from garage_tui.screens.facts.pane import FactsPane
from garage_tui.widgets._textual_internals import driver_of
from garage_tui.widgets.header import HeaderBar, Tab
from garage_tui.widgets.key_bar import KeyBar
from garage_tui.widgets.notice import Notice
from garage_tui.widgets.pane import Pane

_LEAVE_SECONDS = 5.0
T = TypeVar("T")
if TYPE_CHECKING:
    from textual.command import Provider
    from textual.driver import Driver
    from textual.events import CursorPosition

    from garage_tui.core.hardware.hardware_snapshot import HardwareSnapshot
    from garage_tui.core.monitor.run_watcher import RunSnapshot
    from garage_tui.core.terminal.query import TerminalQuery

LEAST = Size(60, 20)
"""Smallest size, in columns and rows, at which everything important can be seen and reached."""
LEAST_PANE = Size(40, 6)
"""The same for the screens of runs and GPUs, which also fit into small panes of a dashboard."""
TABS = (
    Tab("facts", "F2", "Facts"),
    Tab("runs", "F3", "Runs"),
    Tab("chat", "F4", "Chat"),
    Tab("gallery", "F5", "Gallery"),
    Tab("gpu", "F6", "GPU"),
)
_NAMES = [tab.id for tab in TABS]


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
        super().__init__(driver_class=self._driver_for(question))
        self._is_view_kept, view = view is not None, view or SavedView()
        self.workspace, self.settings = workspace, settings
        self._only_ascii = only_ascii
        self.in_ascii = bool(settings.ascii or only_ascii)
        self.terminal_answered = Signal[object](self, "terminal-answered")
        if question:
            terminal = question.terminal
            self.set_reactive(GarageApp.terminal, terminal.ascii_only() if self.in_ascii else terminal)
        self.animation_level = "none"  # over SSH smooth scrolling is slow
        self.chosen_facts = facts or self._file_of(view)
        self.errors = UnexpectedErrors(self)
        self.monitor = Monitor(self)
        self.navigation = Navigation(self)
        self.run_forms = RunForms(self, lambda: self.monitor.runs.wake())
        self._panes = PaneFactory(self, talk_to)
        self._front = screen or (view.screen if view.screen in _NAMES else "facts")
        self.register_theme(self.fitting_theme())
        # Assigning the theme would parse every style sheet twice: 20 ms of the first paint.
        self.set_reactive(App.theme, view.theme if view.theme in self.available_themes else GARAGE.name)
        self.stylesheet.set_variables(self.get_css_variables())

    def _file_of(self, view: SavedView) -> Path | None:
        path = self.workspace.datasets / Path(view.facts).name
        return path if view.facts and path.is_file() else None

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

    def get_css_variables(self) -> dict[str, str]:
        variables = super().get_css_variables()
        if self.theme != GARAGE.name:
            variables = self.theme_variables = readable(variables)
        return variables

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return VARIABLES

    def least_size(self) -> Size:
        return self._least(self._front)

    @staticmethod
    def _least(name: str) -> Size:
        return LEAST_PANE if name in ("runs", "gpu") else LEAST

    def action_mouse(self) -> None:
        self.pane.notice.note(self.switch_mouse())

    def compose(self) -> ComposeResult:
        yield HeaderBar(from_home(self.workspace.root), TABS)
        yield ContentSwitcher(self._panes.make(self._front), initial=self._front)
        yield KeyBar()

    def action_command_palette(self) -> None:
        from textual.command import CommandPalette

        self._panes.read_styles("palette")
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette(placeholder="Type a part of what you want to do", id="--command-palette"))

    def on_mount(self) -> None:
        self.query_one(HeaderBar).active = self.pane.id or ""
        self.pane.reveal()
        # A closed terminal or connection ends the app in an orderly way; by default the signal would kill it.
        for number in (signal.SIGHUP, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self.leave)
        self.errors.listen()
        if self._only_ascii:
            self.pane.notice.note(f"Only ASCII is shown: {self._only_ascii}; `garage --no-ascii` shows all characters")
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
        facts = self.navigation.facts_file()
        name = facts.name if facts.parent == self.workspace.datasets else ""
        return SavedView(screen=self._front, facts=name, theme="" if self.theme == GARAGE.name else self.theme)

    def _save_view(self) -> None:
        if self._is_view_kept:
            save_view(self.workspace, self.view)

    def leave(self) -> None:
        """Exit because the terminal is gone, or because of a signal."""
        self._save_view()
        self.exit(0)
        # Output to a terminal that is gone may block for ever; everything is saved by now.
        last = threading.Timer(_LEAVE_SECONDS, os._exit, (0,))
        last.daemon = True
        last.start()

    def action_redraw(self) -> None:
        """Send the whole screen to the terminal again."""
        from garage_tui.driver.driver import LineDriver

        if isinstance(driver := driver_of(self), LineDriver):
            driver.forget()
        self.screen.refresh(layout=True)

    @property
    def pane(self) -> Pane:
        """The pane in front."""
        return self.screen_stack[0].query_one(f"#{self._front}", Pane)

    @property
    def header(self) -> HeaderBar:
        """The first line: tabs, hardware readings, the running run."""
        return self.screen_stack[0].query_one(HeaderBar)

    @property
    def facts_pane(self) -> FactsPane | None:
        """The Facts screen; None until it is opened."""
        return next(iter(self.screen_stack[0].query(FactsPane)), None)

    async def ask(self, dialog: Screen[T]) -> T | None:
        """Open a dialog and return its answer; must be awaited in a worker."""
        return await self.push_screen_wait(dialog)

    def write_to_terminal(self, text: str) -> None:
        """Send control sequences that do not change the screen, such as a title."""
        if driver := driver_of(self):
            driver.write(text)

    async def add_pane(self, name: str) -> None:
        """Make a screen without bringing it to the front."""
        await self.screen_stack[0].query_one(ContentSwitcher).add_content(self._panes.make(name))

    async def action_show(self, name: str) -> None:
        """Bring a screen to the front; it is made when it is first shown."""
        if name == self._front:
            return
        least = self._least(name)
        if self.size.width < least.width or self.size.height < least.height:  # in a small pane of a dashboard
            here = f"{self.size.width}×{self.size.height}"
            self.pane.notice.wrong(f"That screen needs {least.width}×{least.height}; this terminal has {here}")
            return
        switcher = self.query_one(ContentSwitcher)
        self.pane.conceal()
        if not switcher.query(f"#{name}"):
            await self.add_pane(name)
        self._front = name
        with self.batch_update():
            switcher.current = name
            self.query_one(HeaderBar).active = name
            self.pane.reveal()

    def action_help(self) -> None:
        from garage_tui.widgets.dialog import Dialog
        from garage_tui.widgets.help_dialog import HelpDialog, keys_of

        front = self.screen if isinstance(self.screen, Dialog) else self.pane
        if front is self.pane:
            title = next(tab.label for tab in TABS if tab.id == self.pane.id)
        else:
            title = str(next(iter(self.screen.query(".box"))).border_title or "").strip()
        text, keys = self.name_keys(front.HELP), keys_of(self.screen, front)
        self.push_screen(HelpDialog(f"{title} – help", text, keys, front.HELP_PAGE))

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
    def _show_hardware(self, event: HardwareRead) -> None:
        self.monitor.show_hardware(event.hardware)

    @on(RunsChanged)
    def _show_runs(self, event: RunsChanged) -> None:
        self.monitor.show_runs(event.runs)

    @on(RunProgressed)
    def _show_progress(self, event: RunProgressed) -> None:
        self.monitor.show_progress(event.progress)

    @on(messages.ChatRequested)
    async def _open_chat(self, event: messages.ChatRequested) -> None:
        await self.navigation.open_chat(event.run_id)

    @on(messages.GalleryRequested)
    async def _open_gallery(self, event: messages.GalleryRequested) -> None:
        await self.navigation.open_gallery(event.run_id)

    @on(messages.ReportRequested)
    def _open_report(self, event: messages.ReportRequested) -> None:
        self.navigation.open_report(event.run_id)

    @on(messages.DiffusionReportRequested)
    def _open_diffusion_report(self, event: messages.DiffusionReportRequested) -> None:
        self.navigation.open_diffusion_report(event.run_id)

    @on(messages.ComparisonRequested)
    def _open_comparison(self, event: messages.ComparisonRequested) -> None:
        self.navigation.open_comparison(event.first, event.second)

    @on(messages.DuplicateRequested)
    def _open_form_like(self, event: messages.DuplicateRequested) -> None:
        self.run_forms.open_like(event.run_id, event.preset, event.epochs)

    @on(messages.WordingRequested)
    def _write_wording(self, event: messages.WordingRequested) -> None:
        self.navigation.write_wording(event.run_id, event.question, event.fact)

    @on(messages.FactWritten)
    def _add_fact(self, event: messages.FactWritten) -> None:
        self.navigation.add_fact(event.fact)

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
        for front in (*dialogs, *self.screen_stack[0].query(f"#{self._front}")):
            if notice := next(iter(front.query(Notice)), None):
                notice.wrong(text)
                return
        self.notify(text, severity="error", timeout=20, markup=False)

    def on_unmount(self) -> None:
        self.workers.cancel_group(self, "watch")
        self.monitor.close()

    async def action_quit(self) -> None:
        """Quit; living runs continue and unsaved facts are kept, and a message in the shell says so."""
        self._save_view()
        alive = [run.id for run in self.runs if run.alive]
        message = await self.facts_pane.save_before_leaving() if self.facts_pane else ""
        if alive:
            message += "\n" if message else ""
            message += (
                f"{', '.join(alive)} {'continues' if len(alive) == 1 else 'continue'} without the app: "
                "`garage` opens it again, `garage stop last` stops the newest run."
            )
        self.exit(0, message=message or None)


def run_app(
    workspace: Workspace,
    settings: Settings,
    screen: str | None = None,
    facts: Path | None = None,
    question: TerminalQuery | None = None,
    talk_to: str | None = None,
    only_ascii: str = "",
) -> int:
    """Open the app and return its exit code.

    Raises:
        GarageError: something went wrong that the app could not go on from.
    """
    for name in ("COLUMNS", "LINES"):  # if a shell exports them, Textual would ignore a resize
        os.environ.pop(name, None)
    # With --screen, as in a pane of a dashboard, the screen is always the same: such a start keeps no view.
    view = None if screen else load_view(workspace)
    app = GarageApp(workspace, settings, screen, facts, question, talk_to, only_ascii, view)
    with passing_on(app.errors.in_thread):
        app.run(mouse=settings.mouse)
    if app.has_failed:
        save_view(workspace, SavedView())  # the next start must not fail on the same screen
        raise GarageError(f"the app cannot go on ({app.errors.last}")
    return app.return_code or 0
