"""The lasting name of the model in service: what it stands for at a request, and the answer in its name.

Engines know runs and the base model by their own ids. Clients ask for the lasting name and compare it with the field
`model` of the answer, so the front replaces the one by the other in both directions.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, ItemsView, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response, StreamingResponse

from garage_tui.core.base.json_text import json_line
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.runs.catalog import run_names
from garage_tui.core.runs.promotion import NotServedError, base_name, run_in_service
from garage_tui.core.runs.record import Run, read_run
from garage_tui.core.runs.service import MEND, read_service
from garage_tui.core.serving.server_process import served_run, served_runs
from garage_tui.core.settings.settings import Workspace
from garage_tui.jobs.serve.openai_api.request_errors import RequestRefusedError
from garage_tui.jobs.serve.openai_api.request_schema import DEFAULT_TEMPERATURE

NOTE = "garage"
"""The key of an answer that says which run gave it and which facts were in its prompt; OpenAI's clients keep keys that
they do not know."""


@dataclass(frozen=True)
class Offer:
    """The model that answers under a model id."""

    model: str
    """The id by which an engine knows it: the base model's name, or a run id."""
    base: str
    """Name of the server's base model."""
    run: Run | None = None
    """Whose adapter answers; None for the base model alone."""
    why_not: str = ""
    """Why it cannot answer now, in one sentence; empty if it can."""
    compare_openings: bool = False
    """Whether several openings of its answer are compared, because the conversation names a taught subject."""


class NotOfferedError(KeyError):
    """A model is not offered: as a mapping raises it, with the reason.

    Attributes:
        why: why a run of the workspace is not offered, as a sentence; empty where the name is that of no run.
    """

    def __init__(self, model: str, why: str) -> None:
        super().__init__(model)
        self.why = why


class OfferedModels(Mapping[str, Offer]):
    """What can be asked now: the lasting name, the base model, and each run that was trained on it.

    A model that is looked up costs one run's files, however many runs there are; only a list of all reads all.

    Args:
        name: the lasting name; it comes first, because clients without a model of their own take the first one.
        base: name of the base model.
        only: ids of the only runs that this server offers; empty for all.
    """

    def __init__(self, workspace: Workspace, name: str, base: str, only: Sequence[str] = ()) -> None:
        self._workspace, self._name, self._base, self._only = workspace, name, base, only

    def __getitem__(self, model: str) -> Offer:
        if model == self._name:
            return _in_service(self._workspace, self._base, self._only)
        if model == self._base:
            return Offer(self._base, self._base)
        if run := served_run(self._workspace, model, self._base, self._only):
            return Offer(run.id, self._base, run)
        raise NotOfferedError(model, self._absence(model))

    def _absence(self, model: str) -> str:
        """Return `NotOfferedError.why`."""
        if model not in run_names(self._workspace):
            return ""
        run = read_run(self._workspace.checkpoints / model)
        if self._only and run.id not in self._only:
            return f"This server was started to offer only {', '.join(self._only)}."
        if run.manifest and (trained_on := base_name(run)) != self._base:
            return (
                f"It was trained on {trained_on}, and this server has {self._base}: `garage serve --stop`, then "
                f"`garage serve {run.id}` serves it."
            )
        return f"Run {run.id} cannot answer ({run.status})."

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def items(self) -> ItemsView[str, Offer]:
        return self._all().items()  # read once: a run that is deleted meanwhile fails no list

    def _all(self) -> dict[str, Offer]:
        found = {self._name: self[self._name], self._base: self[self._base]}
        for run in served_runs(self._workspace, self._base, self._only):
            found.setdefault(run.id, Offer(run.id, self._base, run))
        return found


def find_offer(offers: Mapping[str, Offer], name: str) -> Offer:
    """Return what a model id stands for.

    Raises:
        RequestRefusedError: nothing; its sentence says why, where the id is that of a run.
    """
    try:
        return offers[name]
    except NotOfferedError as error:
        why = error.why
    except KeyError:  # of another mapping
        why = ""
    # OpenAI's own sentence: TinyLLM's chatbot looks for "does not exist", and takes another model.
    text = f"The model `{one_line(name, 200)}` does not exist."
    raise RequestRefusedError(404, "model_not_found", f"{text} {one_line(why, 500)}".rstrip(), "model")


