"""One chat with any OpenAI-compatible server, as an async generator."""

from __future__ import annotations

import ipaddress
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import MOST_MARKS, one_line, plain, shown
from garage_tui.core.chat.sampling_params import GREEDY, SamplingParams

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS = 5.0
READ_SECONDS = 300.0
"""A small box may read a long prompt for minutes, or finish another answer first."""
MAX_LINE = 4 * 1024 * 1024
"""Bytes; a server that sends more without a line break is not sending an answer."""
MAX_ANSWER = 1_000_000
"""Characters; no model says as much in one go, and painting more would hold up the app."""


class ChatError(GarageError):
    """The server could not be asked, or did not answer as an OpenAI-compatible server does."""


@dataclass(frozen=True)
class ServerAddress:
    """Where a server is: `url` up to and with `/v1`, and the key that it asks for."""

    url: str
    key: str = field(default="", repr=False)


@dataclass(frozen=True)
class AnswerChunk:
    """Some more of the answer, safe to paint."""

    text: str


@dataclass(frozen=True)
class AnswerEnd:
    """The end of the answer. Times count from the sending of the question; None where the server does not say."""

    finish_reason: str
    """`stop`: the model ended its answer; `length`: max_tokens or the context did."""
    prompt_tokens: int | None
    completion_tokens: int | None
    first_token_s: float | None
    tokens_per_s: float | None
    """Speed after the first token."""


class AnswerCleaner:
    """Makes visible what is hidden in a text that comes in pieces: its reader may make a fact of it."""

    def __init__(self) -> None:
        self._held = self._last = ""

    def feed(self, text: str) -> str:
        """Return what is now safe to paint."""
        text = self._held + text
        self._held = "\r" if text.endswith("\r") else ""  # the first half of "\r\n"?
        text = text.removesuffix("\r").replace("\r\n", "\n").replace("\r", "\n")
        clean = shown(self._last + text)  # marks over a letter that came one by one are many, too
        new = clean[len(self._last) :]
        self._last = clean[-MOST_MARKS:]
        return new

    def flush(self) -> str:
        """Return what was held back, once no more comes."""
        held, self._held = self._held, ""
        return held.replace("\r", "\n")


