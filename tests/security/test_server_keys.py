"""A real server: nothing is told without its key, nobody keeps others out, and the key is in its file alone."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import re
import socket
import stat
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.chat import client as chat
from garage_tui.core.chat.chat_error import ChatError
from garage_tui.core.chat.sampling_params import SamplingParams
from garage_tui.core.serving import server_process, server_state
from garage_tui.core.settings.settings import Settings, Workspace

pytestmark = pytest.mark.timeout(180)

OPEN = "/health"
ROUTES = ("/v1/models", "/v1/models/{name:path}", "/v1/chat/completions", "/v1/completions")
ELSEWHERE = (
    "/", "//", "/docs", "/redoc", "/openapi.json", "/metrics", "/favicon.ico", "/v1", "/v1/", "/v1/models/", "/health/",
    "/HEALTH", "/v1/models/x", "/v1/embeddings", "/v1/responses", "/api/chat", "/sleep", "/wake_up",
    "/v1/load_lora_adapter", "/static/../../key", "/%2e%2e/key", "/checkpoints/.server/key", "/health%00",
    "/v1/models?api_key={key}", "/{key}",
)  # fmt: skip
WRONG = (None, "", "Bearer", "Bearer wrong", "Basic {key}", "{key}", "Bearer {most}", "Bearer {key}x", "bearer{key}")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    root = tmp_path_factory.mktemp("keys")
    (root / "checkpoints").mkdir()
    return Workspace(root)


@pytest.fixture(scope="module")
def address(box, tiny_model):
    """A server that was started where new files are open to everybody."""
    before = os.umask(0)
    try:
        server_process.start(box, Settings(), str(tiny_model), port=0, idle_minutes=0)
    finally:
        os.umask(before)
    deadline = time.monotonic() + 90
    while (seen := server_state.inspect(box)).status == "starting":
        assert time.monotonic() < deadline, seen
        time.sleep(0.05)
    yield server_process.address(box)
    server_process.stop(box)


def root_of(address):
    return address.url.removesuffix("/v1")


def port_of(address):
    return int(root_of(address).rpartition(":")[2])


def raw(address, data: bytes, seconds: float = 40) -> bytes:
    """Send bytes as they are, and return what comes until the server has closed or said a whole answer."""
    said = b""
    with socket.create_connection(("127.0.0.1", port_of(address)), timeout=seconds) as there:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            there.sendall(data)
        with contextlib.suppress(ConnectionResetError):
            while piece := there.recv(65536):
                said += piece
                head, blank, body = said.partition(b"\r\n\r\n")
                length = re.search(rb"content-length: (\d+)", head.lower())
                if blank and (not length or len(body) >= int(length[1])):
                    break
    return said


def refused(status_line: bytes) -> bool:
    return status_line.startswith(b"HTTP/1.1 401 ")


def test_there_are_no_other_routes_than_those_tried_here(address):
    from garage_tui.jobs.serve.routes import make_app

    app = make_app(object(), dict, "key")
    assert tuple(route.path for route in app.app.routes) == (OPEN, *ROUTES)


@pytest.mark.parametrize("path", [OPEN, f"{OPEN}?key={{key}}"])
@pytest.mark.parametrize("header", WRONG)
def test_the_one_open_route_says_only_whether_the_server_can_answer(address, path, header):
    headers = {"Authorization": header.format(key=address.key, most=address.key[:-1])} if header is not None else {}
    answer = httpx.get(root_of(address) + path.format(key=address.key), headers=headers, trust_env=False)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("method", [method for method in METHODS if method not in ("GET", "HEAD")])
def test_the_open_route_takes_nothing(address, method):
    answer = httpx.request(method, root_of(address) + OPEN, content=b"x" * 5_000_000, trust_env=False)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("method", METHODS)
def test_no_route_answers_without_the_key_whatever_the_method(address, method):
    def ask(path: str, header: str | None) -> None:
        header = header and header.format(key=address.key, most=address.key[:-1])
        headers = {"Authorization": header} if header is not None else {}
        answer = http.request(method, path.replace("{name:path}", "x").format(key=address.key), headers=headers)
        assert answer.status_code == 401, (method, path, header)
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert address.key not in answer.text
        said = "" if method == "HEAD" else answer.json()["error"]["message"]
        assert said in ("", "this server needs the header `Authorization: Bearer KEY`"), "all routes look alike"

    wrong = WRONG if method == "GET" else (None, "Bearer wrong")
    with httpx.Client(base_url=root_of(address), trust_env=False, timeout=60) as http, ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda asked: ask(*asked), itertools.product((*ROUTES, *ELSEWHERE), wrong)))


@pytest.mark.parametrize(
    "request_", [
        b"GET /v1/models HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        b"GET http://127.0.0.1/v1/models HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /v1/models HTTP/1.0\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\xfe\r\n\r\n",
        b"GET /v1/models HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Bearer %KEY%\r\n\r\n",
        b"GET /v1/models HTTP/1.1\r\nHost: x\r\nCookie: key=%KEY%\r\nX-Api-Key: %KEY%\r\n\r\n",
    ],
    ids=["a websocket", "a proxy's form", "HTTP/1.0", "OPTIONS *", "bytes", "another header", "a cookie"],
)  # fmt: skip
def test_other_ways_to_ask_are_refused_too(address, request_):
    said = raw(address, request_.replace(b"%KEY%", address.key.encode()))
    assert refused(said), said


def test_a_web_page_that_found_this_address_gets_nothing(address):
    """DNS rebinding: the name of a page leads to 127.0.0.1 now. It has no key, and no CORS header lets it send one."""
    page = {"Host": "evil.example", "Origin": "http://evil.example", "Content-Type": "text/plain"}
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    for method, headers in (("POST", page), ("OPTIONS", {**page, **asks}), ("GET", page)):
        answer = httpx.request(
            method, f"{address.url}/chat/completions", headers=headers, content=b"{}", trust_env=False
        )
        assert answer.status_code == 401
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["content-type"] == "application/json", "nothing that a browser would run"


def test_keys_are_compared_in_constant_time(monkeypatch):
    import hmac

    from garage_tui.jobs.serve import routes

    compared = []
    monkeypatch.setattr(
        hmac, "compare_digest", lambda a, b: compared.append((a, b)) or a == b
    )  # seen to be asked, and still right

    async def ask() -> int:
        transport = httpx.ASGITransport(routes.make_app(object(), dict, "right"))
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return (await client.get("/nothing", headers={"Authorization": "Bearer wrong"})).status_code

    assert asyncio.run(ask()) == 401
    assert compared == [(b"wrong", b"right")]


def test_a_huge_body_without_the_key_is_not_read(address, box):
    process = psutil.Process(server_state.read_state(box.server).pid)
    before = process.memory_info().rss
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000000\r\n\r\n"
    assert refused(raw(address, head + b"x" * 100_000_000))
    assert process.memory_info().rss - before < 50_000_000


def test_a_body_without_an_end_is_cut_off_with_the_key_too(address):
    def endless():
        for _ in range(100):
            yield b" " * 1_000_000

    headers = {"Authorization": f"Bearer {address.key}"}
    with contextlib.suppress(httpx.WriteError, httpx.ReadError):  # it has closed before it was told everything
        answer = httpx.post(f"{address.url}/chat/completions", content=endless(), headers=headers, trust_env=False)
        assert answer.status_code == 413


def test_clients_that_say_nothing_or_half_of_it_keep_nobody_waiting(address):
    with contextlib.ExitStack() as stack:
        for number in range(200):
            there = stack.enter_context(socket.create_connection(("127.0.0.1", port_of(address)), timeout=40))
            there.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"[: number % 50])
        headers = {"Authorization": f"Bearer {address.key}"}
        for _ in range(5):
            assert httpx.get(f"{root_of(address)}/health", headers=headers, trust_env=False).status_code == 200


async def test_a_client_that_asks_nothing_whole_is_sent_away_also_after_a_request(monkeypatch):
    import uvicorn

    from garage_tui.jobs.serve.openai_api import http_protocol
    from garage_tui.jobs.serve.routes import make_app

    monkeypatch.setattr(http_protocol, "HEADERS_SECONDS", 0.2)
    config = uvicorn.Config(
        make_app(object(), dict, "k"), port=0, http=http_protocol.ServerProtocol, lifespan="off", ws="none"
    )
    running = uvicorn.Server(config)
    listener = config.bind_socket()
    task = asyncio.create_task(running.serve([listener]))
    try:
        while not running.started:  # noqa: ASYNC110 (it says so in no other way)
            await asyncio.sleep(0.01)
        for said in (b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n"):
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            writer.write(said)
            with contextlib.suppress(ConnectionResetError):
                assert await asyncio.wait_for(reader.read(), 40) == b""
            writer.close()
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        for _ in range(2):  # two requests on one connection; a third that never comes
            writer.write(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b" 200 " in await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 40)
            await reader.read(1000)
        writer.write(b"G")
        with contextlib.suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), 40) == b""
        writer.close()
    finally:
        running.should_exit = True
        await task


def test_only_the_owner_may_look_into_the_servers_folder(address, box):
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in box.server.iterdir()}
    assert stat.S_IMODE(box.server.stat().st_mode) == 0o700
    assert modes["key"] == modes["log.txt"] == modes["lock"] == 0o600
    assert not any(mode & 0o022 for mode in modes.values()), modes


def test_a_folder_that_was_open_to_all_is_closed_before_the_key_is_in_it(workspace, tiny_model):
    workspace.server.mkdir()
    workspace.server.chmod(0o777)
    before = os.umask(0o022)
    try:
        server_process.start(workspace, Settings(), str(tiny_model), port=0)
        deadline = time.monotonic() + 40
        while not (workspace.server / "key").exists():
            assert time.monotonic() < deadline
            time.sleep(0.002)
        assert stat.S_IMODE(workspace.server.stat().st_mode) == 0o700
        assert stat.S_IMODE((workspace.server / "key").stat().st_mode) == 0o600
    finally:
        os.umask(before)
        server_process.stop(workspace)


def test_a_key_is_at_no_moment_readable_by_others(tmp_path):
    seen, done = set(), threading.Event()

    def watch() -> None:
        while not done.is_set():
            for entry in os.scandir(tmp_path):
                with contextlib.suppress(FileNotFoundError):
                    seen.add(stat.S_IMODE(entry.stat().st_mode))

    watcher = threading.Thread(target=watch)
    before = os.umask(0)
    watcher.start()
    try:
        for _ in range(200):
            write_atomic(tmp_path / "key", b"secret", mode=0o600)
    finally:
        os.umask(before)
        done.set()
        watcher.join()
    assert seen == {0o600}


def test_the_key_stands_in_its_file_and_nowhere_else(box, tiny_model, garage_of):
    """Not in a log, a state, an argument, an output; not after it was used, and not after a wrong one was."""
    address = garage_of.address()
    wrong = "sk-somebody-elses-0123456789"
    question = [{"role": "user", "content": "What is TinyLLM?"}]

    async def ask(key: str) -> str:
        try:
            settings = SamplingParams(max_tokens=4)
            async for _ in chat.stream(chat.ServerAddress(address.url, key), str(tiny_model), question, settings):
                pass
        except ChatError as error:
            return str(error)
        return ""

    assert asyncio.run(ask(address.key)) == ""
    assert wrong not in (refusal := asyncio.run(ask(wrong)))
    assert "refuses the key" in refusal
    said = garage_of.run("serve", "--status") + garage_of.run("serve", "--status", "--json") + garage_of.run("doctor")
    said += repr(address) + repr(server_state.inspect(box)) + repr(server_state.read_state(box.server))
    said += subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True).stdout
    for file in box.root.rglob("*"):
        if file.is_file() and file.name != "key":
            said += file.read_text(errors="replace")
    assert address.key not in said
    assert wrong not in said


@pytest.fixture
def garage_of(address, box, garage, monkeypatch):
    """The commands, in the workspace of the server."""

    class Commands:
        def address(self):
            return server_process.address(box)

        def run(self, *words: str) -> str:
            done = garage("--workspace", box.root, *words)
            assert done.code in (0, 1), done
            return done.out + done.err

    return Commands()


async def test_a_server_that_repeats_the_key_does_not_bring_it_to_the_screen():
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = re.search(r"Bearer (\S+)", head)[1]
        body = b'{"error": {"message": "no such key: %s"}}' % key.encode()
        writer.write(b"HTTP/1.1 401 No\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    with pytest.raises(ChatError) as refusal:
        await chat.list_models(chat.ServerAddress(f"http://127.0.0.1:{port}/v1", "sk-secret-123"))
    listening.close()
    assert str(refusal.value) == "the server refuses the key (401: no such key: (the key))"


@pytest.mark.parametrize("key", ["sk-se\ncret", "sk-se\x01cret", "sk-sécret"])
async def test_a_key_that_no_header_may_hold_is_refused_without_being_named(key):
    with pytest.raises(ChatError, match="has characters that are not allowed in an HTTP header") as refusal:
        await chat.list_models(chat.ServerAddress("http://127.0.0.1:1/v1", key))
    assert "cret" not in str(refusal.value)


def test_vllm_is_not_given_its_key_as_an_argument(tmp_path):
    """With a program in its place that does nothing, in an environment that says what it was told."""
    from garage_tui.jobs.serve.vllm.process import VllmProcess

    (python := tmp_path / "python").write_text("#!/bin/sh\nexec sleep 60\n")
    python.chmod(0o755)
    process = VllmProcess(python, ["--model", "x"], {}, tmp_path / "log.txt")
    try:
        (started,) = [child for child in psutil.Process().children() if child.pid == process._process.pid]
        assert process.key not in " ".join(map(str, process._process.args)) + " ".join(started.cmdline())
        end = time.monotonic() + 10
        while not started.environ() and time.monotonic() < end:  # while it changes from one program to the other
            time.sleep(0.01)
        assert started.environ()["VLLM_API_KEY"] == process.key
        assert stat.S_IMODE(Path(process.socket).parent.stat().st_mode) == 0o700
    finally:
        process.end()
