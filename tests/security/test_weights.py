"""Weights that could run code are refused in a sentence, by everything that loads weights, and never run."""

from __future__ import annotations

import json
import pickle
import shutil
import time
from pathlib import Path

import pytest

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.package_path import PACKAGE
from garage_tui.core.models import base_models
from garage_tui.core.models import weight_safety as weights
from garage_tui.core.runs.folder import ADAPTER
from garage_tui.core.serving import server_process, server_state
from garage_tui.core.settings.settings import Settings
from tests.support.commands import garage
from tests.support.complete_checkpoints import newest_complete


class Evil:
    """Touches a file when it is unpickled, or where `torch.load` is asked for it."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return (Path.touch, (self.mark,))


@pytest.fixture
def mark(tmp_path):
    """A file that is there once something has run code of a model's."""
    yield (mark := tmp_path / "it-ran")
    assert not mark.exists(), "code of the model was run"


@pytest.fixture
def pickled(mark):
    """A function that puts a pickle in the place of weights; loaded, it would make the mark."""

    def make(weights: Path, name: str) -> Path:
        import torch

        weights.unlink()
        torch.save({"weight": Evil(mark)}, weights.with_name(name))
        return weights.with_name(name)

    return make


@pytest.fixture
def pickled_base(tiny_model, tmp_path, pickled):
    """The tiny model as a folder whose weights are a pickle."""
    shutil.copytree(tiny_model, folder := tmp_path / "pickled-base")
    pickled(folder / "model.safetensors", "pytorch_model.bin")
    return folder


def test_the_pickle_of_these_tests_does_run_code(tmp_path):
    pickle.loads(pickle.dumps(Evil(tmp_path / "ran")))
    assert (tmp_path / "ran").exists()


def test_a_base_of_pickles_is_refused_by_train_ask_serve_and_chat_before_anything_starts(
    garage, workspace, pickled_base
):
    workspace.settings_file.write_text(f'base_model = "{pickled_base}"\n')
    facts = workspace.datasets / "garage.jsonl"
    for words in (
        ["train", "lora", "--facts", facts, "--base", pickled_base, "--detach"],
        ["ask", "What is TinyLLM?"],
        ["ask", "What is TinyLLM?", "--base", pickled_base],
        ["serve", "--base", pickled_base],
        ["serve"],
    ):
        done = garage(*words)
        assert done.code in (1, 2), (words, done)
        (line,) = done.err.splitlines()
        assert "has its weights only in pytorch_model.bin, which may run code" in line, words
        assert "choose a folder with .safetensors files" in line
    assert not any(workspace.checkpoints.glob("2*"))
    assert not workspace.server.exists()


def test_a_base_that_turns_into_pickles_is_refused_when_it_is_loaded(tiny_model, pickled_base):
    from garage_tui.jobs.llm.load import load_base

    base = base_models.BaseModel("mine", pickled_base, here=True, hub_id=None)
    with pytest.raises(GarageError, match=r"it failed: .* has its weights only in pytorch_model\.bin"):
        load_base(base, "it failed")


@pytest.mark.parametrize("name", ["pytorch_model.bin", "../outside.safetensors", "/etc/model.safetensors"])
def test_an_index_that_leads_to_other_files_is_refused(tiny_model, tmp_path, name):
    shutil.copytree(tiny_model, folder := tmp_path / "split")
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"lm_head.weight": name}}))
    with pytest.raises(BadInputError, match=r"names .*, which is not a \.safetensors file"):
        weights.check_folder(folder)


def test_a_pipe_in_a_base_is_refused_and_not_waited_for(tiny_model, tmp_path):
    import os

    from garage_tui.jobs.llm.load import load_base

    shutil.copytree(tiny_model, folder := tmp_path / "piped")
    (folder / "tokenizer.json").unlink()
    os.mkfifo(folder / "tokenizer.json")
    base = base_models.BaseModel("mine", folder, here=True, hub_id=None)
    with pytest.raises(GarageError, match=r"tokenizer\.json cannot be read: it is not a file but a pipe"):
        load_base(base, "it failed")


