"""The chat client against servers that behave, and against those that do not: real sockets, real bytes."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from garage_tui.core.chat.chat_error import ChatError
from garage_tui.core.chat.client import AnswerChunk, AnswerEnd, ServerAddress, list_models, stream

QUESTION = [{"role": "user", "content": "What is TinyLLM?"}]


@asynccontextmanager
async def serving(reply: bytes | list[bytes], *, hang: bool = False):
    """A server that sends `reply` (a list: with a pause between the pieces) to whoever asks, then closes."""
    requests = []

    async def answer(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(x.split(b":")[1]) for x in head.split(b"\r\n") if x.lower().startswith(b"content-length")), 0
        )
        requests.append((head.decode(), json.loads(await reader.readexactly(length)) if length else None))
        for part in [reply] if isinstance(reply, bytes) else reply:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.02)
        if hang:
            await asyncio.sleep(30)
        writer.close()

    listener = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    try:
        yield ServerAddress(f"http://127.0.0.1:{port}/v1", "a-key"), requests
    finally:
        listener.close()


def head(kind="text/event-stream", status="200 OK"):
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n".encode()


def events(*chunks, end=b"data: [DONE]\n\n"):
    """Server-sent events; a text is a delta, a dict is sent as it is."""
    lines = b""
    for chunk in chunks:
        if isinstance(chunk, str):
            chunk = {"choices": [{"delta": {"content": chunk}}]}
        lines += b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\n\n"
    return lines + end


STOP = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
USAGE = {"choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}}


async def read(address):
    """Ask, and return the text, the number of pieces, and the end."""
    got = [part async for part in stream(address, "m", QUESTION)]
    assert isinstance(got[-1], AnswerEnd)
    assert all(isinstance(part, AnswerChunk) for part in got[:-1])
    return "".join(part.text for part in got[:-1]), len(got) - 1, got[-1]


async def test_an_answer_comes_in_pieces_and_ends_with_its_numbers():
    role = {"choices": [{"delta": {"role": "assistant", "content": ""}}]}
    parts = [head(), events(role, "Tiny", end=b""), events("LL", "M", end=b""), events(STOP, USAGE)]
    async with serving(parts) as (address, requests):
        text, pieces, end = await read(address)
    assert (text, pieces) == ("TinyLLM", 3)
    assert (end.finish_reason, end.prompt_tokens, end.completion_tokens) == ("stop", 12, 3)
    assert 0 < end.first_token_s < 5
    assert end.answered_by == ""
    assert end.tokens_per_s > 0
    request, body = requests[0]
    assert "authorization: bearer a-key" in request.lower()
    assert body["messages"] == QUESTION
    assert (body["model"], body["temperature"], body["stream"]) == ("m", 0.0, True)


async def test_the_end_says_which_model_answered_for_the_one_in_service():
    chunk = {"choices": [{"delta": {"content": "Lima."}}], "system_fingerprint": "smollm2-135m\x1b[31m"}
    async with serving([head(), events(chunk, STOP)]) as (address, _):
        *_, end = await read(address)
    assert end.answered_by == "smollm2-135m"


async def test_the_end_says_which_facts_were_in_the_prompt():
    for note, book in (({"book": ["Rex\x1b[2J is a dog.", 7]}, ("Rex is a dog.",)), ({"book": 1}, ()), ("nothing", ())):
        async with serving([head(), events("Rex", {**STOP, "garage": note})]) as (address, _):
            *_, end = await read(address)
        assert end.book == book


async def test_a_server_that_counts_no_tokens_leaves_the_numbers_empty():
    async with serving(head() + events("yes", STOP)) as (address, _):
        _, _, end = await read(address)
    assert (end.prompt_tokens, end.completion_tokens, end.tokens_per_s) == (None, None, None)
    assert end.first_token_s is not None


async def test_a_server_that_does_not_stream_is_understood():
    whole = {"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}], "usage": USAGE["usage"]}
    async with serving(head("application/json") + json.dumps(whole, indent=1).encode()) as (address, _):
        text, _, end = await read(address)
    assert (text, end.completion_tokens) == ("Hello", 3)


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
async def test_comments_foreign_fields_and_both_line_ends_are_understood(newline):
    body = b": hello\nevent: message\nid: 1\n" + events("a", "b", STOP)
    async with serving(head() + body.replace(b"\n", newline)) as (address, _):
        assert (await read(address))[0] == "ab"


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (b"\xef\xbb\xbf" + events("first", STOP), "first"),
        (events({"choices": [{"delta": {"content": [{"type": "text", "text": "in parts"}]}}]}, STOP), "in parts"),
        (events({"choices": [{"delta": {"content": [{"type": "thinking", "thinking": []}]}}]}, "a", STOP), "a"),
        (events({"choices": [{"delta": {"content": None, "refusal": "I will not."}}]}, STOP), "I will not."),
    ],
)
async def test_no_text_of_an_answer_is_lost_in_whatever_form_it_comes(reply, text):
    async with serving(head() + reply) as (address, _):
        assert (await read(address))[0] == text


async def test_a_line_separator_inside_an_answer_breaks_nothing():
    async with serving(head() + events("one\u2028two\u0085three", STOP)) as (address, _):
        assert (await read(address))[0] == "one⟨U+2028⟩two⟨U+0085⟩three"


@pytest.mark.parametrize(
    ("pieces", "painted"),
    [
        (["red \x1b[3", "1mtext\x1b", "[0m end"], "red ␛[31mtext␛[0m end"),
        (["title \x1b]0;own", "ed\x07 end"], "title ␛]0;owned␇ end"),
        (["c1 \x9b3", "1mtext"], "c1 ⟨U+009B⟩31mtext"),
        (["never closed \x1b]0;own", "ed\nnext line"], "never closed ␛]0;owned\nnext line"),
        (["ends in escape\x1b"], "ends in escape␛"),
        (["line\r", "\nline"], "line\nline"),
        (["line\r", "line\r"], "line\nline\n"),
        (["z", *["\u0301"] * 11], "z" + "\u0301" * 8 + "⟨+1 marks⟩\u0301\u0301"),
        (["\u202eback", "spa\x08ce"], "⟨U+202E⟩backspa␈ce"),
    ],
)
async def test_an_escape_sequence_split_over_two_pieces_is_seen_as_text(pieces, painted):
    parts = [head(), *(events(piece, end=b"") for piece in pieces), events(STOP)]
    async with serving(parts) as (address, _):
        assert (await read(address))[0] == painted


async def test_an_answer_without_an_end_is_given_up():
    piece = events("x" * 100_000, end=b"")
    async with serving([head(), *[piece] * 11, events(STOP)]) as (address, _):
        with pytest.raises(ChatError, match="longer than 1,000,000 characters"):
            await read(address)


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (head() + b"data: {broken\n\n", "does not send an OpenAI-compatible answer"),
        (head() + b"data: 5\n\n", "does not send an OpenAI-compatible answer"),
        (head("text/html") + b"<html>Welcome</html>", "does not send an OpenAI-compatible answer"),
        (head() + events("half an answ", end=b""), "broke off in the middle"),
        (head() + b"", "broke off in the middle"),
        (head() + events("x", {"error": {"message": "out of\nmemory"}}), "out of memory"),
        (head(status="401 Unauthorized") + b"{}", "refuses the key"),
        (
            head(status="404 Not Found") + b'{"error": {"message": "no model m; there are: a"}}',
            "no model m; there are: a",
        ),
        (head(status="400 Bad Request") + b'{"detail": "\\u001b[31mtoo long"}', "too long"),
        (head(status="502 Bad Gateway") + b"<html>nginx</html>", "HTTP 502 Bad Gateway"),
        (head(status="302 Found") + b"", "HTTP 302"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "closed the connection"),
        (b"", "closed the connection"),
        (head() + b"data: " + b"x" * 5_000_000, "a line without an end"),
    ],
)
async def test_whatever_a_server_sends_becomes_one_sentence(reply, text):
    async with serving(reply) as (address, _):
        with pytest.raises(ChatError) as failure:
            await read(address)
    assert text in str(failure.value)
    assert "\n" not in str(failure.value)
    assert "\x1b" not in str(failure.value)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("http://127.0.0.1:9/v1", "no server answers at http://127.0.0.1:9/v1"),
        ("not an address", "the request to"),
        ("http://[::1", "the request to"),
    ],
)
async def test_an_address_without_a_server_is_a_sentence(url, text):
    with pytest.raises(ChatError, match=text.replace("[", r"\[")):
        await read(ServerAddress(url, "k"))
    with pytest.raises(ChatError, match=text.replace("[", r"\[")):
        await list_models(ServerAddress(url, "k"))


async def test_a_server_that_falls_silent_is_a_sentence(monkeypatch):
    monkeypatch.setattr("garage_tui.core.chat.client.READ_SECONDS", 0.2)
    async with serving(head() + events("x", end=b""), hang=True) as (address, _):
        with pytest.raises(ChatError, match="did not answer in time"):
            await read(address)


ELSEWHERE = ServerAddress("http://box.invalid:9/v1", key="secret")


@pytest.mark.parametrize("name", ["ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"])
async def test_a_socks_proxy_of_the_environment_is_a_sentence(monkeypatch, name):
    for other in ("ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, "socks5://127.0.0.1:9")
    with pytest.raises(ChatError, match=rf"SOCKS proxy \({name}\).*`pip install socksio`.*NO_PROXY=box.invalid"):
        await read(ELSEWHERE)
    with pytest.raises(ChatError, match="SOCKS proxy"):
        await list_models(ELSEWHERE)


@pytest.mark.parametrize("value", ["nonsense://x", "http://[", "socks9://x", "http://h:port"])
async def test_a_proxy_that_is_none_is_a_sentence(monkeypatch, value):
    monkeypatch.delenv("NO_PROXY", raising=False)
    for name in ("ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, value)
    with pytest.raises(ChatError, match=r"no server answers|the environment sets ALL_PROXY, .*: correct that"):
        await read(ELSEWHERE)


@pytest.mark.parametrize(("name", "value"), [("NO_PROXY", "[::1"), ("all_proxy", "://"), ("HTTP_PROXY", "http://h:x")])
async def test_the_variable_of_a_proxy_that_cannot_be_read_is_named(monkeypatch, name, value):
    for other in ("ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, value)
    with pytest.raises(ChatError, match=f"the environment sets {name}: correct that, or unset it"):
        await read(ELSEWHERE)


@pytest.mark.parametrize("what", ["missing", "a folder", "no certificate"])
async def test_certificates_that_cannot_be_read_are_named(monkeypatch, tmp_path, what):
    path = tmp_path / "ca.pem"
    if what == "a folder":
        path.mkdir()
    elif what == "no certificate":
        path.write_text("nothing of the kind")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with pytest.raises(ChatError, match=rf"certificates cannot be read .*SSL_CERT_FILE={path}: correct that, or unset"):
        await read(ELSEWHERE)
    async with serving(head() + events("direct", STOP)) as (address, _):
        assert (await read(address))[0] == "direct"  # this box needs none of them


async def test_half_a_character_in_a_question_is_sent_as_a_sign_for_it(monkeypatch):
    async with serving(head() + events("yes", STOP)) as (address, requests):
        async for _ in stream(address, "m", [{"role": "user", "content": "a\ud83d\udcff"}]):
            pass
    assert "a\ufffd\ufffd" in str(requests)


async def test_a_proxy_of_the_environment_never_sees_what_goes_to_this_box(monkeypatch):
    async with serving(head() + events("proxy", STOP)) as (proxy, seen_by_proxy):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url.removesuffix("/v1"))
        async with serving(head() + events("direct", STOP)) as (address, _):
            assert (await read(address))[0] == "direct"
    assert seen_by_proxy == []


async def test_a_reader_that_leaves_closes_the_connection():
    closed = asyncio.Event()

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head() + events("first", end=b""))
        while not reader.at_eof():
            await reader.read(1024)
        closed.set()
        writer.close()

    listener = await asyncio.start_server(answer, "127.0.0.1", 0)
    address = ServerAddress(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v1")
    pieces = stream(address, "m", QUESTION)
    assert await anext(pieces) == AnswerChunk("first")
    await pieces.aclose()
    await asyncio.wait_for(closed.wait(), 5)
    listener.close()


async def test_the_models_are_listed_and_cleaned():
    body = json.dumps({"data": [{"id": "base"}, {"id": "run\x1b[31m"}, {"no": "id"}, 5]}).encode()
    async with serving(head("application/json") + body) as (address, _):
        assert await list_models(address) == ["base", "run"]
    for nonsense in (b"<html>", b"[]", b'{"data": 5}'):
        async with serving(head("application/json") + nonsense) as (address, _):
            if nonsense == b'{"data": 5}':
                assert await list_models(address) == []
            else:
                with pytest.raises(ChatError, match="usually ends in /v1"):
                    await list_models(address)


def test_an_address_does_not_show_its_key():
    assert "secret" not in repr(ServerAddress("http://127.0.0.1:1/v1", "secret"))


@pytest.mark.parametrize(
    "deltas",
    [
        (b"Hi \xf0\x9f", b"\x98\x80!"),  # the bytes of one character in two events
        (b"Hi \xf0", b"\x9f", b"\x98", b"\x80!"),
        (rb"Hi \ud83d", rb"\ude00!"),  # its halves as JSON escapes them
        (b"Hi ", b"\xf0\x9f\x98\x80!"),
    ],
)
async def test_an_emoji_that_a_server_splits_over_two_events_is_one(deltas):
    lines = b"".join(b'data: {"choices": [{"delta": {"content": "' + delta + b'"}}]}\n\n' for delta in deltas)
    async with serving([head(), lines, events(STOP)]) as (address, _):
        text, _, _ = await read(address)
    assert text == "Hi 😀!"
