"""The examples of the docs, run as they stand with the real clients and both engines (`make test-clients`).

Each example runs in a shell or a program of its own, with the two variables that the page has it set, against a real
server with a tiny random model. What it prints must be the server's answer.
"""

import json
import os
import re
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from garage_tui.core.serving import server_process
from garage_tui.core.settings.settings import ServeSettings, Settings, Workspace
from tests.jobs.conftest import make_adapter
from tests.support.repository import REPOSITORY
from tests.support.running_server import start_server

CLIENTS = os.environ.get("GARAGE_CLIENTS", "")
"""Folder of an environment with the clients; `node_modules` is in it, too."""
PORT_SHOWN = "127.0.0.1:27243"
"""What the pages say. The tests take another port, so that they run beside a server of this box."""
CLIENTS_PAGE, SERVING_PAGE = (
    (REPOSITORY / "docs" / "guide" / name).read_text(encoding="utf-8") for name in ("clients.md", "serving.md")
)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
QUESTION = "What is TinyLLM?"

pytestmark = pytest.mark.skipif(not CLIENTS, reason="the clients are not installed: make test-clients")


def blocks(heading: str, page: str = CLIENTS_PAGE) -> list[tuple[str, str]]:
    """Return language and text of each example below a heading, those that install something left out."""
    section = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = [(language, text) for language, text in _BLOCK.findall(section)]
    assert found, f"the page has no example for {heading}"
    return [(language, text) for language, text in found if not re.match(r"(pip|npm) install", text)]


@pytest.fixture(scope="module")
def box(tmp_path_factory, tiny_model):
    """A workspace with a run whose id is the lasting name."""
    from garage_tui.core.runs.record import Manifest, RunState, write_manifest, write_state

    root = tmp_path_factory.mktemp("clients")
    folder = root / "checkpoints" / "garage"
    folder.mkdir(parents=True)
    now = time.time()
    base = {"name": str(tiny_model)}
    write_manifest(folder, Manifest(id="garage", kind="lora", created=now, recipe={}, base=base, dataset={"rows": 1}))
    make_adapter(folder / "adapter", tiny_model, 1)
    write_state(folder, RunState(state="finished", created=now, started=now, ended=now))
    return Workspace(root)


@pytest.fixture(scope="module", params=["llama.cpp", "embedded"])
def address(box, tiny_model, request):
    settings = Settings(serve=ServeSettings(engine=request.param))
    start_server(box, settings, str(tiny_model), 180)
    yield server_process.address(box)
    server_process.stop(box)


@pytest.fixture(scope="module")
def answer(address):
    """What the server answers to the question of all examples."""
    messages = [{"role": "user", "content": QUESTION}]
    headers = {"Authorization": f"Bearer {address.key}"}
    found = httpx.post(
        f"{address.url}/chat/completions",
        json={"model": "garage", "messages": messages},
        headers=headers,
        timeout=300,
        trust_env=False,
    )
    return one_space(found.json()["choices"][0]["message"]["content"])


@pytest.fixture
def run(box, address, tmp_path, tiny_model):
    """A function that runs the examples below a heading, one after the other, and returns what they print."""
    models = tmp_path / ".cache" / "garage_tui" / "models"
    models.mkdir(parents=True)
    (models / "smollm2-135m").symlink_to(tiny_model)  # where the page has lm-eval find the tokenizer

    def run_examples(heading: str) -> str:
        return "\n".join(run_block(box, tmp_path, language, text) for language, text in blocks(heading))

    return run_examples


def run_block(box: Workspace, home: Path, language: str, text: str) -> str:
    """Run one example in the workspace, with the variables of the page and a home folder of its own."""
    ((_, variables),) = blocks("Address, key and model")
    address = urlsplit(server_process.address(box).url).netloc
    variables, text = variables.replace(PORT_SHOWN, address), text.replace(PORT_SHOWN, address)
    commands = {"sh": text, "python": 'python "$EXAMPLE"', "js": 'node "$EXAMPLE"'}
    suffix = {"sh": ".sh", "python": ".py", "js": ".mjs"}[language]
    folder = Path(CLIENTS) if language == "js" else home  # node looks for packages beside the program
    example = folder / f"example-{home.name}{suffix}"
    example.write_text(text, encoding="utf-8")
    environment = {
        **os.environ,
        "PATH": f"{Path(CLIENTS) / 'bin'}:{os.environ['PATH']}",
        "EXAMPLE": str(example),
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "HF_HUB_OFFLINE": "1",
        "NO_PROXY": "127.0.0.1",
    }
    try:
        done = subprocess.run(
            ["bash", "-euc", f"{variables}\n{commands[language]}"],
            cwd=box.root,
            stdin=subprocess.DEVNULL,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
        )
    finally:
        example.unlink()
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return done.stdout


def one_space(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(
    "heading", ["llm", "OpenAI for Python", "OpenAI for JavaScript", "Vercel's SDK", "litellm", "LangChain"]
)
def test_the_example_prints_the_servers_answer(run, answer, heading):
    assert answer in one_space(run(heading))


def test_the_example_of_the_page_about_serving_prints_the_servers_answer(box, address, answer, tmp_path):
    (example,) = [text for language, text in blocks("The usual way", SERVING_PAGE) if language == "python"]
    assert answer in one_space(run_block(box, tmp_path, "python", example))


def test_lm_eval_finds_the_likelier_of_two_answers(run, box, address):
    printed = run("lm-eval")
    score = re.search(r"\|capitals *\|.*\|acc *\|[^|]*\| *([\d.]+)\|", printed)
    assert score, printed
    questions = [json.loads(line) for line in (box.root / "questions.jsonl").read_text().splitlines()]
    assert len(questions) == 2
    right = [question["label"] == likelier(address, question) for question in questions]
    assert float(score[1]) == sum(right) / 2


def likelier(address, question) -> int:
    """Return the index of the choice whose tokens have the larger log-probability, by the server's own figures."""
    opening = f"Question: {question['question']}\nAnswer:"
    sums = []
    for choice in question["choices"]:
        body = {"model": "garage", "prompt": f"{opening} {choice}", "max_tokens": 0, "echo": True, "logprobs": 0}
        headers = {"Authorization": f"Bearer {address.key}"}
        answer = httpx.post(f"{address.url}/completions", json=body, headers=headers, timeout=60, trust_env=False)
        found = answer.json()["choices"][0]["logprobs"]
        pairs = zip(found["text_offset"], found["token_logprobs"], strict=True)
        sums.append(sum(logprob for offset, logprob in pairs if offset >= len(opening)))
    return sums.index(max(sums))
