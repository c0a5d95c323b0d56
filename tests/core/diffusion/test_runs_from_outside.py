"""What is known of a diffusion run from outside: its cost, the command that starts it, its events, its weights."""

from __future__ import annotations

import json
import sys

import msgspec
import pytest
from PIL import Image

from garage_tui.__main__ import parser
from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.diffusion import image_source
from garage_tui.core.diffusion.estimate import estimate_diffusion
from garage_tui.core.diffusion.preview import Preview
from garage_tui.core.diffusion.preview_process import make_preview
from garage_tui.core.diffusion.recipe import CHANGEABLE, make_recipe
from garage_tui.core.launch.rerun import diffusion_command_of, diffusion_recipe_of
from garage_tui.core.runs.catalog import new_run_folder
from garage_tui.core.runs.diffusion_files import parameters, parse_sheet
from garage_tui.core.runs.record import Manifest, Run, RunState, write_manifest, write_state


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {
            "epochs": 7,
            "lr": 2.5e-4,
            "fit": "fit",
            "ema": 0.0,
            "seed": 9,
            "prediction": "sample",
            "flip": False,
            "samples": 3,
        },
    ],
)
@pytest.mark.parametrize("preset", ["small", "story"])
def test_the_command_in_a_manifest_starts_the_same_run_again(preset, changes):
    recipe = make_recipe(preset, images="procedural", **changes)
    command = diffusion_command_of(recipe, "wings", (1,))
    said = parser(("train.train",)).parse_args(command[1:])
    assert make_recipe(said.preset, **{name: getattr(said, name) for name in CHANGEABLE}) == recipe
    assert (said.name, said.gpus) == ("wings", "1")


def test_a_run_like_another_one_keeps_what_no_option_says(tmp_path):
    recipe = msgspec.structs.replace(make_recipe("card", seed=7), layers=1)
    manifest = Manifest(
        id="a", kind="diffusion", created=1, recipe=msgspec.to_builtins(recipe), base={}, dataset={"path": "procedural"}
    )
    run = Run("a", tmp_path, False, manifest, None)
    assert diffusion_recipe_of(run) == recipe
    assert diffusion_recipe_of(run, epochs=3) == msgspec.structs.replace(recipe, epochs=3)
    assert diffusion_recipe_of(run, "small").layers == make_recipe("small").layers


def test_a_look_makes_the_estimate_exact(workspace):
    folder = workspace.datasets / "moths"
    folder.mkdir()
    for number in range(20):
        Image.new("RGB", (8, 8)).save(folder / f"{number}.png")
    recipe = make_recipe("small", images=str(folder))
    guessed, counted = estimate_diffusion(workspace, recipe), estimate_diffusion(workspace, recipe, 17)
    assert guessed.sentence.startswith("about 18 pictures of moths") and not guessed.warning
    assert counted.sentence.startswith("17 pictures of moths") and counted.steps == recipe.steps(17)
    few = make_recipe("small", images=str(workspace.checkpoints))
    assert "a run needs at least 10" in estimate_diffusion(workspace, few).warning


def test_one_of_anything_is_counted_as_one(workspace):
    (workspace.datasets / "moths").mkdir()
    recipe = msgspec.structs.replace(make_recipe("small", images=str(workspace.datasets / "moths")), epochs=1)
    sentence = estimate_diffusion(workspace, recipe).sentence
    assert sentence.startswith("about 1 picture of moths of 32 px × 1 epoch ÷ batch ") and "= 1 step · " in sentence


def test_what_can_be_chosen_without_typing(workspace):
    assert [name for _, name in image_source.choices(workspace.datasets)] == ["procedural", "smithsonian"]
    folder = workspace.datasets / "moths"
    folder.mkdir()
    Image.new("RGB", (8, 8)).save(folder / "a.png")
    assert image_source.choices(workspace.datasets)[-1] == ("datasets/moths · 1 picture", str(folder))


@pytest.mark.parametrize("images", ["", "  ", "/no/where", "a\0b", "x" * 5000])
def test_a_folder_that_is_none_is_refused_in_a_line(images):
    with pytest.raises(BadInputError, match=r"^no folder .*: give procedural, smithsonian, or a folder of pictures$"):
        image_source.folder_of(images)


