"""Tokens with their log-probabilities from the embedded engine, for the comparison of openings."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from garage_tui.core.base.errors import GarageError
from garage_tui.jobs.serve.embedded.batcher import Batcher
from garage_tui.jobs.serve.generation import GenerationOptions, GenerationRow, TokenScore
from garage_tui.jobs.serve.openai_api.request_errors import RequestRefusedError


async def write_tokens(
    batcher: Batcher, adapter: Path | None, prompt: Sequence[int], count: int, top: int
) -> list[TokenScore]:
    """Write tokens behind a prompt, as an `openings.TokenWriter`.

    Raises:
        RequestRefusedError: too many questions are waiting, or the model failed.
    """
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    options = GenerationOptions(max_tokens=count, top_logprobs=top)
    row = GenerationRow(
        list(prompt), adapter, options, lambda piece: piece is None and loop.call_soon_threadsafe(ended.set)
    )
    try:
        batcher.put(row)
    except GarageError as error:
        raise RequestRefusedError(503, "busy", str(error)) from error
    try:
        await ended.wait()
    except asyncio.CancelledError:
        row.cancel()
        raise
    if row.error:
        raise RequestRefusedError(500, "server_error", row.error)
    return row.scores
