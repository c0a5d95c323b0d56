"""Two pictures side by side in one file: both are there, and it says what both are."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.images import contact_sheet, side_by_side
from garage_tui.core.images.side_by_side import PairHalf


def flat(colour: tuple[int, int, int], size: int = 8, count: int = 4) -> np.ndarray:
    return np.full((count, size, size, 3), colour, np.uint8)


def sheet(path, colour, epoch, size=8, **about):
    contact_sheet.write(path, flat(colour, size), run="wings", epoch=epoch, seed=7, sampler="DDPM, 100 steps", **about)
    return PairHalf(album="wings", page=f"epoch {epoch}"), path


def write(path, left, right):
    data = io.BytesIO()
    pair = side_by_side.write(data, left, right)
    path.write_bytes(data.getvalue())
    return pair


def test_both_are_in_the_picture_pixel_by_pixel_and_nothing_else_is(tmp_path):
    left, right = sheet(tmp_path / "4.png", (200, 0, 0), 4), sheet(tmp_path / "60.png", (0, 0, 200), 60)
    write(tmp_path / "both.png", left, right)
    whole, one, other = (np.asarray(Image.open(path)) for path in (tmp_path / "both.png", left[1], right[1]))
    assert (whole[:, : one.shape[1]] == one).all() and (whole[:, -other.shape[1] :] == other).all()
    between = whole[:, one.shape[1] : -other.shape[1]]
    assert between.shape[1] and (between == contact_sheet.BACKGROUND).all()


def test_it_says_what_both_are_to_programs_and_to_people(tmp_path):
    left = sheet(tmp_path / "4.png", (200, 0, 0), 4, source="procedural butterflies")
    right = sheet(tmp_path / "60.png", (0, 0, 200), 60)
    write(tmp_path / "both.png", left, right)
    pair = side_by_side.read_metadata(tmp_path / "both.png")
    assert (
        pair
        and pair.left.sheet == contact_sheet.read_metadata(left[1])
        and pair.right.sheet == contact_sheet.read_metadata(right[1])
    )
    assert (pair.left.page, pair.right.page) == ("epoch 4", "epoch 60")
    said = Image.open(tmp_path / "both.png").info["Description"]
    assert said == (
        "left: wings · epoch 4 · seed 7 · DDPM, 100 steps · procedural butterflies; "
        "right: wings · epoch 60 · seed 7 · DDPM, 100 steps"
    )


def test_it_is_no_contact_sheet_and_a_contact_sheet_is_no_pair(tmp_path):
    left, right = sheet(tmp_path / "4.png", (200, 0, 0), 4), sheet(tmp_path / "60.png", (0, 0, 200), 60)
    write(tmp_path / "both.png", left, right)
    assert contact_sheet.read_metadata(tmp_path / "both.png") is None
    assert (
        side_by_side.read_metadata(left[1]) is None and side_by_side.read_metadata(tmp_path / "not-there.png") is None
    )


def test_the_lower_one_is_enlarged_to_the_height_of_the_other(tmp_path):
    left, right = sheet(tmp_path / "4.png", (200, 0, 0), 4, 8), sheet(tmp_path / "60.png", (0, 0, 200), 60, 100)
    write(tmp_path / "both.png", left, right)
    heights = [Image.open(path).height for path in (left[1], right[1])]
    assert heights[0] != heights[1] and Image.open(tmp_path / "both.png").height == max(heights)


def test_photographs_stand_beside_each_other_too_under_their_names(tmp_path):
    for name in "ab":
        Image.new("RGB", (40, 30), (9, 8, 7)).save(tmp_path / f"{name}.jpg")
    halves = [(PairHalf(album="datasets/photos", page=f"{name}.jpg"), tmp_path / f"{name}.jpg") for name in "ab"]
    pair = write(tmp_path / "both.png", *halves)
    assert pair.left.sheet is None and pair.right.description == "datasets/photos · b.jpg"


def test_a_damaged_half_is_said_and_nothing_is_written(tmp_path):
    left, right = sheet(tmp_path / "4.png", (200, 0, 0), 4), sheet(tmp_path / "60.png", (0, 0, 200), 60)
    right[1].write_bytes(right[1].read_bytes()[:100])
    with pytest.raises(BadInputError, match="is damaged"):
        write(tmp_path / "both.png", left, right)
    assert not (tmp_path / "both.png").exists()


def test_its_name_says_what_is_in_it_and_is_never_too_long(tmp_path):
    early, late = tmp_path / "epoch-0004.png", tmp_path / "epoch-0060.png"
    assert side_by_side.file_name(("wings", early), ("wings", late)) == "wings-epoch-0004-beside-epoch-0060.png"
    assert side_by_side.file_name(("moths", early), ("wings", late)) == "moths-epoch-0004-beside-wings-epoch-0060.png"
    assert side_by_side.file_name(("datasets/photos", early), ("datasets/photos", late)).startswith("photos-epoch-0004")
    long = ("é" * 90, tmp_path / f"{'ü' * 90}.png")
    assert len(side_by_side.file_name(long, ("wings", early)).encode()) < 255
    assert len(side_by_side.file_name(long, long).encode()) < 255
