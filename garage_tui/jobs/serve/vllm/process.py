"""A vLLM server as a child process that listens on a Unix socket of this user alone."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
import psutil

from garage_tui.core.base.child_environment import without_leftovers
from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import decoded, one_line, plain

_POLL_SECONDS = 0.3
_START_SECONDS = 1800.0
"""A large model on a slow disk, and its kernels compiled for the first time."""
_STOP_SECONDS = 10.0
_TAIL_BYTES = 65536

# Log lines of vLLM's start, and the phase that each stands for; the last match counts.
_PHASES = (
    (re.compile(r"Starting to load model"), "loading the model"),
    (re.compile(r"Loading safetensors checkpoint shards: +(\d+%)"), r"loading weights · \1"),
    (re.compile(r"Loading weights took"), "weights loaded"),
    (re.compile(r"(?:Compiling a graph|Dynamo bytecode transform|torch\.compile takes)"), "compiling kernels"),
    (re.compile(r"KV cache size"), "reserving the KV cache"),
    (re.compile(r"Capturing CUDA graphs[^:]*: +(\d+%)"), r"capturing CUDA graphs · \1"),
    (re.compile(r"init engine \(profile"), "the engine is ready"),
    (re.compile(r"Starting vLLM server"), "opening the address"),
)
_EXCEPTION = re.compile(
    r"(?:\(\w+(?: pid=\d+)?\) )?(?:[A-Z]+ [\d: -]+\[[^\]]+\] )?((?:\w+\.)*\w*(?:Error|Exception): .+)"
)
_UNINFORMATIVE = ("Engine core initialization failed", "Cancelled")

# Dies with whoever started it (prctl(2), PR_SET_PDEATHSIG), which nothing else would tell it after a kill -9.
_START = """
import ctypes, os, sys
parent = int(sys.argv[1])
ctypes.CDLL(None).prctl(1, 15)
if os.getppid() == parent:
    os.execv(sys.executable, [sys.executable, "-m", "vllm.entrypoints.openai.api_server", *sys.argv[2:]])
"""


class VllmProcess:
    """One vLLM process.

    Args:
        python: the interpreter of vLLM's environment.
        arguments: of its server, without those of its address.
        environment: variables that are set besides those of this process.
        log: the file that stdout of both processes goes to.
    """

    def __init__(self, python: Path, arguments: Sequence[str], environment: dict[str, str], log: Path) -> None:
        # Not in the workspace: a socket's path has 107 bytes at most.
        self._folder = Path(tempfile.mkdtemp(prefix="garage-vllm-"))
        self.socket = self._folder / "socket"
        self.key = secrets.token_urlsafe(32)
        self._log, self._from = log, log.stat().st_size if log.exists() else 0
        kept = without_leftovers(os.environ)
        kept.pop("VIRTUAL_ENV", None)  # ours, which is another
        command = [str(python), "-c", _START, str(os.getpid()), *arguments, "--uds", str(self.socket)]
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, env={**kept, **environment, "VLLM_API_KEY": self.key}
            )
        except OSError as error:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise GarageError(f"{python} cannot be started: {error.strerror or error}") from error

    def wait_until_ready(self, say: Callable[[str], None]) -> None:
        """Wait until it answers, and report its progress.

        Raises:
            GarageError: it has ended, or takes too long.
        """
        reported, started = "", time.monotonic()
        transport = httpx.HTTPTransport(uds=str(self.socket), trust_env=False)
        with httpx.Client(transport=transport, base_url="http://vllm", timeout=5.0) as client:
            while True:
                self.check()
                with contextlib.suppress(httpx.HTTPError):
                    if client.get("/health").status_code == 200:
                        return
                if (phase := self._phase()) != reported:
                    reported = phase
                    say(f"vLLM: {phase}")
                if time.monotonic() - started > _START_SECONDS:
                    raise GarageError(f"vLLM did not start within {_START_SECONDS / 60:.0f} minutes; see its log")
                time.sleep(_POLL_SECONDS)

    def check(self) -> None:
        """Check that it is running.

        Raises:
            GarageError: it has ended; the text says why.
        """
        code = self._process.poll()
        if code is not None:
            raise GarageError(f"vLLM has stopped: {_failure_reason(self._tail()) or f'exit code {code}; see its log'}")

    def end(self, seconds: float = _STOP_SECONDS) -> None:
        """End vLLM and all processes that it has started."""
        processes = _descendants(self._process.pid)
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for process in processes:
            with contextlib.suppress(psutil.Error):
                process.kill()  # psutil checks that the pid was not reused
        psutil.wait_procs(processes, timeout=seconds)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _tail(self) -> str:
        try:
            with self._log.open("rb") as log:
                log.seek(max(self._from, self._log.stat().st_size - _TAIL_BYTES))
                return plain(decoded(log.read(_TAIL_BYTES)).replace("\r", "\n"))
        except OSError:
            return ""

    def _phase(self) -> str:
        found = "starting (its imports take half a minute)"
        last = -1
        text = self._tail()
        for pattern, phase in _PHASES:
            for match in pattern.finditer(text):
                if match.start() > last:
                    found, last = match.expand(phase), match.start()
        return found


def _descendants(pid: int) -> list[psutil.Process]:
    """Return the processes that vLLM has started: its descendants, and those whose parent has ended.

    A server of ours leads a session of its own, and but for multiprocessing's helpers nobody else is in it.
    """
    found: list[psutil.Process] = []
    with contextlib.suppress(psutil.Error):
        found = psutil.Process(pid).children(recursive=True)
    if os.getsid(0) == os.getpid():
        for process in psutil.process_iter():
            with contextlib.suppress(OSError, psutil.Error):
                if os.getsid(process.pid) == os.getpid() and process.pid not in (os.getpid(), pid):
                    found.append(process)
    return found


def _failure_reason(text: str) -> str:
    """Return why vLLM failed: the last informative exception in its log."""
    lines = [match[1] for line in text.splitlines() if (match := _EXCEPTION.search(line))]
    lines = [line for line in lines if not any(nothing in line for nothing in _UNINFORMATIVE)]
    if not lines:
        return ""
    if "out of memory" in lines[-1].lower():
        return "out of memory; stop other programs on this GPU, lower `vllm_memory` in [serve], or use a smaller base"
    return one_line(lines[-1], 300)
