"""The factory of the screens: the module and the style sheet of each are read when it is first shown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from garage_tui.core.base.package_path import PACKAGE
from garage_tui.screens.facts.pane import FactsPane

if TYPE_CHECKING:
    from textual.css.stylesheet import Stylesheet

    from garage_tui.app.monitor import Monitor
    from garage_tui.app.navigation import Navigation
    from garage_tui.core.settings.settings import Settings, Workspace
    from garage_tui.core.terminal.capabilities import Terminal
    from garage_tui.widgets.pane import Pane


class PaneOwner(Protocol):
    """The app, as far as its screens are made of it."""

    workspace: Workspace
    settings: Settings
    terminal: Terminal
    stylesheet: Stylesheet
    monitor: Monitor
    navigation: Navigation
    chosen_facts: Path | None

    @property
    def facts_pane(self) -> FactsPane | None: ...


class PaneFactory:
    """The maker of the screens of an app.

    Args:
        talk_to: the run whose model is the tuned one in the chat; by default the newest.
    """

    def __init__(self, app: PaneOwner, talk_to: str | None) -> None:
        self._app, self._talk_to = app, talk_to

    def make(self, name: str) -> Pane:
        """Return a new pane."""
        app = self._app
        if name != "facts":
            self.read_styles(name)
        if name == "runs":
            from garage_tui.screens.runs.pane import RunsPane

            return RunsPane(app.monitor.runs, app.settings.energy)
        if name == "chat":
            from garage_tui.screens.chat.pane import ChatPane

            return ChatPane(app.workspace, app.settings, app.navigation.facts_file, self._talk_to)
        if name == "gallery":
            from garage_tui.screens.gallery.pane import GalleryPane

            return GalleryPane(app.workspace, app.terminal)
        if name == "gpu":
            from garage_tui.screens.gpu.pane import GpuPane

            return GpuPane(app.monitor.hardware, app.settings)
        if name == "school":
            from garage_tui.screens.school.pane import SchoolPane

            return SchoolPane(app.workspace, app.settings, self._save_facts)
        if name == "documents":
            from garage_tui.screens.documents.pane import DocumentsPane

            return DocumentsPane(app.workspace, app.settings)
        return FactsPane(app.workspace, app.settings, app.chosen_facts)

    async def _save_facts(self) -> Mapping[Path, str]:
        """Save the open facts files; return, for each that is not saved, what of it is not, as a sentence."""
        pane = self._app.facts_pane
        return await pane.session.unsaved_files() if pane else {}

    def read_styles(self, name: str) -> None:
        """Read the style sheet of a screen, or of the palette, unless it was read before."""
        path = (PACKAGE / "app" if name == "palette" else PACKAGE / "screens" / name) / f"{name}.tcss"
        if not self._app.stylesheet.has_source(str(path)):
            self._app.stylesheet.read(path)
