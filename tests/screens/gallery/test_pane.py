"""The gallery, as a user sees it: real sheets of one colour for each epoch, real films, a process that draws."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from garage_tui.core.diffusion import sample
from garage_tui.core.images import animation, contact_sheet, side_by_side
from garage_tui.core.runs.folder import MANIFEST
from garage_tui.core.runs.record import Manifest, write_manifest
from garage_tui.core.terminal.capabilities import Terminal
from tests.support.repository import REPOSITORY

WINGS, MOTHS = "20261126-0900-diffusion-wings", "20261126-1000-diffusion-moths"
HALF = Terminal("half", (10, 20), 1 << 24, image_modes=("half", "ascii"))

# Draws as `garage_tui.jobs.diffusion.sample` does, in the colour of its seed; it waits for a file before its third
# step.
JOB = f"""
import json, pathlib, sys, time
sys.path.insert(0, {str(REPOSITORY)!r})
import numpy as np
from garage_tui.core.images import animation; from garage_tui.core.images import contact_sheet
words = sys.argv[1:]
value = lambda name: words[words.index(name) + 1]
run, count, seed, out = pathlib.Path(words[0]), int(value("-n")), int(value("--seed")), pathlib.Path(value("--out"))
if (run / "broken").exists():
    sys.exit("the pipeline is damaged")
(run / "pid").write_text(str(__import__("os").getpid()))
for done in range(1, 6):
    while done == 3 and not (run / "go").exists():
        time.sleep(0.02)
    print(json.dumps({{"done": done, "of": 5}}), flush=True)
images = np.full((count, 8, 8, 3), (seed, 7, 7), np.uint8)
if "--trajectory" in words:
    animation.write(out, [(images + at, images) for at in range(6)], seed=seed)
else:
    contact_sheet.write(out, images, run=run.name, seed=seed, sampler="DDIM, 5 steps")
