"""The backend that passes checked requests on to a vLLM process.

vLLM's own key does not protect all of its routes, and whoever reaches it can change its adapters. So vLLM listens on a
Unix socket of this user alone, and clients talk to our server, which checks their key.
"""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import psutil
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.models.base_models import BaseModel
from garage_tui.core.models.weight_size import weight_bytes
from garage_tui.core.runs.record import Run
from garage_tui.core.serving import vllm_install
from garage_tui.core.settings.settings import ServeSettings
from garage_tui.jobs.llm.adapter_safety import check, rank, stamp
from garage_tui.jobs.serve.engine_failures import EngineEndedError, EngineFailures
from garage_tui.jobs.serve.openai_api.chat_form import COMPLETIONS, OpeningText
from garage_tui.jobs.serve.openai_api.request_errors import GONE, RequestRefusedError, unloaded
from garage_tui.jobs.serve.openai_api.request_fields import BadFieldError, EngineName
from garage_tui.jobs.serve.openai_api.request_schema import ChatRequest
from garage_tui.jobs.serve.openings import compares_openings, with_opening
from garage_tui.jobs.serve.routes import unless_gone
from garage_tui.jobs.serve.upstream import SLEEP_SECONDS, Rewriter, Upstream, blocking_engine_client, engine_client
from garage_tui.jobs.serve.upstream_request import prepare
from garage_tui.jobs.serve.vllm.answer import OpenedAnswer, VllmAnswer
from garage_tui.jobs.serve.vllm.arguments import arguments, environment
from garage_tui.jobs.serve.vllm.exclusive_kinds import ExclusiveKinds
from garage_tui.jobs.serve.vllm.process import VllmProcess
from garage_tui.jobs.serve.vllm.token_writer import chat_prompt, write_tokens

_CONTROL_SECONDS = 120.0
"""How long vLLM may take to fall asleep or to wake up."""