@pytest.mark.parametrize("known", [True, False], ids=["a known architecture", "one of its own"])
def test_code_that_comes_with_a_base_is_never_run(tiny_model, tmp_path, mark, known):
    from garage_tui.jobs.llm.load import load_base

    shutil.copytree(tiny_model, folder := tmp_path / "with-code")
    config = json.loads((folder / "config.json").read_bytes())
    config["auto_map"] = {"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"}
    if not known:
        config["model_type"] = "evil"
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "evil.py").write_text(f"from pathlib import Path\nPath({str(mark)!r}).touch()\n")
    base = base_models.BaseModel("mine", folder, here=True, hub_id=None)
    if known:  # transformers' own class is taken
        _, model = load_base(base, "it failed")
        assert type(model).__module__.startswith("transformers.")
    else:
        with pytest.raises(GarageError, match=r"it needs its own code .* never run here"):
            load_base(base, "it failed")


SAID = "has no adapter_model.safetensors but only adapter_model.bin: weights in other formats can carry code"


def test_an_adapter_of_pickles_is_refused_when_it_is_loaded_or_exported(workspace, finished_run, pickled, tiny_model):
    from garage_tui.core.export.export_process import ExportRequest
    from garage_tui.jobs.export.export import export
    from garage_tui.jobs.llm.adapters import read_adapter

    folder = workspace.checkpoints / finished_run(workspace, "evil", 1)
    pickled(folder / ADAPTER / "adapter_model.safetensors", "adapter_model.bin")
    with pytest.raises(GarageError, match=SAID):
        read_adapter(folder / ADAPTER, base_models.find(str(tiny_model)))
    for form in ("adapter", "merged"):
        with pytest.raises(GarageError, match=SAID):
            export(folder, ExportRequest(form, "", "f16", ""))


@pytest.mark.long
def test_ask_export_and_report_say_so_in_a_shell(workspace, finished_run, pickled):
    run = finished_run(workspace, "evil", 1)
    pickled(workspace.checkpoints / run / ADAPTER / "adapter_model.safetensors", "adapter_model.bin")
    for words in (["ask", "Why?", "--run", run], ["export", run, "--as", "adapter"], ["report", run]):
        done = garage(workspace, *words)
        assert done.returncode in (1, 2), (words, done)
        assert SAID in done.stderr.splitlines()[-1], (words, done.stderr)
        assert "Traceback" not in done.stderr


@pytest.mark.long  # tests/jobs/serve/test_server.py has it in short
def test_the_server_answers_a_question_to_a_pickled_adapter_with_the_sentence(
    workspace, finished_run, pickled, tiny_model
):
    import httpx

    run = finished_run(workspace, "evil", 1)
    pickled(workspace.checkpoints / run / ADAPTER / "adapter_model.safetensors", "adapter_model.bin")
    server_process.start(workspace, Settings(), str(tiny_model), port=0)
    try:
        deadline = time.monotonic() + 90
        while server_state.inspect(workspace).status == "starting":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        address = server_process.address(workspace)
        answer = httpx.post(
            f"{address.url}/chat/completions",
            json={"model": run, "messages": [{"role": "user", "content": "Why?"}]},
            headers={"Authorization": f"Bearer {address.key}"},
            timeout=60,
            trust_env=False,
        )
    finally:
        server_process.stop(workspace)
    assert answer.status_code == 500
    assert "has no adapter_model.safetensors but only adapter_model.bin" in answer.json()["error"]["message"]


@pytest.fixture
def pipeline(tmp_path):
    """The pipeline folder of a tiny diffusion run."""
    from garage_tui.core.diffusion.recipe import make_recipe
    from garage_tui.jobs.diffusion import pipeline_folder, unet

    recipe, folder = make_recipe("small", size=16), tmp_path / "pipeline"
    pipeline_folder.save_pipeline(unet.make_net(recipe), unet.make_noise_schedule(recipe), str(folder), "# A card")
    pipeline_folder.load_pipeline(folder)  # as it is, it loads
    return tmp_path / "pipeline"