print(json.dumps({{"path": str(out)}}), flush=True)
"""


def colour(epoch: int, run: int = 1) -> tuple[int, int, int]:
    return (epoch, 100 * run, 50)


def flat(colour: tuple[int, int, int], count: int = 4, size: int = 8) -> np.ndarray:
    return np.full((count, size, size, 3), colour, np.uint8)


@pytest.fixture
def make_drawer(make_run, workspace):
    """Makes diffusion runs with a sheet for each epoch."""

    def make(run_id: str, *epochs: int, state: str = "finished", number: int = 1, has_model: bool = False, **values):
        run = make_run(run_id, state, **values)
        manifest = msgspec.json.decode((run.path / MANIFEST).read_bytes(), type=Manifest)
        write_manifest(run.path, msgspec.structs.replace(manifest, kind="diffusion"))
        for epoch in epochs:
            draw_sheet(run, epoch, number)
        if has_model:
            (run.path / "pipeline").mkdir()
        return run

    return make


def draw_sheet(run, epoch: int, number: int = 1) -> Path:
    path = run.path / "samples" / f"epoch-{epoch:04d}.png"
    about = {"run": run.path.name, "epoch": epoch, "seed": 0, "sampler": "DDIM, 50 steps"}
    contact_sheet.write(path, flat(colour(epoch, number)), source="procedural butterflies", **about)
    return path


@pytest.fixture
def drawing(tmp_path, monkeypatch):
    """Has samples drawn by the job above."""
    (tmp_path / "job.py").write_text(JOB)
    monkeypatch.setattr(sample, "draw", lambda *a, draw=sample.draw: draw(*a, [sys.executable, tmp_path / "job.py"]))


def colours(user) -> set[tuple[int, int, int]]:
    """The colours of the half-blocks on the screen."""
    strips = user.app.screen._compositor.render_strips()
    inks = [segment.style.color for strip in strips for segment in strip if "▀" in segment.text and segment.style]
    return {tuple(ink.triplet) for ink in inks if ink and ink.triplet} - {(18, 18, 18)}


async def shows(user, *wanted: tuple[int, int, int]) -> None:
    """Wait until the picture has these colours, and no others."""
    end = time.monotonic() + 30
    while (seen := colours(user)) != set(wanted):
        assert time.monotonic() < end, f"{wanted} not seen but {seen}; the screen says:\n{user.screen}"
        await user.pilot.pause(0.02)


@pytest.fixture
def open_gallery(open_app):
    """Opens the app on the gallery of a terminal with true colours."""
    import contextlib

    @contextlib.asynccontextmanager
    async def open_(**arguments: object):
        async with open_app(screen="gallery", **arguments) as user:
            user.app.terminal = HALF  # as a terminal that answers late
            yield user

    return open_


async def test_without_pictures_it_says_where_they_come_from(open_gallery):
    async with open_gallery() as user:
        await user.sees("No pictures yet", "Press n to train a model", "press o to open any other folder")
        await user.press("right", "b", "space", "t", "s", "y", "z", "end")
        await user.sees("No pictures yet", "n New run")
        await user.press("n")
        await user.sees("Teach a model to draw")


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_it_opens_on_the_newest_sheet_of_the_newest_run_and_says_what_it_is(open_gallery, make_drawer, size):
    make_drawer(WINGS, 1, 4, 60)
    make_drawer("20261126-1200-diffusion-none", state="failed")
    async with open_gallery(size=size) as user:
        await shows(user, colour(60))
        screen = await user.sees(f"{WINGS} · epoch 60", "3 of 3", "epoch 60 · seed 0 · DDIM, 50 steps · procedural")
        assert "samples/epoch-0060.png" in screen
        assert "F5 Gallery" in screen.splitlines()[0]
        assert "diffusion-none" in screen if size[0] > 100 else "diffusion-none" not in screen


async def test_the_arrows_go_from_epoch_to_epoch_and_from_run_to_run(open_gallery, make_drawer):
    make_drawer(WINGS, 1, 4, 60)
    make_drawer(MOTHS, 4, 8, number=2)
    async with open_gallery() as user:
        await shows(user, colour(8, 2))
        await user.press("left")
        await shows(user, colour(4, 2))
        await user.press("left", "left")
        await user.sees("1 of 2")
        await user.press("down")
        await shows(user, colour(60))
        await user.press("home")
        await shows(user, colour(1))
        await user.press("right")
        await shows(user, colour(4))
        await user.press("end")
        await shows(user, colour(60))
        await user.press("up")
        await shows(user, colour(8, 2))


async def test_a_new_sheet_appears_by_itself_and_takes_nobody_away_from_an_older_one(open_gallery, make_drawer):
    run = make_drawer(WINGS, 1, state="running", step=40).hold()
    async with open_gallery() as user:
        await shows(user, colour(1))
        draw_sheet(run, 4)
        await shows(user, colour(4))
        await user.press("left")
        await shows(user, colour(1))
        draw_sheet(run, 8)
        await user.sees("1 of 3")
        await shows(user, colour(1))


async def test_while_a_run_goes_on_the_keys_go_where_they_are_told(open_gallery, make_drawer):
    run = make_drawer(WINGS, 1, state="running", step=1).hold()
    make_drawer("20261125-0900-diffusion-old", 8, number=2)
    async with open_gallery() as user:
        await shows(user, colour(1))
        for step in range(30):
            run.step(step, 1.0)
            await user.press("down" if step % 2 == 0 else "up")
        await user.press("down")
        await shows(user, colour(8, 2))
        await user.pilot.pause(1)
        await shows(user, colour(8, 2))


async def test_a_run_that_has_drawn_nothing_yet_says_when_it_will(open_gallery, make_drawer):
    run = make_drawer(WINGS, state="running", step=4).hold()
    async with open_gallery() as user:
        await user.sees("The first sheet comes after the first epoch")
        draw_sheet(run, 1)
        await shows(user, colour(1))


async def test_one_key_puts_the_mush_beside_the_result(open_gallery, make_drawer):
    make_drawer(WINGS, 1, 4, 8, 60)
    async with open_gallery() as user:
        await shows(user, colour(60))
        await user.press("home")
        await shows(user, colour(1))
        await user.press("b")
        await shows(user, colour(4), colour(60))
        await user.sees("epoch 4 │ epoch 60, same seeds")
        await user.press("left")
        await shows(user, colour(4), colour(8))
        await user.sees("epoch 4 │ epoch 8")
        await user.press("b")
        await shows(user, colour(8))


async def test_a_marked_sheet_stands_beside_one_of_another_run(open_gallery, make_drawer):
    make_drawer(WINGS, 4, 60)
    make_drawer(MOTHS, 4, 8, number=2)
    async with open_gallery() as user:
        await shows(user, colour(8, 2))
        await user.press("m")
        await user.sees("◆ 20261126-1000-diffusion-moths · epoch 8", "marked")
        await user.press("down", "b")
        await shows(user, colour(8, 2), colour(60))
        await user.sees(f"{MOTHS}: epoch 8 │ {WINGS}: epoch 60")
        await user.press("escape")
        await shows(user, colour(60))
        await user.sees(f"{WINGS} · epoch 60")


async def test_alone_there_is_nothing_to_put_beside_it_and_no_film(open_gallery, make_drawer):
    make_drawer(WINGS, 1)
    async with open_gallery() as user:
        await shows(user, colour(1))
        await user.press("b")
        await user.sees("there is no other sheet to put beside it yet")
        await user.press("space")
        await user.sees("needs the sheets of at least two epochs")


async def test_space_plays_the_epochs_to_the_last_one(open_gallery, make_drawer):
    make_drawer(WINGS, 1, 4, 60)
    async with open_gallery() as user:
        await shows(user, colour(60))
        await user.press("space")
        await shows(user, colour(1))
        await user.sees("▶")
        await shows(user, colour(4))
        await shows(user, colour(60))
        await user.sees_no("▶")
        await user.press("space")  # again, from the beginning
        await shows(user, colour(1))
        await user.press("space")
        await user.sees_no("▶")
        await user.pilot.pause(1.5)
        await shows(user, colour(1))


async def test_the_steps_from_noise_to_pictures_are_played_paused_and_left(open_gallery, make_drawer):
    run = make_drawer(WINGS, 60)
    steps = [(flat((200, at, 0)), flat((0, at, 200))) for at in range(9)]
    animation.write(run.path / "samples" / "steps-seed-0.png", steps, seconds=0.3, seed=0)
    async with open_gallery() as user:
        await shows(user, colour(60))
        await user.press("t")
        await user.sees(f"{WINGS} · steps of seed 0", "▶", "x_t │ guess of the end")
        await user.sees("step 2 of 8")
        await user.press("space")
        await user.sees("‖")
        await user.press("home")
        await shows(user, (200, 0, 0), (0, 0, 200))
        await user.sees("the noise")
        await user.press("right", "right")
        await shows(user, (200, 2, 0), (0, 2, 200))
        await user.press("end")
        await user.sees("step 8 of 8")
        await user.press("escape")
        await shows(user, colour(60))
        await user.sees(f"{WINGS} · epoch 60", "1 of 1")


async def test_a_film_rests_while_nobody_sees_it(open_gallery, make_drawer):
    make_drawer(WINGS, 1, 4, 8, 15)
    async with open_gallery() as user:
        await shows(user, colour(15))
        await user.press("space")
        await shows(user, colour(1))
        await user.press("f2")
        await user.sees("35 rows")
        await user.pilot.pause(1.5)
        await user.press("f5")
        await shows(user, colour(1))


async def test_without_a_model_it_says_why_nothing_new_can_be_drawn(open_gallery, make_drawer, workspace):
    make_drawer(WINGS, 4)
    (workspace.datasets / "photos").mkdir()
    Image.new("RGB", (40, 30), (9, 8, 7)).save(workspace.datasets / "photos" / "a.png")
    async with open_gallery() as user:
        await shows(user, colour(4))
        for key in "gT":
            await user.press(key)
            await user.sees(f"{WINGS} has no model to draw with yet: the first checkpoint brings one")
            await user.press("left")
        await user.press("down")
        await shows(user, (9, 8, 7))
        for key, said in {
            "g": "only a run can draw",
            "t": "only a run has steps",
            "n": "only samples can be compared",
        }.items():
            await user.press(key)
            await user.sees(said)


async def test_new_samples_are_drawn_from_a_seed_with_progress_and_shown(open_gallery, make_drawer, drawing):
    run = make_drawer(WINGS, 4, has_model=True)
    async with open_gallery() as user:
        await shows(user, colour(4))
        await user.press("g")
        await user.sees("Draw new samples", "Seed", "the same seed gives the same pictures")
        await user.press("backspace", "x", "enter")
        await user.sees("Seed must be a number from 0 to 4294967295")
        await user.types("42")
        await user.press("enter")
        await user.sees("drawing 16 pictures from seed 42", "2 of 5 steps", "Esc cancels")
        (run.path / "go").touch()
        await user.sees("Drew 16 pictures from seed 42", f"{WINGS} · seed 42", "seed 42 · DDIM, 5 steps")
        await shows(user, (42, 7, 7))
        assert (run.path / "samples" / "seed-42.png").exists()


async def test_drawing_is_cancelled_with_its_process(open_gallery, make_drawer, drawing):
    run = make_drawer(WINGS, 4)
    (run.path / "checkpoint-40").mkdir()
    async with open_gallery() as user:
        await shows(user, colour(4))
        await user.press("g")
        await user.sees("Draw new samples")
        await user.press("enter")
        await user.sees("2 of 5 steps")
        await user.press("g")
        await user.sees("still being drawn; Esc cancels it")
        pid = int((run.path / "pid").read_text())
        os.kill(pid, 0)
        await user.press("escape")
        await user.sees("from seed 1: cancelled")
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        await shows(user, colour(4))
        assert user.app.pane.id == "gallery"


async def test_leaving_the_app_ends_what_is_being_drawn(open_gallery, make_drawer, drawing):
    run = make_drawer(WINGS, 4, has_model=True)
    async with open_gallery() as user:
        await shows(user, colour(4))
        await user.press("g")
        await user.sees("Draw new samples")
        await user.press("enter")
        await user.sees("2 of 5 steps")
        pid = int((run.path / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        for _ in range(500):
            await asyncio.sleep(0.01)
            os.kill(pid, 0)


async def test_a_failure_is_said_in_a_line(open_gallery, make_drawer, drawing):
    run = make_drawer(WINGS, 4, has_model=True)
    (run.path / "broken").touch()
    async with open_gallery() as user:
        await shows(user, colour(4))
        await user.press("g")
        await user.sees("Draw new samples")
        await user.press("enter")
        await user.sees("16 pictures from seed 1: the pipeline is damaged")


async def test_a_film_that_is_not_there_is_drawn_first_and_one_that_is_there_only_when_asked(
    open_gallery, make_drawer, drawing
):
    run = make_drawer(WINGS, 4, has_model=True)
    (run.path / "go").touch()
    path = run.path / "samples" / "steps-seed-0.png"
    async with open_gallery() as user:
        await shows(user, colour(4))
        await user.press("t")
        await user.sees("Drew the film of the steps from seed 0", "steps of seed 0")
        await user.sees("step 5 of 5")
        first = path.stat().st_mtime_ns
        await user.press("escape")
        await shows(user, colour(4))
        await user.press("t")
        await user.sees("steps of seed 0")
        assert path.stat().st_mtime_ns == first
        await user.press("T")
        await user.sees("Drew the film of the steps")
        assert path.stat().st_mtime_ns > first


async def test_a_film_is_drawn_by_the_run_that_was_chosen_when_the_key_was_pressed(
    open_gallery, make_drawer, drawing, monkeypatch
):
    moths, wings = (make_drawer(name, 4, number=n, has_model=True) for n, name in enumerate((MOTHS, WINGS), 1))
    for run in (moths, wings):
        (run.path / "go").touch()
    read = contact_sheet.read_metadata
    async with open_gallery() as user:
        await shows(user, colour(4, 1))
        monkeypatch.setattr(contact_sheet, "read_metadata", lambda path: (time.sleep(0.3), read(path))[1])
        await user.press("t", "down")
        await user.sees("Drew the film of the steps from seed 0")
    assert (moths.path / "samples" / "steps-seed-0.png").exists()
    assert (moths.path / "pid").exists() and not (wings.path / "pid").exists()


async def test_below_each_sample_stands_the_training_picture_nearest_to_it(open_gallery, make_drawer):
    run = make_drawer(WINGS, 4, 60)
    np.save(run.path / "images.npy", np.concatenate([flat((90, 90, 90), 1), flat((60, 107, 50), 1)]))
    np.save(run.path / "held_out.npy", flat((60, 100, 57)))
    async with open_gallery() as user:
        await shows(user, colour(60))
        await user.press("n")
        await shows(user, colour(60), (60, 107, 50))
        screen = await user.sees("epoch 60, nearest", "nearest training picture 4 away (0 is a copy)")
        assert "from pictures never seen it is 6 or more" in " ".join(screen.replace("│", " ").split())
        assert (run.path / "samples" / "nearest-epoch-0060.png").exists()
        await user.press("n")
        await user.sees("these are not samples")
        await user.press("home")
        await shows(user, colour(4))
        (run.path / "images.npy").unlink()
        await user.press("n")
        await user.sees("has no copy of the pictures that it learned from")


async def test_a_copy_is_saved_and_nothing_is_replaced_without_a_question(
    open_gallery, make_drawer, tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path))
    sheet = make_drawer(WINGS, 60).path / "samples" / "epoch-0060.png"
    async with open_gallery() as user:
        await shows(user, colour(60))
        await user.press("s")
        await user.sees("Save a copy", f"{WINGS}-epoch-0060.png")
        await user.press("enter")
        await user.sees("Saved")
        saved = tmp_path / f"{WINGS}-epoch-0060.png"
        assert saved.read_bytes() == sheet.read_bytes()
        saved.write_text("mine")
        await user.press("s")
        await user.sees("Save a copy")
        await user.press("enter")
        await user.sees("Replace it?")
        await user.press("escape")
        assert saved.read_text() == "mine"
        await user.press("s")
        await user.sees("Save a copy")
        await user.press("ctrl+u")
        await user.types("~nobody-here/x.png")
        await user.press("enter")
        await user.sees("there is no such path")


async def test_of_two_side_by_side_both_are_saved_as_one_picture_that_says_what_they_are(
    open_gallery, make_drawer, tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path))
    make_drawer(WINGS, 1, 4, 60)
    async with open_gallery() as user:
        await shows(user, colour(60))
        await user.press("b")
        await shows(user, colour(4), colour(60))
        await user.press("s")
        await user.sees("Save both as one picture", "side by side", f"{WINGS}-epoch-0004-beside-epoch-0060.png")
        await user.press("enter")
        await user.sees("Saved")
        saved = tmp_path / f"{WINGS}-epoch-0004-beside-epoch-0060.png"
        assert str(saved) in "".join(line.strip() for line in user.screen.splitlines())
        image = np.asarray(Image.open(saved))
        middle = image.shape[1] // 2
        assert (image[:, :middle] == colour(4)).all(2).any() and not (image[:, :middle] == colour(60)).all(2).any()
        assert (image[:, middle:] == colour(60)).all(2).any() and not (image[:, middle:] == colour(4)).all(2).any()
        pair = side_by_side.read_metadata(saved)
        assert pair and [half.sheet.epoch for half in (pair.left, pair.right)] == [4, 60]
        await user.press("escape")
        await shows(user, colour(60))
        await user.press("s")
        await user.sees("Save a copy", f"{WINGS}-epoch-0060.png")


async def test_sheets_of_two_runs_are_saved_with_the_names_of_both(open_gallery, make_drawer, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    make_drawer(WINGS, 60)
    make_drawer(MOTHS, 8, number=2)
    async with open_gallery(size=(80, 24)) as user:
        await shows(user, colour(8, 2))
        await user.press("m", "down", "b")
        await shows(user, colour(8, 2), colour(60))
        await user.press("s")
        await user.sees("Save both as one picture", f"{WINGS}-epoch-0060.png")  # the end of a name that is too long
        await user.press("enter")
        await user.sees("Saved")
        [saved] = tmp_path.glob("*-beside-*.png")
        assert saved.name == f"{MOTHS}-epoch-0008-beside-{WINGS}-epoch-0060.png"
        pair = side_by_side.read_metadata(saved)
        assert pair and (pair.left.sheet.run, pair.right.sheet.run) == (MOTHS, WINGS)


async def test_of_a_film_all_is_saved_and_only_the_film_whatever_stood_beside_the_sheet(
    open_gallery, make_drawer, tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path))
    run = make_drawer(WINGS, 4, 60)
    film = run.path / "samples" / "steps-seed-0.png"
    animation.write(film, [(flat((200, at, 0)), flat((0, at, 200))) for at in range(9)], seconds=0.1, seed=0)
    async with open_gallery() as user:
        await shows(user, colour(60))
        await user.press("b")
        await shows(user, colour(4), colour(60))
        await user.press("t")
        await user.sees("step 8 of 8")
        await user.press("s")
        await user.sees("Save a copy", "The whole film is saved", f"{WINGS}-steps-seed-0.png")
        await user.press("enter")
        await user.sees("Saved")
    assert (tmp_path / f"{WINGS}-steps-seed-0.png").read_bytes() == film.read_bytes()


async def test_while_the_epochs_are_played_what_is_saved_is_the_one_that_was_seen(
    open_gallery, make_drawer, tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path))
    run = make_drawer(WINGS, 1, 4, 8, 15, 30, 60)
    async with open_gallery() as user:
        await shows(user, colour(60))
        await user.press("space")
        await shows(user, colour(4))
        await user.press("s")
        await user.sees("Save a copy", f"{WINGS}-epoch-0004.png")
        await user.pilot.pause(1.5)
        await user.press("enter")
        await user.sees("Saved")
        await user.pilot.pause(1.5)
        await user.sees("epoch 4 ·")
    sheet = run.path / "samples" / "epoch-0004.png"
    assert (tmp_path / f"{WINGS}-epoch-0004.png").read_bytes() == sheet.read_bytes()


async def test_the_path_is_copied_and_shown_in_full(open_gallery, make_drawer):
    sheet = make_drawer(WINGS, 60).path / "samples" / "epoch-0060.png"
    async with open_gallery(size=(80, 24)) as user:
        await shows(user, colour(60))
        await user.press("y")
        screen = await user.sees("Copied")
        assert user.app.clipboard == str(sheet)
        assert str(sheet) in "".join(line.strip() for line in screen.splitlines())


async def test_i_goes_through_the_ways_of_this_terminal(open_gallery, make_drawer):
    make_drawer(WINGS, 60)
    async with open_gallery() as user:
        await shows(user, colour(60))
        await user.press("i")
        await user.sees("shown as letters", 'pictures = "ascii" in garage.toml keeps it')
        await shows(user)
        await user.press("i")
        await user.sees("shown as half-blocks")
        await shows(user, colour(60))
        user.app.terminal = Terminal("ascii")
        await shows(user)
        await user.press("i")
        await user.sees("this terminal shows pictures in one way only: as letters")


async def test_folders_of_pictures_are_browsed_and_any_other_is_opened_by_its_path(open_gallery, workspace, tmp_path):
    photos, other = workspace.datasets / "photos", tmp_path / "other"
    photos.mkdir()
    other.mkdir()
    for number in (2, 10):
        Image.new("RGB", (40, 30), (number, 1, 1)).save(photos / f"{number}.jpg", quality=100, subsampling=0)
        Image.new("RGB", (40, 30), (number, 2, 2)).save(other / f"{number}.png")
    async with open_gallery() as user:
        await user.sees("datasets/photos · 2.jpg", "1 of 2")
        await user.press("right")
        await user.sees("datasets/photos · 10.jpg")
        await user.press("b")
        await user.sees("2.jpg │ 10.jpg")
        await user.press("escape", "o")
        await user.sees("Open pictures")
        await user.types(str(tmp_path / "nowhere"))
        await user.press("enter")
        await user.sees("there is no such file or folder")
        await user.press("ctrl+u")
        await user.types(str(other / "10.png"))
        await user.press("enter")
        await shows(user, (10, 2, 2))
        await user.press("left")
        await shows(user, (2, 2, 2))
        await user.press("o")
        await user.sees("Open pictures")
        await user.types(str(workspace.root / "checkpoints"))
        await user.press("enter")
        await user.sees("there are no pictures in")


async def test_a_damaged_file_says_so_in_its_place_and_the_others_are_shown(open_gallery, make_drawer):
    run = make_drawer(WINGS, 1, 4)
    path = run.path / "samples" / "epoch-0004.png"
    path.write_bytes(path.read_bytes()[:200])
    async with open_gallery() as user:
        await user.sees("is damaged")
        await user.press("left")
        await shows(user, colour(1))
        path.unlink()
        await user.sees("1 of 1")
        await shows(user, colour(1))


async def test_a_run_that_is_deleted_while_it_is_looked_at_leaves_the_others(open_gallery, make_drawer):
    import shutil

    make_drawer(WINGS, 60)
    gone = make_drawer(MOTHS, 8, number=2)
    async with open_gallery() as user:
        await shows(user, colour(8, 2))
        await user.press("left")
        shutil.rmtree(gone.path)
        await shows(user, colour(60))


async def test_in_a_narrow_terminal_the_list_is_a_key_away(open_gallery, make_drawer):
    make_drawer(WINGS, 60)
    make_drawer(MOTHS, 8, number=2)
    async with open_gallery(size=(80, 24)) as user:
        await shows(user, colour(8, 2))
        await user.press("l")
        await user.sees("Run or folder", "diffusion-wings")
        await user.press("down", "enter")
        await user.sees_no("Run or folder")
        await shows(user, colour(60))
        await user.press("l")
        await user.sees("Run or folder")
        await user.press("escape")
        await shows(user, colour(60))
        await user.pilot.resize_terminal(120, 40)
        await user.sees("Run or folder", f"{WINGS} · epoch 60")
        await shows(user, colour(60))


async def test_where_dots_are_large_a_part_of_the_sheet_is_shown_and_z_makes_it_larger(open_gallery, make_drawer):
    run = make_drawer(WINGS, 1)
    images = np.concatenate([flat((number, 200, 9), 1) for number in range(16)])
    contact_sheet.write(run.path / "samples" / "epoch-0060.png", images, run=WINGS, epoch=60, seed=0)
    async with open_gallery(size=(80, 24)) as user:
        await user.sees("1–8 of 16")
        await shows(user, *((number, 200, 9) for number in range(8)))
        await user.press("right_square_bracket")
        await shows(user, *((number, 200, 9) for number in range(8, 16)))
        await user.press("z")
        await shows(user, *((number, 200, 9) for number in range(4)))
        await user.press("z", "z")
        await shows(user, (0, 200, 9))
        await user.press("left_square_bracket")
        await shows(user, (15, 200, 9))
        await user.sees("16 of 16")
        await user.press("z")
        await shows(user, *((number, 200, 9) for number in range(16)))


async def test_a_dialog_over_it_and_another_screen_leave_nothing_of_it(open_gallery, make_drawer):
    make_drawer(WINGS, 60)
    async with open_gallery() as user:
        await shows(user, colour(60))
        await user.press("f2")
        await user.sees("35 rows")
        assert "▀" not in user.screen
        await user.press("f5")
        await shows(user, colour(60))
        await user.press("f1")
        await user.sees("always from", "Browse")
        await user.press("escape")
        await shows(user, colour(60))
