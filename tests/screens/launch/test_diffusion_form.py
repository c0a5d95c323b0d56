"""The form of a run that learns to draw: what it will cost, what it would learn from, and what is wrong with it."""

from __future__ import annotations

import contextlib
import sys
import textwrap
import threading
from pathlib import Path

import msgspec
import psutil
import pytest
from PIL import Image
from textual.widgets import Input, Select

from garage_tui.core.diffusion import preview
from garage_tui.core.diffusion.recipe import make_recipe
from garage_tui.core.runs.folder import MANIFEST
from garage_tui.core.runs.record import Manifest, write_manifest
from tests.support.repository import REPOSITORY

SMALL = make_recipe("small")
STEPS = f"1,000 procedural butterflies of 32 px × {SMALL.epochs} epochs ÷ batch {SMALL.batch_size}"

# Looks as `garage_tui.jobs.diffusion.preview` does; it waits for a file before it answers, and fails where there is
# another one.
JOB = f"""
import os, pathlib, sys, time
sys.path.insert(0, {str(REPOSITORY)!r})
import msgspec, numpy as np
from garage_tui.core.images import contact_sheet as sheets
from garage_tui.core.diffusion.preview import Failure, LeftOutImage, Preview
here = pathlib.Path(__file__).parent
images, size, fit, seed, schedule, out = (word.split("=", 1)[1] for word in sys.argv[1:])
(here / "asked").write_text(" ".join(sys.argv[1:]))
(here / "pid").write_text(str(os.getpid()))
print("reading pictures: 7 of 40", file=sys.stderr, flush=True)
while not (here / "go").exists():
    time.sleep(0.02)
if (here / "wrong").exists():
    print(msgspec.json.encode(Failure("/there/moths has 3 usable pictures, but at least 10 are needed", True)).decode())
    sys.exit(1)
out = pathlib.Path(out)
for name, count in (("data", 16), ("noise", 8)):
    sheets.write(out / f"{{name}}.png", np.full((count, int(size), int(size), 3), 90, np.uint8), count)
print(msgspec.json.encode(Preview(
    source=images, label="moths", size=int(size), fit=fit, seed=int(seed), train=36, held_out=4,
    left_out=(LeftOutImage("a.png", "damaged", "is damaged: cut short"),
        LeftOutImage("b.gif", "too small", "is 8 × 8 px")),
    sha256="", schedule=schedule, timesteps=(0, 500, 999), data=str(out / "data.png"), noise=str(out / "noise.png"),
)).decode())
"""


@pytest.fixture
def started(monkeypatch, make_run):
    """What the form handed to the launcher, which here only makes the folder."""
    calls = []

    def start_diffusion(workspace, settings, recipe, name, command, *_, **__):
        calls.append((recipe, name, command))
        return make_run("20261126-1200-diffusion-new", "running").hold().path

    monkeypatch.setattr("garage_tui.core.launch.start.start_diffusion", start_diffusion)
    return calls


@pytest.fixture
def looks(tmp_path, monkeypatch):
    """Has the pictures looked at by the job above; `looks("go")` lets it answer, `looks("wrong")` has it fail."""
    folder = tmp_path / "job"
    folder.mkdir()
    (folder / "job.py").write_text(JOB)
    monkeypatch.setattr(preview, "folder", lambda: folder / "sheets")

    def command(*words, command=preview.command):
        return [sys.executable, str(folder / "job.py"), *command(*words)[4:]]

    monkeypatch.setattr(preview, "command", command)

    def say(file: str) -> None:
        (folder / file).touch()

    say.folder = folder  # type: ignore[attr-defined]
    return say


@pytest.fixture
def moths(workspace) -> Path:
    """A folder of 12 pictures among the data sets."""
    folder = workspace.datasets / "moths"
    folder.mkdir()
    for number in range(12):
        Image.new("RGB", (40, 30), (number, 90, 90)).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def open_form(open_app):
    """Opens the form, and waits for the cost of its preset."""

    @contextlib.asynccontextmanager
    async def open_():
        async with open_app(screen="runs") as user:
            await user.press("N")
            await user.sees(STEPS)
            yield user

    return open_