def _in_service(workspace: Workspace, base: str, only: Sequence[str]) -> Offer:
    service = read_service(workspace)
    model = service.run or base
    try:
        run = run_in_service(workspace, service)
    except NotServedError as error:
        return Offer(model, base, None, str(error))
    if run is None:
        return Offer(base, base)
    trained_on = base_name(run)
    if trained_on != base:
        reason = f"the run in service, {run.id}, was trained on {trained_on}, but this server has {base}"
        return Offer(model, base, run, f"{reason}: restart it (`garage serve --stop`, then `garage serve`), or {MEND}")
    if only and run.id not in only:
        reason = f"the run in service, {run.id}, is not among those that this server offers ({', '.join(only)})"
        return Offer(model, base, run, f"{reason}: restart it without RUN, or with {run.id}")
    return Offer(model, base, run)


def model_entry(name: str, offer: Offer, context: int | None) -> dict[str, object]:
    """Return what `/v1/models` says of a model.

    `root` is what the lasting name stands for now; `max_model_len` is vLLM's name, which other clients know, too.
    """
    run = offer.run
    entry: dict[str, object] = {
        "id": name,
        "object": "model",
        "created": int(run.manifest.created) if run and run.manifest else 0,
        "owned_by": "garage_tui",
        "root": offer.model,
        "parent": offer.base if run else None,
        "max_model_len": context,
        "default_sampling": {"temperature": DEFAULT_TEMPERATURE},
    }
    return {**entry, "unavailable": offer.why_not} if offer.why_not else entry


def in_its_name(response: Response, name: str, model: str, note: Mapping[str, object] | None = None) -> Response:
    """Return an answer whose `model` is the lasting name; `system_fingerprint` says which model answered.

    Args:
        response: a JSON object, or server-sent events with one each; errors stay as they are.
        name: the lasting name.
        model: what it stood for: a run id, or the base model.
        note: what is added under `NOTE`; in a stream to the events that end an answer.
    """
    answer = _Renamed(name, model, note)
    if isinstance(response, StreamingResponse):
        response.body_iterator = _renamed_events(response.body_iterator, answer)
        return response
    body = bytes(response.body)
    renamed = answer.data(body)
    return response if renamed == body else Response(renamed, response.status_code, media_type="application/json")


@dataclass(frozen=True)
class _Renamed:
    name: str
    model: str
    note: Mapping[str, object] | None

    def line(self, line: bytes) -> bytes:
        """Return a line of a stream of events."""
        field, colon, data = line.partition(b":")
        if field != b"data" or not data.lstrip().startswith(b"{"):
            return line
        return field + colon + b" " + self.data(data)

    def data(self, data: bytes) -> bytes:
        """Return an answer, or a piece of it."""
        try:
            found = json.loads(data)
        except (ValueError, RecursionError):
            return data
        if not isinstance(found, dict) or "model" not in found:
            return data
        found |= {"model": self.name, "system_fingerprint": self.model}
        if self.note is not None and _is_end(found):
            found[NOTE] = self.note
        return json_line(found)


def _is_end(answer: Mapping[str, Any]) -> bool:
    """Return whether this is a whole answer, or the piece of one that says how it ended or counts its tokens."""
    choices = answer.get("choices")
    if not isinstance(choices, list):
        return False
    return not choices or any(isinstance(one, dict) and one.get("finish_reason") for one in choices)


async def _renamed_events(pieces: Any, answer: _Renamed) -> AsyncIterator[bytes]:
    """Yield the events as they come, each whole; closing this closes `pieces`."""
    rest = b""
    async with contextlib.aclosing(pieces):
        async for piece in pieces:
            *lines, rest = (rest + (piece.encode() if isinstance(piece, str) else bytes(piece))).split(b"\n")
            if lines:
                yield b"".join(answer.line(line) + b"\n" for line in lines)
    if rest:
        yield answer.line(rest)
