"""The HTTP routes of a model server: the part of OpenAI's API that its clients need, protected by a key."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.runs.record import Run
from garage_tui.core.runs.service import MEND
from garage_tui.jobs.serve.engine_failures import EngineFailures
from garage_tui.jobs.serve.generation import GenerationRow
from garage_tui.jobs.serve.lasting_name import Offer, find_offer, in_its_name, model_entry
from garage_tui.jobs.serve.openai_api import other_servers
from garage_tui.jobs.serve.openai_api.answer_format import AnswerFormat
from garage_tui.jobs.serve.openai_api.key_required import KeyRequired, has_key
from garage_tui.jobs.serve.openai_api.request_body import read_body
from garage_tui.jobs.serve.openai_api.request_errors import GONE, RequestRefusedError, as_refusal, error_response
from garage_tui.jobs.serve.openai_api.request_fields import EngineName
from garage_tui.jobs.serve.openai_api.request_schema import ChatRequest, read_request

T = TypeVar("T")
CHAT = "/v1/chat/completions"
COMPLETIONS = "/v1/completions"
HEALTH = "/health"
MODELS = "/v1/models"
OPEN = (HEALTH,)
"""Routes that answer without the key; they tell nothing but whether the server can answer."""
_IN_WORDS = "Please describe it in words."
Offers = Callable[[], Mapping[str, Offer]]
"""Returns the ids of the models that can be asked now, and what each stands for."""
Router = Callable[[Offer, ChatRequest], Offer]
"""Returns which model answers a request for the lasting name. Blocks: it reads files."""
Book = Callable[[Run | None, ChatRequest], tuple[ChatRequest, tuple[str, ...]]]
"""Returns a request for the lasting name with the facts that the run in service has not learned, and these facts.
Blocks: it reads files."""
Memory = Callable[[ChatRequest], str]
"""Adds the fact that a request for the lasting name tells, and returns what became of it in a sentence; empty where it
tells none. Blocks: it writes files."""


class Backend(Protocol):
    """A backend that answers questions: a model in this process, or another server behind this one."""

    name: str
    """For people: `transformers 5.0.0`."""
    failures: EngineFailures
    """How often its engine has ended by itself, and what is to be said of that."""
    engine: EngineName
    """Decides which fields of a request are refused (`jobs/serve/openai_api/request_fields.py`)."""

    @property
    def context(self) -> int | None:
        """How many tokens prompt and answer may have together; None while that is not known."""
        ...

    @property
    def last_used(self) -> float:
        """Monotonic seconds of the last question or answer."""
        ...

    @property
    def busy(self) -> bool:
        """True while an answer is being generated."""
        ...

    def start(self, say: Callable[[str], None]) -> None:
        """Get ready to answer; may be called again after `sleep`, and after its engine has ended by itself.

        Raises:
            GarageError: it cannot start; the text says why.
        """
        ...

    def sleep(self) -> None:
        """Free the GPU's memory."""
        ...

    def close(self, seconds: float) -> bool:
        """Cancel all answers; return whether everything has ended in time."""
        ...

    def check(self) -> None:
        """Check that it is still running.

        Raises:
            EngineEndedError: its engine has ended by itself, and `start` is needed; the text says why.
            GarageError: its engine has ended too often.
        """
        ...

    def health(self) -> dict[str, object]:
        """Return more fields for `GET /health`."""
        ...

    async def answer(
        self, request: Request, path: str, question: ChatRequest, body: bytes, run: Run | None
    ) -> Response:
        """Return the answer of the base (None) or of a run to a request for `path` (`CHAT` or `COMPLETIONS`).

        Args:
            question: the checked request.
            body: the same as JSON, for a server behind this one.

        Raises:
            RequestRefusedError, BadInputError: it gets no answer.
        """
        ...


