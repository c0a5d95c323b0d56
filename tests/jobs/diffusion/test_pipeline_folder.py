"""The pipeline folder of a diffusion run, in an environment without this package, and as version 0.1 wrote it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from PIL import Image

from garage_tui.core.base.errors import GarageError
from garage_tui.core.diffusion.pipeline_card import pipeline_card
from garage_tui.core.diffusion.recipe import DiffusionRecipe, make_recipe, presets
from garage_tui.core.images import contact_sheet
from garage_tui.core.launch import run_control
from garage_tui.core.runs.record import Manifest, read_run
from garage_tui.jobs.diffusion.block_coder import block_coder
from garage_tui.jobs.diffusion.pipeline_folder import CARD, WEIGHTS, load_pipeline, save_pipeline
from garage_tui.jobs.diffusion.unet import PatchUNet, make_net, make_noise_schedule
from tests.support.plain_environment import run_plainly
from tests.support.repository import REPOSITORY
from tests.support.run_folders import wait

BEFORE = REPOSITORY / "tests" / "fixtures" / "net_of_blocks"
OLD_RUN = "20261129-2007-diffusion-blocks"
TINY = {"size": 16, "channels": (4, 8), "attention": (False, True), "head_dim": 4, "groups": 2, "sample_steps": 3}


def snippets(text: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def save(folder: Path, recipe: DiffusionRecipe) -> torch.nn.Module:
    """Save the pipeline of a new net, and return the net."""
    manifest = Manifest(
        id="20261129-1200-diffusion-wings", kind="diffusion", created=1, recipe=msgspec.to_builtins(recipe), base={},
        dataset={"label": "wings", "rows": 20, "held_out": 2, "sha256": "0" * 64},
    )  # fmt: skip
    net = make_net(recipe)
    save_pipeline(net, make_noise_schedule(recipe), str(folder), pipeline_card(manifest, recipe, 9))
    return net


def test_the_code_of_card_and_documentation_draws_pictures_where_only_diffusers_and_torch_are(tmp_path):
    """All of it in one process, because importing torch takes seconds."""
    tasks = []
    for preset in ("small", "class"):
        folder = tmp_path / preset
        save(folder, msgspec.structs.replace(make_recipe(preset), **TINY))
        drawing, alone = snippets((folder / CARD).read_text())
        check = "assert pictures.shape == (4, 3, 16, 16) and pictures.abs().max() < 1.01, pictures"
        tasks += [(folder, drawing), (folder, alone + check)]
    save(tmp_path / "checkpoints" / "RUN" / "pipeline", msgspec.structs.replace(make_recipe("quick"), **TINY))
    (code,) = snippets((REPOSITORY / "docs" / "guide" / "export.md").read_text())
    done = run_plainly(tmp_path / "packages", [*tasks, (tmp_path, code)])
    assert done.returncode == 0, done.stderr
    for folder in ("small", "class", ""):
        image = Image.open(tmp_path / folder / "new.png")
        assert (image.size, image.mode) == ((16, 16), "RGB"), folder


def test_every_preset_names_only_classes_of_diffusers_and_loads_with_the_net_that_was_saved(tmp_path):
    for preset in presets():
        recipe = msgspec.structs.replace(make_recipe(preset), **TINY)
        net = save(tmp_path / preset, recipe)
        index = json.loads((tmp_path / preset / "model_index.json").read_bytes())
        assert {part[0] for part in index.values() if isinstance(part, list)} == {"diffusers"}
        loaded, schedule = load_pipeline(tmp_path / preset)
        x, t = torch.randn(2, 3, 16, 16), torch.tensor([3, 700])
        with torch.no_grad():
            assert torch.allclose(loaded(x, t).sample, net(x, t).sample, atol=1e-6), preset
        assert schedule.config.prediction_type == recipe.prediction
        assert not list((tmp_path / preset).rglob("*.bin")), "weights are safetensors"
        assert not list((tmp_path / preset).rglob("*.py")), "it carries no code"


@pytest.mark.parametrize("patch", [2, 4])
def test_the_coder_of_blocks_is_a_pixel_shuffle(patch):
    pixels = torch.rand(2, 3, 16, 16) * 2 - 1
    blocks = torch.pixel_unshuffle(pixels, patch)
    coder = block_coder(patch)
    assert torch.equal(coder.encode(pixels).latent, blocks)
    assert torch.allclose(coder.decode(blocks).sample, pixels, atol=1e-5)


@pytest.mark.parametrize("patch", [2, 4])
def test_diffusers_own_pipeline_draws_with_the_net_what_this_program_draws(patch, tmp_path):
    from diffusers import DiffusionPipeline

    recipe = msgspec.structs.replace(make_recipe("small"), **TINY, patch=patch)
    net = save(tmp_path / "pipeline", recipe)
    pipeline = DiffusionPipeline.from_pretrained(str(tmp_path / "pipeline"))
    x, t = torch.randn(2, 3, 16, 16), torch.tensor([3, 700])
    with torch.no_grad():
        blocks = pipeline.unet(pipeline.vqvae.encode(x).latent, t).sample
        theirs, ours = pipeline.vqvae.decode(blocks).sample, net(x, t).sample
    assert torch.allclose(theirs, ours, atol=1e-4)


def test_the_net_alone_is_loaded_with_its_weights_or_not_at_all(tmp_path):
    from diffusers import UNet2DModel

    net = save(tmp_path / "pipeline", msgspec.structs.replace(make_recipe("small"), **TINY))
    assert isinstance(net, PatchUNet)
    loaded = UNet2DModel.from_pretrained(str(tmp_path / "pipeline"), subfolder="unet")
    for name, value in net.unet.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name


def test_weights_of_another_net_are_refused(tmp_path):
    """diffusers warns, and goes on with random numbers."""
    folder = tmp_path / "pipeline"
    save(folder, msgspec.structs.replace(make_recipe("small"), **TINY))
    shutil.copy(BEFORE / OLD_RUN / "pipeline" / "unet" / WEIGHTS, folder / "unet" / WEIGHTS)
    with pytest.raises(GarageError, match="has the weights of another net"):
        load_pipeline(folder)


@pytest.fixture
def old_run(tmp_path) -> Path:
    """The folder of a run of a net on blocks that version 0.1 wrote; the run was stopped at step 314 of 900."""
    folder = tmp_path / "checkpoints" / OLD_RUN
    shutil.copytree(BEFORE / OLD_RUN, folder)
    return folder


def test_a_run_of_version_0_1_draws_what_it_drew_then(old_run, tmp_path):
    out = tmp_path / "drawn.png"
    job = [sys.executable, "-m", "garage_tui.jobs.diffusion.sample", str(old_run), "-n", "3", "--seed", "7"]
    done = subprocess.run([*job, "--out", str(out)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    now, then = (contact_sheet.read(path)[0].astype(int) for path in (out, BEFORE / "drawn.png"))
    assert np.abs(now - then).max() <= 1


def test_a_run_of_version_0_1_is_resumed_and_its_pipeline_then_has_todays_form(old_run):
    run_control.resume(read_run(old_run))
    wait(old_run, lambda run: run.status == "running" and run.state and run.state.step > 314, 120)
    run_control.stop(read_run(old_run))
    run = wait(old_run, lambda run: not run.alive, 60)
    assert run.status == "stopped" and run.state and run.state.step > 314, run.reason
    index = json.loads((old_run / "pipeline" / "model_index.json").read_bytes())
    assert index["unet"] == ["diffusers", "UNet2DModel"]
    assert isinstance(load_pipeline(old_run / "pipeline")[0], PatchUNet)
