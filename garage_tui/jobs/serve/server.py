"""The model server: a base model and the workspace's adapters at an OpenAI-compatible address.

    python -m garage_tui.jobs.serve WORKSPACE --base NAME [--engine NAME] [--slot cpu|N] [--host H] [--port N]
                                    [--name ID] [--idle-minutes X] [--only RUN …] [--lock-fd FD]

Writes `lock`, `state.json` and `key` in `checkpoints/.server/`; stdout and stderr are its log. The key is
`$GARAGE_API_KEY` where that is set, else the workspace's own (`core/serving/api_key.py`). SIGTERM ends it cleanly.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import fcntl
import functools
import os
import signal
import socket
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.phase import with_counts
from garage_tui.core.runs.folder import LOCK, LOG
from garage_tui.core.school.remember import facts_file
from garage_tui.core.serving.api_key import VARIABLE, CurrentKey, give_back_key, take_key
from garage_tui.core.serving.port_owner import PortTakenError
from garage_tui.core.serving.server_process import SETTINGS, served_runs
from garage_tui.core.serving.server_state import ServerState, process_start, write_state
from garage_tui.core.settings.settings import ServeSettings, Workspace, load_settings
from garage_tui.jobs.runtime import blocked_imports
from garage_tui.jobs.runtime.error_text import describe_error, is_termination
from garage_tui.jobs.serve.gpu_lease import GpuLease

if TYPE_CHECKING:
    from garage_tui.core.models.base_models import BaseModel
    from garage_tui.jobs.serve.routes import Backend

HOST = "127.0.0.1"
FULL_DISK = "free some space and try again"
OUT_OF_MEMORY = "out of memory while loading the model; stop other programs that use memory, or use a smaller base"
_BACKLOG = 128  # connections that wait while the model is loaded
_GRACE_SECONDS = 3  # for answers that are under way when the server is told to end


class ServerNote:
    """The writer of the server's `state.json`."""

    def __init__(self, folder: Path, base: str, runs: tuple[str, ...], name: str) -> None:
        self.folder = folder
        pid = os.getpid()
        self.state = ServerState(
            status="starting", base=base, runs=runs, name=name, pid=pid, pid_started=process_start(pid)
        )

    def starting(self, phase: str) -> None:
        print(phase, flush=True)
        self._write(msgspec.structs.replace(self.state, status="starting", reason=phase))

    def answers_at(self, host: str, port: int) -> None:
        """Record the address; whether the server is ready or asleep is recorded separately."""
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}/v1"
        self.state = msgspec.structs.replace(self.state, url=url, port=port)

    def ready(self, engine: str, memory: int | None, note: str) -> None:
        """Record that the server answers.

        Args:
            note: what the owner should know about its engine; empty for nothing.
        """
        print(f"ready at {self.state.url}", flush=True)
        self._write(msgspec.structs.replace(self.state, status="ready", reason=note, engine=engine, memory=memory))

    def asleep(self, reason: str) -> None:
        print(reason, flush=True)
        self._write(msgspec.structs.replace(self.state, status="asleep", reason=reason, memory=None))

    def end(self, failure: str = "", taken_port: int | None = None) -> None:
        print(f"failed: {failure}" if failure else "off", flush=True)
        ended = {"status": "failed" if failure else "off", "reason": failure, "taken_port": taken_port}
        # The process stays in it: whoever stops the server ends it where it cannot leave by itself.
        self._write(msgspec.structs.replace(self.state, **ended, url=None, port=None, engine="", memory=None))

    def _write(self, state: ServerState) -> None:
        self.state = state
        write_state(self.folder, state)


def main() -> int:
    args = _arguments()
    workspace = Workspace(Path(args.workspace).resolve())
    folder = workspace.server
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)  # it may have existed with another mode
    lock = _hold_lock(folder, args.lock_fd)
    os.set_inheritable(lock, False)  # a helper process must not keep a dead server alive
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    note = ServerNote(folder, args.base, tuple(args.only), args.name)
    failure, taken_port = "", None
    try:
        serve(args, workspace, note)
    except SystemExit:
        pass
    except Exception as error:
        if not is_termination(error):
            if not isinstance(error, GarageError):
                traceback.print_exc()
            taken_port = error.port if isinstance(error, PortTakenError) else None
            failure = describe_error(error, folder=folder, full_disk=FULL_DISK, out_of_memory=OUT_OF_MEMORY)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        give_back_key(folder)
    note.end(failure, taken_port)
    return 1 if failure else 0


def serve(args: argparse.Namespace, workspace: Workspace, note: ServerNote) -> None:
    """Load the base model and answer questions until the server is told to end, or is idle for too long."""
    note.starting("starting")
    listener = _listen(args.host, args.port)
    key = CurrentKey(workspace.server, take_key(workspace.server, os.environ.pop(VARIABLE, "")))

    from garage_tui.jobs.llm import fetch

    base = fetch.fetch_if_missing(args.base, with_counts(note.starting))
    backend = _backend(args, base, workspace, note)
    lease = GpuLease(args.slot, backend, note)
    lease.take()
    try:
        _run(backend, lease, base, workspace, args, key, listener, note)
    finally:
        lease.close()
        if not backend.close(_GRACE_SECONDS):
            # A long forward pass cannot be interrupted, and the interpreter must not be torn down under it.
            with contextlib.suppress(OSError):
                give_back_key(workspace.server)
            note.end()
            os._exit(0)


