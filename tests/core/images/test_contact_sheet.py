"""Contact sheets: what was put on one comes back, with what it says of itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.images import contact_sheet


def pictures(count: int, size: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, size, size, 3), np.uint8)


@pytest.mark.parametrize(("count", "size"), [(1, 32), (7, 32), (16, 64), (16, 300)])
def test_a_sheet_gives_its_pictures_back_to_the_last_pixel(tmp_path: Path, count: int, size: int) -> None:
    images = pictures(count, size)
    contact_sheet.write(tmp_path / "new" / "sheet.png", images)
    again, sheet = contact_sheet.read(tmp_path / "new" / "sheet.png")
    assert np.array_equal(again, images)
    assert (sheet.count, sheet.size) == (count, size)


def test_a_sheet_of_small_pictures_is_enlarged_so_that_it_can_be_looked_at(tmp_path: Path) -> None:
    contact_sheet.write(tmp_path / "sheet.png", pictures(16, 32))
    with Image.open(tmp_path / "sheet.png") as image:
        assert image.width >= 400


def test_a_sheet_says_what_it_shows_to_us_and_to_any_other_program(tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    words = {"run": "20261126-0900-diffusion-wings", "epoch": 4, "seed": 7, "sampler": "DDIM, 50 steps"}
    contact_sheet.write(path, pictures(4, 32), source="procedural butterflies", **words)
    sheet = contact_sheet.read_metadata(path)
    assert sheet is not None
    assert (sheet.run, sheet.epoch, sheet.seed, sheet.sampler) == tuple(words.values())
    with Image.open(path) as image:
        assert image.info["Description"] == (
            "20261126-0900-diffusion-wings · epoch 4 · seed 7 · DDIM, 50 steps · procedural butterflies"
        )


def test_what_it_says_may_be_in_any_script(tmp_path: Path) -> None:
    contact_sheet.write(tmp_path / "a.png", pictures(4, 32), source="бабочки – 蝶")
    sheet = contact_sheet.read_metadata(tmp_path / "a.png")
    assert sheet is not None and sheet.source == "бабочки – 蝶"


def test_another_picture_is_no_sheet_and_a_damaged_one_is_said_to_be(tmp_path: Path) -> None:
    Image.new("RGB", (40, 40)).save(tmp_path / "photo.png")
    assert contact_sheet.read_metadata(tmp_path / "photo.png") is None
    assert contact_sheet.read_metadata(tmp_path / "nothing.png") is None
    with pytest.raises(BadInputError, match=r"photo\.png is not a contact sheet"):
        contact_sheet.read(tmp_path / "photo.png")
    path = tmp_path / "sheet.png"
    contact_sheet.write(path, pictures(4, 32))
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(BadInputError, match=r"sheet\.png is damaged"):
        contact_sheet.read(path)


def test_a_sheet_that_lies_about_its_size_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    contact_sheet.write(path, pictures(4, 32), size=4000)
    assert contact_sheet.read_metadata(path) is None
