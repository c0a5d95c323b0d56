"""Client of OpenAI-compatible servers: lists their models, and streams chat completions as an async generator."""

from __future__ import annotations

import ipaddress
import json
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from garage_tui.core.base.json_text import struct_json
from garage_tui.core.base.sanitize import one_line, plain
from garage_tui.core.chat.answer_cleaner import AnswerCleaner
from garage_tui.core.chat.chat_error import ChatError, ServerRefusalError, error_message
from garage_tui.core.chat.event_stream import MAX_LINE, read_chunks, text_of
from garage_tui.core.chat.proxies import proxy_variables, socks_variables
from garage_tui.core.chat.sampling_params import GREEDY, SamplingParams

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS = 5.0
READ_SECONDS = 300.0
"""Longest time between two pieces of an answer: a small box may read a long prompt for minutes."""
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""Variables that httpx obeys."""
MAX_ANSWER = 1_000_000
"""Characters; no model answers at such length, and painting more would slow down the app."""


@dataclass(frozen=True)
class ServerAddress:
    """Base URL of a server, which ends in `/v1`, and the API key that it asks for."""

    url: str
    key: str = field(default="", repr=False)
    socket: str = ""
    """Path of the Unix socket on which the server listens; empty where the URL names its host."""


@dataclass(frozen=True)
class AnswerChunk:
    """A piece of the answer, safe to paint."""

    text: str


@dataclass(frozen=True)
class AnswerEnd:
    """The end of an answer, with its statistics; None where the server reports none."""

    finish_reason: str
    """`stop`: the model ended its answer; `length`: it reached `max_tokens` or the end of the context."""
    prompt_tokens: int | None
    completion_tokens: int | None
    first_token_s: float | None
    """Seconds from sending the request to the first token."""
    tokens_per_s: float | None
    """Tokens in a second, from the first token to the last."""
    answered_by: str = ""
    """The server's `system_fingerprint`: of a garage server's model in service, the id of the model that answered."""
    book: tuple[str, ...] = ()
    """The facts that a garage server put into the prompt, because the model in service has not learned them."""


async def stream(
    address: ServerAddress,
    model: str,
    messages: Sequence[dict[str, str]],
    sampling: SamplingParams = GREEDY,
    more: Mapping[str, object] | None = None,
) -> AsyncGenerator[AnswerChunk | AnswerEnd]:
    """Request a chat completion; yield the pieces of the answer, then one `AnswerEnd`.

    Leaving the iteration early closes the connection, and with it the server stops.

    Args:
        address: of the server.
        model: id of the model that answers.
        messages: the conversation so far, as OpenAI's API has it: `role` and `content`.
        sampling: sampling parameters.
        more: other fields of the request, such as `response_format`.

    Raises:
        ChatError: there is no answer, or only a part of one.
    """
    request = {
        "model": model,
        "messages": list(messages),
        **sampling.request_fields,
        **(more or {}),
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    cleaner = AnswerCleaner()
    finish_reason: object = ""
    usage: object = None
    fingerprint: object = None
    book: tuple[str, ...] = ()
    sent_at = last_at = time.monotonic()
    first_at: float | None = None
    length, chunks, choices = 0, 0, 0
    async with _send(address, "POST", "/chat/completions", request) as response:
        async for chunk in read_chunks(response):
            chunks += 1
            usage = chunk.get("usage") or usage
            fingerprint = chunk.get("system_fingerprint") or fingerprint
            book = _book(chunk.get("garage")) or book
            for choice in _objects(chunk.get("choices"))[:1]:
                choices += 1
                finish_reason = choice.get("finish_reason") or finish_reason
                # `message` instead of `delta`: the server does not stream
                if text := text_of(choice.get("delta") or choice.get("message")):
                    last_at = time.monotonic()
                    first_at = first_at or last_at
                    if (length := length + len(text)) > MAX_ANSWER:
                        raise ChatError(f"the answer is longer than {MAX_ANSWER:,} characters; the rest was dropped")
                    if clean := cleaner.feed(text):
                        yield AnswerChunk(clean)
    if rest := cleaner.flush():
        yield AnswerChunk(rest)
    if chunks and not choices:
        raise ChatError("the server's answer has nothing in it: its list of choices is empty")
    if not finish_reason:
        raise ChatError("the server broke off in the middle of its answer; ask again")
    tokens = _token_count(usage, "completion_tokens")
    yield AnswerEnd(
        finish_reason=one_line(str(finish_reason), 40),
        prompt_tokens=_token_count(usage, "prompt_tokens"),
        completion_tokens=tokens,
        first_token_s=None if first_at is None else first_at - sent_at,
        tokens_per_s=_tokens_per_second(tokens, first_at, last_at),
        answered_by=one_line(fingerprint, 200) if isinstance(fingerprint, str) else "",
        book=book,
    )


@dataclass(frozen=True)
class ModelEntry:
    """A model that a server offers."""

    id: str
    root: str = ""
    """What the server says is behind it: of a garage server's model in service, the id of another model."""


async def list_models(address: ServerAddress) -> list[str]:
    """Return the ids of the models that a server offers. Raises as `list_model_entries`."""
    return [entry.id for entry in await list_model_entries(address)]


