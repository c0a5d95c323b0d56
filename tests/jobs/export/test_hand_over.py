"""`garage hand-over`, for real: sizes are made by llama.cpp's library, and its server is asked the exam's questions."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path

import msgspec
import pytest

from garage_tui.__main__ import main
from garage_tui.core.base.errors import GarageError
from garage_tui.core.exam.grading import contains
from garage_tui.core.exam.judgement import judge
from garage_tui.core.exam.report import ExamQuestion, Perplexity, write_report
from garage_tui.core.exam.server_card import read_cards
from tests.support.gguf_models import llama_server, random_model

QUESTIONS = ("What is TinyLLM?", "Who keeps it alive?")
OLLAMA = """#!/bin/sh
# Stands in for Ollama: knows `list` and `create`, and checks what it is given.
case "$1" in
list)
  [ -e "$OLLAMA_STOPPED" ] && { echo "Error: could not connect to ollama server, run 'ollama serve'" >&2; exit 1; }
  echo "NAME ID SIZE MODIFIED"; cat "$OLLAMA_MODELS" ;;
create)
  gguf=$(sed -n 's/^FROM //p' "$4")
  [ "$3" = -f ] && [ "$(head -c 4 "$gguf")" = GGUF ] || { echo "Error: invalid model file" >&2; exit 1; }
  grep -q TEMPLATE "$4" && { echo "Error: a template hides the model's own" >&2; exit 1; }
  grep -q "^PARAMETER temperature 0$" "$4" && grep -q '^PARAMETER stop ' "$4" || exit 1
  echo "$2 abc 1MB now" >> "$OLLAMA_MODELS" ;;
esac
"""


@pytest.fixture
def run(workspace, finished_run):
    """A finished run of the tiny model, its folder's name."""
    return finished_run(workspace, "facts", 1)


@pytest.fixture
def garage(workspace, tmp_path, monkeypatch, capsys):
    """Runs `garage …` with the job in this process, where torch is loaded already: (exit code, stdout, stderr)."""
    from garage_tui.cli.export import progress
    from garage_tui.core.export.export_process import ExportEvent
    from garage_tui.jobs.export import export as job

    async def in_this_process(run, request):
        capsys.readouterr()
        await asyncio.to_thread(job.export, run.path, request)
        lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
        return msgspec.json.decode(lines[-1], type=ExportEvent)

    monkeypatch.setattr(progress, "run_export_job", in_this_process)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LLAMA_CPP", "")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")

    def call(*arguments) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["--workspace", str(workspace.root), *map(str, arguments)])
        return code, *capsys.readouterr()

    return call


def write_card(folder: Path, answers: dict[str, str], lost: str = "") -> None:
    """Write a card whose facts the run has learned, by the first word of what it answers; `lost` is another answer."""
    rows = [{"question": question, "answer": text, "must": [text.split()[0]]} for question, text in answers.items()]
    rows += [{"question": "Name a planet.", "answer": lost, "must": [lost]}] if lost else []
    (folder / "facts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    questions = [
        ExamQuestion(
            part="trained", question=row["question"], verdict="right", fact=row["answer"], expected=row["answer"],
            tuned=row["answer"], base="",
        )
        for row in rows
    ]  # fmt: skip
    questions.append(ExamQuestion(part="unrelated", question="What is 2+2?", verdict="unchanged", tuned="4", base="4"))
    write_report(folder, judge(questions, 0.0, 9, Perplexity(9, 9, 9), run=folder.name))


def answers_of(gguf: Path) -> dict[str, str]:
    found = {}
    with llama_server(gguf) as client:
        for question in QUESTIONS:
            request = {"messages": [{"role": "user", "content": question}], "temperature": 0, "max_tokens": 96}
            text = client.post("/v1/chat/completions", json=request).json()["choices"][0]["message"]["content"]
            found[question] = text.strip()
    return found