def test_a_sheet_is_told_in_a_line_and_nonsense_is_none():
    event = {"event": "sheet", "step": 128, "epoch": 4, "held_out": 0.36247, "path": "samples/epoch-0004.png"}
    sheet = parse_sheet(event)
    assert sheet and sheet.text == "epoch 4: held-out loss 0.3625, samples/epoch-0004.png"
    assert parse_sheet({**event, "path": "\x1b[2Ja.png"}).path == "a.png"  # type: ignore[union-attr]
    for wrong in ({"event": "step"}, {"epoch": "4"}, {"step": 10**400}, {"held_out": float("nan")}, {"path": None}):
        assert parse_sheet({**event, **wrong}) is None


@pytest.mark.parametrize("weights", [b"", b"\xff" * 64, b"\x02\0\0\0\0\0\0\0{}", b"\x02\0\0\0\0\0\0\0[]"])
def test_weights_that_are_damaged_say_nothing(tmp_path, weights):
    assert parameters(tmp_path) is None
    folder = tmp_path / "checkpoint-9"
    folder.mkdir()
    (folder / "net.safetensors").write_bytes(weights)
    assert not parameters(tmp_path)


def test_parameters_are_counted_by_the_shapes_in_the_header(tmp_path):
    header = json.dumps({"__metadata__": {"a": "b"}, "x": {"shape": [3, 4]}, "y": {"shape": [5]}}).encode()
    folder = tmp_path / "checkpoint-9"
    folder.mkdir()
    (folder / "net.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    assert parameters(tmp_path) == 17


async def look(code: str) -> list[str | Preview]:
    return [event async for event in make_preview([sys.executable, "-c", code])]


async def test_a_look_says_how_far_it_is_and_last_what_it_found():
    found = Preview(
        source="/moths", label="moths", size=32, fit="crop", seed=0, train=9, held_out=1, left_out=(), sha256="",
        schedule="linear", timesteps=(0, 999), data="d.png", noise="n.png",
    )  # fmt: skip
    code = f"""
import sys
print("reading\\x1b[2J pictures: 7 of 40", file=sys.stderr, flush=True)
sys.stderr.write("10 %\\r" * 30_000)  # a bar of the Hub's, which has no line's end
print({msgspec.json.encode(found).decode()!r})
"""
    said = await look(code)
    assert said[-1] == found and {"reading pictures: 7 of 40", "10 %"} & set(said[:-1])


@pytest.mark.parametrize(
    ("code", "error", "says"),
    [
        ('import sys; print(\'{"error": "too few", "bad_input": true}\'); sys.exit(1)', BadInputError, "too few"),
        ("import os; os.kill(os.getpid(), 9)", GarageError, "ended with exit code -9"),
        ("print('nonsense')", GarageError, "ended with exit code 0"),
    ],
)
async def test_a_look_that_fails_says_why(code, error, says):
    with pytest.raises(error, match=says):
        await look(code)


def test_a_preset_without_history_is_estimated_from_a_run_of_another_one(workspace):
    first = estimate_diffusion(workspace, make_recipe("quick"))
    assert first.seconds is not None and "measured on two CPU cores" in first.sentence, "its net is that of small"
    folder = new_run_folder(workspace, "diffusion", "moths")
    recipe = msgspec.to_builtins(make_recipe("small"))
    write_manifest(folder, Manifest(id=folder.name, kind="diffusion", created=0, recipe=recipe, base={}, dataset={}))
    write_state(folder, RunState(state="finished", images_per_s=100.0, step=2400))
    slower = estimate_diffusion(workspace, make_recipe("quick"))
    assert slower.seconds is not None and slower.seconds > first.seconds and folder.name in slower.sentence
    other = estimate_diffusion(workspace, make_recipe("class"))
    assert other.seconds is not None and f"worked out from {folder.name}" in other.sentence
    small = estimate_diffusion(workspace, make_recipe("small"))
    assert small.seconds is not None and other.seconds > 5 * small.seconds, "its net has far more work for a picture"