def field(user, name: str):
    return user.app.screen.query_one(f"#{name}")


async def test_n_asks_which_kind_of_run_it_shall_be(open_app, started):
    async with open_app(screen="runs") as user:
        await user.sees("Press n to start one: it teaches the facts", "or learns to draw")
        await user.press("n")
        await user.sees("New run", "Teach facts: a language model", "Draw: a diffusion model learns to draw")
        await user.press("enter")
        await user.sees("Teach a model", "Base model")
        await user.press("escape", "n")
        await user.sees("New run")
        await user.press("down", "enter")
        await user.sees("Teach a model to draw", "Pictures")
        await user.press("escape", "n", "escape")
        await user.sees("No runs yet")
    assert not started


async def test_the_kind_of_the_newest_run_is_the_first_choice(open_app, make_run):
    make_run("20261125-0900-lora-facts", "finished")
    run = make_run("20261126-0900-diffusion-moths", "finished")
    manifest = msgspec.json.decode((run.path / MANIFEST).read_bytes(), type=Manifest)
    write_manifest(run.path, msgspec.structs.replace(manifest, kind="diffusion"))
    async with open_app(screen="runs") as user:
        await user.sees("diffusion-moths")
        await user.press("n")
        await user.sees("New run")
        await user.press("enter")
        await user.sees("Teach a model to draw")


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_the_cost_is_said_before_anything_starts(open_app, size):
    async with open_app(screen="runs", size=size) as user:
        await user.press("N")
        await user.sees(
            "Pictures", "Preset", "Epochs", "60 epochs ÷ batch", "Contact sheets are drawn after epoch 1, 4, 8, 15"
        )
        await user.sees("^s Start", "^o Preview the pictures", "The pictures to learn from")


async def test_the_cost_follows_the_fields_and_what_was_changed_is_marked(open_form):
    async with open_form() as user:
        field(user, "epochs").value = "5"
        await user.sees("× 5 epochs", "◆ changed from 60", "Contact sheets are drawn after epoch 1, 4, 5.")
        field(user, "prediction").value = "epsilon"
        await user.sees("epsilon · the noise", "◆ changed from v_prediction")
        field(user, "preset").value = "story"
        await user.sees("128 px × 50 epochs ÷ batch 16", "worked out from the preset small")
        assert field(user, "prediction").value == "epsilon" and field(user, "ema").value == "0"
        await user.sees_no("◆")


async def test_each_field_is_explained(open_form):
    from garage_tui.core.diffusion.recipe_help import EXPLANATIONS

    async with open_form() as user:
        fields = [*user.app.screen.query(Input), *user.app.screen.query(Select)]
        # The one for GPUs needs some, and the one for places a place.
        assert {field.id for field in fields} | {"gpus", "place"} == set(EXPLANATIONS)
        await user.press("tab", "tab", "tab")
        await user.sees("How a picture becomes square")
    width = 68  # of the form in a terminal of 80 columns
    assert not {name: words for name, words in EXPLANATIONS.items() if len(textwrap.wrap(words, width)) > 2}, (
        "they are cut off"
    )


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("epochs", "many", "epochs: 'many' is not a whole number"),
        ("size", "30", "size: "),
        ("lr", "7", "lr: "),
        ("ema", "1", "ema: "),
        ("min_snr", "-5", "min_snr: must be a number of at least 0"),
        ("min_snr", "inf", "min_snr: must be a number of at most 100000"),
        ("min_snr", "five", "min-snr: 'five' is not a number"),
        ("samples", "65", "samples: "),
    ],
)
async def test_what_is_wrong_is_said_in_the_form(open_form, started, name, value, says):
    async with open_form() as user:
        field(user, name).value = value
        await user.sees(f"✗ {says}")
        await user.press("ctrl+s")
        await user.press("ctrl+o")
        await user.sees(f"✗ {says}", "Teach a model to draw")
    assert not started


