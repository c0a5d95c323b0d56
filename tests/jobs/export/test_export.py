"""`garage export`, for real: what it makes is loaded by what it is for, and answers as before."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.export import llama_cpp

QUESTIONS = ("What is TinyLLM?", "Who maintains it?", "Name a planet.", "Who wrote Romeo and Juliet?")
TOKENS = 12
"""Of a random model, whose words are nearly equally likely: rounding to 16 bits turns one some time later."""

# Stands in for llama.cpp's converter: the same words on its command line, and a real GGUF with one tensor.
CONVERTER = """
import json, pathlib, sys
import gguf, numpy
print("INFO:loading", sys.argv[1:], file=sys.stderr)
folder, out, outtype = pathlib.Path(sys.argv[1]), sys.argv[3], sys.argv[5]
assert sys.argv[2::2] == ["--outfile", "--outtype", "--metadata"] and (folder / "model.safetensors").is_file()
how = (pathlib.Path(__file__).parent / "how").read_text()
if how == "fails":
    sys.exit("NotImplementedError: BPE pre-tokenizer was not recognized")
if how == "lacks":
    import a_package_that_is_nowhere
about = json.loads(pathlib.Path(sys.argv[7]).read_text())
writer = gguf.GGUFWriter(out, "llama")
writer.add_description(about["general.description"])
writer.add_name(about["general.name"] + " " + outtype)
writer.add_tensor("token_embd.weight", numpy.zeros((64, 64), numpy.float32))
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
for percent in (0, 50, 100):
    sys.stderr.write(f"\\rWriting: {percent:3d}%|#  | 1.00M/2.00M")
if how == "cuts":
    with open(out, "r+b") as file:
        file.truncate(9000)
"""


@pytest.fixture
def garage(workspace):
    def run(*args, **environment):
        command = [sys.executable, "-m", "garage_tui", "--workspace", str(workspace.root), *map(str, args)]
        env = {**os.environ, "LLAMA_CPP": "", **environment}
        return subprocess.run(command, capture_output=True, text=True, timeout=120, env=env)

    return run


@pytest.fixture
def export(workspace, capsys):
    """The job in this process, where torch is loaded already: (run, form, …) → what it told last."""
    import msgspec

    from garage_tui.core.export.export_process import ExportEvent, ExportRequest
    from garage_tui.jobs.export import export as job

    def run(run_id, form="merged", to="", **wanted) -> ExportEvent:
        capsys.readouterr()
        job.export(workspace.checkpoints / run_id, ExportRequest(form, str(to), **wanted))
        told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
        run.words = [msgspec.json.decode(line, type=ExportEvent).text for line in told]
        return msgspec.json.decode(told[-1], type=ExportEvent)

    return run


@pytest.fixture
def change(workspace, tiny_model):
    """Rewrites a run's manifest, and the base that its adapter names: (run, base, …) → its folder."""
    import msgspec

    from garage_tui.core.runs.record import read_run, write_manifest

    def make(run_id, base=None, named=None, **fields) -> Path:
        folder = workspace.checkpoints / run_id
        fields |= {"base": {"name": str(base)}} if base else {}
        write_manifest(folder, msgspec.structs.replace(read_run(folder).manifest, **fields))
        config = folder / "adapter" / "adapter_config.json"
        config.write_text(config.read_text().replace(str(tiny_model), str(named or base or tiny_model)))
        return folder

    return make


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """A folder with a converter, and what a test wants it to do in the file `how`."""
    folder = tmp_path / "llama.cpp"
    (folder / "site").mkdir(parents=True)
    (folder / llama_cpp.NAME).write_text(CONVERTER)
    (folder / "how").write_text("works")
    (folder / "site" / f"{llama_cpp.NEEDS}.py").write_text("")  # the real one needs it, and this is looked for first
    monkeypatch.syspath_prepend(folder / "site")
    return folder


