"""Bytes that no honest client sends, to a real server: each gets an error in OpenAI's form, and the server goes on."""

from __future__ import annotations

import json
import socket
import time
from urllib.parse import urlsplit

import pytest

from garage_tui.core.serving import server_state

INVALID = (400, "bad_request", "this is not a valid HTTP request: check its first line, its headers and the length")


@pytest.fixture
def send(address):
    """Send bytes, with pauses where a number stands, and return all that comes back until the connection is closed."""
    port = urlsplit(address.url).port

    def talk(*pieces, seconds=60):
        with socket.create_connection(("127.0.0.1", port), timeout=seconds) as there:
            for piece in pieces:
                if isinstance(piece, bytes):
                    there.sendall(piece)
                else:
                    time.sleep(piece)
            found = b""
            try:
                while data := there.recv(65536):
                    found += data
            except ConnectionResetError:  # it does not read the rest of what was sent
                pass
        return found

    return talk


@pytest.fixture
def chat(base):
    """The body of a request; with other fields than usual."""

    def make(**fields):
        messages = [{"role": "user", "content": "What is TinyLLM?"}]
        return json.dumps({"model": base, "max_tokens": 2, "messages": messages, **fields}).encode()

    return make


@pytest.fixture
def post(address):
    """The bytes of a POST request of the chat."""

    def make(body, *headers, path="/v1/chat/completions", length=True, key=address.key, version="1.1"):
        head = [f"POST {path} HTTP/{version}", "Host: x", f"Authorization: Bearer {key}", "Connection: close", *headers]
        if length:
            head.append(f"Content-Length: {len(body)}")
        return "\r\n".join([*head, "", ""]).encode() + body

    return make


def error_of(response):
    """Return status, code and message of an error in OpenAI's form."""
    head, _, body = response.partition(b"\r\n\r\n")
    assert b"content-type: application/json" in head.lower(), response
    error = json.loads(body)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return int(head.split()[1]), error["code"], error["message"]


@pytest.fixture(autouse=True)
def goes_on(send, post, chat, box):
    """After each test the server answers, and its log has no traceback."""
    yield
    assert send(post(chat())).startswith(b"HTTP/1.1 200 OK\r\n")
    assert "Traceback" not in server_state.inspect(box).log.read_text()


@pytest.mark.parametrize(
    "request_line",
    [b"GET /v1/models\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"\0" * 100 + b"\r\n\r\n",
     b"GET /v1/models HTTP/1.1\r\n\r\n", b"GET /v1/models HTTP/1.1\r\nHost x\r\n\r\n"],
    ids=["HTTP 0.9", "TLS", "zeros", "no host", "bad header"],
)  # fmt: skip
def test_what_is_no_http_gets_an_error_in_openais_form(send, request_line):
    status, code, message = error_of(send(request_line))
    assert (status, code) == INVALID[:2] and message.startswith(INVALID[2])


@pytest.mark.parametrize("length", ["5", "-5", "x"])
def test_a_length_that_is_wrong_or_said_twice_is_refused(send, post, chat, length):
    assert error_of(send(post(chat(), f"Content-Length: {length}")))[:2] == INVALID[:2]


def test_a_chunked_body_may_be_sent_and_one_with_a_wrong_size_is_refused(send, post, chat):
    body, head = chat(), post(b"", "Transfer-Encoding: chunked", length=False)
    assert send(head, b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)).startswith(b"HTTP/1.1 200 OK\r\n")
    assert error_of(send(head, b"zz\r\nabc\r\n0\r\n\r\n"))[:2] == INVALID[:2]


def test_bytes_after_an_answer_that_are_no_http_close_the_connection_without_a_traceback(send, post):
    head = post(b"", "Transfer-Encoding: chunked", length=False, key="wrong").replace(b"Connection: close\r\n", b"")
    response = send(head, 0.5, b"zz\r\n")  # the refusal was sent before the body was read
    assert error_of(response)[0] == 401


def test_a_body_that_is_broken_off_ends_its_request(address, post, chat):
    for request in (post(chat())[:-20], post(b"ff\r\nabc", "Transfer-Encoding: chunked", length=False)):
        with socket.create_connection(("127.0.0.1", urlsplit(address.url).port), timeout=60) as there:
            there.sendall(request)
            there.shutdown(socket.SHUT_WR)
            assert there.recv(100) == b"", "nobody is there who would read an error"


def test_requests_that_come_together_are_answered_in_order(send, post, chat):
    first = post(chat()).replace(b"Connection: close\r\n", b"")
    found = send(first + first + post(chat(stream=True)))
    assert found.count(b"HTTP/1.1 200 OK\r\n") == 3
    assert found.index(b"chat.completion.chunk") > found.rindex(b'"chat.completion"')
    assert found.rstrip().endswith(b"0") and b"data: [DONE]" in found