async def list_model_entries(address: ServerAddress) -> list[ModelEntry]:
    """Return the models that a server offers.

    Raises:
        ChatError: the request failed.
    """
    body = b""
    try:
        async with _send(address, "GET", "/models") as response:
            async for data in response.aiter_bytes():
                body += data
                if len(body) > MAX_LINE:
                    raise ChatError(_not_openai(address))
    except ServerRefusalError as error:
        if error.status == 404:
            raise ChatError(_not_openai(address)) from error
        raise
    try:
        entries = _objects(json.loads(body)["data"])
    except (ValueError, KeyError, TypeError) as error:
        raise ChatError(_not_openai(address)) from error
    return [
        ModelEntry(plain(entry["id"]), plain(root) if isinstance(root := entry.get("root"), str) else "")
        for entry in entries
        if isinstance(entry.get("id"), str)
    ]


@asynccontextmanager
async def _send(address: ServerAddress, method: str, path: str, body: object = None) -> AsyncIterator[httpx.Response]:
    """Send a request and give its response, the body not read yet; every failure becomes a `ChatError`."""
    import httpx

    if not (address.key.isascii() and address.key.isprintable()):
        raise ChatError(f"the key for {_shown_url(address)} has characters that are not allowed in an HTTP header")
    headers = {"Authorization": f"Bearer {address.key}"} if address.key else {}
    content = None if body is None else struct_json(body)
    if content is not None:
        headers["Content-Type"] = "application/json"
    timeout = httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
    transport = httpx.AsyncHTTPTransport(uds=address.socket, trust_env=False) if address.socket else None
    is_here = True
    try:
        # A proxy from the environment must not see requests to this box, least of all the key.
        is_here = bool(address.socket) or _is_loopback(address.url)
        async with (
            httpx.AsyncClient(timeout=timeout, trust_env=not is_here, transport=transport) as client,
            client.stream(method, address.url.rstrip("/") + path, content=content, headers=headers) as response,
        ):
            if response.status_code != 200:
                raise await _refusal(response, address)
            yield response
    except ChatError as error:
        if address.key and address.key in str(error):  # a server that repeats the request
            error.args = (str(error).replace(address.key, "(the key)"),)
        raise
    except httpx.ConnectError as error:
        raise ChatError(f"no server answers at {_shown_url(address)}; start it again") from error
    except httpx.TimeoutException as error:
        raise ChatError(f"the server at {_shown_url(address)} did not answer in time") from error
    except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as error:
        raise ChatError(f"the server at {_shown_url(address)} closed the connection; it may have ended") from error
    except ImportError as error:  # httpx needs a package for a SOCKS proxy, which the environment names
        raise ChatError(
            f"the environment names a SOCKS proxy ({socks_variables()}), which needs a package: "
            f"`pip install socksio`, or `export NO_PROXY={urlsplit(address.url).hostname}` to do without it"
        ) from error
    except OSError as error:  # the certificates: errors of the connection are httpx's own
        named = next((f"{name}={value}" for name in _CERTIFICATES if (value := os.environ.get(name))), "")
        raise ChatError(
            f"the certificates cannot be read ({error.strerror or error}); the environment names "
            f"{one_line(named, 200) or 'none'}: correct that, or unset it"
        ) from error
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        names = "" if is_here else proxy_variables()
        named = f"; the environment sets {names}: correct that, or unset it" if names else ""
        raise ChatError(f"the request to {_shown_url(address)} failed: {one_line(str(error), 120)}{named}") from error


async def _refusal(response: httpx.Response, address: ServerAddress) -> ServerRefusalError:
    """Return an HTTP error as a sentence, with the server's message if it has one."""
    body = b""
    async for data in response.aiter_bytes():
        body += data
        if len(body) > 65536:
            break
    try:
        message = error_message(json.loads(body))
    except ValueError:
        message = ""
    status, text = response.status_code, message
    if status in (401, 403):
        what = "refuses the key" if address.key else "asks for a key"
        text = f"the server {what} ({status}{': ' + message if message else ''})"
    elif response.has_redirect_location:  # never followed: the key and the questions are for the named server alone
        target = one_line(str(response.url.join(response.headers["location"])), 120)
        text = f"{_shown_url(address)} leads to {target}: give the address of the server there"
    text = text or f"the server answered with HTTP {status} {response.reason_phrase}".rstrip()
    return ServerRefusalError(text, status, _seconds(response.headers.get("retry-after", "")))


def _seconds(value: str) -> float | None:
    """Return the seconds that a header `Retry-After` says; None where it says none, or a date."""
    return float(value) if value.strip().isascii() and value.strip().isdigit() and len(value) < 9 else None


def _objects(value: object) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _book(note: object) -> tuple[str, ...]:
    facts = note.get("book") if isinstance(note, dict) else None
    return tuple(one_line(fact, 1000) for fact in facts if isinstance(fact, str)) if isinstance(facts, list) else ()


def _token_count(usage: object, key: str) -> int | None:
    value = usage.get(key) if isinstance(usage, dict) else None
    return value if isinstance(value, int) else None


def _tokens_per_second(tokens: int | None, first_at: float | None, last_at: float) -> float | None:
    if not tokens or tokens < 2 or not first_at or last_at <= first_at:
        return None
    return (tokens - 1) / (last_at - first_at)


def _shown_url(address: ServerAddress) -> str:
    return one_line(address.url, 80)


def _not_openai(address: ServerAddress) -> str:
    return f"{_shown_url(address)} does not respond like an OpenAI-compatible server; the address usually ends in /v1"


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
