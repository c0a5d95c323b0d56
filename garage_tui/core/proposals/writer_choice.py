"""Who writes facts from documents: the model that the owner names, the one that is served here, or the rules."""

from __future__ import annotations

from typing import Literal

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.home_path import expand_home
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.workspace import Workspace
from garage_tui.core.chat.client import ServerAddress, list_model_entries
from garage_tui.core.chat.key_file import read_key
from garage_tui.core.exam.server_exam import server_address
from garage_tui.core.proposals.model_writer import ModelWriter
from garage_tui.core.serving import server_process
from garage_tui.core.serving.server_state import inspect
from garage_tui.core.settings.settings import Settings

WriterName = Literal["auto", "model", "rules"]
_NONE = (
    "no model writes facts here: name a server as `writer_url` in [documents] of your own settings, start one with "
    "`garage serve`, or use the rules with --writer rules"
)


async def choose_writer(workspace: Workspace, settings: Settings, name: WriterName = "auto") -> ModelWriter | None:
    """Return the model that writes facts; None for the rules.

    Args:
        name: `auto` takes the model of the settings, else the one that is served here, else the rules.

    Raises:
        BadInputError: a model is requested and there is none, or the server does not have it.
        ChatError: the server that the settings name does not answer.
        GarageError: its key cannot be read.
    """
    if name == "rules":
        return None
    address = _address(workspace, settings)
    if address is None:
        if name == "model":
            raise BadInputError(_NONE)
        return None
    entries = await list_model_entries(address)
    ids = [entry.id for entry in entries]
    # A model that only stands for another one, such as the model in service, comes last.
    own = [entry.id for entry in entries if entry.root == entry.id or entry.root not in ids]
    named = settings.documents.writer_model
    if named and named not in ids:
        offered = one_line(", ".join(ids), 200) or "none"
        raise BadInputError(f"{one_line(address.url, 80)} has no model {one_line(named, 80)}; it has: {offered}")
    model = named or next(iter([*own, *ids]), "")
    if not model:
        raise BadInputError(f"{one_line(address.url, 80)} offers no model: load one there")
    return ModelWriter(address, model)


def _address(workspace: Workspace, settings: Settings) -> ServerAddress | None:
    """Return the address of the writer's server; None where there is none."""
    documents = settings.documents
    if documents.writer_url:
        key = ""
        if documents.writer_key_file:
            key = read_key(expand_home(documents.writer_key_file), "check `writer_key_file` in [documents]")
        try:
            return server_address(documents.writer_url, key)
        except BadInputError as error:
            shown = one_line(documents.writer_url, 200)
            raise BadInputError(f"writer_url in [documents]: {shown} is no address of a server") from error
    if inspect(workspace).status not in ("ready", "asleep"):
        return None
    try:
        return server_process.address(workspace)
    except GarageError:  # it ended meanwhile
        return None