def make_app(
    backend: Backend,
    offers: Offers,
    key: str | Callable[[], str],
    absent: Callable[[], str] = lambda: "",
    router: Router = lambda offer, _: offer,
    book: Book = lambda _, question: (question, ()),
    memory: Memory = lambda _: "",
) -> ASGIApp:
    """Return the ASGI app; all its routes but `OPEN` need `key`.

    Args:
        key: the API key, or a function that returns it, where it may change.
        absent: returns why the model cannot answer now; empty where it can.
        router: by default the run in service answers all requests for the lasting name.
        book: by default no facts are put into a request.
        memory: by default no request tells a fact.
    """
    in_service = _InService(backend, router, book)

    async def health(request: Request) -> Response:
        if not has_key(request.scope, key):
            return JSONResponse({"status": "asleep" if absent() else "ok"})
        return JSONResponse({"status": absent() or "ok", "busy": backend.busy, **backend.health()})

    async def offered(name: str) -> Offer:
        return await asyncio.to_thread(lambda: find_offer(offers(), name))  # it reads files

    async def models(_: Request) -> Response:
        found = await asyncio.to_thread(lambda: offers().items())
        return JSONResponse({"object": "list", "data": [model_entry(*one, backend.context) for one in found]})

    async def model(request: Request) -> Response:
        name = request.path_params["name"]
        return JSONResponse(model_entry(name, await offered(name), backend.context))

    async def answer(request: Request) -> Response:
        path = request.url.path
        question = read_request(await read_body(request), backend.engine, "chat" if path == CHAT else "completions")
        offer = await offered(question.model)
        if question.unable:
            return _own_answer(question, f"This model reads text only; it cannot {question.unable}. {_IN_WORDS}")
        is_lasting = offer.model != question.model
        if is_lasting and (sentence := await asyncio.to_thread(memory, question)):
            return _own_answer(question, sentence)
        if reason := absent():
            raise RequestRefusedError(503, "asleep", reason)
        if offer.why_not:
            raise RequestRefusedError(503, "not_in_service", offer.why_not)
        if is_lasting:
            return await in_service.answer(request, path, question, offer)
        return await backend.answer(request, path, question, question.body(), offer.run)

    async def refused(request: Request, error: Exception) -> Response:
        if isinstance(error, BadInputError):
            error = as_refusal(error)
        elif isinstance(error, HTTPException):
            error = _refused_route(request.url.path, error)
        if isinstance(error, ClientDisconnect):
            return Response(status_code=GONE)
        if not isinstance(error, RequestRefusedError):
            text = f"the server failed ({type(error).__name__}); see its log"
            error = RequestRefusedError(500, "server_error", text)
        return error_response(error)

    routes = [
        Route(HEALTH, health),
        Route(MODELS, models),
        Route(f"{MODELS}/{{name:path}}", model),
        Route(CHAT, answer, methods=["POST"]),
        Route(COMPLETIONS, answer, methods=["POST"]),
    ]
    handled = (RequestRefusedError, HTTPException, BadInputError, ClientDisconnect, Exception)
    return KeyRequired(Starlette(routes=routes, exception_handlers=dict.fromkeys(handled, refused)), key, OPEN)


class _InService:
    """Answers requests for the lasting name: by what it stands for, and in its name."""

    def __init__(self, backend: Backend, router: Router, book: Book) -> None:
        self._backend, self._router, self._book = backend, router, book

    async def answer(self, request: Request, path: str, question: ChatRequest, offer: Offer) -> Response:
        """Return the answer of the run in service or of the base model, in the name that was asked for.

        Raises:
            RequestRefusedError, BadInputError: it gets none; another model never answers in its place.
        """
        served, name = offer.run, question.model
        if served:
            offer = await asyncio.to_thread(self._router, offer, question)
        question = question.for_model(offer.model, compare_openings=offer.compare_openings)
        with_facts, facts = await asyncio.to_thread(self._book, served, question)
        try:
            found = await self._from(request, path, with_facts, offer)
        except (RequestRefusedError, BadInputError) as error:
            if not (facts and _is_bad(error)):
                raise
            facts = ()  # with them it does not fit, or the engine refuses what one of them spells: without is better
            found = await self._from(request, path, question, offer)
        return in_its_name(found, name, offer.model, {"run": offer.run.id if offer.run else None, "book": list(facts)})

    async def _from(self, request: Request, path: str, question: ChatRequest, offer: Offer) -> Response:
        try:
            return await self._backend.answer(request, path, question, question.body(), offer.run)
        except RequestRefusedError as error:
            if offer.run and error.status == 500:  # its adapter cannot be loaded
                raise RequestRefusedError(500, error.code, f"{error.message}; {MEND}") from error
            raise


def _is_bad(error: RequestRefusedError | BadInputError) -> bool:
    return isinstance(error, BadInputError) or error.status == 400


def _own_answer(question: ChatRequest, text: str) -> Response:
    """Return a sentence of the server itself as the assistant's answer.

    For a message with a picture, too: after an error a chat sends the picture again and again.
    """
    found = AnswerFormat(question, [GenerationRow([]) for _ in range(question.choices)], str).sentence(text)
    if isinstance(found, dict):
        return JSONResponse(found)
    return Response("".join(found), media_type="text/event-stream")


def _refused_route(path: str, error: HTTPException) -> RequestRefusedError:
    allow = ", ".join(sorted((error.headers or {}).get("Allow", "").split(", ")))
    if error.status_code == 405:
        return RequestRefusedError(405, "method_not_allowed", f"{error.detail}: use {allow}", allow=allow)
    if error.status_code == 404 and (text := other_servers.instead_of(path)):
        return RequestRefusedError(404, "not_supported", text)
    use = f"{error.detail}: use {MODELS}, {CHAT} or {COMPLETIONS}"
    return RequestRefusedError(error.status_code, "not_found", use)


async def unless_gone(request: Request, work: Awaitable[T]) -> T:
    """Return the result of `work`, or cancel it when the client disconnects first.

    Raises:
        ClientDisconnect: the client has disconnected.
    """
    gone = asyncio.ensure_future(request.receive())  # the body is read: the next message is the disconnect
    doing = asyncio.ensure_future(work)
    try:
        await asyncio.wait((doing, gone), return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            return doing.result()
        raise ClientDisconnect
    finally:
        doing.cancel()
        gone.cancel()
