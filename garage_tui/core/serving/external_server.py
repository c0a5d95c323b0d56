"""A server that somebody else runs, for the chat: any that speaks OpenAI's API. It is asked, never started or ended."""

from __future__ import annotations

import os
import shlex
import time
from pathlib import Path

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.safe_open import open_regular
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.settings import ChatSettings
from garage_tui.core.chat.client import ServerAddress, list_models
from garage_tui.core.serving.server_state import ServerSnapshot

_LOOK_SECONDS = 15.0
"""Between two looks whether it is there: it may be far away, and somebody else's."""
_MOST_KEY = 4096  # bytes


class ExternalServer:
    """The server that `[chat]` names.

    Args:
        settings: with a `server`.
    """

    def __init__(self, settings: ChatSettings) -> None:
        self._settings = settings
        self._looked: tuple[float, ServerSnapshot] | None = None
        self.models: tuple[str, ...] = ()
        """Ids of the models that it offered when it was last asked."""

    async def inspect(self, fresh: bool = False) -> ServerSnapshot:
        """Ask whether it is there, at most every few seconds unless it has to be `fresh`."""
        now = time.monotonic()
        if fresh or self._looked is None or now - self._looked[0] > _LOOK_SECONDS:
            self._looked = now, await self._ask()
        return self._looked[1]

    def address(self) -> ServerAddress:
        """Return where it is, and the key that it asks for.

        Raises:
            GarageError: the file of the key cannot be read, or others can read it too.
        """
        if not self._settings.key_file:
            return ServerAddress(self._settings.server)
        file = Path(self._settings.key_file).expanduser()
        try:
            with open_regular(file) as opened:
                _check_private(file, os.fstat(opened.fileno()))
                return ServerAddress(self._settings.server, opened.read(_MOST_KEY).decode().strip())
        except (OSError, UnicodeDecodeError) as error:
            raise GarageError(f"the key in {file} cannot be read: check `key_file` in [chat]") from error

    def model_for(self, side: str, run: str) -> str:
        """Return the id of the model on one side of the chat (`base`, `book` or `tuned`).

        Args:
            run: the run that is chosen; empty for none.

        Raises:
            GarageError: it offers no such model.
        """
        wanted = (self._settings.tuned or run) if side == "tuned" else self.base
        if wanted not in self.models:
            offers = one_line(", ".join(self.models), 200) or "none"
            raise GarageError(f"{self._settings.server} has no model {wanted or 'at all'}; it has: {offers}")
        return wanted

    @property
    def base(self) -> str:
        return self._settings.base or (self.models[0] if self.models else "")

    async def _ask(self) -> ServerSnapshot:
        where = one_line(self._settings.server, 80)
        try:
            self.models = tuple(await list_models(self.address()))
        except GarageError as error:
            return ServerSnapshot("failed", one_line(str(error), 200), None, self.base, Path())
        if not self.models:
            return ServerSnapshot("failed", f"{where} offers no model", None, self.base, Path())
        return ServerSnapshot("ready", "", self._settings.server, self.base, Path(), engine=where)


def _check_private(file: Path, status: os.stat_result) -> None:
    """Refuse the owner's own file if others can read it, as ssh does; one of somebody else's is that one's business."""
    if status.st_uid == os.getuid() and status.st_mode & 0o077:
        raise GarageError(f"others on this box can read the key in {file}: chmod 600 {shlex.quote(str(file))}")