def test_a_client_that_waits_for_100_continue_gets_it(send, post, chat):
    body = chat()
    found = send(post(b"", "Expect: 100-continue", f"Content-Length: {len(body)}", length=False), 0.3, body)
    assert found.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n") and b'"choices"' in found


def test_a_client_of_http_1_0_and_one_that_names_another_content_type_are_answered(send, post, chat):
    assert b" 200 OK\r\n" in send(post(chat(), version="1.0"))
    assert b" 200 OK\r\n" in send(post(chat(), "Content-Type: text/plain"))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "is not JSON"),
        (b"[" * 100_000, "request: expected `object`"),
        (b'{"messages": ' + b"[" * 3000, "is not JSON"),
        (b'{"temperature": NaN}', "is not JSON"),
        (b'{"max_tokens": 1e999}', "out of range"),
        (b'{"seed": ' + b"9" * 5000 + b"}", "out of range"),
    ],
    ids=["empty", "nested", "nested in a field", "NaN", "infinite", "a long number"],
)
def test_json_that_is_none_or_holds_no_numbers_is_a_400(send, post, body, words):
    status, code, message = error_of(send(post(body)))
    assert (status, code) == (400, "bad_request") and words in message


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"response_format": {}}, "response_format.type: give one of text, json_object, json_schema"),
        ({"response_format": {"type": "xml"}}, "response_format.type: give one of text, json_object, json_schema"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema: give its `schema`, an object"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": 5}}},
            "response_format.json_schema: give its `schema`, an object",
        ),
        (
            {"response_format": {"type": "json_object", "schema": {"type": "array"}}},
            "response_format.schema does not go with the type json_object; give a schema with the type json_schema",
        ),
        (
            {"response_format": {"type": "text", "strict": True}},
            "response_format.strict does not go with the type text",
        ),
        ({"messages": [{"role": "assistant", "tool_calls": "x"}]}, "messages[0].tool_calls: expected a list of calls"),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": 5}}]}]},
            "messages[0].tool_calls: expected a list of calls, each with a function's name",
        ),
        (
            {"messages": [{"role": "tool", "content": "x", "tool_call_id": 5}]},
            "messages[0].tool_call_id: expected a text",
        ),
    ],
)
def test_a_form_or_a_call_that_nothing_could_obey_is_refused_not_ignored(send, post, chat, engine, fields, words):
    status, code, message = error_of(send(post(chat(**fields))))
    assert (status, code) == (400, "bad_request")
    assert words in message or (engine == "embedded" and "response_format is not supported" in message)


@pytest.mark.parametrize("text", ["word " * 40_000, "a" * 200_000, "🦋" * 50_000], ids=["words", "one word", "emoji"])
def test_a_prompt_of_200_kb_is_refused_within_seconds_as_clients_know_it(send, post, chat, engine, text):
    messages = [{"role": "user", "content": text}]
    status, code, message = error_of(send(post(chat(messages=messages))))
    assert (status, code) == (400, "context_length_exceeded")
    goes_on = ". However, your prompt contains " if engine == "vllm" else ", but the prompt has "
    assert message.startswith(f"This model's maximum context length is 512 tokens{goes_on}")


def test_a_body_of_5_mb_is_refused_whole_or_in_chunks(send, post):
    assert error_of(send(post(b"a" * 5_000_000)))[:2] == (413, "too_large")
    chunks = [b"10000\r\n" + b"a" * 65536 + b"\r\n"] * 70
    head = post(b"", "Transfer-Encoding: chunked", length=False)
    assert error_of(send(b"".join([head, *chunks, b"0\r\n\r\n"])))[:2] == (413, "too_large")


@pytest.mark.parametrize(
    "header",
    ["Basic {key}", "{key}", "Bearer", "Bearer wrong", "Bearer {key} {key}", "Bearer " + "x" * 60_000, "Bearer \xff"],
)
def test_another_header_than_the_keys_own_is_a_401(send, address, header):
    line = f"GET /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: {header.format(key=address.key)}\r\n"
    assert error_of(send(line.encode("latin1") + b"Connection: close\r\n\r\n"))[:2] == (401, "invalid_api_key")


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "DELETE", "TRACE", "BREW"])
def test_another_method_is_a_405(send, post, method):
    request = post(b"{}").replace(b"POST", method.encode(), 1)
    assert error_of(send(request))[:2] == (405, "method_not_allowed")
