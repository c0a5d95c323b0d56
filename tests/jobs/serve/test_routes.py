"""The routes in front of any engine: what a client gets where no engine answers."""

import asyncio
from types import SimpleNamespace

import httpx
import pytest
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse

from garage_tui.jobs.serve.lasting_name import Offer
from garage_tui.jobs.serve.openai_api.request_errors import RequestRefusedError
from garage_tui.jobs.serve.routes import make_app
from garage_tui.jobs.serve.upstream import ignore_cancelled_reads

QUESTION = {"model": "m", "messages": [{"role": "user", "content": "q"}]}


class StubEngine:
    """Answers with what it got; an exception that it is given is raised instead."""

    engine = "embedded"
    context = 512
    busy = False
    last_used = 0.0

    def __init__(self, error=None):
        self.error = error

    def health(self):
        return {"batches": 3}

    async def answer(self, request, path, question, body, run):
        if self.error:
            raise self.error
        return JSONResponse({"path": path, "body": body.decode()})


@pytest.fixture
def ask():
    """Sends one request to the app of an engine, with the key unless `key` says otherwise."""

    async def send(method, path, *, error=None, absent="", key="k", **more):
        app = make_app(StubEngine(error), lambda: {"m": Offer("m", "m")}, "k", lambda: absent)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        async with httpx.AsyncClient(transport=transport, base_url="http://x", headers=headers) as client:
            return await client.request(method, path, **more)

    return send


async def test_a_model_that_is_away_is_a_503_that_says_when_to_ask_again(ask):
    answer = await ask("POST", "/v1/chat/completions", json=QUESTION, absent="a run has the GPU")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert answer.json()["error"] == {
        "message": "a run has the GPU",
        "type": "server_error",
        "param": None,
        "code": "asleep",
    }


async def test_health_tells_more_only_to_who_has_the_key(ask):
    assert (await ask("GET", "/health", key="", absent="a run has the GPU")).json() == {"status": "asleep"}
    full = (await ask("GET", "/health", absent="a run has the GPU")).json()
    assert full == {"status": "a run has the GPU", "busy": False, "batches": 3}


async def test_an_engine_gets_the_path_and_only_what_was_checked(ask):
    body = {**QUESTION, "user": "me", "temperature": None, "seed": 1}
    answer = (await ask("POST", "/v1/chat/completions", json=body)).json()
    assert answer["path"] == "/v1/chat/completions"
    assert answer["body"] == '{"model":"m","messages":[{"role":"user","content":"q"}],"seed":1}'
    answer = (await ask("POST", "/v1/completions", json={"model": "m", "prompt": "q"})).json()
    assert (answer["path"], answer["body"]) == ("/v1/completions", '{"model":"m","prompt":"q"}')


async def test_an_unknown_model_is_refused_before_its_picture_is_answered(ask):
    content = [{"type": "image_url", "image_url": {"url": "data:"}}]
    body = {"model": "x", "messages": [{"role": "user", "content": content}]}
    answer = await ask("POST", "/v1/chat/completions", json=body)
    assert (answer.status_code, answer.json()["error"]["message"]) == (404, "The model `x` does not exist.")


async def test_a_failure_that_nobody_expected_is_a_500_in_openais_form(ask):
    answer = await ask("POST", "/v1/chat/completions", json=QUESTION, error=ZeroDivisionError("secret"))
    assert answer.status_code == 500
    assert answer.json()["error"]["message"] == "the server failed (ZeroDivisionError); see its log"


async def test_a_client_that_left_is_no_failure():
    app = make_app(StubEngine(ClientDisconnect()), lambda: {"m": Offer("m", "m")}, "k")
    transport = httpx.ASGITransport(app)  # raises what the app raises
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        answer = await client.post("/v1/chat/completions", json=QUESTION, headers={"Authorization": "Bearer k"})
    assert answer.status_code == 499


async def test_an_engines_refusal_names_the_field(ask):
    refusal = RequestRefusedError(400, "bad_request", "echo: no", "echo")
    answer = await ask("POST", "/v1/chat/completions", json=QUESTION, error=refusal)
    assert answer.json()["error"]["param"] == "echo"


def test_a_read_that_was_cancelled_puts_no_traceback_into_the_log_and_other_failures_do():
    handled = []
    loop = SimpleNamespace(default_exception_handler=handled.append)
    ignore_cancelled_reads(loop, {"message": "m", "exception": asyncio.InvalidStateError("invalid state")})
    assert handled == []
    for context in ({"message": "m", "exception": OSError("x")}, {"message": "m"}):
        ignore_cancelled_reads(loop, context)
    assert len(handled) == 2
