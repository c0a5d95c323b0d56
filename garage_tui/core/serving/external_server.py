"""An OpenAI-compatible server that somebody else runs, for the chat. It is never started or stopped here."""

from __future__ import annotations

import time
from pathlib import Path

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.home_path import expand_home
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.chat.client import ServerAddress, list_model_entries
from garage_tui.core.chat.key_file import read_key
from garage_tui.core.serving.server_state import ServerSnapshot
from garage_tui.core.settings.settings import ChatSettings

_POLL_SECONDS = 15.0
"""Shortest time between two requests for its models: it may be far away, and it is somebody else's."""


class ExternalServer:
    """The server that `[chat]` names.

    Args:
        settings: with a `server`.
    """

    def __init__(self, settings: ChatSettings) -> None:
        self._settings = settings
        self._last: tuple[float, ServerSnapshot] | None = None
        self._first = ""
        self.models: tuple[str, ...] = ()
        """Ids of the models that it offered in its last response."""

    async def inspect(self, fresh: bool = False) -> ServerSnapshot:
        """Return whether it responds; requested again after some seconds, or at once if `fresh`."""
        now = time.monotonic()
        if fresh or self._last is None or now - self._last[0] > _POLL_SECONDS:
            self._last = now, await self._request_models()
        return self._last[1]

    def address(self) -> ServerAddress:
        """Return its address and the key that it asks for.

        Raises:
            GarageError: the key file cannot be read, or others can read it too.
        """
        if not self._settings.key_file:
            return ServerAddress(self._settings.server)
        key = read_key(expand_home(self._settings.key_file), "check `key_file` in [chat]")
        return ServerAddress(self._settings.server, key)

    def model_for(self, side: str, run: str) -> str:
        """Return the id of the model that answers on one side of the chat.

        Args:
            side: `base`, `book` or `tuned`.
            run: id of the run that is chosen; empty for none.

        Raises:
            GarageError: it offers no such model.
        """
        model = (self._settings.tuned or run) if side == "tuned" else self.base
        if model not in self.models:
            offered = one_line(", ".join(self.models), 200) or "none"
            raise GarageError(f"{self._settings.server} has no model {model or 'at all'}; it has: {offered}")
        return model

    @property
    def base(self) -> str:
        """The model that the settings name as the base, by default the first that it offers.

        A model that only stands for another one, such as a garage server's model in service, comes last.
        """
        return self._settings.base or self._first

    async def _request_models(self) -> ServerSnapshot:
        url = one_line(self._settings.server, 80)
        try:
            entries = await list_model_entries(self.address())
        except GarageError as error:
            return ServerSnapshot("failed", one_line(str(error), 200), None, self.base, Path())
        self.models = tuple(entry.id for entry in entries)
        own = [entry.id for entry in entries if entry.root == entry.id or entry.root not in self.models]
        self._first = next(iter([*own, *self.models]), "")
        if not self.models:
            return ServerSnapshot("failed", f"{url} offers no models", None, self.base, Path())
        return ServerSnapshot("ready", "", self._settings.server, self.base, Path(), engine=url)