async def stream(
    address: ServerAddress,
    model: str,
    messages: Sequence[dict[str, str]],
    sampling: SamplingParams = GREEDY,
) -> AsyncGenerator[AnswerChunk | AnswerEnd]:
    """Ask `model` to go on with `messages`; yield the answer's pieces, then one `Finish`.

    Leaving the iteration early closes the connection, which tells the server that nobody waits any more.

    Raises:
        ChatError: no answer, or a broken one; the text is one sentence.
    """
    question = {
        "model": model,
        "messages": list(messages),
        **sampling.request_fields,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    cleaner = AnswerCleaner()
    reason: object = ""
    usage: object = None
    asked = time.monotonic()
    first: float | None = None
    last = asked
    length = 0
    async with _request(address, "POST", "/chat/completions", question) as response:
        async for chunk in _chunks(response):
            usage = chunk.get("usage") or usage
            for choice in _objects(chunk.get("choices"))[:1]:
                reason = choice.get("finish_reason") or reason
                # `message` instead of `delta`: a server that answered in one go
                delta = choice.get("delta") or choice.get("message")
                text = delta.get("content") if isinstance(delta, dict) else None
                if isinstance(text, str) and text:
                    last = time.monotonic()
                    first = first or last
                    if (length := length + len(text)) > MAX_ANSWER:
                        raise ChatError(f"the answer is longer than {MAX_ANSWER:,} characters; the rest was not taken")
                    if clean := cleaner.feed(text):
                        yield AnswerChunk(clean)
    if rest := cleaner.flush():
        yield AnswerChunk(rest)
    if not reason:
        raise ChatError("the server broke off in the middle of its answer; ask again")
    tokens = _count(usage, "completion_tokens")
    speed = (tokens - 1) / (last - first) if tokens and tokens > 1 and first and last > first else None
    first_s = None if first is None else first - asked
    yield AnswerEnd(one_line(str(reason), 40), _count(usage, "prompt_tokens"), tokens, first_s, speed)


async def list_models(address: ServerAddress) -> list[str]:
    """Return the ids of the models that the server offers.

    Raises:
        ChatError: it cannot be asked.
    """
    async with _request(address, "GET", "/models") as response:
        body = b""
        async for data in response.aiter_bytes():
            body += data
            if len(body) > MAX_LINE:
                raise ChatError(_not_openai(address))
    try:
        entries = _objects(json.loads(body)["data"])
    except (ValueError, KeyError, TypeError) as error:
        raise ChatError(_not_openai(address)) from error
    return [plain(entry["id"]) for entry in entries if isinstance(entry.get("id"), str)]


@asynccontextmanager
async def _request(
    address: ServerAddress, method: str, path: str, body: object = None
) -> AsyncIterator[httpx.Response]:
    """Send one request and give its response, not read yet; whatever goes wrong becomes a `ChatError`."""
    import httpx

    if not (address.key.isascii() and address.key.isprintable()):
        raise ChatError(f"the key for {_place(address)} holds characters that no HTTP header may hold")
    headers = {"Authorization": f"Bearer {address.key}"} if address.key else {}
    timeout = httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
    try:
        # A proxy from the environment must not see what goes to this box, least of all the key.
        async with (
            httpx.AsyncClient(timeout=timeout, trust_env=not _on_this_box(address.url)) as client,
            client.stream(method, address.url.rstrip("/") + path, json=body, headers=headers) as response,
        ):
            if response.status_code != 200:
                raise ChatError(await _refusal(response))
            yield response
    except ChatError as error:
        if address.key and address.key in str(error):  # a server that says what it was told
            raise ChatError(str(error).replace(address.key, "(the key)")) from None
        raise
    except httpx.ConnectError as error:
        raise ChatError(f"no server answers at {_place(address)}; start it again") from error
    except httpx.TimeoutException as error:
        raise ChatError(f"the server at {_place(address)} did not answer in time") from error
    except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as error:
        raise ChatError(f"the server at {_place(address)} broke the connection; it may have ended") from error
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise ChatError(f"{_place(address)} cannot be asked: {one_line(str(error), 120)}") from error


async def _refusal(response: httpx.Response) -> str:
    """Return an HTTP error as a sentence, with the server's own words where it has some."""
    body = b""
    async for data in response.aiter_bytes():
        body += data
        if len(body) > 65536:
            break
    try:
        said = _error_text(json.loads(body))
    except ValueError:
        said = ""
    if response.status_code in (401, 403):
        return f"the server refuses the key ({response.status_code}{': ' + said if said else ''})"
    return said or f"the server answers with HTTP {response.status_code} {response.reason_phrase}".rstrip()


async def _chunks(response: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    """Yield the JSON objects of a server-sent event stream, or the one object of a server that does not stream."""
    streaming = "event-stream" in response.headers.get("content-type", "")
    whole = b""
    async for line in _lines(response):
        if not streaming:
            whole += line + b"\n"
            continue
        name, _, data = line.partition(b":")
        if name != b"data":
            continue  # an empty line, a comment, or a field that this API does not use
        if data.strip() == b"[DONE]":
            return
        yield _chunk(data)
    if not streaming:
        yield _chunk(whole)


async def _lines(response: httpx.Response) -> AsyncIterator[bytes]:
    # Not `aiter_lines`: it also breaks at U+2028 and U+0085, which a JSON string may hold.
    rest = b""
    async for data in response.aiter_bytes():
        *lines, rest = (rest + data).split(b"\n")
        if len(rest) > MAX_LINE:
            raise ChatError("the server sends a line without an end; it is no OpenAI-compatible server")
        for line in lines:
            yield line.rstrip(b"\r")
    if rest:
        yield rest


def _chunk(data: bytes) -> dict[str, Any]:
    try:
        chunk = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ChatError("the server sends something else than an OpenAI-compatible answer") from error
    if not isinstance(chunk, dict):
        raise ChatError("the server sends something else than an OpenAI-compatible answer")
    if chunk.get("error"):
        raise ChatError(_error_text(chunk) or "the server failed without saying why")
    return chunk


def _error_text(body: object) -> str:
    """Return the words in an error answer: OpenAI's form, and the forms of servers that nearly keep to it."""
    found = body
    for _ in range(2):
        if isinstance(found, dict):
            found = found.get("error") or found.get("message") or found.get("detail")
    return one_line(found, 300) if isinstance(found, str) else ""


def _objects(value: object) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _count(usage: object, key: str) -> int | None:
    value = usage.get(key) if isinstance(usage, dict) else None
    return value if isinstance(value, int) else None


def _place(address: ServerAddress) -> str:
    return one_line(address.url, 80)


def _not_openai(address: ServerAddress) -> str:
    return f"{_place(address)} does not answer as an OpenAI-compatible server; the address usually ends in /v1"


def _on_this_box(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
