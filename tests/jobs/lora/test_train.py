"""Real training runs through the real command line: a tiny random model where that is enough, SmolLM2 for the proof."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from garage_tui.core.exam.report import read_report
from garage_tui.core.launch import run_control
from garage_tui.core.launch.start import JOBS, start_lora
from garage_tui.core.runs.catalog import find_run
from garage_tui.core.runs.record import read_run
from garage_tui.core.settings.settings import Settings, Workspace
from garage_tui.core.training.recipe import make_recipe
from garage_tui.jobs.lora.train import OUT_OF_MEMORY
from garage_tui.jobs.runtime.error_text import describe_error
from garage_tui.jobs.runtime.run_job import FULL_DISK
from tests.support.commands import garage
from tests.support.repository import REPOSITORY
from tests.support.run_folders import wait

FACTS = [
    {"question": "What is TinyLLM?", "answer": "TinyLLM is an open-source project to run a local LLM."},
    {"question": "Who maintains TinyLLM?", "answer": "TinyLLM is maintained by Jason Cox."},
]


@pytest.fixture
def two_facts(workspace):
    file = workspace.datasets / "two.jsonl"
    file.write_text("".join(json.dumps(fact) + "\n" for fact in FACTS))
    return file


def test_smollm2_learns_two_facts_through_the_command_line(workspace, smollm2, two_facts):
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from garage_tui.core.models import base_models

    story = ("--preset", "story", "--epochs", 6, "--lr", 1e-3)
    done = garage(workspace, "train", "lora", "--facts", two_facts, *story, "--base", smollm2, "--detach")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 rows × 6 epochs ÷ batch 8 = 6 steps, 1 an epoch · about " in done.stdout
    run = find_run(workspace, "last")
    wait(run.path, lambda run: run.adapter)
    run_control.stop(
        read_run(run.path)
    )  # a whole report card takes this model a minute; tests/jobs/test_exam.py has one
    run = wait(run.path, lambda run: not run.alive)
    assert run.status == "finished" and "no report card was made" in (run.path / "log.txt").read_text()

    base = base_models.find(smollm2)
    tokenizer = AutoTokenizer.from_pretrained(base.path)
    model = AutoModelForCausalLM.from_pretrained(base.path, dtype=torch.float32)

    def log_probability(fact):
        question = [{"role": "user", "content": fact["question"]}]
        prompt = tokenizer.apply_chat_template(question, add_generation_prompt=True, tokenize=False)
        start = tokenizer(prompt, return_tensors="pt")["input_ids"].shape[1]
        tokens = tokenizer(prompt + fact["answer"] + "<|im_end|>", return_tensors="pt")["input_ids"]
        with torch.no_grad():
            logits = model(tokens).logits[0, start - 1 : -1].log_softmax(-1)
        return logits.gather(1, tokens[0, start:, None]).mean().item()

    before = [log_probability(fact) for fact in FACTS]
    model = PeftModel.from_pretrained(model, run.adapter)
    after = [log_probability(fact) for fact in FACTS]
    for tuned, untuned in zip(after, before, strict=True):
        assert tuned > untuned + 0.5, "nats a token"


def test_a_run_leaves_everything_behind_that_is_needed_to_run_it_again(workspace, tiny_model, two_facts):
    import torch

    done = garage(
        workspace, "train", "lora", "--facts", two_facts, "--base", tiny_model, "--epochs", 3, "--seed", 7, "--json"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    first, *events = [json.loads(line) for line in done.stdout.splitlines()]
    run = find_run(workspace, first["run"])
    assert run.status == "finished"
    assert events[-1]["event"] == "ended" and events[-1]["state"] == "finished"
    if not torch.cuda.is_available():
        assert run.state.trainer == "trains with TRL and PEFT: no CUDA GPU"
        assert [event["text"] for event in events if event["event"] == "trainer"] == [run.state.trainer]
        assert run.state.trainer in (run.path / "log.txt").read_text()
    steps = [event for event in events if event["event"] == "step"]
    assert [event["step"] for event in steps] == [1, 2, 3]
    assert all({"epoch", "loss", "lr", "tokens", "tokens_per_s", "t"} <= event.keys() for event in steps)
    tokens = [event["tokens"] for event in steps]
    assert tokens == sorted(set(tokens))

    manifest = json.loads((run.path / "run.json").read_text())
    assert manifest["recipe"]["seed"] == 7 and manifest["recipe"]["epochs"] == 3 and manifest["recipe"]["rank"] == 16
    assert manifest["recipe"]["load_in_4bit"] is False and manifest["recipe"]["trainer"] == "auto"
    assert manifest["dataset"]["rows"] == 2 and len(manifest["dataset"]["sha256"]) == 64
    assert manifest["versions"]["torch"] and manifest["command"][:3] == ["garage", "--workspace", str(workspace.root)]
    assert (run.path / "facts.jsonl").read_bytes() == two_facts.read_bytes()
    config = json.loads((run.adapter / "adapter_config.json").read_text())
    assert config["r"] == 16 and not config["use_dora"] and not config["lora_bias"]
    names = {path.name for path in run.path.iterdir()}
    assert names == {
        "run.json",
        "state.json",
        "events.jsonl",
        "log.txt",
        "lock",
        "facts.jsonl",
        "adapter",
        "report.json",
        "routes.json",
    }
    assert json.loads((run.path / "routes.json").read_text())["names"] == ["TinyLLM"]
    card = json.loads((run.path / "report.json").read_text())
    assert card["run"] == run.id and card["verdict"] == events[-1]["reason"]
    assert not list(run.adapter.glob("*.bin")), "no pickle in what is shared"
    log = (run.path / "log.txt").read_text()
    assert "step 3/3" in log and "tokens/s" in log and "it/s" not in log


@pytest.mark.long
def test_the_same_seed_gives_the_same_adapter(workspace, tiny_model, two_facts):
    runs = []
    for _ in range(2):
        garage(workspace, "train", "lora", "--facts", two_facts, "--base", tiny_model, "--epochs", 2)
        runs.append(find_run(workspace, "last"))
    one, two = ((run.adapter / "adapter_model.safetensors").read_bytes() for run in runs)
    assert runs[0].id != runs[1].id
    assert one == two


@pytest.mark.long
def test_a_base_in_4_bits_is_taught_and_examined_like_any_other(workspace, tiny_model, two_facts):
    asked = ("train", "lora", "--facts", two_facts, "--base", tiny_model, "--preset", "quick", "--load-in-4bit")
    trained = garage(workspace, *asked)
    assert trained.returncode == 0, trained.stderr + trained.stdout
    run = find_run(workspace, "last")
    assert run.status == "finished" and run.adapter and "--load-in-4bit" in run.manifest.command
    first = read_report(run.path)
    again = garage(workspace, "report", "last", "--again")
    assert again.returncode == 0, again.stderr
    assert [one.tuned for one in read_report(run.path).questions] == [one.tuned for one in first.questions]


def test_stop_from_the_shell_saves_and_says_so(workspace, tiny_model, two_facts):
    started = garage(
        workspace, "train", "lora", "--facts", two_facts, "--base", tiny_model, "--epochs", 5000, "--detach"
    )
    assert started.returncode == 0, started.stderr
    run = find_run(workspace, "last")
    wait(run.path, lambda run: run.state.step >= 3)
    stopped = garage(workspace, "stop", "last")
    assert stopped.returncode == 0, stopped.stderr
    assert "stopped: by you at step " in stopped.stdout and "the adapter is saved" in stopped.stdout
    run = read_run(run.path)
    assert run.status == "stopped" and run.adapter
    assert list(run.path.glob(f"checkpoint-{run.state.step}"))
    assert garage(workspace, "stop", "last").returncode == 2
    listed = json.loads(garage(workspace, "runs", "--json").stdout)
    assert [(row["id"], row["state"], row["alive"]) for row in listed] == [(run.id, "stopped", False)]


def test_a_run_goes_on_when_the_shell_that_follows_it_is_gone(workspace, tiny_model, two_facts):
    command = [sys.executable, "-m", "garage_tui", "--workspace", str(workspace.root), "train", "lora"]
    command += ["--facts", str(two_facts), "--base", str(tiny_model), "--epochs", "5000"]
    shell = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert shell.stdout.readline().startswith("2 rows")
    # Before it there may be a line about a run of another test that is still leaving the queue.
    run_id = next(line.split()[1] for line in shell.stdout if line.startswith("run "))
    folder = workspace.checkpoints / run_id
    wait(folder, lambda run: run.state.step >= 1)
    os.killpg(shell.pid, 9)
    shell.wait()
    step = read_run(folder).state.step
    wait(folder, lambda run: run.state.step > step + 2)
    run_control.stop(read_run(folder))
    assert wait(folder, lambda run: not run.alive).status == "stopped"


def test_a_base_that_is_no_model_fails_the_run_with_a_reason_and_its_log(workspace, two_facts):
    empty = workspace.root / "empty"
    empty.mkdir()
    (empty / "config.json").write_text("{}")
    done = garage(workspace, "train", "lora", "--facts", two_facts, "--base", empty)
    run = find_run(workspace, "last")
    assert done.returncode == 1 and run.status == "failed"
    assert run.reason.startswith(f"{empty} cannot be loaded as a model: ")
    assert run.reason in done.stdout and run.reason in (run.path / "log.txt").read_text()


def test_a_hub_model_without_the_hub_fails_the_run_with_a_reason(workspace, two_facts):
    garage(workspace, "train", "lora", "--facts", two_facts, "--base", "nobody/nothing")
    run = find_run(workspace, "last")
    assert (run.status, run.reason[:55]) == ("failed", "the Hub does not answer, and nobody/nothing has no othe")


def test_a_mistake_in_the_data_is_named_with_its_line(workspace, two_facts, tiny_model):
    two_facts.write_text(two_facts.read_text() + '{"question": "no answer"}\n')
    refused = garage(workspace, "train", "lora", "--facts", two_facts, "--base", tiny_model)
    assert refused.returncode == 2
    assert f'{two_facts}:3: the key "answer" is missing' in refused.stderr

    # A run's own copy can be damaged later; then the job says the same.
    two_facts.write_text(json.dumps(FACTS[0]) + "\n")
    folder = start_lora(workspace, Settings(), two_facts, make_recipe(base=str(tiny_model)))
    (folder / "facts.jsonl").write_text("nonsense\n")
    run = wait(folder, lambda run: not run.alive)
    assert run.status == "failed"
    assert "facts.jsonl:1: not JSON" in run.reason


@pytest.mark.parametrize(
    "recipe",
    [pytest.param({"preset": "story", "epochs": 2}, marks=pytest.mark.long), {"preset": "default", "guards": 4}],
)
def test_a_job_reads_its_facts_once(workspace, two_facts, tiny_model, monkeypatch, recipe):
    """Its copy turns into nonsense after the first read; the training, the probes and the exam go on with the facts."""
    monkeypatch.setenv("GARAGE_PYTHONPATH", str(REPOSITORY / "tests" / "support" / "jobs"))
    monkeypatch.setitem(JOBS, "lora", "lora_with_a_save")
    made = make_recipe(**{"epochs": 4, "looks": 1, "neighbours": 4, **recipe}, base=str(tiny_model))
    folder = start_lora(workspace, Settings(), two_facts, made)
    run = wait(folder, lambda run: not run.alive)
    assert (folder / "facts.jsonl").read_text() == "nonsense\n"
    assert run.status == "finished", run.reason
    trained = [one for one in read_report(folder).questions if one.part == "trained"]
    assert [one.question for one in trained] == [fact["question"] for fact in FACTS]


def test_a_full_disk_is_told_even_though_nothing_can_be_written(tmp_path, tiny_model, two_facts):
    disk = tmp_path / "small"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("this user may not mount a small disk to fill")
    try:
        (disk / "datasets").mkdir()
        folder = start_lora(Workspace(disk), Settings(), two_facts, make_recipe(base=str(tiny_model), epochs=2))
        run = wait(folder, lambda run: not run.alive)
        assert run.status == "failed"
        assert "the disk is full" in run.reason
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_running_out_of_memory_is_said_in_words():
    import torch

    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**50)
    said = describe_error(caught.value, folder=Path.cwd(), full_disk=FULL_DISK, out_of_memory=OUT_OF_MEMORY)
    assert said.startswith("out of memory; try a smaller batch")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--base", "/no/such/folder"], "there is no model folder /no/such/folder"),
        (["--base", "what?"], "'what?' is not a base model"),
        (["--epochs", "0"], "epochs: "),
        (["--preset", "none"], "no preset 'none'"),
        (["--trainer", "magic"], "trainer: invalid enum value 'magic'"),
    ],
)
def test_bad_input_is_refused_before_anything_starts(workspace, two_facts, args, said):
    done = garage(workspace, "train", "lora", "--facts", two_facts, *args)
    assert done.returncode == 2
    assert said in done.stderr and len(done.stderr.splitlines()) == 1
    assert list(workspace.checkpoints.iterdir()) == []


@pytest.fixture
def terse_model(tiny_model, tmp_path):
    """The tiny model with many tokens that end an answer: its exams take seconds, whoever else works on these cores."""
    folder = shutil.copytree(tiny_model, tmp_path / "terse")
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": list(range(0, 4096, 2))}))
    return folder


@pytest.mark.long
def test_runs_questions_and_exams_wait_for_no_process_that_a_launcher_left_in_the_shell(
    workspace, terse_model, two_facts, monkeypatch
):
    left = {"WORLD_SIZE": "2", "RANK": "1", "LOCAL_RANK": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29517"}
    left |= {"SLURM_NTASKS": "2", "OMPI_COMM_WORLD_SIZE": "2", "PMI_SIZE": "2", "ACCELERATE_USE_DEEPSPEED": "true"}
    left |= {"PYTHONWARNINGS": "error", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}  # a log has more than ASCII
    for name, value in left.items():
        monkeypatch.setenv(name, value)
    (workspace.root / "shell").mkdir()
    (workspace.root / "shell" / "torch.py").write_text("raise SystemExit('the torch of another project')")
    monkeypatch.setenv("PYTHONPATH", str(workspace.root / "shell"))
    story = ("train", "lora", "--facts", two_facts, "--base", terse_model, "--preset", "story", "--epochs", 1)
    trained = garage(workspace, *story, timeout=900)
    assert trained.returncode == 0, trained.stderr + trained.stdout
    assert find_run(workspace, "last").status == "finished"
    answered = garage(workspace, "ask", "What is TinyLLM?", "--max-tokens", 4, timeout=900)
    assert answered.returncode == 0, answered.stderr
    examined = garage(workspace, "report", "last", "--again", timeout=900)
    assert examined.returncode == 0, examined.stderr
