"""The app: its screens, the keys that work everywhere, and the command palette; wiring only."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import on
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.screen import Screen
from textual.signal import Signal
from textual.widgets import ContentSwitcher

from garage_tui.app.monitor import HardwareRead, Monitor, RunProgressed, RunsChanged, from_home
from garage_tui.app.navigation import Navigation
from garage_tui.app.run_forms import RunForms
from garage_tui.app.terminal_app import TerminalApp
from garage_tui.app.theme import GARAGE, VARIABLES
from garage_tui.core.base.package_path import PACKAGE
from garage_tui.core.base.settings import Settings, Workspace
from garage_tui.core.terminal.capabilities import Terminal
from garage_tui.screens.common import messages
from garage_tui.screens.facts.pane import FactsPane
from garage_tui.widgets._textual_internals import driver_of
from garage_tui.widgets.header import HeaderBar, Tab
from garage_tui.widgets.key_bar import KeyBar
from garage_tui.widgets.pane import Pane

_LEAVE_SECONDS = 5.0
T = TypeVar("T")
if TYPE_CHECKING:
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


class GarageApp(TerminalApp):
    """The terminal app of one workspace.

    Args:
        screen: the screen in front at the start.
        facts: the facts file to open; by default `datasets/garage.jsonl`, else the first one.
        question: the queries that were sent to the terminal; its answers may still come.
        talk_to: the run whose model is the tuned one in the chat; by default the newest.
        only_ascii: why only ASCII is painted although nobody chose that; empty if it is not so.
    """

    CSS_PATH = "garage.tcss"
    TITLE = "garage"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", "Help", key_display="F1", tooltip="Help for this screen"),
        Binding("f2", "show('facts')", "Facts", show=False, key_display="F2", tooltip="Go to the facts"),
        Binding("f3", "show('runs')", "Runs", show=False, key_display="F3", tooltip="Go to the runs"),
        Binding("f4", "show('chat')", "Chat", show=False, key_display="F4", tooltip="Go to the chat"),
        Binding("f5", "show('gallery')", "Gallery", show=False, key_display="F5", tooltip="Go to the pictures"),
        Binding("f6", "show('gpu')", "GPU", show=False, key_display="F6", tooltip="Go to the GPU readings"),
        Binding("ctrl+p", "command_palette", "All actions", priority=True),
        Binding("f8", "mouse", "Mouse", show=False, tooltip="Toggle mouse (off: select text)"),
        Binding("f9", "redraw", "Redraw", show=False, tooltip="Redraw the screen"),
        Binding("escape", "back", "Back", show=False, key_display="Esc", tooltip="Go back to the previous screen"),
        Binding("q", "quit", "Quit", tooltip="Quit the app; runs continue without it"),
        Binding("ctrl+q", "quit", "Quit", priority=True, tooltip="Quit the app; runs continue without it"),
    ]
    COMMAND_PALETTE_DISPLAY = "^p"
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
    ) -> None:
        super().__init__(driver_class=self._driver_for(question))
        self.workspace, self.settings = workspace, settings
        self._only_ascii = only_ascii
        self.in_ascii = bool(settings.ascii or only_ascii)
        self.terminal_answered = Signal[object](self, "terminal-answered")
        if question:
            terminal = question.terminal
            self.set_reactive(GarageApp.terminal, terminal.ascii_only() if self.in_ascii else terminal)
        self.animation_level = "none"  # over SSH smooth scrolling is slow
        self.chosen_facts, self._talk_to = facts, talk_to
        self.monitor = Monitor(self)
        self.navigation = Navigation(self)
        self.run_forms = RunForms(self, lambda: self.monitor.runs.wake())
        self._trail = [screen or "facts"]
        self.register_theme(self.fitting_theme())
        # Assigning the theme would parse every style sheet twice: 20 ms of the first paint.
        self.set_reactive(App.theme, GARAGE.name)
        self.stylesheet.set_variables(self.get_css_variables())

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

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return VARIABLES

    def least_size(self) -> Size:
        return self._least(self._trail[-1])

    @staticmethod
    def _least(name: str) -> Size:
        return LEAST_PANE if name in ("runs", "gpu") else LEAST

    def action_mouse(self) -> None:
        self.pane.notice.note(self.switch_mouse())

    def compose(self) -> ComposeResult:
        yield HeaderBar(from_home(self.workspace.root), TABS)
        yield ContentSwitcher(self._make(self._trail[-1]), initial=self._trail[-1])
        yield KeyBar()

    def _make(self, name: str) -> Pane:
        """Return a new pane; its module and style sheet are read when it is first shown."""
        if name != "facts":
            self._read_styles(name)
        if name == "runs":
            from garage_tui.screens.runs.pane import RunsPane

            return RunsPane(self.monitor.runs, self.settings.energy)
        if name == "chat":
            from garage_tui.screens.chat.pane import ChatPane

            return ChatPane(self.workspace, self.settings, self.navigation.facts_file, self._talk_to)
        if name == "gallery":
            from garage_tui.screens.gallery.pane import GalleryPane

            return GalleryPane(self.workspace, self.terminal)
        if name == "gpu":
            from garage_tui.screens.gpu.pane import GpuPane

            return GpuPane(self.monitor.hardware, self.settings)
        return FactsPane(self.workspace, self.settings, self.chosen_facts)

    def _read_styles(self, name: str) -> None:
        path = (PACKAGE / "app" if name == "palette" else PACKAGE / "screens" / name) / f"{name}.tcss"
        if not self.stylesheet.has_source(str(path)):
            self.stylesheet.read(path)

    def action_command_palette(self) -> None:
        self._read_styles("palette")
        super().action_command_palette()

    def on_mount(self) -> None:
        self.query_one(HeaderBar).active = self.pane.id or ""
        self.pane.reveal()
        # A closed terminal or connection ends the app in an orderly way; by default the signal would kill it.
        for number in (signal.SIGHUP, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self.leave)
        if self._only_ascii:
            self.pane.notice.note(f"Only ASCII is shown: {self._only_ascii}; `garage --no-ascii` shows all characters")
        self.set_timer(0.1, self._after_first_paint)
        self.set_timer(0.2, self.monitor.watch_hardware)

    def _after_first_paint(self) -> None:
        """Start what would have slowed down the first paint."""
        gc.freeze()  # imported modules stay: the collector need not visit them
        gc.enable()
        self.monitor.watch_runs()

    def leave(self) -> None:
        """Exit because the terminal is gone, or because of a signal."""
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
        return self.screen_stack[0].query_one(f"#{self._trail[-1]}", Pane)

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
        await self.screen_stack[0].query_one(ContentSwitcher).add_content(self._make(name))

    async def action_show(self, name: str) -> None:
        """Bring a screen to the front; it is made when it is first shown."""
        if name == self._trail[-1]:
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
        self._trail = [*(step for step in self._trail if step != name), name]
        with self.batch_update():
            switcher.current = name
            self.query_one(HeaderBar).active = name
            self.pane.reveal()

    async def action_back(self) -> None:
        """Return to the screen that was in front before this one."""
        if len(self._trail) > 1:
            await self.action_show(self._trail[-2])

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

    def _actions(self, screen: Screen[object]) -> list[tuple[object, Binding]]:
        """Return the actions of a screen that are possible now: each binding with a tooltip, once."""
        found: dict[str, tuple[object, Binding]] = {}
        for node, binding, enabled, _ in screen.active_bindings.values():
            if not enabled or not binding.tooltip or binding.system:
                continue
            if binding.action not in found or len(found[binding.action][1].key) > len(binding.key):
                found[binding.action] = (node, binding)  # of two keys for one action, the shorter
        return list(found.values())

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Yield the entries of the palette: each action with its key."""
        for node, binding in self._actions(screen):
            run = partial(self.run_action, binding.action, node)  # type: ignore[arg-type]
            yield SystemCommand(binding.tooltip, f"key {self.get_key_display(binding)}", run)
        yield SystemCommand("Change colours", "choose a theme for this session", self.action_change_theme)

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

    def on_unmount(self) -> None:
        self.workers.cancel_group(self, "watch")
        self.monitor.close()

    async def action_quit(self) -> None:
        """Quit; living runs continue, and a message in the shell says so."""
        alive = [run.id for run in self.runs if run.alive]
        message = None
        if alive:
            message = (
                f"{', '.join(alive)} {'continues' if len(alive) == 1 else 'continue'} without the app: "
                "`garage` opens it again, `garage stop last` stops the newest run."
            )
        self.exit(0, message=message)


def run_app(
    workspace: Workspace,
    settings: Settings,
    screen: str | None = None,
    facts: Path | None = None,
    question: TerminalQuery | None = None,
    talk_to: str | None = None,
    only_ascii: str = "",
) -> int:
    """Open the app and return its exit code."""
    for name in ("COLUMNS", "LINES"):  # if a shell exports them, Textual would ignore a resize
        os.environ.pop(name, None)
    app = GarageApp(workspace, settings, screen, facts, question, talk_to, only_ascii)
    app.run(mouse=settings.mouse)
    return app.return_code or 0