async def test_what_the_sheets_and_the_loss_shall_be_like_is_set_in_the_form(open_form, started):
    async with open_form() as user:
        field(user, "min_snr").value = "5"
        await user.sees("◆ changed from 0")
        field(user, "sampler").value = "ddim"
        field(user, "compile").value = True
        field(user, "samples").value = "9"
        await user.sees("◆ changed from ddpm", "◆ changed from no")
        await user.press("ctrl+s")
        await user.sees("● running")
    [(recipe, _, command)] = started
    assert recipe == make_recipe("small", min_snr=5.0, sampler="ddim", samples=9, compile=True)
    assert command[-7:] == ["--min-snr", "5", "--sampler", "ddim", "--samples", "9", "--compile"]


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_the_form_says_how_much_memory_it_needs_and_warns_where_that_is_not_free(open_app, monkeypatch, size):
    monkeypatch.setattr("garage_tui.core.diffusion.estimate.gpu.usable", list)
    monkeypatch.setattr("garage_tui.core.diffusion.estimate.free_memory", lambda *_: 2e9)
    async with open_app(screen="runs", size=size) as user:
        await user.press("N")
        await user.sees("Needs up to 0.8 GB of memory; 2.0 GB are free.")
        assert "It may not fit" not in user.screen
        field(user, "preset").value = "class"
        await user.sees("! It may not fit: 3.5 GB are needed, 2.0 GB are free.", "^s Start", "Pictures")
        field(user, "batch_size").value = "16"
        await user.sees_no("It may not fit")


async def test_folders_of_pictures_among_the_data_sets_can_be_chosen(open_form, moths, started):
    async with open_form() as user:
        await user.press("enter", "down", "down", "enter")
        await user.sees("datasets/moths · 12 pictures", "about 11 pictures of moths")
        field(user, "fit").value = "fit"
        await user.press("ctrl+s")
        await user.sees("20261126-1200-diffusion-new", "● running")
    [(recipe, name, command)] = started
    assert (recipe.images, recipe.fit, name) == (str(moths), "fit", None)
    assert command == ["garage", "train", "diffusion", "--images", str(moths), "--preset", "small", "--fit", "fit"]


async def test_any_other_folder_is_typed(open_form, moths, started, tmp_path):
    async with open_form() as user:
        assert "Their folder" not in user.screen
        await user.press("enter", "end", "enter")
        await user.sees("Their folder", "✗ no folder is named")
        await user.types("nowhere")
        await user.sees("✗ no folder nowhere: give procedural, smithsonian, or a folder of pictures")
        (tmp_path / "empty").mkdir()
        field(user, "folder").value = str(tmp_path / "empty")
        await user.sees("! Hardly any file in that folder is named like a picture")
        field(user, "folder").value = str(moths)
        await user.sees("about 11 pictures of moths")
        await user.sees_no("Hardly any")
        await user.press("ctrl+s")
        await user.sees("● running")
    assert started[0][0].images == str(moths)


async def test_a_run_is_duplicated_with_changes(open_app, make_run, moths, started):
    run = make_run("20261122-2315-diffusion-moths", "finished", step=100)
    manifest = msgspec.json.decode((run.path / MANIFEST).read_bytes(), type=Manifest)
    recipe = make_recipe("card", images=str(moths), epochs=9, seed=7, ema=0.99, min_snr=2.5, flip=False)
    recipe = msgspec.structs.replace(recipe, layers=1, sample_steps=11)
    write_manifest(
        run.path, msgspec.structs.replace(manifest, kind="diffusion", recipe=msgspec.to_builtins(recipe), base={})
    )
    async with open_app(screen="runs") as user:
        await user.sees("✓ finished")
        await user.press("y")
        await user.sees("like 20261122-2315-diffusion-moths", "datasets/moths", "64 px × 9 epochs", "◆ changed from 60")
        await user.sees("Min-SNR          2.5", "◆ changed from 5", "no · as they are", "◆ changed from yes")
        field(user, "seed").value = "8"
        await user.press("ctrl+s")
        await user.sees("● running")
    [(again, name, command)] = started
    assert again == msgspec.structs.replace(recipe, seed=8) and name == "moths"
    said = ["--no-flip", "--epochs", "9", "--min-snr", "2.5", "--ema", "0.99", "--sample-steps", "11", "--seed", "8"]
    assert command[-13:] == [*said, "--name", "moths"]


