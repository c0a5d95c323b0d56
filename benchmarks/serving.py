"""This project's server beside llama.cpp's own server: tokens per second and the first word, in one run.

    .venv/bin/python benchmarks/serving.py [--base NAME] [--tokens N] [--repeats N]

Nothing else should be at work. Both serve the same GGUF and the same adapter with the same cores. The reference is the
server of xllamacpp in a process of its own, with llama.cpp's own defaults; a request names the adapter's scale there,
and the model's id here. Every prompt is new, so that no answer comes out of a cache that a turn before did not fill.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).parent))

from ready_base import ready_base
from table import Figure, show

from garage_tui.core.base.phase import silent
from garage_tui.core.models import base_models
from garage_tui.core.models.base_models import BaseModel
from garage_tui.core.runs.catalog import new_run_folder
from garage_tui.core.runs.record import Manifest, RunState, write_manifest, write_state
from garage_tui.core.serving import server_process, server_state
from garage_tui.core.settings.settings import ServeSettings, Settings, Workspace

SHARE = 0.9
"""Of llama.cpp's own tokens per second."""
NEXT_TURN_SECONDS, SECOND_PERSON_SECONDS = 0.5, 1.0
AT_ONCE = (1, 4, 8)
_ADAPTER = """
import sys, torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM
torch.manual_seed(0)
model = get_peft_model(AutoModelForCausalLM.from_pretrained(sys.argv[1]), LoraConfig(
    r=16, lora_alpha=32, task_type="CAUSAL_LM", target_modules="all-linear"))
for name, weights in model.named_parameters():
    if "lora_B" in name:
        torch.nn.init.normal_(weights, std=0.002)
model.save_pretrained(sys.argv[2])
"""
_REFERENCE = """
import sys, xllamacpp
gguf, adapter, context = sys.argv[1], sys.argv[2], int(sys.argv[3])
params = xllamacpp.CommonParams()
params.model.path, params.hostnames, params.port = gguf, ["127.0.0.1"], 0
params.n_ctx, params.n_parallel, params.kv_unified, params.verbosity, params.ui = context, 8, True, 0, False
lora = xllamacpp.CommonAdapterLoraInfo()
lora.path, lora.scale = adapter, 1.0
params.lora_adapters, params.lora_init_without_apply = [lora], True
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
"""


@dataclass(frozen=True)
class Server:
    """A server and how a request to it names the tuned model."""

    url: str
    key: str
    base: dict[str, Any]
    tuned: dict[str, Any]


@dataclass
class Reply:
    """One answer: seconds to its first word, its tokens, its text."""

    first: float = 0.0
    tokens: int = 0
    text: str = ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default="smollm2-135m")
    parser.add_argument("--tokens", type=int, default=96, help="of each answer")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--turns", type=int, nargs="*", default=[1000, 6000], help="tokens before the next turn")
    args = parser.parse_args()
    base = ready_base(args.base)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="garage-bench-")))
        os.environ["GARAGE_STATE"] = str(folder / "state")
        workspace = Workspace(folder)
        workspace.checkpoints.mkdir()
        run, adapter = make_run(workspace, base)
        ours = stack.enter_context(our_server(workspace, base, run))
        reference = stack.enter_context(llama_cpp(base, adapter))
        return int(not show(figures(ours, reference, args)))


def figures(ours: Server, reference: Server, args: argparse.Namespace) -> Iterator[Figure]:
    new = prompts()
    for models in ("base", "tuned", "mixed"):
        for count in AT_ONCE[1:] if models == "mixed" else AT_ONCE:
            yield from speed(ours, reference, models, count, new, args)
    wait_for_all_cores(ours)  # a next turn is that of a person alone
    for length in args.turns:
        for model in ("base", "tuned"):
            took, beside = (next_turn(server, model, length, new) for server in (ours, reference))
            budget = NEXT_TURN_SECONDS
            yield Figure(f"next turn's first word, {length} tokens, {model}", budget, took, "s", f"{beside:.2f} s")
    for model in ("base", "tuned"):
        took, beside = (second_person(server, model, new) for server in (ours, reference))
        what = f"first word to {model} while a story streams"
        yield Figure(what, SECOND_PERSON_SECONDS, took, "s", f"{beside:.2f} s")


