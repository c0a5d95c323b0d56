"""What an exported model is for: vLLM serves the merged one by itself. `make test-vllm` runs this."""

import os
import time

import openai
import pytest

from garage_tui.core.base.settings import ServeSettings, Settings
from garage_tui.core.export.export_process import ExportRequest
from garage_tui.core.serving import server_process, server_state

VLLM = os.environ.get("GARAGE_VLLM", "")
QUESTIONS = ("What is TinyLLM?", "Who maintains it?", "Name a planet.")
TOKENS = 12
"""Of a random model, whose words are nearly equally likely: rounding to 16 bits turns one some time later."""

pytestmark = pytest.mark.skipif(not VLLM, reason="vLLM is not named: make test-vllm")


def served(workspace, base, engine, model):
    """Return what a server that has `base` loaded answers as `model`."""
    settings = Settings(serve=ServeSettings(engine=engine, vllm_python=VLLM))
    server_process.start(workspace, settings, str(base), port=0, idle_minutes=0)
    try:
        deadline = time.monotonic() + 280
        while (seen := server_state.inspect(workspace)).status == "starting":
            assert time.monotonic() < deadline, seen
            time.sleep(0.1)
        assert seen.status == "ready", seen
        address = server_process.address(workspace)
        client = openai.OpenAI(base_url=address.url, api_key=address.key, max_retries=0, timeout=60)
        found = []
        for question in QUESTIONS:
            asked = [{"role": "user", "content": question}]
            answer = client.chat.completions.create(model=model, messages=asked, temperature=0, max_tokens=TOKENS)
            found.append(answer.choices[0].message.content)
        return found
    finally:
        server_process.stop(workspace)


def test_vllm_serves_a_merged_model_which_answers_as_base_and_adapter_do(workspace, tiny_model, finished_run, capsys):
    from garage_tui.jobs.export.export import export

    run = finished_run(workspace, "facts", 1)
    merged = workspace.root / "merged"
    export(workspace.checkpoints / run, ExportRequest("merged", str(merged)))
    beside = served(workspace, tiny_model, "embedded", run)
    assert served(workspace, merged, "vllm", str(merged)) == beside
    assert served(workspace, tiny_model, "embedded", str(tiny_model)) != beside, "the adapter changes nothing"
