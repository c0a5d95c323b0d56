"""The model that suggests wordings: the one that is served, or the base model of the settings, which is served then."""

from __future__ import annotations

from collections.abc import Callable

from garage_tui.core.base.format import model_label
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.chat.client import ServerAddress
from garage_tui.core.serving.server_state import LIVE_STATUSES, ServerSnapshot
from garage_tui.core.settings.settings import Settings, Workspace
from garage_tui.screens.common.chat_server import make_chat_server


class SuggestionModel:
    """Finds the base model that is served; starts the model server if none runs.

    Args:
        workspace: whose server it is.
        settings: of the workspace.
        key: the key that asks again, for what is said when the server fails.
    """

    def __init__(self, workspace: Workspace, settings: Settings, key: str) -> None:
        self._say: Callable[[str], None] = lambda text: None
        self._server = make_chat_server(workspace, settings, self._report, key)

    @property
    def label(self) -> str:
        """Name of the model, for a person."""
        return one_line(model_label(self._server.base), 60)

    async def connect(self, say: Callable[[str], None]) -> tuple[ServerAddress, str]:
        """Return the server's address and the model's id, once the server answers.

        Args:
            say: called with what the server does while it starts.

        Raises:
            GarageError: there is no model to ask.
        """
        self._say = say
        try:
            snapshot = await self._server.inspect()
            if snapshot.base and snapshot.status in LIVE_STATUSES:
                self._server.choose_base(snapshot.base)  # whichever is loaded can reword
            address = await self._server.wait_until_ready()
            await self._server.inspect()
            return address, self._server.model_for("base", "")
        finally:
            self._say = lambda text: None

    def _report(self, snapshot: ServerSnapshot) -> None:
        if snapshot.status == "starting":
            self._say(self._server.describe(snapshot))
