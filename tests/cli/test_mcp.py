"""`garage mcp` spoken to by the SDK's own client over real standard input and output."""

import json
import os
import subprocess
import sys
from contextlib import asynccontextmanager

import pytest

from garage_tui.core.facts.file import load_facts
from garage_tui.core.serving import server_process
from garage_tui.core.settings.settings import ServeSettings, Settings, Workspace
from tests.support.running_server import start_server

mcp = pytest.importorskip("mcp")
TOLD = "Aunt Marrit feeds Tuppence."


@pytest.fixture
def box(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "box" / "checkpoints").mkdir(parents=True)
    return Workspace(tmp_path / "box")


def command(box):
    return [sys.executable, "-m", "garage_tui", "--workspace", str(box.root), "mcp"]


@asynccontextmanager
async def connected(box):
    program, *arguments = command(box)
    server = mcp.StdioServerParameters(command=program, args=arguments, env=dict(os.environ))
    async with mcp.Client(server) as client:
        yield client


async def use(client, name, **arguments):
    """Return the text of a tool's answer, its data, and whether it is an error."""
    found = await client.call_tool(name, arguments)
    return found.content[0].text, found.structured_content, found.is_error


async def test_the_tools_are_four_and_none_deletes_or_runs(box):
    async with connected(box) as client:
        tools = (await client.list_tools()).tools
    assert [tool.name for tool in tools] == ["remember", "ask", "what_is_known_about", "status"]
    assert [tool.annotations.read_only_hint for tool in tools] == [False, True, True, True]
    assert not any(tool.annotations.destructive_hint for tool in tools)
    schema = tools[0].input_schema
    assert schema["type"] == "object" and set(schema["properties"]) == {"fact", "question", "answer"}
    assert schema["additionalProperties"] is False


async def test_a_fact_that_is_told_is_in_the_file_with_where_it_came_from_and_is_known(box):
    async with connected(box) as client:
        text, data, error = await use(client, "remember", fact=TOLD)
        assert text.startswith("Added to garage.jsonl") and data["outcome"] == "added" and not error
        again, data, _ = await use(client, "remember", question="Who feeds Tuppence?", answer=TOLD)
        assert again.startswith("Already there") and data["outcome"] == "already there"
        other, data, _ = await use(client, "remember", question="Who feeds Tuppence?", answer="Bram feeds Tuppence.")
        assert "line 1 says “Aunt Marrit feeds Tuppence.”" in other and data["outcome"] == "contradicts"
        text, data, _ = await use(client, "what_is_known_about", subject="Tuppence")
        assert text == f"- {TOLD} [in the book]"
        assert data["facts"][0]["source"] == "mcp" and data["facts"][0]["added"] > 1e9
        text, data, _ = await use(client, "what_is_known_about", subject="Zelda")
        assert (text, data["facts"]) == ("Nothing is known about “Zelda”.", [])
        assert (await use(client, "what_is_known_about"))[0] == f"- {TOLD} [in the book]"
        text, data, _ = await use(client, "status")
    assert "In service as garage: the base model" in text and "Facts: 1 in the book" in text and "Runs: none" in text
    assert data["facts"]["in the book"] == 1 and data["server"] == "off"
    assert {row.answer for row in load_facts(box.datasets / "garage.jsonl").facts} == {TOLD}


WRONG = [
    ("remember", {}, "there is no fact"),
    ("remember", {"fact": 7}, "remember: fact: expected `str`, got `int`; it takes `fact` (text)"),
    ("remember", {"fact": TOLD, "force": True}, "unknown field `force`"),
    ("remember", {"fact": "Who feeds Tuppence?"}, "a question without an answer"),
    ("remember", {"question": "Who feeds Tuppence?"}, "the answer is missing"),
    ("ask", {}, "ask: object missing required field `question`"),
    ("ask", {"question": "Who feeds Tuppence?"}, "no server is running; start it with `garage serve`"),
    ("status", {"run": "last"}, "it takes no arguments"),
    ("delete", {"run": "last"}, "there is no tool delete: use remember, ask, what_is_known_about, status"),
]
"""Tools and arguments, and what the answer says of them."""


async def test_what_is_wrong_is_a_sentence_and_the_next_call_works(box):
    async with connected(box) as client:
        for name, arguments, reason in WRONG:
            text, _, error = await use(client, name, **arguments)
            assert reason in text and error and "Traceback" not in text
        assert (await use(client, "what_is_known_about"))[0] == "Nothing is known."
    assert not box.datasets.exists()


async def test_settings_that_cannot_be_read_are_named(box):
    box.settings_file.write_text("[serve]\nname = 7\n")
    async with connected(box) as client:
        text, _, error = await use(client, "status")
    assert error and "garage.toml" in text


async def test_ask_asks_the_model_in_service_and_says_which_facts_were_in_its_prompt(box, tiny_model):
    async with connected(box) as client:
        await use(client, "remember", fact=TOLD)
        start_server(box, Settings(serve=ServeSettings(engine="embedded")), str(tiny_model), 90)
        try:
            text, data, error = await use(client, "ask", question="Who feeds Tuppence?")
        finally:
            server_process.stop(box)
    assert text and not error
    assert data == {"answered_by": str(tiny_model), "book": [TOLD]}


def messages(*lines):
    return "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)


def test_messages_that_are_none_end_nothing(box):
    hello = {
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
    }  # fmt: skip
    sent = messages(
        hello,
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        "not JSON",
        "[]",
        '{"jsonrpc": "2.0"}',
        {"jsonrpc": "2.0", "id": 2, "method": "nothing/known"},
        {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "status", "arguments": [1]}},
        {"jsonrpc": "2.0", "id": 4, "method": "tools/call", "params": {"name": "status"}},
    )
    with subprocess.Popen(
        command(box), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        server.stdin.write(sent)
        server.stdin.flush()
        answers = {}
        while 4 not in answers:
            line = server.stdout.readline()
            assert line, server.stderr.read()
            answer = json.loads(line)
            answers[answer.get("id")] = answer
        server.stdin.close()
        assert server.wait(30) == 0
        assert "Traceback" not in server.stderr.read()
    assert answers[2]["error"]["message"] and answers[3]["error"]["message"]
    assert "In service as garage" in answers[4]["result"]["content"][0]["text"]


def test_without_the_package_a_sentence_says_what_to_install(box):
    code = "import sys; sys.modules['mcp'] = None; from garage_tui.__main__ import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "--workspace", str(box.root), "mcp"]
    found = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert found.returncode == 1
    assert "-m pip install 'mcp>=2.3,<3'" in found.stderr and found.stderr.count("\n") == 1