async def test_a_recipe_that_this_version_does_not_know_is_no_traceback(open_app, make_run):
    run = make_run("20261122-2315-diffusion-moths", "finished")
    manifest = msgspec.json.decode((run.path / MANIFEST).read_bytes(), type=Manifest)
    write_manifest(run.path, msgspec.structs.replace(manifest, kind="diffusion", recipe={"preset": "lost"}))
    async with open_app(screen="runs") as user:
        await user.sees("✓ finished")
        await user.press("y")
        await user.sees("✗ no preset 'lost'")


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_a_look_shows_what_it_would_learn_from_and_what_is_left_out(open_app, looks, moths, size, started):
    async with open_app(screen="runs", size=size) as user:
        await user.press("N")
        await user.sees("Teach a model to draw")
        field(user, "images").value = str(moths)
        field(user, "fit").value = "fit"
        await user.press("ctrl+o")
        await user.sees("reading pictures: 7 of 40 · Esc cancels")
        looks("go")
        await user.sees(
            "What it would learn from · moths", "36 to learn from · 4 held out", "not cropped", "2 left out"
        )
        await user.sees("a.png is damaged", "b.gif is 8 × 8 px", "One of them turns to noise", "t = 0 to 999 of 1,000")
        await user.press("escape")
        await user.sees("36 pictures of moths of 32 px", "36 to learn from")  # counted now, not guessed
        assert "about 36" not in user.screen
        field(user, "size").value = "64"
        await user.sees("about 11 pictures")  # what was seen was something else
    assert f"--images={moths} --size=32 --fit=fit" in (looks.folder / "asked").read_text()
    assert not started


async def test_the_run_can_be_started_from_the_look(open_form, looks, started):
    looks("go")
    async with open_form() as user:
        await user.press("ctrl+o")
        await user.sees("What it would learn from")
        await user.press("ctrl+s")
        await user.sees("● running")
    assert started[0][0] == SMALL


async def test_a_run_that_starts_while_the_look_is_open_is_not_started_again_from_there(
    open_form, looks, started, monkeypatch
):
    from garage_tui.core.launch import start

    go_ahead, launch = threading.Event(), start.start_diffusion
    monkeypatch.setattr(
        start, "start_diffusion", lambda *args, **options: (go_ahead.wait(30), launch(*args, **options))[1]
    )
    async with open_form() as user:
        await user.press("ctrl+o")
        await user.sees("7 of 40")
        await user.press("ctrl+s")
        await user.sees("Starting …")
        looks("go")
        await user.sees("What it would learn from")
        go_ahead.set()
        while not started:
            await user.pilot.pause(0.02)
        await user.pilot.pause(0.2)
        await user.sees("What it would learn from")
        await user.press("ctrl+s")
        await user.sees("● running")
        assert len(user.app.screen_stack) == 1
    assert len(started) == 1


async def test_esc_cancels_a_look_and_ends_its_process(open_form, looks):
    async with open_form() as user:
        await user.press("ctrl+o")
        await user.sees("Esc cancels")
        await user.sees("7 of 40")
        pid = int((looks.folder / "pid").read_text())
        await user.press("escape")
        await user.sees("Cancelled", "Teach a model to draw")
        for _ in range(200):
            if not psutil.pid_exists(pid):
                break
            await user.pilot.pause(0.02)
        assert not psutil.pid_exists(pid)
        await user.press("escape")
        await user.sees("No runs yet")


async def test_a_look_that_fails_says_why(open_form, looks):
    looks("wrong")
    looks("go")
    async with open_form() as user:
        await user.press("ctrl+o")
        await user.sees("✗ /there/moths has 3 usable pictures, but at least 10 are needed", "Teach a model to draw")