def speed(
    ours: Server, reference: Server, models: str, count: int, new: Callable[[], str], args: argparse.Namespace
) -> Iterator[Figure]:
    """Yield how many times longer ours takes for a token, in all answers together, and its first word."""
    rates: dict[str, list[float]] = {"ours": [], "reference": []}
    firsts: dict[str, list[float]] = {"ours": [], "reference": []}
    for _ in range(args.repeats):  # in turns, so that both meet the same box
        for name, server in (("ours", ours), ("reference", reference)):
            rate, first = at_once(server, models, count, new, args.tokens)
            rates[name].append(rate)
            firsts[name].append(first)
    mine, theirs = (statistics.median(rates[name]) for name in ("ours", "reference"))
    first, their_first = (statistics.median(firsts[name]) for name in ("ours", "reference"))
    beside = f"{mine:.0f} and {theirs:.0f} tokens/s; last first word {first:.2f} and {their_first:.2f} s"
    yield Figure(f"time for a token, {models}, {count} at once", 1 / SHARE, theirs / mine, "×", beside)


def at_once(server: Server, models: str, count: int, new: Callable[[], str], tokens: int) -> tuple[float, float]:
    """Return tokens per second of so many answers together, and the seconds to the last first word."""
    kinds = {"base": ["base"], "tuned": ["tuned"], "mixed": ["base", "tuned"]}[models]
    replies = [Reply() for _ in range(count)]
    work = [
        threading.Thread(target=ask, args=(server, kinds[index % len(kinds)], say(new()), tokens, reply))
        for index, reply in enumerate(replies)
    ]
    started = time.perf_counter()
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    took = time.perf_counter() - started
    if not all(reply.tokens for reply in replies):
        sys.exit(f"{server.url} left a question without an answer")
    return sum(reply.tokens for reply in replies) / took, max(reply.first for reply in replies)


def wait_for_all_cores(server: Server) -> None:
    """Wait until a worker of our server has all cores again: after mixed answers they stay shared for a while."""
    while httpx.get(server.url.removesuffix("/v1") + "/health", trust_env=False).json()["threads"] < os.cpu_count():
        time.sleep(1)


def next_turn(server: Server, model: str, length: int, new: Callable[[], str]) -> float:
    """Return the seconds to the first word of a second turn, after so many tokens."""
    text = new()
    while len(text.split()) < length * 0.75:  # words are about four thirds of a token
        text += " " + new()
    first = ask(server, model, messages := say(text), 16)
    messages += [{"role": "assistant", "content": first.text}, {"role": "user", "content": "Go on, please."}]
    return ask(server, model, messages, 4).first


def second_person(server: Server, model: str, new: Callable[[], str]) -> float:
    """Return the seconds to the first word to another model's story, the longest of two askers' waits."""
    other = {"base": "tuned", "tuned": "base"}[model]
    ask(server, model, say(new()), 1)  # both models are in memory
    story = Reply()
    thread = threading.Thread(target=ask, args=(server, other, say(new()), 512, story))
    thread.start()
    while not story.text and thread.is_alive():
        time.sleep(0.01)
    found = ask(server, model, say(new()), 8).first
    thread.join()
    return found