def test_each_size_is_made_tried_and_the_smallest_that_keeps_the_facts_is_named(garage, workspace, run, tmp_path):
    folder = workspace.checkpoints / run
    code, _, told = garage("export", run, "--as", "gguf", "--outtype", "f32", "--to", tmp_path / "full.gguf")
    assert code == 0, told
    taught = answers_of(tmp_path / "full.gguf")
    write_card(folder, taught)
    code, text, told = garage("hand-over", run, "--to", "llama.cpp", "--quantise", "q8_0,q5_K_M", "--adapter", "--json")
    assert code == 0, told
    made = json.loads(text)
    out = folder / "export" / f"{run}-hand-over"
    assert made["path"] == str(out) and f"llama-server -m {out}/" in made["start"]
    assert [one["size"] for one in made["files"]] == ["q8_0", "q5_K_M"]
    for one in made["files"]:
        answers = answers_of(out / one["file"])
        right = sum(contains(answers[question], text.split()[0]) for question, text in taught.items())
        assert (one["facts"]["hits"], one["facts"]["of"]) == (right, 2), "what llama.cpp answers with this very file"
    assert made["recommended"].endswith(".gguf") and "→" in made["sentence"]
    assert made["files"][0]["types"].keys() == {"Q8_0"}
    assert made["files"][1]["types"].keys() == {"Q5_1", "Q8_0"}, "32 columns are no whole blocks of 256"
    names = {path.name for path in out.iterdir()}
    assert names == {
        *(one["file"] for one in made["files"]), f"{run}-adapter.gguf", "Modelfile", "README.md", "hand-over.json",
        "garage-export.json",
    }  # fmt: skip
    assert json.loads((out / "hand-over.json").read_text())["recommended"] == made["recommended"]
    assert "facts left" in (out / "README.md").read_text()
    assert {card.server for card in read_cards(folder)} == {one["file"] for one in made["files"]}


def test_facts_that_no_size_keeps_are_warned_about(garage, workspace, run):
    folder = workspace.checkpoints / run
    write_card(folder, {}, lost="Zanzibar")
    code, text, told = garage("hand-over", run, "--to", folder / "out", "--quantise", "q8_0")
    assert code == 0
    assert "warning: No size keeps all facts or meets the targets: q8_0 keeps the most, 0 of 1." in told
    assert text.startswith("q8_0: 0 of 1 left → q8_0, ")


def test_an_adapter_that_no_gguf_can_hold_is_said_before_the_model_is_merged(garage, workspace, run, monkeypatch):
    from garage_tui.jobs.llm import merge_adapter

    folder = workspace.checkpoints / run
    write_card(folder, {}, lost="Zanzibar")
    config = folder / "adapter" / "adapter_config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "use_dora": True}))
    monkeypatch.setattr(merge_adapter, "merge", lambda *_: pytest.fail("minutes of work for nothing"))
    code, _, error = garage("hand-over", run, "--to", "llama.cpp", "--quantise", "q8_0", "--adapter")
    assert code == 1 and "is not plain LoRA (use_dora is true)" in error
    assert not (folder / "export").exists() and read_cards(folder) == []


def test_cards_that_cannot_be_saved_cost_no_file(garage, workspace, run):
    folder = workspace.checkpoints / run
    write_card(folder, {}, lost="Zanzibar")
    (folder / "report-at.json").write_text("{")
    code, _, error = garage("hand-over", run, "--to", "llama.cpp", "--quantise", "q8_0", "--adapter")
    assert code == 1 and f"the files in {folder}/export/{run}-hand-over are complete, but their cards" in error
    assert (folder / "export" / f"{run}-hand-over" / f"{run}-adapter.gguf").is_file()


