"""The browser: which page of which album is shown. No app, no terminal, no files."""

from __future__ import annotations

from pathlib import Path

import pytest

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.images.albums import Album, AlbumPage
from garage_tui.core.images.montage import Canvas
from garage_tui.screens.gallery.browser import Browser
from garage_tui.screens.gallery.view import PageRef, Surface

SURFACE = Surface(Canvas(100, 100), "half", (0, 0, 0))


def run(name: str, *epochs: int, seeds: tuple[int, ...] = ()) -> Album:
    path = Path("/runs") / name
    sheets = [AlbumPage(path / f"epoch-{epoch}.png", f"epoch {epoch}", epoch) for epoch in epochs]
    drawn = [AlbumPage(path / f"seed-{seed}.png", f"seed {seed}") for seed in seeds]
    return Album(path, name, (*sheets, *drawn), is_run=True)


def folder(name: str, *files: str) -> Album:
    path = Path("/pictures") / name
    return Album(path, name, tuple(AlbumPage(path / file, file) for file in files))


def browser(*albums: Album) -> Browser:
    made = Browser()
    made.update(albums)
    return made


def shown(browser: Browser) -> str:
    return browser.titles()[0]


def test_with_no_album_there_is_nothing_to_show():
    empty = browser()
    assert empty.view(SURFACE) is None and empty.titles() == ("", "")
    assert not empty.move_page(1) and not empty.move_album(1) and not empty.go_to_end(-1)
    assert not empty.toggle_left() and not empty.toggle_mark()


def test_it_begins_at_the_newest_sheet_of_the_first_run_that_has_one():
    assert shown(browser(run("moths"), run("wings", 1, 4, seeds=(7,)))) == "wings · epoch 4"


def test_of_a_folder_the_first_picture_comes_first():
    assert browser(folder("photos", "a.png", "b.png")).titles() == ("photos · a.png", "1 of 2")


def test_pages_and_albums_end_at_their_ends():
    two = browser(run("moths", 4, 8), run("wings", 1))
    two.move_page(5)
    assert two.titles() == ("moths · epoch 8", "2 of 2")
    two.move_page(-5)
    assert two.titles() == ("moths · epoch 4", "1 of 2")
    two.go_to_end(-1)
    assert shown(two) == "moths · epoch 8"
    two.move_album(7)
    assert shown(two) == "wings · epoch 1"
    two.move_album(-1)
    assert shown(two) == "moths · epoch 8"


def test_a_new_run_takes_the_front_until_somebody_goes_elsewhere():
    one = browser(run("wings", 1))
    assert one.update((run("moths", 4), run("wings", 1))) and shown(one) == "moths · epoch 4"
    one.move_album(1)
    assert not one.update((run("ants", 2), run("moths", 4), run("wings", 1)))
    assert shown(one) == "wings · epoch 1"


@pytest.mark.parametrize(("steps", "playing", "wanted"), [(0, False, 8), (-1, False, 1), (0, True, 4)])
def test_whoever_looks_at_the_newest_sheet_goes_on_to_the_next_one(steps, playing, wanted):
    one = browser(run("wings", 1, 4))
    one.move_page(steps)
    one.update((run("wings", 1, 4, 8),), is_playing=playing)
    assert shown(one) == f"wings · epoch {wanted}"


def test_a_page_that_is_gone_makes_way_for_the_newest():
    one = browser(run("wings", 1, 4, 8))
    one.go_to_end(0)
    assert one.update((run("wings", 4, 8),)) and shown(one) == "wings · epoch 8"
    assert one.update(()) and one.view(SURFACE) is None


def test_what_is_chosen_before_it_is_found_is_shown_when_it_is():
    one, new = browser(run("wings", 1)), run("wings", 1, seeds=(42, 43))
    assert not one.choose(new.path, new.pages[1].path)
    assert shown(one) == "wings · epoch 1"
    assert one.update((new,)) and shown(one) == "wings · seed 42"
    assert one.update((run("moths", 1), new)) is False, "it was chosen, so nothing newer takes its position"
    assert one.choose(new.path, new.pages[2].path) and shown(one) == "wings · seed 43"


def test_the_left_is_an_early_sheet_and_the_right_the_newest_sheet():
    one = browser(run("wings", 1, 4, 8, 60))
    one.go_to_end(0)
    assert one.toggle_left() and one.is_pair
    view = one.view(SURFACE)
    assert view and view.left and (view.left.page.epoch, view.page.page.epoch) == (4, 60)
    one.toggle_left()
    view = one.view(SURFACE)
    assert view and view.left is None


def test_the_left_is_the_marked_page_whatever_its_album():
    one = browser(run("moths", 4, 8), run("wings", 1))
    assert one.toggle_mark() and shown(one) == "◆ moths · epoch 8"
    one.move_album(1)
    assert not one.toggle_left(), "the page stays"
    view = one.view(SURFACE)
    assert view and view.left and (view.left.album, view.page.album) == ("moths", "wings")
    one.move_album(-1)
    assert not one.toggle_mark() and shown(one) == "moths · epoch 8"


def test_a_single_page_has_nothing_to_its_left():
    one = browser(run("wings", 1))
    with pytest.raises(BadInputError, match="mark one with m"):
        one.toggle_left()
    assert one.left is None


def test_an_animation_is_shown_alone_and_left_for_any_page():
    one = browser(run("wings", 1, 4, 60))
    one.toggle_left()
    steps = PageRef(AlbumPage(Path("/runs/wings/steps-seed-0.png"), "steps of seed 0"), "wings")
    one.show_animation(steps)
    view = one.view(SURFACE)
    assert view and view.page == steps and view.frame == 0 and view.left is None and not one.is_pair
    assert one.titles() == ("wings · steps of seed 0", "")
    assert not one.update((run("wings", 1, 4, 60, 80),)), "a new sheet does not cut it short"
    one.move_page(-1)
    assert one.frame is None and shown(one) == "wings · epoch 4"


def test_parts_go_round_and_zoom_comes_back_to_all_of_the_sheet():
    one = browser(run("wings", 1, 4))

    def part_and_zoom() -> tuple[int, int | None]:
        view = one.view(SURFACE)
        assert view
        return view.part, view.zoom

    assert part_and_zoom() == (0, None)
    one.move_part(-1, 4)
    assert part_and_zoom() == (3, None)
    one.move_part(1, 4)
    assert part_and_zoom() == (0, None)
    one.move_part(1, 4)
    one.zoom_in(1, 3)
    assert part_and_zoom() == (0, 2)
    one.zoom_in(2, 3)
    assert part_and_zoom() == (0, 0)
    one.move_part(1, 4)
    one.move_page(-1)
    assert part_and_zoom() == (0, 0), "another page begins with its first part, as large as the last one"
    one.reset_zoom()
    assert part_and_zoom() == (0, None)


def test_files_that_may_have_changed_make_another_view():
    one = browser(run("wings", 1))
    before = one.view(SURFACE)
    one.update((run("wings", 1),))
    assert one.view(SURFACE) != before