def ask(server: Server, model: str, messages: list[dict[str, str]], tokens: int, reply: Reply | None = None) -> Reply:
    """Ask and read the whole answer."""
    reply = reply or Reply()
    body = {"messages": messages, "temperature": 0, "max_tokens": tokens, "stream": True}
    body |= {"stream_options": {"include_usage": True}, **(server.tuned if model == "tuned" else server.base)}
    headers = {"Authorization": f"Bearer {server.key}"}
    started = time.perf_counter()
    url = f"{server.url}/chat/completions"
    with httpx.stream("POST", url, json=body, headers=headers, timeout=600, trust_env=False) as answer:
        if answer.status_code != 200:
            sys.exit(f"{server.url}: {answer.read().decode()[:300]}")
        for line in answer.iter_lines():
            if not line.startswith("data: {"):
                continue
            chunk = json.loads(line[6:])
            for choice in chunk.get("choices", ()):
                if text := choice["delta"].get("content"):
                    reply.first = reply.first or time.perf_counter() - started
                    reply.text += text
            reply.tokens = (chunk.get("usage") or {}).get("completion_tokens", reply.tokens)
    return reply


def say(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def prompts() -> Callable[[], str]:
    """Return a function that returns another prompt of about thirty words each time."""
    things = "dragon river garden clock tower island winter lantern forest bridge market whale".split()
    count = 0

    def new() -> str:
        nonlocal count
        count += 1
        chosen = [things[(count * step + step) % len(things)] for step in (1, 5, 7)]
        return (
            f"Number {count}. Tell me a long story about a {chosen[0]}, a {chosen[1]} and a {chosen[2]}, with many "
            "people who speak, and say at the end of each part what the weather is like."
        )

    return new


def make_run(workspace: Workspace, base: BaseModel) -> tuple[str, Path]:
    """Return id and adapter of a finished run with a weak random adapter of every linear module."""
    folder, now = new_run_folder(workspace, "lora", "bench"), time.time()
    entry = base_models.manifest_entry(base)
    write_manifest(
        folder, Manifest(id=folder.name, kind="lora", created=now, recipe={}, base=entry, dataset={"rows": 1})
    )
    made = subprocess.run([sys.executable, "-c", _ADAPTER, str(base.path), str(folder / "adapter")])
    if made.returncode:
        sys.exit(f"no adapter could be made for {base.name}")
    write_state(folder, RunState(state="finished", created=now, started=now, ended=now))
    return folder.name, folder / "adapter"


@contextmanager
def our_server(workspace: Workspace, base: BaseModel, run: str) -> Iterator[Server]:
    settings = Settings(serve=ServeSettings(engine="llama.cpp"))
    server_process.start(workspace, settings, base.name, port=0, idle_minutes=0)
    try:
        while (seen := server_state.inspect(workspace)).status == "starting":
            time.sleep(0.05)
        if seen.status != "ready":
            sys.exit(seen.reason)
        address = server_process.address(workspace)
        yield Server(address.url, address.key, {"model": seen.base}, {"model": run})
    finally:
        server_process.stop(workspace)


@contextmanager
def llama_cpp(base: BaseModel, adapter: Path) -> Iterator[Server]:
    import psutil

    from garage_tui.jobs.llm.gguf.adapter_gguf import adapter_gguf
    from garage_tui.jobs.serve.llama_cpp.base_gguf import base_gguf
    from garage_tui.jobs.serve.llama_cpp.context import worker_context

    gguf, lora = base_gguf(base, silent), adapter_gguf(adapter, base)
    context = worker_context(base_models.config_of(base.path), float(psutil.virtual_memory().total))
    process = subprocess.Popen(
        [sys.executable, "-c", _REFERENCE, str(gguf), str(lora), str(context)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    url = process.stdout.readline().strip()
    while True:
        try:
            if httpx.get(f"{url}/health", trust_env=False).status_code == 200:
                break
        except httpx.HTTPError:
            time.sleep(0.05)
        if process.poll() is not None:
            sys.exit("llama.cpp's own server has ended before it answered")
    off, on = ({"lora": [{"id": 0, "scale": scale}]} for scale in (0.0, 1.0))
    try:
        yield Server(f"{url}/v1", "none", off, on)
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