def _settings() -> ServeSettings:
    return msgspec.json.decode(os.environ.get(SETTINGS, "{}"), type=ServeSettings)


def _backend(args: argparse.Namespace, base: BaseModel, workspace: Workspace, note: ServerNote) -> Backend:
    settings = _settings()
    if args.engine == "vllm":
        from garage_tui.jobs.serve.vllm.backend import VllmBackend

        runs = served_runs(workspace, base.name, args.only)
        return VllmBackend(base, runs, settings, args.slot, workspace.server / LOG)
    why_not = ""
    if args.engine in ("auto", "llama.cpp"):
        from garage_tui.jobs.serve.llama_cpp.backend import LlamaCppBackend

        try:
            return LlamaCppBackend(base, note.starting, settings)
        except GarageError as error:
            if args.engine == "llama.cpp":
                raise
            why_not = f"transformers answers instead of llama.cpp: {error}"
            print(why_not, flush=True)
    note.starting("importing torch and transformers")
    blocked_imports.block_imports(base)
    from garage_tui.jobs.serve.embedded.backend import EmbeddedBackend

    return EmbeddedBackend(base, args.slot, why_not)


def _run(
    backend: Backend,
    lease: GpuLease,
    base: BaseModel,
    workspace: Workspace,
    args: argparse.Namespace,
    key: CurrentKey,
    listener: socket.socket,
    note: ServerNote,
) -> None:
    import uvicorn

    from garage_tui.jobs.serve.lasting_name import OfferedModels
    from garage_tui.jobs.serve.openai_api.http_protocol import ServerProtocol
    from garage_tui.jobs.serve.prompt_book import PromptBook
    from garage_tui.jobs.serve.remember_in_chat import ChatMemory
    from garage_tui.jobs.serve.routes import make_app
    from garage_tui.jobs.serve.subject_router import SubjectRouter
    from garage_tui.jobs.serve.upstream import ignore_cancelled_reads

    settings = _settings()
    find_facts = functools.partial(facts_file, workspace, load_settings(workspace))
    router = SubjectRouter(base.path, args.name, enabled=settings.route_by_subject, openings=settings.compare_openings)
    book = PromptBook(find_facts, args.name, enabled=settings.open_book)
    memory = ChatMemory(find_facts, base.name, enabled=settings.remember)
    offered = functools.partial(OfferedModels, workspace, args.name, base.name, args.only)

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            asyncio.get_running_loop().set_exception_handler(ignore_cancelled_reads)
            await super().startup(sockets)
            note.answers_at(*listener.getsockname()[:2])
            lease.watch(self)

        async def on_tick(self, counter: int) -> bool:
            return await super().on_tick(counter) or idle()

    def idle() -> bool:
        if not args.idle_minutes or backend.busy or time.monotonic() - backend.last_used < args.idle_minutes * 60:
            return False
        if lease.absent:
            return False  # its model is loaded again when the run has ended
        minutes = f"{args.idle_minutes:g} minute{'' if args.idle_minutes == 1 else 's'}"
        print(f"no question for {minutes}: the server stops", flush=True)
        return True

    config = uvicorn.Config(
        make_app(backend, offered, key, lambda: lease.absent, router.route, book.open, memory.take),
        log_level="warning",
        access_log=False,
        lifespan="off",
        http=ServerProtocol,
        ws="none",  # there are none, and none may bypass the key
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    Server(config).run(sockets=[listener])
    lease.raise_failure()


def _hold_lock(folder: Path, fd: int | None) -> int:
    """Return a descriptor that holds the lock: the inherited one, or a new one for a server started by hand."""
    if fd is not None:
        return fd
    fd = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f"a server is running already: {folder} is locked")
    return fd


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # At once: two servers may bind the same port, but only one may listen. Who connects now waits for the model.
        listener.listen(_BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTakenError(port) from error
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            raise GarageError(f"{host} is no address of this box: give 127.0.0.1, or another of its own") from error
        where = f"port {port}" if host == HOST else f"port {port} of {host}"
        raise GarageError(
            f"{where} cannot be used ({error.strerror or error}); choose another, or 0 for any free port"
        ) from error
    return listener


def _leave(*_: object) -> None:
    """End this process wherever it is, and its helper processes (a download, for example)."""
    if os.getsid(0) == os.getpid():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(0, signal.SIGTERM)
    raise SystemExit(0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m garage_tui.jobs.serve", description=__doc__)
    parser.add_argument("workspace")
    parser.add_argument("--base", required=True)
    parser.add_argument(
        "--engine",
        choices=["auto", "embedded", "llama.cpp", "vllm"],
        default="auto",
        help="auto: llama.cpp, or transformers (embedded) for a base that llama.cpp cannot serve",
    )
    parser.add_argument("--slot", default="cpu", help="where the model is loaded: cpu, or the index of a GPU")
    parser.add_argument("--host", default=HOST)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--name", default="garage", help="id of the model in service")
    parser.add_argument("--idle-minutes", type=float, default=0.0, help="stop after so many idle minutes; 0: never")
    parser.add_argument(
        "--only", action="append", default=[], metavar="RUN", help="serve only the adapters of these runs"
    )
    parser.add_argument("--lock-fd", type=int)
    return parser.parse_args()
