"""One worker process of llama.cpp, as whoever starts it sees it: the model server, or a hand-over."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import msgspec

from garage_tui.core.base.child_environment import environment
from garage_tui.core.base.child_process import how_it_ended
from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import decoded, one_line, plain
from garage_tui.core.chat.client import ServerAddress
from garage_tui.jobs.llm.llama_cpp.worker import WorkerOrder

_POLL_SECONDS = 0.02
_START_SECONDS = 600.0
"""A large model on a slow disk."""
_MODULE = "garage_tui.jobs.llm.llama_cpp.worker"
_LOG_BYTES = 16384
_WAITING, _SPINS = "OMP_WAIT_POLICY", "2000"
_ERROR = re.compile(r"[\d.]+ E (?:\S+\s+)*?([^:]+: .+)")
"""A line of llama.cpp's log: time, level, and where it comes from."""


def _environment() -> dict[str, str]:
    """Return a worker's environment, with threads that wait awake for a moment and then sleep.

    Threads that sleep at once halve the speed of a single worker; threads that stay awake, as by default, let two
    workers on the same cores starve each other (docs/explain/figures.md).
    """
    found = environment()
    if _WAITING not in os.environ:
        found.pop(_WAITING, None)
        found["GOMP_SPINCOUNT"] = _SPINS
    return found


class LlamaCppProcess:
    """One worker process; it ends with this one.

    Args:
        gguf: the model.
        adapter: a LoRA adapter as GGUF; None for the bare model.
        name: id of the model, which its answers bear.
        context: tokens of all conversations together.
    """

    def __init__(self, gguf: Path, adapter: Path | None, name: str, *, threads: int, context: int, slots: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="garage-llama-"))  # 0700; a socket's path has 107 bytes at most
        """Its socket, its log, and what it saves; removed when it ends."""
        self.socket, self.key = self.folder / "answers.sock", secrets.token_urlsafe(32)
        self._log = self.folder / "log.txt"
        self._shown = name if adapter else gguf.name
        order = WorkerOrder(
            gguf=str(gguf),
            socket=str(self.socket),
            key=self.key,
            threads=threads,
            context=context,
            slots=slots,
            name=name,
            adapter=str(adapter or ""),
        )
        try:
            with self._log.open("wb") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", _MODULE],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    env=_environment(),
                )
            assert self._process.stdin
            self._process.stdin.write(msgspec.json.encode(order) + b"\n")
            self._process.stdin.flush()  # and it stays open: its end ends the worker
        except OSError as error:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise GarageError(f"llama.cpp cannot be started: {error.strerror or error}") from error

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def address(self) -> ServerAddress:
        """Where it answers as an OpenAI-compatible server."""
        return ServerAddress("http://llama.cpp/v1", self.key, str(self.socket))

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def ends_within(self, seconds: float) -> bool:
        """Wait until it has ended, at most so long, and return whether it has: its socket closes a moment before."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self.ended

    def wait_until_ready(self) -> None:
        """Wait until it answers.

        Raises:
            GarageError: it has ended, or takes too long.
        """
        started = time.monotonic()
        transport = httpx.HTTPTransport(uds=str(self.socket), trust_env=False)
        with httpx.Client(transport=transport, base_url="http://engine", timeout=5.0) as client:
            while not self.ended:
                with contextlib.suppress(httpx.HTTPError):
                    if client.get("/health").status_code == 200:
                        return
                if time.monotonic() - started > _START_SECONDS:
                    raise GarageError(f"llama.cpp did not start within {_START_SECONDS / 60:.0f} minutes")
                time.sleep(_POLL_SECONDS)
        raise GarageError(f"llama.cpp cannot load {self._shown}: {self.why_it_ended()}")

    def why_it_ended(self) -> str:
        """Return the first error that it logged, and how it ended; the server's log gets all that it logged."""
        code = self._process.poll()
        lines = []
        with contextlib.suppress(OSError):
            text = decoded(self._log.read_bytes()[-_LOG_BYTES:])
            lines = [one_line(line, 300) for line in plain(text).splitlines() if line.strip()]
        for line in lines:
            print(f"llama.cpp: {line}", flush=True)
        how = how_it_ended(code) if code is not None else "it still runs"
        errors = [found[1] for line in lines if (found := _ERROR.match(line))]
        return f"{errors[0]} ({how})" if errors else how

    def end(self) -> None:
        """End it at once; it has nothing to save."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        if self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        shutil.rmtree(self.folder, ignore_errors=True)