def answers(model, tokenizer) -> list[str]:
    import torch

    found = []
    for question in QUESTIONS:
        ids = tokenizer.apply_chat_template(
            [{"role": "user", "content": question}], add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        with torch.no_grad():
            out = model.generate(**ids, max_new_tokens=TOKENS, do_sample=False)
        found.append(tokenizer.decode(out[0][ids["input_ids"].shape[1] :]))
    return found


def tuned(base: Path, adapter: Path):
    """Return the base with the adapter beside its weights, and its tokenizer, as the app answers: in fp32."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32), adapter)
    return model.eval(), AutoTokenizer.from_pretrained(base)


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_merged_model_answers_as_the_base_with_the_adapter_does(garage, workspace, finished_run, tiny_model):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    run = finished_run(workspace, "facts", 1)
    done = garage("export", run, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    folder = workspace.checkpoints / run / "export" / f"{run}-merged"
    assert (told["path"], told["as"], told["replaced"]) == (str(folder), "merged", False)
    assert "merging the adapter\n" in done.stderr
    beside, tokenizer = tuned(tiny_model, workspace.checkpoints / run / "adapter")
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    assert answers(model, AutoTokenizer.from_pretrained(folder)) == answers(beside, tokenizer)
    bare = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    assert answers(bare, tokenizer) != answers(beside, tokenizer), "the adapter changes nothing: the test is none"


def test_every_merged_weight_is_the_sum_rounded_once(export, workspace, tiny_model, new_adapter, finished_run):
    import torch
    from safetensors.torch import load_file

    run = finished_run(workspace, "scaled", 1)
    adapter = workspace.checkpoints / run / "adapter"
    new_adapter(adapter, tiny_model, 3, r=4, lora_alpha=6, use_rslora=True)
    merged = load_file(Path(export(run).path) / "model.safetensors")
    bare, deltas = load_file(tiny_model / "model.safetensors"), load_file(adapter / "adapter_model.safetensors")
    changed = 0
    for name, weights in merged.items():
        assert weights.dtype == torch.bfloat16
        path = f"base_model.model.{name.removesuffix('.weight')}"
        wanted = bare[name].bfloat16()
        if f"{path}.lora_A.weight" in deltas:
            delta = deltas[f"{path}.lora_B.weight"] @ deltas[f"{path}.lora_A.weight"] * (6 / 4**0.5)
            wanted, changed = (wanted.float() + delta).bfloat16(), changed + 1
        assert torch.equal(weights, wanted), name
    assert changed == 6, "three projections in two layers"


def test_a_base_in_float16_stays_in_float16(export, change, workspace, tiny_model, tmp_path, finished_run):
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    base = tmp_path / "half"
    AutoModelForCausalLM.from_pretrained(tiny_model, dtype="float16").save_pretrained(base)
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(base)
    run = finished_run(workspace, "half", 1)
    change(run, base, recipe={"load_in_4bit": True, "rank": 4})
    told = export(run)
    assert str(AutoConfig.from_pretrained(told.path).dtype) == "torch.float16"
    assert "trained in 4 bits: merging into the base's 16-bit weights" in export.words
    (note,) = told.notes
    assert note.startswith("It was trained on the base in 4 bits")
    assert note in (Path(told.path) / "README.md").read_text()


def test_a_merged_model_is_a_base_here(garage, workspace, finished_run):
    run = finished_run(workspace, "facts", 1)
    tuned_says = json.loads(garage("ask", *QUESTIONS, "--run", run, "--max-tokens", TOKENS, "--json").stdout)
    folder = garage("export", run).stdout.strip()
    done = garage("ask", *QUESTIONS, "--base", folder, "--max-tokens", TOKENS, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["base"], told["run"]) == (folder, None)
    assert [row["base"] for row in told["answers"]] == [row["tuned"] for row in tuned_says["answers"]]


def test_an_exported_adapter_loads_with_peft_and_answers_the_same(garage, workspace, finished_run, tiny_model):
    run = finished_run(workspace, "facts", 1)
    adapter = workspace.checkpoints / run / "adapter"
    (adapter / "training_args.bin").write_bytes(b"a pickle")
    done = garage("export", run, "--as", "adapter", "--to", workspace.root / "mine")
    assert done.returncode == 0, done.stderr
    folder = workspace.root / "mine"
    assert done.stdout == f"{folder}\n"
    assert not (folder / "training_args.bin").exists()
    assert answers(*tuned(tiny_model, folder)) == answers(*tuned(tiny_model, adapter))


def test_an_adapter_of_a_model_from_the_hub_names_it(export, change, workspace, finished_run):
    run = finished_run(workspace, "facts", 1)
    change(run, "smollm2-135m", "/elsewhere/models/smollm2-135m")
    made = Path(export(run, "adapter").path)
    named = json.loads((made / "adapter_config.json").read_bytes())["base_model_name_or_path"]
    card = (made / "README.md").read_text()
    assert named == "HuggingFaceTB/SmolLM2-135M-Instruct"
    assert f'base_model: "{named}"' in card and 'license: "apache-2.0"' in card
    assert "elsewhere" not in "".join(path.read_text() for path in made.iterdir() if path.suffix != ".safetensors")


def test_the_card_says_what_it_is_made_of_and_no_path_of_this_box(
    export, change, workspace, finished_run, tiny_model, make_card
):
    from garage_tui.core.exam.report import write_report

    run = finished_run(workspace, "facts", 1)
    dataset = {"path": str(workspace.root / "datasets" / "garage.jsonl"), "rows": 24, "sha256": "ab" * 32}
    folder = change(run, dataset=dataset, recipe={"preset": "default", "epochs": 18, "lr": 0.05})
    report = make_card()
    write_report(folder, report)
    made = Path(export(run).path)
    card = (made / "README.md").read_text()
    for said in (run, "* Base: tiny", "preset default, epochs 18, lr 0.05", "24 rows of garage.jsonl", "ab" * 32):
        assert said in card, said
    assert report.verdict in card
    for path in made.iterdir():
        assert str(workspace.root).encode() not in path.read_bytes(), path.name
        assert str(tiny_model.parent).encode() not in path.read_bytes(), path.name


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("weights", "cannot be read"),
        ("config", "cannot be read"),
        ("dora", "is not plain LoRA (use_dora is true)"),
        ("foreign", "was trained on /another/base"),
        ("no numbers", "gives weights that are not finite in bfloat16"),
    ],
)
def test_a_damaged_or_foreign_adapter_is_refused_and_nothing_is_left(
    export, change, workspace, finished_run, new_adapter, tiny_model, how, said
):
    import torch
    from safetensors.torch import load_file, save_file

    run = finished_run(workspace, "broken", 1)
    adapter = workspace.checkpoints / run / "adapter"
    weights = adapter / "adapter_model.safetensors"
    if how == "weights":
        os.truncate(weights, 3000)
    elif how == "config":
        (adapter / "adapter_config.json").write_text("{")
    elif how == "dora":
        new_adapter(adapter, tiny_model, 1, use_dora=True)
    elif how == "foreign":
        change(run, named="/another/base")
    else:
        tensors = load_file(weights)
        tensors[next(iter(tensors))][0, 0] = torch.nan
        save_file(tensors, weights, {"format": "pt"})
    for form in ("merged",) if how == "no numbers" else ("merged", "adapter"):
        with pytest.raises(GarageError) as refused:
            export(run, form)
        assert said in str(refused.value)
        assert not (workspace.checkpoints / run / "export").exists()


def test_a_quantised_base_is_refused_with_what_can_be_done(
    export, change, workspace, finished_run, tiny_model, tmp_path
):
    base = tmp_path / "four-bits"
    shutil.copytree(tiny_model, base)
    config = json.loads((base / "config.json").read_bytes())
    (base / "config.json").write_text(json.dumps({**config, "quantization_config": {"load_in_4bit": True}}))
    run = finished_run(workspace, "facts", 1)
    change(run, base)
    with pytest.raises(GarageError, match=r"four-bits has quantised weights.* --as adapter"):
        export(run)
    assert export(run, "adapter").path


def test_too_little_room_is_said_before_anything_is_loaded(export, workspace, finished_run, monkeypatch):
    run = finished_run(workspace, "facts", 1)
    usage = shutil.disk_usage(workspace.root)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage._replace(free=40_000_000))
    with pytest.raises(GarageError) as refused:
        export(run)
    where = workspace.checkpoints / run / "export"
    assert re.fullmatch(
        f"about 5[0-9] MB are needed in {where}, but only 40 MB are free: "
        "free some space, or name another target with --to",
        str(refused.value),
    )
    assert not where.exists()


@pytest.mark.parametrize(
    ("needed", "free", "said"),
    [
        (1.13e9, 1.09e9, "about 1,130 MB are needed in {}, but only 1,090 MB are free"),
        (1.13e9, 0.21e9, "about 1.1 GB are needed in {}, but only 210 MB are free"),
    ],
)
def test_two_sizes_that_differ_never_look_the_same(tmp_path, monkeypatch, needed, free, said):
    from garage_tui.core.export.target import check_disk_space

    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage._replace(free=int(free)))
    with pytest.raises(GarageError, match=said.format(tmp_path)):
        check_disk_space(tmp_path / ".x.part", needed)


def test_an_earlier_export_of_the_same_run_is_replaced_and_told(export, workspace, finished_run):
    run = finished_run(workspace, "facts", 1)
    first = export(run)
    (Path(first.path) / "config.json").write_text("{}")
    again = export(run)
    assert (first.replaced, again.replaced, again.path) == (False, True, first.path)
    assert "LlamaForCausalLM" in (Path(again.path) / "config.json").read_text()
    assert [path.name for path in (workspace.checkpoints / run / "export").iterdir()] == [f"{run}-merged"]


def test_what_no_export_has_put_there_is_never_overwritten(export, workspace, finished_run, tiny_model):
    run, other = finished_run(workspace, "facts", 1), finished_run(workspace, "other", 2)
    mine = workspace.root / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("mine")
    (workspace.root / "link").symlink_to(mine)
    theirs = Path(export(other, "adapter", workspace.root / "theirs").path)
    ours = Path(export(run, "adapter").path)
    (ours / "notes.txt").write_text("mine")
    for to, said in (
        (mine, "exists and is not an earlier export"),
        (tiny_model, "exists and is not an earlier export"),
        (workspace.checkpoints / run / "adapter", "exists and is not an earlier export"),
        (workspace.root / "link", "is a link"),
        (theirs, f"contains an export of {other} (adapter)"),
        (ours, "contains notes.txt, which is not part of an export"),
        (workspace.root / "no" / "where", "its parent folder does not exist"),
        (workspace.datasets / "garage.jsonl", "is a file"),
    ):
        before = everything_in(to)
        with pytest.raises(BadInputError) as refused:
            export(run, "adapter", to)
        assert said in str(refused.value)
        assert everything_in(to) == before


def test_two_exports_to_one_place_do_not_meet(export, workspace, finished_run):
    from garage_tui.core.export.target import staging_folder, target_path

    run = finished_run(workspace, "facts", 1)
    target = target_path(workspace.checkpoints / run, "merged", "")
    with staging_folder(target), pytest.raises(BadInputError, match=r"another export to .* is running"):
        export(run)
    assert export(run).path


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_nothing_and_no_process(workspace, finished_run, number):
    run = finished_run(workspace, "facts", 1)
    command = [sys.executable, "-m", "garage_tui", "--workspace", str(workspace.root), "export", run]
    # A shell that starts the tests in the background has them ignore SIGINT, and children inherit that.
    unignored = lambda: signal.signal(signal.SIGINT, signal.default_int_handler)  # noqa: E731
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=unignored)
    for line in process.stderr:
        if "starting torch" in line:
            break
    part = workspace.checkpoints / run / "export" / f".{run}-merged.part"
    assert part.is_dir()
    process.send_signal(number)
    if number == signal.SIGINT:
        assert process.wait(20) == 130
        assert "cancelled; no files are left" in process.stderr.read()
    else:  # it cannot tell its process, which finds nobody to talk to
        process.wait(20)
        process.stderr.close()
    deadline = time.monotonic() + 30
    while part.exists() or subprocess.run(["pgrep", "-f", f"garage_tui.jobs.export.*{run}"]).returncode == 0:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not (workspace.checkpoints / run / "export").exists() or number == signal.SIGTERM


def test_a_gguf_is_made_by_llama_cpps_converter(export, workspace, finished_run, stand_in):
    from gguf import GGUFReader

    run = finished_run(workspace, "facts", 1)
    told = export(run, "gguf", converter=str(stand_in))
    file = workspace.checkpoints / run / "export" / f"{run}-f16.gguf"
    assert (told.path, told.bytes) == (str(file), file.stat().st_size)
    assert "writing the GGUF (f16): 50 %" in export.words
    assert [tensor.name for tensor in GGUFReader(file).tensors] == ["token_embd.weight"]
    assert [path.name for path in file.parent.iterdir()] == [file.name], "the merged model was for it alone"


def test_a_gguf_of_the_same_run_is_replaced_and_no_other_file(export, workspace, finished_run, stand_in):
    run = finished_run(workspace, "facts", 1)
    to = workspace.root / "small.gguf"
    wanted = {"to": to, "outtype": "q8_0", "converter": str(stand_in / llama_cpp.NAME)}
    assert [export(run, "gguf", **wanted).replaced for _ in range(2)] == [False, True]
    assert f"{run} q8_0".encode() in to.read_bytes()
    to.write_bytes(b"GGUF of somebody else")
    with pytest.raises(BadInputError, match=r"is not an earlier export of .*: --force replaces it"):
        export(run, "gguf", **wanted)
    assert to.read_bytes() == b"GGUF of somebody else"
    link = workspace.root / "link.gguf"
    link.symlink_to(to)
    with pytest.raises(BadInputError, match="is a link: --force follows it"):
        export(run, "gguf", **{**wanted, "to": link})
    assert export(run, "gguf", **{**wanted, "to": link}, force=True).replaced
    assert link.is_symlink() and f"{run} q8_0".encode() in to.read_bytes()


def test_a_gguf_goes_to_standard_output(garage, workspace, finished_run, stand_in):
    run = finished_run(workspace, "facts", 1)
    wrapper = workspace.root / "convert"  # a wrapper script brings its own packages
    wrapper.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{stand_in / llama_cpp.NAME}" "$@"\n')
    wrapper.chmod(0o755)
    words = ["export", run, "--as", "gguf", "--to", "-", "--converter", str(wrapper)]
    command = [sys.executable, "-m", "garage_tui", "--workspace", str(workspace.root), *words]
    done = subprocess.run(command, capture_output=True)
    assert done.returncode == 0 and done.stdout.startswith(b"GGUF"), done.stderr
    assert not [path.name for path in (workspace.checkpoints / run).iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("fails", f"{llama_cpp.NAME} failed: NotImplementedError: BPE pre-tokenizer was not recognized"),
        ("lacks", "needs the package a_package_that_is_nowhere: `"),
        ("cuts", "wrote an incomplete file"),
    ],
)
def test_a_converter_that_fails_has_its_last_words_passed_on(export, workspace, finished_run, stand_in, how, said):
    (stand_in / "how").write_text(how)
    run = finished_run(workspace, "facts", 1)
    with pytest.raises(GarageError) as failed:
        export(run, "gguf", converter=str(stand_in))
    assert said in str(failed.value)
    assert not (workspace.checkpoints / run / "export").exists()


@pytest.fixture
def far_sighted(change, finished_run, workspace, tiny_model):
    """A run on a base that counts positions in another way than the usual one: as SmolLM2 does."""
    base = workspace.root / "far-sighted"
    shutil.copytree(tiny_model, base)
    config = json.loads((base / "config.json").read_text())
    config["rope_parameters"] = {"rope_theta": 100_000.0, "rope_type": "default"}
    (base / "config.json").write_text(json.dumps(config))
    run = finished_run(workspace, "facts", 1)
    change(run, base)
    return run


def test_a_merged_model_says_it_in_the_words_of_older_programs_too(export, far_sighted):
    from transformers import AutoConfig

    folder = export(far_sighted).path
    table = json.loads(Path(folder, "config.json").read_text())
    assert table["rope_theta"] == table["rope_parameters"]["rope_theta"] == 100_000, "transformers 4 reads the first"
    assert table["torch_dtype"] == table["dtype"] == "bfloat16"
    assert AutoConfig.from_pretrained(folder).rope_parameters == table["rope_parameters"]


def test_a_converter_that_loses_how_positions_are_counted_is_found_out(export, workspace, far_sighted, stand_in):
    with pytest.raises(GarageError, match=r"lost the model's rope_theta \(100000\).*update llama.cpp"):
        export(far_sighted, "gguf", converter=str(stand_in))
    assert not (workspace.checkpoints / far_sighted / "export").exists()


def test_a_gguf_of_a_known_architecture_needs_no_converter(export, workspace, finished_run, monkeypatch, tmp_path):
    from gguf import GGUFReader

    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("LLAMA_CPP", str(tmp_path / "nowhere"))
    run = finished_run(workspace, "facts", 1)
    made = export(run, "gguf", outtype="bf16")
    fields = GGUFReader(made.path).fields
    assert fields["general.description"].contents() == f"Exported by garage_tui from run {run}."
    assert export(run, "gguf", outtype="bf16").replaced, "it is recognised as an earlier export"


def test_without_a_converter_one_sentence_says_why_it_is_needed_and_how_to_get_it(
    export, change, workspace, finished_run, tiny_model, tmp_path, monkeypatch
):
    base = tmp_path / "splits-otherwise"
    shutil.copytree(tiny_model, base)
    tokenizer = json.loads((base / "tokenizer.json").read_bytes())
    tokenizer["pre_tokenizer"] = {
        "type": "Sequence",
        "pretokenizers": [{"type": "WhitespaceSplit"}, *tokenizer["pre_tokenizer"]["pretokenizers"]],
    }
    (base / "tokenizer.json").write_text(json.dumps(tokenizer))
    run = finished_run(workspace, "facts", 1)
    change(run, base)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("LLAMA_CPP", "")
    with pytest.raises(GarageError, match=r"splits text in a way .* git clone --depth 1 https://github.com/ggml-org"):
        export(run, "gguf")
    monkeypatch.setenv("LLAMA_CPP", str(tmp_path / "nowhere"))
    with pytest.raises(BadInputError, match=r"\$LLAMA_CPP: there is no .*nowhere"):
        export(run, "gguf")


@pytest.fixture(scope="module")
def full_vocabulary(smollm2, tmp_path_factory) -> Path:
    """A tiny random model with all of SmolLM2's words: the converter knows tokenizers by what they make of a text."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    from garage_tui.core.models import base_models

    folder = tmp_path_factory.mktemp("models") / "wordy"
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(base_models.find(smollm2).path)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=512, bos_token_id=1, eos_token_id=2, pad_token_id=2, tie_word_embeddings=True,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_the_real_converters_gguf_answers_as_the_merged_model_does(
    export, change, workspace, finished_run, full_vocabulary, new_adapter
):
    """Opt-in: set LLAMA_CPP to a copy of llama.cpp."""
    import torch
    from gguf import GGUFReader
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        tool = llama_cpp.find_converter()
    except GarageError as error:
        pytest.skip(str(error))
    if tool is None:
        pytest.skip(f"needs llama.cpp's converter: {llama_cpp.GET_CONVERTER}")
    if find_spec(llama_cpp.NEEDS) is None:
        pytest.skip(f"llama.cpp's converter needs {llama_cpp.NEEDS}: `garage doctor` has the command")
    run = finished_run(workspace, "facts", 1)
    folder = change(run, full_vocabulary)
    new_adapter(folder / "adapter", full_vocabulary, 1)
    merged = export(run).path
    for outtype in ("bf16", "f32", "f16", "q8_0"):
        export(run, "gguf", outtype=outtype, converter=str(tool))
    tokenizer = AutoTokenizer.from_pretrained(merged)
    wanted = answers(AutoModelForCausalLM.from_pretrained(merged, dtype=torch.float32), tokenizer)
    for outtype in ("bf16", "f32"):  # f16 and q8_0 round once more
        name = f"{run}-{outtype}.gguf"
        model = AutoModelForCausalLM.from_pretrained(folder / "export", gguf_file=name, dtype=torch.float32)
        assert answers(model, tokenizer) == wanted, outtype
    fields = GGUFReader(folder / "export" / f"{run}-f16.gguf").fields
    assert fields["general.name"].contents() == run
    assert fields["tokenizer.chat_template"].contents() == tokenizer.chat_template
    assert fields["tokenizer.ggml.eos_token_id"].contents() == tokenizer.eos_token_id
