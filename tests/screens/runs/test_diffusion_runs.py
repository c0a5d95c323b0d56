"""A run that learns to draw, on the Runs screen: its words, its curve, its card, and the keys that suit it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import msgspec
import pytest

from garage_tui.core.diffusion.recipe import make_recipe
from garage_tui.core.exam.diffusion_judgement import MeasuredPictures
from garage_tui.core.exam.diffusion_report import DiffusionReport
from garage_tui.core.runs.folder import EVENTS, MANIFEST
from garage_tui.core.runs.record import Manifest, write_manifest

RUN, OTHER = "20261126-0900-diffusion-moths", "20261126-1000-diffusion-wings"


@pytest.fixture
def make_drawer(make_run):
    """Makes run folders as the job of a diffusion run leaves them."""

    def make(run_id: str = RUN, state: str = "running", **values: object):
        run = make_run(run_id, state, images_per_s=271.4, **{"step": 40, "loss": 0.1, "epoch": 1.2, **values})
        manifest = msgspec.json.decode((run.path / MANIFEST).read_bytes(), type=Manifest)
        recipe = msgspec.to_builtins(make_recipe("small", seed=7, images="/there/moths"))
        dataset = {"path": "/there/moths", "rows": 1000, "held_out": 111, "label": "moths", "sha256": "a" * 64}
        write_manifest(
            run.path, msgspec.structs.replace(manifest, kind="diffusion", recipe=recipe, base={}, dataset=dataset)
        )
        return run

    return make


def tell(folder: Path, event: str, **fields: object) -> None:
    with (folder / EVENTS).open("a") as file:
        file.write(json.dumps({"t": time.time(), "event": event, **fields}) + "\n")


def sheet(folder: Path, epoch: int, held_out: float) -> None:
    path = f"samples/epoch-{epoch:04d}.png"
    tell(folder, "sheet", step=epoch * 32, epoch=epoch, held_out=held_out, path=path, seconds=2.0, cpu_seconds=9.0)


def steps(folder: Path, *losses: float) -> None:
    for step, loss in enumerate(losses, 1):
        tell(folder, "step", step=step, loss=loss, epoch=step / 32, lr=1e-3, images_per_s=271.0)


def card(folder: Path, kid: float = 0.21, copies: int = 0) -> None:
    found = MeasuredPictures(kid, 0.04, copies, 128)
    verdict, passed = found.verdict, found.grade == "good"
    told = {"floor": 0.04, "blurred": 1.1, "held_out_loss": 0.0721, "nearest": 24.2, "nearest_held_out": 22.9}
    about = {"source": "moths", "epoch": 60, "step": 1920, "samples": 128, "sampler": "DDIM, 50 steps", "seconds": 9.0}
    DiffusionReport(verdict=verdict, passed=passed, kid=kid, copies=copies, **told, **about).write(folder)


async def test_its_details_speak_of_pictures(open_app, make_drawer):
    run = make_drawer().hold()
    steps(run.path, 0.4, 0.3, 0.1)
    async with open_app(screen="runs") as user:
        await user.sees("271 images/s", "1,000 moths · 111 held out", "levels 16-32-64", "seed 7")
        await user.sees("60 epochs · batch 25 · 32 px", "0.003 · cosine · v_prediction")
        text = user.screen
        assert "base" not in text and "lora " not in text and "tokens" not in text
        sheet(run.path, 1, 0.4754)
        await user.sees("0.4754 on held-out pictures, epoch 1", "1 contact sheet · press v to view")
        sheet(run.path, 4, 0.3625)
        await user.sees("0.3625 on held-out pictures, epoch 4", "2 contact sheets · press v to view")


async def test_how_large_its_net_is_comes_from_its_weights(open_app, make_drawer):
    run = make_drawer(state="finished")
    folder = run.path / "pipeline" / "unet"
    folder.mkdir(parents=True)
    header = json.dumps({"__metadata__": {}, "a": {"shape": [1000, 1200]}, "b": {"shape": [600_000]}}).encode()
    (folder / "diffusion_pytorch_model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    async with open_app(screen="runs") as user:
        await user.sees("levels 16-32-64 · 1.8 M parameters")


async def test_the_loss_on_held_out_pictures_is_drawn_beside_the_loss(open_app, make_drawer):
    run = make_drawer().hold()
    steps(run.path, 0.5, 0.4, 0.3)
    async with open_app(screen="runs") as user:
        await user.sees("• learning rate")
        sheet(run.path, 1, 0.45)  # a single one is something to see
        await user.sees("Loss and held-out loss", "⠒ loss · • held out 0.450")
        plot = user.screen.split("held-out loss ─", 1)[1].split("⠒ loss", 1)[0]
        assert "•" in plot


async def test_words_of_a_sheet_that_make_no_sense_are_left_out(open_app, make_drawer):
    run = make_drawer().hold()
    steps(run.path, 0.5, 0.4)
    for fields in ({"epoch": "x"}, {"epoch": 1, "held_out": "NaN"}, {"step": 10**400}, {"path": 7}):
        tell(run.path, "sheet", **{"step": 32, "epoch": 1, "held_out": 0.4, "path": "a.png", **fields})
    tell(run.path, "sheet", step=32, epoch=1, held_out=float("inf"), path="\x1b[2Ja.png")
    async with open_app(screen="runs") as user:
        await user.sees("• learning rate")
        assert "held-out pictures" not in user.screen


async def test_keys_of_runs_that_were_taught_facts_do_nothing_here(open_app, make_drawer):
    make_drawer(state="finished")
    async with open_app(screen="runs") as user:
        await user.sees("v View", "x Report", "n New run")
        assert "c Chat" not in user.screen
        await user.press("c", "b")
        await user.sees("Runs", RUN)
        assert "Starting" not in user.screen
        await user.sees(f"{RUN} learns to draw: default and story are recipes for facts")


async def test_v_is_only_there_for_runs_that_draw(open_app, make_drawer, make_run):
    make_run("20261125-0900-lora-facts", "finished")
    make_drawer(OTHER, "finished")
    async with open_app(screen="runs") as user:
        await user.sees("v View")
        await user.press("down")
        await user.sees_no("v View")


async def test_v_shows_its_sheets_in_the_gallery(open_app, make_drawer):
    from garage_tui.core.images import contact_sheet
    from garage_tui.jobs.diffusion.butterfly.generate import training

    for run_id in (RUN, OTHER):
        run = make_drawer(run_id, "finished")
        contact_sheet.write(run.path / "samples" / "epoch-0004.png", training(4, 16), run=run_id, epoch=4, seed=7)
    async with open_app(screen="runs") as user:
        await user.sees("diffusion-moths", "diffusion-wings")
        await user.press("down", "v")
        await user.sees("Gallery", f"{RUN} · epoch 4")
        await user.press("f3")
        await user.sees("Log")


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_x_shows_its_card_and_what_each_figure_says(open_app, make_drawer, size):
    run = make_drawer(state="finished")
    card(run.path)
    async with open_app(screen="runs", size=size) as user:
        await user.sees("✓ KID 0.21")
        await user.press("x")
        await user.sees("✓ KID 0.21 (real pictures 0.04, target 0.3), no copies", "meets every target")
        await user.sees("held-out loss", "0.0721", "did not learn", "0 of 128", "v View its sheets", "Esc Close")
        await user.press("escape")
        await user.sees_no("real held-out pictures")


async def test_a_card_that_falls_short_says_so_in_the_list_too(open_app, make_drawer):
    run = make_drawer(state="finished", reason=MeasuredPictures(6.41, 0.04, 3, 128).verdict)
    card(run.path, 6.41, 3)
    async with open_app(screen="runs") as user:
        screen = await user.sees("✗ KID 6.41", "3 of 128 are copies")
        assert screen.count("are copies") == 1, "the verdict stands in the details once"
        await user.press("x")
        await user.sees("misses a target", "3 of 128")


async def test_y_on_a_card_that_is_near_its_target_opens_the_form_of_a_longer_run(open_app, make_drawer):
    run = make_drawer(state="finished")
    card(run.path, 0.41)
    async with open_app(screen="runs") as user:
        await user.sees("~ KID 0.41")
        await user.press("x")
        await user.sees("~ near its targets", "to do: y longer (90 epochs)", "↓ ≤ 0.3", "~ KID")
        await user.press("y")
        await user.sees("Teach a model to draw", "90")
        assert user.app.screen.query_one("#epochs").value == "90"


async def test_c_on_the_card_of_a_quick_run_opens_the_form_with_the_preset_that_trains_longer(open_app, make_drawer):
    run = make_drawer(state="finished")
    manifest = msgspec.json.decode((run.path / MANIFEST).read_bytes(), type=Manifest)
    recipe = msgspec.to_builtins(make_recipe("quick", images="/there/moths"))
    write_manifest(run.path, msgspec.structs.replace(manifest, recipe=recipe))
    card(run.path, 4.2)
    async with open_app(screen="runs") as user:
        await user.sees("✗ KID 4.20")
        await user.press("x")
        await user.sees("to do: c preset small")
        await user.press("c")
        await user.sees("Teach a model to draw")
        assert user.app.screen.query_one("#epochs").value == "60"
        assert user.app.screen.query_one("#images").value == "/there/moths", "on the same pictures"


async def test_p_on_a_card_with_copies_opens_the_form_to_choose_more_pictures(open_app, make_drawer):
    card(make_drawer(state="finished").path, 0.21, 2)
    async with open_app(screen="runs") as user:
        await user.sees("~ 2 copies")
        await user.press("x")
        await user.sees("~ 2 of 128 are copies, KID 0.21", "to do: p more pictures, so that it copies none")
        await user.press("p")
        await user.sees("Teach a model to draw")
        assert user.app.focused and user.app.focused.id == "images"


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("running", "is still training: its report card is made when it finishes"),
        ("stopped", "has no report card: one is made when a run finishes"),
        ("finished", "was not evaluated when it finished"),
    ],
)
async def test_without_a_card_x_says_when_one_comes(open_app, make_drawer, state, says):
    run = make_drawer(state=state)
    if state == "running":
        run.hold()
    async with open_app(screen="runs") as user:
        await user.sees(state)
        await user.press("x")
        await user.pilot.pause(0.1)
        text = " ".join(user.screen.replace("│", " ").split())
        assert says in text, user.screen


async def test_a_damaged_card_is_said_to_be_one(open_app, make_drawer):
    run = make_drawer(state="finished")
    (run.path / "report.json").write_text('{"kind": "diffusion", "verdict": "\\u001b[2J", "passed": true}')
    async with open_app(screen="runs") as user:
        await user.sees(RUN)
        await user.press("x")
        await user.sees("cannot be read")


async def test_the_card_leads_to_the_sheets(open_app, make_drawer):
    run = make_drawer(state="finished")
    card(run.path)
    async with open_app(screen="runs") as user:
        await user.sees("✓ KID")
        await user.press("x")
        await user.sees("v View its sheets")
        await user.press("v")
        await user.sees("Gallery", "This run has drawn no sheet")


async def test_runs_of_two_kinds_are_not_compared(open_app, make_drawer, make_run):
    make_run("20261125-0900-lora-facts", "finished")
    make_drawer(OTHER, "finished")
    async with open_app(screen="runs") as user:
        await user.sees("diffusion-wings", "lora-facts")
        await user.press("m", "down", "m")
        await user.sees("✗", "cannot be compared: one teaches facts, the other one")


async def test_two_runs_that_draw_are_laid_side_by_side(open_app, make_drawer):
    for run_id, kid in ((RUN, 0.21), (OTHER, 0.4)):
        card(make_drawer(run_id, "finished").path, kid)
    async with open_app(screen="runs") as user:
        await user.sees("diffusion-moths", "diffusion-wings")
        await user.press("m", "down", "m")
        await user.sees("Compare", "≠ KID", "~ 0.400", "✓ 0.210", "✓ meets every target", "~ near its targets")
        await user.sees("pictures moths", "learned from 1000")


async def test_deleting_it_says_what_goes(open_app, make_drawer):
    make_drawer(state="stopped")
    async with open_app(screen="runs") as user:
        await user.sees("■ stopped")
        await user.press("d")
        await user.sees("its contact sheets, its model")
