"""What there is to look at, and one image of it for any room: albums, montages, films."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.images import albums, animation, contact_sheet, montage
from garage_tui.core.images.montage import Canvas

GROUND = (18, 18, 18)


def flat(*colours: int, size: int = 8) -> np.ndarray:
    """Pictures of one grey each."""
    return np.stack([np.full((size, size, 3), colour, np.uint8) for colour in colours])


def test_the_sheets_of_a_run_are_in_the_order_of_its_epochs_and_what_was_drawn_on_demand_comes_last(tmp_path):
    names = ["seed-42", "epoch-0004", "epoch-0060", "epoch-0001", "steps-seed-42", "seed-7-in-20", "nearest-epoch-0060"]
    (tmp_path / "samples").mkdir()
    for name in names:
        (tmp_path / "samples" / f"{name}.png").write_bytes(b"")
    (tmp_path / "samples" / ".epoch-0099.png.tmp").write_bytes(b"")
    (tmp_path / "samples" / "notes.txt").write_text("")
    album = albums.run_album(tmp_path)
    said = [page.name for page in album.pages]
    assert said == ["epoch 1", "epoch 4", "epoch 60", "epoch 60, nearest", "seed 7 in 20 steps", "seed 42"]
    assert [page.epoch for page in album.epochs] == [1, 4, 60]


def test_a_run_without_sheets_is_an_album_without_pages(tmp_path):
    assert albums.run_album(tmp_path).pages == ()
    assert albums.run_album(tmp_path / "gone").pages == ()


def test_folders_of_pictures_are_found_among_the_data_sets_with_9_before_10(tmp_path):
    data = tmp_path / "datasets"
    (data / "wings").mkdir(parents=True)
    (data / "texts").mkdir()
    for name in ("10.PNG", "9.png", "b.jpeg", "readme.md", ".hidden.png"):
        (data / "wings" / name).write_bytes(b"")
    (data / "facts.jsonl").write_text("")
    (album,) = albums.dataset_albums(data)
    assert album.name == "datasets/wings"
    assert [page.name for page in album.pages] == ["9.png", "10.PNG", "b.jpeg"]
    (data / "cover.png").write_bytes(b"")
    assert [album.name for album in albums.dataset_albums(data)] == ["datasets", "datasets/wings"]
    assert albums.dataset_albums(tmp_path / "nowhere") == ()


def sheet_of(path: Path, images: np.ndarray, columns: int | None = None, **about: object):
    contact_sheet.write(path, images, columns, **about)
    sheet = contact_sheet.read_metadata(path)
    assert sheet
    return Image.open(path).convert("RGB"), sheet


def test_a_part_of_a_sheet_fills_the_room_and_its_pictures_end_where_dots_do(tmp_path):
    image, sheet = sheet_of(tmp_path / "a.png", flat(*range(40, 200, 10)))
    room = Canvas(300, 200, (10, 10))
    made = montage.render_units(image, sheet, montage.units(sheet)[:2], room, GROUND)
    assert made.size == (300, 200)
    dots = np.asarray(made).reshape(20, 10, 30, 10, 3)
    assert (dots == dots[:, :1, :, :1]).all(), "every dot has one colour"
    assert {int(level) for level in np.unique(dots)} == {18, 40, 50}


def test_where_the_terminal_enlarges_an_image_has_the_pixels_of_the_pictures(tmp_path):
    image, sheet = sheet_of(tmp_path / "a.png", flat(*range(40, 200, 10)))
    made = montage.render_units(image, sheet, montage.units(sheet), Canvas(2000, 2000, enlarge=False), GROUND)
    assert made.size == (4 * 10 - 2, 4 * 10 - 2)
    assert np.array_equal(np.asarray(made)[:8, :8], flat(40)[0])


def test_a_sample_stays_with_the_training_picture_below_it(tmp_path):
    image, sheet = sheet_of(tmp_path / "a.png", flat(10, 20, 30, 110, 120, 130), 3, kind="nearest")
    assert montage.units(sheet) == [(0, 3), (1, 4), (2, 5)]
    made = montage.render_units(image, sheet, montage.units(sheet)[1:2], Canvas(20, 40), GROUND)
    assert made.getpixel((10, 10)) == (20, 20, 20)
    assert made.getpixel((10, 30)) == (120, 120, 120)


def test_parts_halve_until_one_picture_is_left_and_smaller_parts_have_larger_pictures(tmp_path):
    _, sheet = sheet_of(tmp_path / "a.png", flat(*range(16)))
    assert montage.zoom_counts(16) == [16, 8, 4, 2, 1]
    assert montage.zoom_counts(9) == [9, 8, 4, 2, 1]
    assert montage.zoom_counts(1) == [1]
    sides = [montage.dots_wide(sheet, count, Canvas(840, 660, (10, 10))) for count in montage.zoom_counts(16)]
    assert sides == sorted(sides)
    assert sides[-1] == 66


@pytest.mark.parametrize("room", [Canvas(200, 100, (10, 10)), Canvas(200, 100), Canvas(200, 100, enlarge=False)])
def test_two_images_stand_beside_each_other_without_touching(room):
    left, right = Image.new("RGB", (60, 40), (255, 0, 0)), Image.new("RGB", (90, 90), (0, 255, 0))
    made = montage.side_by_side(left, right, room, GROUND)
    row = [made.getpixel((x, made.height // 2)) for x in range(made.width)]
    colours = [colour for at, colour in enumerate(row) if at == 0 or row[at - 1] != colour]
    assert [colour for colour in colours if colour != GROUND] == [(255, 0, 0), (0, 255, 0)]
    assert GROUND in colours


def test_a_film_gives_its_frames_back_left_the_noise_and_right_the_guess(tmp_path):
    path = tmp_path / "samples" / "steps-seed-3.png"
    steps = [(flat(*range(5)) + 10 * at, flat(*range(5)) + 10 * at + 100) for at in range(4)]
    animation.write(path, steps, seed=3, sampler="DDIM, 4 steps")
    film = animation.read(path)
    assert len(film.frames) == 4
    assert film.sheet.seed == 3
    for at, frame in enumerate(film.frames):
        pairs = montage.units(film.sheet)
        cells = [
            [montage.crop_picture(frame, film.sheet, place).getpixel((0, 0))[0] for place in pair] for pair in pairs[:5]
        ]
        assert cells == [[10 * at + n, 10 * at + n + 100] for n in range(5)]
    assert [film.frame_at(t) for t in (0, 0.19, 0.21, 0.65, 99)] == [0, 0, 1, 3, 3]
    with Image.open(path) as image:
        assert image.n_frames == 4
        assert "seed 3 · DDIM, 4 steps" in image.info["Description"]


def test_a_film_of_one_step_is_a_film(tmp_path):
    animation.write(tmp_path / "a.png", [(flat(1), flat(2))])
    assert len(animation.read(tmp_path / "a.png").frames) == 1


def test_what_is_no_film_is_said_to_be_none(tmp_path):
    contact_sheet.write(tmp_path / "a.png", flat(1))
    with pytest.raises(BadInputError, match="is not a film of sampling steps"):
        animation.read(tmp_path / "a.png")
    animation.write(tmp_path / "b.png", [(flat(n), flat(n + 9)) for n in range(9)])
    (tmp_path / "b.png").write_bytes((tmp_path / "b.png").read_bytes()[:-200])
    with pytest.raises(BadInputError, match=r"b\.png"):
        animation.read(tmp_path / "b.png")
