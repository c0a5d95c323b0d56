"""The body of a request: all of it, or a sentence that says what is wrong; never a connection that waits for ever."""

from __future__ import annotations

import asyncio

import pytest
from starlette.requests import Request

from garage_tui.jobs.serve.openai_api import request_body
from garage_tui.jobs.serve.openai_api.request_body import read_body
from garage_tui.jobs.serve.openai_api.request_errors import RequestRefusedError, error_response


def request(*parts, more=False, headers=()):
    """Return a request whose body comes in these parts; with `more`, the client announced more than it sends."""
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    if not more:
        messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive():
        if messages:
            return messages.pop(0)
        await asyncio.Event().wait()

    return Request({"type": "http", "method": "POST", "headers": list(headers)}, receive)


async def test_a_body_that_comes_in_parts_is_whole():
    assert await read_body(request(b"one ", b"two")) == b"one two"


@pytest.mark.parametrize("limit", ["SILENT_SECONDS", "MAX_SECONDS"])
async def test_a_client_that_sends_less_than_it_announced_gets_an_answer_that_closes_the_connection(monkeypatch, limit):
    monkeypatch.setattr(request_body, limit, 0.1)
    with pytest.raises(RequestRefusedError, match="only 3 bytes of the request came") as refused:
        await read_body(request(b"one", more=True))
    answer = error_response(refused.value)
    assert answer.status_code == 408 and answer.headers["connection"] == "close"


async def test_a_body_that_is_too_large_is_refused_before_all_of_it_is_here(monkeypatch):
    monkeypatch.setattr(request_body, "MAX_BODY", 5)
    with pytest.raises(RequestRefusedError, match="larger"):
        await read_body(request(b"one ", b"two", more=True))


async def test_a_compressed_body_is_refused_and_one_that_says_it_is_not_is_read():
    with pytest.raises(
        RequestRefusedError, match=r"is compressed \(Content-Encoding: gzip\): send it as it is"
    ) as refused:
        await read_body(request(b"one", headers=[(b"content-encoding", b"GZIP")]))
    assert refused.value.status == 415
    assert await read_body(request(b"one", headers=[(b"content-encoding", b"identity")])) == b"one"
