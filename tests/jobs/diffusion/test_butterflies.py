"""Drawn butterflies: what one sees of them, and that the held-out ones were never trained on."""

import colorsys
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from garage_tui.jobs.diffusion.butterfly.families import FAMILIES
from garage_tui.jobs.diffusion.butterfly.generate import draw, held_out, species, training

KINDS = 40
EACH = 6


@pytest.fixture(scope="module")
def trained():
    """Pictures to train on: 6 individuals of each of 40 species."""
    return training(KINDS * EACH, 32, kinds=KINDS)


@pytest.fixture(scope="module")
def held():
    """Pictures held out: of each species one individual, and as many of other species."""
    return held_out(2 * KINDS, 32, kinds=KINDS)


def halved(image):
    size = len(image) // 2
    return image.reshape(size, 2, size, 2, 3).mean((1, 3), dtype=np.float32)


def distances(some, others):
    """Root mean square difference of each picture to each other one, in steps of 255."""
    a, b = (pictures.reshape(len(pictures), -1).astype(np.float64) for pictures in (some, others))
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T
    return np.sqrt(np.maximum(squares, 0) / a.shape[1])


def border(pictures):
    return np.concatenate([pictures[:, 0], pictures[:, -1], pictures[:, :, 0], pictures[:, :, -1]], axis=1)


def butterfly(picture):
    """Return where a picture differs clearly from its paper."""
    paper = np.median(border(picture[None])[0], axis=0)
    return np.abs(picture - paper).max(2) > 45


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_species():
    once, again, other = training(12, 32, seed=3), training(12, 32, seed=3), training(12, 32, seed=4)
    assert once.tobytes() == again.tobytes()
    assert once.shape == (12, 32, 32, 3) and once.dtype == np.uint8
    assert distances(once, other).diagonal().min() > 5


def test_a_picture_is_the_same_however_many_are_asked_for(trained, held):
    assert np.array_equal(training(50, 32, kinds=KINDS), trained[:50])
    assert np.array_equal(held_out(9, 32, kinds=KINDS), held[:9])
    assert training(0, 32).shape == (0, 32, 32, 3)


def test_two_workers_draw_what_one_draws(trained):
    assert np.array_equal(training(25, 32, kinds=KINDS, workers=2), trained[:25])


def test_no_picture_is_both_trained_on_and_held_out(trained, held):
    nearest = distances(held, trained).min(1)
    redrawn = [
        distances(draw(kind, 1, 32)[None], halved(draw(kind, 1, 64))[None]).item() for kind in map(species, range(20))
    ]
    assert nearest.min() > 2 * max(redrawn)
    assert np.median(nearest) > 6 * np.median(redrawn)


def test_half_of_the_held_out_butterflies_are_of_species_that_are_never_trained_on(trained, held):
    known, new = distances(held[0::2], trained).min(1), distances(held[1::2], trained).min(1)
    assert np.median(new) > 1.15 * np.median(known)


def test_a_new_individual_is_known_by_those_of_its_species(trained, held):
    apart = distances(held[0::2], trained)
    found = apart.argmin(1) % KINDS
    assert (found == np.arange(KINDS)).mean() > 0.75  # measured: 0.9 and more; by chance it would be 0.025
    by_species = apart.reshape(KINDS, EACH, KINDS).mean(1)
    own = by_species.diagonal()
    assert (own < 0.85 * by_species.mean(1)).all()


def test_individuals_of_a_species_are_all_different(trained):
    apart = distances(trained[0::KINDS], trained[0::KINDS])
    assert apart[~np.eye(EACH, dtype=bool)].min() > 3


def test_left_and_right_are_nearly_alike(trained):
    pictures = trained.astype(np.float32)
    mirrored = np.abs(pictures - pictures[:, :, ::-1]).mean((1, 2, 3))
    others = np.abs(pictures - np.roll(pictures, 1, axis=0)).mean((1, 2, 3))
    assert mirrored.min() > 1
    assert mirrored.mean() < 0.55 * others.mean()


def test_they_lie_on_light_and_plain_paper(trained):
    paper = border(trained).astype(np.float32)
    assert np.median(paper, axis=1).min() > 195
    assert np.quantile(paper.std(1), 0.95) < 12
    assert np.quantile(paper.max(2) - paper.min(2), 0.95) < 30


def test_they_fill_the_picture_and_lie_in_its_middle(trained):
    covered = np.array([butterfly(picture) for picture in trained])
    assert np.quantile(covered.mean((1, 2)), 0.05) > 0.12 and np.quantile(covered.mean((1, 2)), 0.95) < 0.65
    rows, columns = covered.mean((0, 2)), covered.mean((0, 1))
    middle = np.arange(32) - 15.5
    assert abs((rows * middle).sum() / rows.sum()) < 2.5
    assert abs((columns * middle).sum() / columns.sum()) < 1


def test_their_colours_go_round_the_circle(trained):
    hues, greys = set(), 0
    for picture in trained[:KINDS]:
        bright = picture[(picture.max(2) - picture.min(2).astype(int)) > 70]
        if len(bright) < 15:
            greys += 1
        else:
            hues.add(round(12 * colorsys.rgb_to_hsv(*bright.mean(0))[0]) % 12)
    assert len(hues) >= 5  # red, orange, yellow, green, blue, violet …
    assert greys >= 4  # whites, browns, blacks


def test_their_outlines_differ():
    shapes = {}
    for seed, name in enumerate(FAMILIES):
        rows, columns = np.nonzero(butterfly(draw(species(seed), 0, 64)))
        shapes[name] = np.ptp(columns) / np.ptp(rows)
    assert max(shapes.values()) > 1.3 * min(shapes.values())
    assert shapes["longwing"] > 1.2 * shapes["kite"]


def test_every_family_has_species_that_differ():
    for first in range(len(FAMILIES)):
        kin = [species(first + turn * len(FAMILIES)) for turn in range(3)]
        assert len({one.family for one in kin}) == 1
        pictures = np.array([draw(one, 0, 32) for one in kin])
        assert distances(pictures, pictures)[~np.eye(3, dtype=bool)].min() > 5


def test_each_size_shows_the_same_butterfly():
    for seed in range(10):
        small, middle, large = (draw(species(seed), 5, size) for size in (32, 64, 128))
        assert distances(small[None], halved(middle)[None]).item() < 6
        assert distances(middle[None], halved(large)[None]).item() < 3


def test_drawing_needs_nothing_but_numpy():
    script = "import sys, garage_tui.jobs.diffusion.butterfly.generate\nprint({'PIL', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_who_draws_ends_with_whoever_asked():
    script = """
from garage_tui.jobs.diffusion.butterfly.generate import training
if __name__ == "__main__":
    print("asked", flush=True)
    training(3000, 256, workers=2)
"""
    asker = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert asker.stdout.readline() == b"asked\n"
    me = psutil.Process(asker.pid)
    while len(drawing := [child for child in me.children() if "spawn_main" in " ".join(child.cmdline())]) < 2:
        time.sleep(0.05)
    time.sleep(1)  # they begin to draw
    asker.kill()
    asker.communicate()
    gone, left = psutil.wait_procs(drawing, timeout=20)
    assert len(gone) == 2 and not left