class VllmBackend:
    """A `Backend` (`jobs/serve/routes.py`).

    Args:
        runs: those whose adapters can be asked; the largest rank among them is the limit.
        slot: `cpu`, or the index of a GPU.
        log: the file that stdout goes to.

    Raises:
        GarageError: there is no vLLM, or it cannot start here.
    """

    engine: EngineName = "vllm"

    def __init__(self, base: BaseModel, runs: Sequence[Run], settings: ServeSettings, slot: str, log: Path) -> None:
        self._base, self._settings, self._slot, self._log = base, settings, slot, log
        self._vllm = vllm_install.probe(settings)
        if self._vllm.conflicts:
            conflicts = ", ".join(self._vllm.conflicts)
            raise GarageError(f"vLLM cannot start: {conflicts} must be removed first, with `{self._vllm.repair}`")
        if slot == "cpu" and not self._vllm.cpu:
            raise GarageError(f"vLLM {self._vllm.version} needs a GPU; for a CPU install `{vllm_install.INSTALL_CPU}`")
        self._rank = vllm_install.rank_for(rank(run.adapter) for run in runs if run.adapter)
        self.name = f"vLLM {self._vllm.version}"
        self._process: VllmProcess | None = None
        self._sleeping: VllmProcess | None = None
        self._loaded: dict[str, tuple[int, int]] = {}
        self._loading = asyncio.Lock()
        self._kinds = ExclusiveKinds()
        self.failures = EngineFailures()
        self._upstream = Upstream("vLLM", self.failures)
        self._over = False
        self._context: int | None = None

    @property
    def context(self) -> int | None:
        return self._context

    @property
    def busy(self) -> bool:
        return self._upstream.busy

    @property
    def last_used(self) -> float:
        return self._upstream.last_used

    def start(self, say: Callable[[str], None]) -> None:
        if self._sleeping and self._wake(self._sleeping):
            self._process, self._sleeping = self._sleeping, None
            return
        if self._process:  # it has ended by itself
            self._process.end()
        say("vLLM: starting")
        self._loaded.clear()
        self._process = VllmProcess(self._vllm.python, self._arguments(), environment(self._vllm), self._log)
        if self._over:  # closed in the meantime
            self._process.end()
        self._process.wait_until_ready(say)
        self._context = self._read_context(self._process)

    def sleep(self) -> None:
        process, self._process = self._process, None
        self._upstream.wait_until_idle(SLEEP_SECONDS)
        if process and self._can_sleep() and self._post(process, "/sleep?level=1"):
            self._sleeping = process
        elif process:
            process.end()

    def close(self, seconds: float) -> bool:
        self._over = True
        for process in filter(None, (self._process, self._sleeping)):
            process.end()
        return True

    def check(self) -> None:
        if self._process is None:
            return
        try:
            self._process.check()
        except GarageError as error:
            raise EngineEndedError(str(error)) from error

    def health(self) -> dict[str, object]:
        return {"engine": self.name, "adapters": sorted(self._loaded)}

    async def answer(
        self, request: Request, path: str, question: ChatRequest, body: bytes, run: Run | None
    ) -> Response:
        process = self._process
        if process is None:
            raise unloaded()
        if self._vllm.cpu and run is not None and question.echo:
            raise BadFieldError("echo", "echo: vLLM for processors ends when an adapter gets it; ask the base model")
        body = await asyncio.to_thread(prepare, body, self._base.path, self.engine)
        leave = await unless_gone(request, self._turn(question, run))
        try:
            return await self._answered(request, process, path, question, body, run, leave)
        except BaseException:
            leave()
            raise

    async def _turn(self, question: ChatRequest, run: Run | None) -> Callable[[], None]:
        """Wait until a request can be in vLLM's batch, and return what is to be called after its answer."""
        if not self._vllm.cpu or (run is None and not question.echo):
            return lambda: None
        return await self._kinds.take("scored prompt" if run is None else "adapter")

    async def _answered(
        self,
        request: Request,
        process: VllmProcess,
        path: str,
        question: ChatRequest,
        body: bytes,
        run: Run | None,
        leave: Callable[[], None],
    ) -> Response:
        """Return the answer to a request that can be in vLLM's batch now; `leave` is called after it."""
        with self._upstream.under_way() as answered:

            def end() -> None:
                leave()
                answered()

            client = engine_client(process.socket, process.key)
            if run is not None:
                await self._load_for(client, run)
            rewriter: Rewriter = VllmAnswer(self._context)
            if compares_openings(question):
                try:
                    opened = await unless_gone(request, self._opened(question, json.loads(body), client))
                except ClientDisconnect:
                    await client.aclose()
                    end()
                    return Response(status_code=GONE)
                if opened:
                    path, (fields, opening) = COMPLETIONS, opened
                    body, rewriter = json.dumps(fields).encode(), OpenedAnswer(self._context, opening)
            return await self._upstream.pass_on(request, client, path, body, end, rewriter)

    async def _opened(
        self, question: ChatRequest, fields: dict[str, Any], client: httpx.AsyncClient
    ) -> tuple[dict[str, Any], OpeningText] | None:
        """Return a request that continues its best opening, and that opening.

        None where vLLM begins with it by itself, refuses, or does not answer: then it gets the request as it is, and
        says what is wrong.
        """
        try:
            prompt = await chat_prompt(client, fields)
            write = functools.partial(write_tokens, client, question.model)
            return await with_opening(write, fields, prompt, question, self._base.path)
        except (httpx.HTTPError, GarageError, ValueError, LookupError):
            return None

    async def _load_for(self, client: httpx.AsyncClient, run: Run) -> None:
        """Load a run's adapter; close the client where that fails.

        Raises:
            RequestRefusedError: it cannot be served.
        """
        try:
            await self._load(client, run)
        except httpx.HTTPError as error:
            await client.aclose()
            raise RequestRefusedError(502, "server_error", "vLLM does not answer; see the server's log") from error
        except BaseException:
            await client.aclose()
            raise

    async def _load(self, client: httpx.AsyncClient, run: Run) -> None:
        """Load the current version of a run's adapter into vLLM.

        Raises:
            RequestRefusedError: it cannot be served.
        """
        assert run.adapter
        async with self._loading:
            try:
                now = stamp(run.adapter)
                if self._loaded.get(run.id) == now:
                    return
                await asyncio.to_thread(check, run.adapter, self._base)
            except GarageError as error:
                raise RequestRefusedError(500, "server_error", str(error)) from error
            if (needs := rank(run.adapter)) > self._rank:
                why = f"{run.id} has rank {needs}, but this server was started for ranks up to {self._rank}: restart it"
                raise RequestRefusedError(503, "server_error", why)
            if self._loaded.pop(run.id, None):
                await client.post("/v1/unload_lora_adapter", json={"lora_name": run.id})
            request_body = {"lora_name": run.id, "lora_path": str(run.adapter)}
            answer = await client.post("/v1/load_lora_adapter", json=request_body)
            if answer.status_code != 200:
                raise RequestRefusedError(
                    500, "server_error", f"the adapter of {run.id} cannot be loaded: {_error_message(answer)}"
                )
            self._loaded[run.id] = now

    def _arguments(self) -> list[str]:
        return arguments(self._base, self._vllm, self._settings, self._rank, self._slot)

    def _can_sleep(self) -> bool:
        """Return whether the weights fit into main memory while vLLM sleeps."""
        if self._vllm.cpu:
            return False
        return psutil.virtual_memory().available > 1.2 * weight_bytes(self._base.path)

    def _wake(self, process: VllmProcess) -> bool:
        try:
            process.check()
        except GarageError:
            self._sleeping = None
            return False
        if self._post(process, "/wake_up"):
            return True
        process.end()
        self._sleeping = None
        return False

    def _post(self, process: VllmProcess, path: str) -> bool:
        try:
            with blocking_engine_client(process.socket, process.key, _CONTROL_SECONDS) as client:
                return client.post(path).status_code == 200
        except httpx.HTTPError:
            return False

    def _read_context(self, process: VllmProcess) -> int | None:
        try:
            with blocking_engine_client(process.socket, process.key, _CONTROL_SECONDS) as client:
                length = client.get("/v1/models").json()["data"][0]["max_model_len"]
        except (httpx.HTTPError, ValueError, LookupError, TypeError):
            return None
        return length if isinstance(length, int) else None


def _error_message(answer: httpx.Response) -> str:
    try:
        found = answer.json()
        found = found.get("error", found)
        return one_line(str(found.get("message") if isinstance(found, dict) else found), 200)
    except ValueError:
        return f"HTTP {answer.status_code}"