def test_a_file_that_llama_cpp_cannot_load_is_named_with_its_reason(garage, workspace, run, monkeypatch):
    from garage_tui.jobs.export import hand_over

    folder = workspace.checkpoints / run
    write_card(folder, {}, lost="Zanzibar")
    quantised = hand_over._quantised

    def cut(*arguments):
        made = quantised(*arguments)
        with (arguments[2] / made.file).open("r+b") as file:
            file.truncate(made.bytes // 2)
        return made

    monkeypatch.setattr(hand_over, "_quantised", cut)
    code, _, error = garage("hand-over", run, "--to", "llama.cpp", "--quantise", "q8_0")
    assert code == 1 and f"llama.cpp cannot load {run}-q8_0.gguf: " in error and "corrupted" in error
    assert not (folder / "export").exists()


@pytest.fixture
def ollama(tmp_path, monkeypatch):
    """A stand-in for Ollama on the PATH: a folder in which `models` lists its models; `stopped` ends it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "ollama").write_text(OLLAMA)
    (folder / "ollama").chmod(stat.S_IRWXU)
    (tmp_path / "models").write_text("")
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("OLLAMA_STOPPED", str(tmp_path / "stopped"))
    return tmp_path


def test_ollama_gets_the_model_and_keeps_one_of_the_same_name(garage, run, ollama, monkeypatch):
    options = ("hand-over", run, "--to", "ollama", "--quantise", "q8_0", "--no-exam", "--name", "Our Garage")
    (ollama / "stopped").write_text("")
    code, _, told = garage(*options)
    assert code == 1 and "Ollama does not answer (Error: could not connect" in told
    (ollama / "stopped").unlink()
    code, text, told = garage(*options)
    assert code == 0 and "start it:  ollama run our-garage" in text and "no size was tried" in text, told
    assert "our-garage abc" in (ollama / "models").read_text()
    code, _, told = garage(*options)
    assert code == 2 and "Ollama has a model our-garage already: --force replaces it" in told
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    code, text, _ = garage(*options)
    assert code == 0 and "Ollama is not installed here. Where it is:  cd " in text


def test_lm_studio_finds_the_model_in_its_own_folder(garage, run, tmp_path):
    options = ("hand-over", run, "--to", "lmstudio", "--quantise", "q8_0", "--no-exam")
    code, _, told = garage(*options)
    assert code == 2 and "LM Studio is not here" in told
    (tmp_path / ".lmstudio").mkdir()
    assert garage(*options)[0] == 0
    assert (tmp_path / ".lmstudio" / "models" / "garage_tui" / run / f"{run}-q8_0.gguf").is_file()


def test_vllm_gets_the_merged_model_and_its_command(garage, run):
    code, text, told = garage("hand-over", run, "--to", "vllm")
    assert code == 0, told
    folder = Path(text.splitlines()[0])
    assert f"vllm serve {folder} --served-model-name garage" in text
    assert (folder / "model.safetensors").is_file()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--to", "olama"), "give ollama, llama.cpp, lmstudio, vllm, or a folder such as ./olama"),
        (("--to", "llama.cpp", "--quantise", "q3"), "--quantise q3: give some of q8_0, q6_K, q5_K_M, q4_K_M"),
        (("--to", "llama.cpp"), "has no report card to compare with"),
        (("--to", "vllm", "--adapter"), "leave out --quantise"),
        (("--to", "llama.cpp", "--name", "x"), "--name is only for --to ollama"),
    ],
)
def test_what_cannot_be_handed_over_is_said_and_leaves_nothing(garage, workspace, run, options, message):
    code, _, told = garage("hand-over", run, *options)
    assert code == 2 and message in told and "Traceback" not in told
    assert not (workspace.checkpoints / run / "export").exists()


def test_a_folder_of_somebody_else_is_never_replaced(garage, run, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    code, _, told = garage("hand-over", run, "--to", folder, "--no-exam", "--force")
    assert code == 2 and "exists and is not an earlier export" in told
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


def test_a_model_without_a_chat_template_is_not_handed_over(tmp_path):
    from garage_tui.jobs.export.gguf_model import write_gguf
    from garage_tui.jobs.export.hand_over import make

    folder = random_model("Llama", tmp_path / "model")
    (folder / "chat_template.jinja").unlink()
    write_gguf(folder, tmp_path / "full.gguf", "f16", lambda text: None)
    with pytest.raises(GarageError, match="no chat template"):
        make(tmp_path, tmp_path / "full.gguf", tmp_path / "out", ["q8_0"], lambda text: None, exam=False)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("size", ["q8_0", "q6_K", "q5_K_M", "q4_K_M"])
def test_every_size_reads_back_close_to_what_it_was(size, tmp_path):
    import numpy as np
    from gguf import GGUFReader
    from gguf.quants import dequantize

    from garage_tui.jobs.export.gguf_model import write_gguf
    from garage_tui.jobs.export.gguf_quantise import quantise

    folder = random_model("Llama", tmp_path / "model", hidden_size=256, intermediate_size=512, num_hidden_layers=8)
    write_gguf(folder, tmp_path / "full.gguf", "f16", lambda text: None)
    quantise(tmp_path / "full.gguf", tmp_path / "small.gguf", size)
    full, small = GGUFReader(tmp_path / "full.gguf"), GGUFReader(tmp_path / "small.gguf")
    kinds = {tensor.name: tensor.tensor_type.name for tensor in small.tensors}
    for before, after in zip(full.tensors, small.tensors, strict=True):
        wide, narrow = (dequantize(tensor.data, tensor.tensor_type) for tensor in (before, after))
        assert np.sqrt(np.mean((wide - narrow) ** 2)) <= 0.09 * np.sqrt(np.mean(wide**2)), before.name
    assert small.fields["tokenizer.ggml.tokens"].contents() == full.fields["tokenizer.ggml.tokens"].contents()
    down = [kinds[f"blk.{layer}.ffn_down.weight"] for layer in range(8)]
    mixes = {"q4_K_M": "Q4_K", "q5_K_M": "Q5_K"}
    if main := mixes.get(size):
        assert down == ["Q6_K", main, main, "Q6_K", main, main, "Q6_K", "Q6_K"]
        assert kinds["blk.1.attn_q.weight"] == main and kinds["output.weight"] == "Q6_K"
    else:
        assert set(down) == {size.upper()}


def test_a_library_that_quantises_otherwise_is_found_out(tmp_path, monkeypatch):
    from garage_tui.jobs.export import gguf_quantise
    from garage_tui.jobs.export.gguf_model import write_gguf

    class Other:
        @staticmethod
        def ggml_quantize_chunk(kind, source, out, start, rows, columns, matrix):
            return rows * columns // 32 * 34  # the right number of bytes, and nothing written

    monkeypatch.setattr(gguf_quantise, "_library", lambda: Other)
    write_gguf(random_model("Llama", tmp_path / "model"), tmp_path / "full.gguf", "f16", lambda text: None)
    with pytest.raises(GarageError, match="did not quantise"):
        gguf_quantise.quantise(tmp_path / "full.gguf", tmp_path / "small.gguf", "q8_0")
    assert {path.name for path in tmp_path.iterdir()} == {"model", "full.gguf"}


def test_the_adapters_gguf_beside_the_base_answers_as_the_merged_model(export_gguf, tmp_path, tiny_model):
    from tokenizers import Tokenizer

    base, adapter, merged = export_gguf
    tokenizer = Tokenizer.from_file(f"{tiny_model}/tokenizer.json")
    letter = next(token for token in range(500) if tokenizer.decode([token]).isalpha())
    # A token with a text is written, whatever is likeliest: llama.cpp says nothing of a part of a character.
    request = {"prompt": list(range(20, 40)), "n_predict": 1, "n_probs": 8, "logit_bias": [[letter, 1e4]]}

    def top(client) -> dict[int, float]:
        answer = client.post("/completion", json=request).json()
        return {one["id"]: one["logprob"] for one in answer["completion_probabilities"][0]["top_logprobs"]}

    with llama_server(merged) as client:
        expected = top(client)
    with llama_server(base) as client:
        bare = top(client)
    with llama_server(base, adapter) as client:
        found = top(client)
    assert found == pytest.approx(expected, abs=0.02)
    assert bare != pytest.approx(expected, abs=0.02), "the adapter changes nothing: the test is none"


@pytest.fixture
def export_gguf(tiny_model, workspace, run, tmp_path):
    """The GGUFs of the tiny base, of the run's adapter, and of both merged."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from garage_tui.core.models.base_models import find
    from garage_tui.jobs.export.gguf_model import write_gguf
    from garage_tui.jobs.llm.gguf.adapter_gguf import write_adapter

    adapter = workspace.checkpoints / run / "adapter"
    both = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32), adapter)
    both.merge_and_unload().save_pretrained(tmp_path / "merged")
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(tmp_path / "merged")
    write_gguf(tiny_model, tmp_path / "base.gguf", "f32", lambda text: None)
    write_gguf(tmp_path / "merged", tmp_path / "merged.gguf", "f32", lambda text: None)
    write_adapter(adapter, find(str(tiny_model)), tmp_path / "adapter.gguf")
    return tmp_path / "base.gguf", tmp_path / "adapter.gguf", tmp_path / "merged.gguf"
