"""The nearest training picture: a copy is found out, mirrored or not, and memory stays small."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.diffusion.nearest_images import NearestMatch, compare, nearest, nearest_of_each
from tests.support.repository import REPOSITORY


def pictures(count: int, size: int = 16, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), np.uint8)


def test_a_copy_is_zero_away_and_a_mirrored_one_too():
    images = pictures(50)
    assert nearest(images[7], images) == NearestMatch(7, 0.0, mirrored=False)
    assert nearest(images[8][:, ::-1], images) == NearestMatch(8, 0.0, mirrored=True)


def test_the_distance_is_the_root_of_the_mean_square_of_all_channels():
    images = np.full((3, 8, 8, 3), 100, np.uint8)
    images[1] = 60
    assert nearest(np.full((8, 8, 3), 67, np.uint8), images) == NearestMatch(1, 7.0, mirrored=False)
    black, white = np.zeros((8, 8, 3), np.uint8), np.full((1, 8, 8, 3), 255, np.uint8)
    assert nearest(black, white).distance == 255.0


def test_it_is_what_looking_at_every_pair_finds():
    images, samples = pictures(300), pictures(6, seed=1)
    for sample, near in zip(samples, nearest_of_each(samples, images), strict=True):
        apart = [
            np.sqrt(np.mean((one.astype(float) - images.astype(float)) ** 2, axis=(1, 2, 3)))
            for one in (sample, sample[:, ::-1])
        ]
        assert near.distance == pytest.approx(min(map(np.min, apart)))
        assert near.index == apart[near.mirrored].argmin()


def test_ten_thousand_pictures_on_disk_take_less_than_200_mb(tmp_path):
    np.save(tmp_path / "images.npy", pictures(10_000, 64))
    program = f"""
import threading, time
import numpy as np
from garage_tui.core.diffusion.nearest_images import nearest
images = np.load({str(tmp_path / "images.npy")!r}, mmap_mode="r")
sample = np.array(images[9_876])
def peak():  # without pages of the file, which the kernel takes back
    words = open("/proc/self/status").read().split()
    return int(words[words.index("RssAnon:") + 1])
before = peak()
seen = []
def watch():
    while True:
        seen.append(peak())
        time.sleep(0.005)
threading.Thread(target=watch, daemon=True).start()
print(nearest(sample, images).index, max(seen) - before)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=REPOSITORY, check=True)
    index, kilobytes = map(int, done.stdout.split())
    assert index == 9_876
    assert kilobytes < 200_000


def test_a_run_is_compared_with_what_it_learned_from_and_with_what_it_never_saw(tmp_path):
    images = pictures(40)
    np.save(tmp_path / "images.npy", images)
    samples = np.stack([images[3], images[4][:, ::-1]])
    found = compare(samples, tmp_path)
    assert (found.near[0].index, found.near[1].mirrored) == (3, True)
    assert np.array_equal(found.pictures, samples), "each lies as the sample does"
    assert found.text == "nearest training picture 0 away (0 is a copy)"
    np.save(tmp_path / "held_out.npy", pictures(7, seed=2))
    words = compare(samples, tmp_path).text
    assert words.startswith("nearest training picture 0 away (0 is a copy); from pictures never seen it is 9")


def test_what_cannot_be_compared_is_said(tmp_path):
    with pytest.raises(BadInputError, match="has no copy of the pictures"):
        compare(pictures(2), tmp_path)
    (tmp_path / "images.npy").write_bytes(b"nonsense")
    with pytest.raises(BadInputError, match="has no copy of the pictures"):
        compare(pictures(2), tmp_path)
    np.save(tmp_path / "images.npy", pictures(4, 32))
    with pytest.raises(BadInputError, match="of 32 pixels; these have 16"):
        compare(pictures(2), tmp_path)
