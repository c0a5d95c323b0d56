"""Keeps the conversations that a worker process of llama.cpp has computed, while another process takes its place.

llama.cpp cannot change its number of threads. Without this, the next turn of a long conversation would compute all of
it again, which takes seconds for a thousand tokens.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from pathlib import Path

import httpx

from garage_tui.jobs.llm.llama_cpp.process import LlamaCppProcess
from garage_tui.jobs.serve.llama_cpp.context import SLOTS
from garage_tui.jobs.serve.upstream import blocking_engine_client

_SECONDS = 5.0
"""Most seconds for saving, and for reading again; what is not done by then is computed again."""


def save(process: LlamaCppProcess, needed: float) -> Path | None:
    """Save the conversations of a process that answers nobody now, before it ends.

    Args:
        needed: bytes that all conversations may take.

    Returns:
        A folder of this user alone, which the caller removes; None where nothing could be saved, which costs time only.
    """
    with contextlib.suppress(OSError, httpx.HTTPError):
        if shutil.disk_usage(process.folder).free < 2 * needed:
            return None
        saved = [file for file in _each_slot(process, "save") if file.exists()]
        kept = Path(tempfile.mkdtemp(prefix="garage-kept-", dir=process.folder.parent))
        for file in saved:
            file.replace(kept / file.name)
        return kept
    return None


def restore(process: LlamaCppProcess, kept: Path) -> None:
    """Give the conversations in a folder to a process with the same model and adapter."""
    with contextlib.suppress(OSError, httpx.HTTPError):
        for file in kept.iterdir():
            file.replace(process.folder / file.name)
        _each_slot(process, "restore")
    for file in process.folder.glob("slot-*"):
        file.unlink(missing_ok=True)


def _each_slot(process: LlamaCppProcess, action: str) -> list[Path]:
    """Save or restore each slot; return the files."""
    end = time.monotonic() + _SECONDS
    files = []
    with blocking_engine_client(process.socket, process.key, _SECONDS) as client:
        for slot in range(SLOTS):
            file = process.folder / f"slot-{slot}"
            if time.monotonic() > end or (action == "restore" and not file.exists()):
                continue
            client.post(f"/slots/{slot}", params={"action": action}, json={"filename": file.name})
            files.append(file)
    return files
