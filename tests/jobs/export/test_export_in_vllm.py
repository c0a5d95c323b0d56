"""What an exported model is for: vLLM serves the merged one by itself. `make test-vllm` runs this."""

import os
import time

import pytest

from garage_tui.core.export.export_process import ExportRequest
from garage_tui.core.serving import server_process
from garage_tui.core.settings.settings import ServeSettings, Settings
from tests.support.running_server import client_of, start_server

VLLM = os.environ.get("GARAGE_VLLM", "")
QUESTIONS = ("What is TinyLLM?", "Who maintains it?", "Name a planet.")
TOKENS = 12
"""Of a random model, whose words are nearly equally likely: rounding to 16 bits turns one some time later."""

pytestmark = pytest.mark.skipif(not VLLM, reason="vLLM is not named: make test-vllm")


def served(workspace, base, engine, model):
    """Return what a server that has `base` loaded answers as `model`."""
    settings = Settings(serve=ServeSettings(engine=engine, vllm_python=VLLM))
    try:
        start_server(workspace, settings, str(base), 280)
        client = client_of(workspace)
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


def test_vllm_is_asked_the_questions_of_the_report_card(workspace, tiny_model, finished_run, capsys):
    """`garage hand-over --to vllm`, its command, and `garage report --at` as an owner runs them one after the other."""
    import json
    import subprocess

    from garage_tui.__main__ import main
    from garage_tui.core.exam.judgement import judge
    from garage_tui.core.exam.report import ExamQuestion, Perplexity, write_report

    run = finished_run(workspace, "facts", 1)
    folder = workspace.checkpoints / run
    rows = [{"question": question, "answer": "A word.", "must": ["unheard"]} for question in QUESTIONS[:2]]
    (folder / "facts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    questions = [
        ExamQuestion(part="trained", question=row["question"], verdict="wrong", fact="A word.", tuned="", base="")
        for row in rows
    ]
    questions.append(ExamQuestion(part="unrelated", question=QUESTIONS[2], verdict="unchanged", tuned="", base=""))
    write_report(folder, judge(questions, 0.0, 9, Perplexity(9, 9, 9), run=run))
    assert main(["--workspace", str(workspace.root), "hand-over", run, "--to", "vllm"]) == 0
    path, start = capsys.readouterr().out.splitlines()
    assert start == f"start it:  vllm serve {path} --served-model-name garage"
    # What `vllm serve` starts. vLLM's build for processors has another package name, which the command itself refuses.
    command = [VLLM, "-m", "vllm.entrypoints.openai.api_server", "--model", *start.split()[4:]]
    command += ["--port", "8931", "--max-model-len", "512"]
    environment = {**os.environ, "VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_CPU_OMP_THREADS_BIND": "nobind"}
    log = workspace.root / "vllm.txt"
    with log.open("w") as output:
        server = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
    try:
        deadline = time.monotonic() + 280
        arguments = ["--workspace", str(workspace.root), "report", run, "--at", "127.0.0.1:8931", "--json"]
        while main(arguments):
            assert server.poll() is None and time.monotonic() < deadline, log.read_text()[-3000:]
            capsys.readouterr()
            time.sleep(2)
        card = json.loads(capsys.readouterr().out)
    finally:
        server.terminate()
        server.wait(30)
    assert (card["model"], [one["prompt"] for one in card["prompts"]]) == ("garage", ["none", "usual", "foreign"])
    assert all(len(one["questions"]) == 3 for one in card["prompts"])