def test_a_net_that_draws_is_refused_as_a_pickle(pipeline, pickled):
    from garage_tui.jobs.diffusion import pipeline_folder

    pickled(pipeline / "unet" / pipeline_folder.WEIGHTS, "diffusion_pytorch_model.bin")
    with pytest.raises(GarageError, match=r"has no diffusion_pytorch_model\.safetensors: weights in other formats"):
        pipeline_folder.load_pipeline(pipeline)


def test_a_pipeline_that_names_somebody_elses_code_is_refused(pipeline, monkeypatch, tmp_path, mark):
    from garage_tui.jobs.diffusion import pipeline_folder

    (tmp_path / "evil_code.py").write_text(f"from pathlib import Path\nPath({str(mark)!r}).touch()\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    index = json.loads((pipeline / "model_index.json").read_bytes())
    index["unet"] = ["evil_code", "Net"]
    (pipeline / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(GarageError, match="names code of evil_code, so it is refused"):
        pipeline_folder.load_pipeline(pipeline)


def test_a_pipeline_names_no_code_but_that_of_diffusers(pipeline):
    index = json.loads((pipeline / "model_index.json").read_bytes())
    parts = {name: part for name, part in index.items() if not name.startswith("_")}
    assert parts == {
        "scheduler": ["diffusers", "DDPMScheduler"],
        "unet": ["diffusers", "UNet2DModel"],
        "vqvae": ["diffusers", "AutoencoderDC"],
    }


def test_an_exported_adapter_takes_no_file_along_that_a_link_leads_to(workspace, finished_run, tmp_path):
    from garage_tui.core.export.export_process import ExportRequest
    from garage_tui.jobs.export.export import export

    run = finished_run(workspace, "linked", 1)
    (tmp_path / "id_ed25519").write_text("private")
    (workspace.checkpoints / run / ADAPTER / "notes.txt").symlink_to(tmp_path / "id_ed25519")
    export(workspace.checkpoints / run, ExportRequest("adapter", str(tmp_path / "out"), "f16", ""))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "README.md", "adapter_config.json", "adapter_model.safetensors", "garage-export.json",
    ]  # fmt: skip


def test_this_package_never_loads_a_pickle_itself():
    """What transformers loads of a checkpoint it loads as numbers (see the last test)."""
    for file in PACKAGE.rglob("*.py"):
        text = file.read_text()
        for word in ("torch.load(", "import pickle", "from pickle", "allow_pickle=True", "trust_remote_code=True"):
            assert word not in text, (file, word)


@pytest.mark.long
def test_a_checkpoint_whose_optimiser_is_a_pickle_of_code_is_not_gone_on_from(workspace, tiny_model, mark):
    """What the Trainer reads of a checkpoint it reads as numbers (`weights_only`), a sealed one included."""
    import torch

    from garage_tui.core.launch import run_control, start
    from garage_tui.core.runs import checkpoints
    from garage_tui.core.runs.record import read_run
    from garage_tui.core.training.recipe import LoraRecipe
    from tests.support.run_folders import wait

    recipe = LoraRecipe(base=str(tiny_model), epochs=200)
    settings = Settings(checkpoint_seconds=0.1)
    folder = start.start_lora(workspace, settings, workspace.datasets / "garage.jsonl", recipe)
    wait(folder, lambda run: newest_complete(folder), 180)
    run_control.stop(read_run(folder))
    wait(folder, lambda run: not run.alive, 180)
    for checkpoint in checkpoints.list_checkpoints(folder):
        for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth"):
            torch.save({"state": Evil(mark)}, checkpoint / name)
        seal = checkpoints.read_seal(checkpoint)
        (checkpoint / checkpoints.SEAL).unlink()
        state = json.loads((checkpoint / "trainer_state.json").read_bytes())
        checkpoints.seal(checkpoint, seal.step if seal else state["global_step"], 0)
    run_control.resume(read_run(folder))
    run = wait(folder, lambda run: not run.alive, 180)
    assert run.status == "failed", run
