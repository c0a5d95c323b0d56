"""Reads the response to a chat completion: server-sent events, or one JSON object where the server does not stream."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from garage_tui.core.chat.chat_error import ChatError, error_message
from garage_tui.core.chat.split_characters import decode_line

if TYPE_CHECKING:
    import httpx

BOM = b"\xef\xbb\xbf"
"""A byte order mark, which may stand before the first event."""
MAX_LINE = 4 * 1024 * 1024
"""Bytes; a server that sends a longer line does not send a chat completion."""


async def read_chunks(response: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    """Yield the JSON objects of a stream of server-sent events, or the only one of a server that does not stream."""
    streaming = "event-stream" in response.headers.get("content-type", "")
    body = b""
    async for line in _read_lines(response):
        if not streaming:
            body += line + b"\n"
            continue
        name, _, data = line.partition(b":")
        if name != b"data":
            continue  # an empty line, a comment, or a field that this API does not use
        if data.strip() == b"[DONE]":
            return
        yield _parse_chunk(data)
    if not streaming:
        yield _parse_chunk(body)


async def _read_lines(response: httpx.Response) -> AsyncIterator[bytes]:
    # Not `aiter_lines`: it also splits at U+2028 and U+0085, which a JSON string may contain.
    rest = b""
    first = True
    async for data in response.aiter_bytes():
        *lines, rest = (rest + data).split(b"\n")
        if len(rest) > MAX_LINE:
            raise ChatError("the server sends a line without an end; it is not an OpenAI-compatible server")
        for line in lines:
            yield line.removeprefix(BOM if first else b"").rstrip(b"\r")
            first = False
    if rest:
        yield rest


def _parse_chunk(data: bytes) -> dict[str, Any]:
    try:
        chunk = json.loads(decode_line(data))
    except (ValueError, RecursionError) as error:
        raise ChatError("the server does not send an OpenAI-compatible answer") from error
    if not isinstance(chunk, dict):
        raise ChatError("the server does not send an OpenAI-compatible answer")
    if chunk.get("error"):
        raise ChatError(error_message(chunk) or "the server failed without a reason")
    return chunk


def text_of(delta: object) -> str:
    """Return the text of a piece of an answer: its content, or the words in which the model refuses."""
    if not isinstance(delta, dict):
        return ""
    content = delta.get("content") or delta.get("refusal")
    if isinstance(content, list):  # parts, of which some are no text, as a model's reasoning
        parts = [part for part in content if isinstance(part, dict) and part.get("type", "text") == "text"]
        return "".join(part["text"] for part in parts if isinstance(part.get("text"), str))
    return content if isinstance(content, str) else ""
