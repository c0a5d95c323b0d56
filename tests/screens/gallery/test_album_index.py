"""The album index, on real folders."""

from __future__ import annotations

from garage_tui.screens.gallery.album_index import AlbumIndex


def names(albums) -> list[tuple[str, list[str]]]:
    return [(album.path.name, [page.name for page in album.pages]) for album in albums]


def test_a_run_is_read_again_only_where_its_sheets_have_changed(tmp_path):
    run, index = tmp_path / "run", AlbumIndex(tmp_path / "datasets")
    (run / "samples").mkdir(parents=True)
    (run / "samples" / "epoch-0001.png").touch()
    assert names(index.find([(run, 1)], folders=True)) == [("run", ["epoch 1"])]
    (run / "samples" / "epoch-0004.png").touch()
    assert names(index.find([(run, 1)], folders=False)) == [("run", ["epoch 1"])]
    assert names(index.find([(run, 1)], folders=False, changed=run)) == [("run", ["epoch 1", "epoch 4"])]
    (run / "samples" / "seed-7.png").touch()
    assert names(index.find([(run, 2)], folders=False)) == [("run", ["epoch 1", "epoch 4", "seed 7"])]
    assert index.find([], folders=False) == ()


def test_opened_folders_come_before_those_of_the_workspace_and_each_folder_once(tmp_path):
    inside, other = tmp_path / "datasets" / "photos", tmp_path / "other"
    for folder in (inside, other):
        folder.mkdir(parents=True)
        (folder / "a.png").touch()
    index = AlbumIndex(tmp_path / "datasets")
    index.add_folder(inside)
    index.add_folder(other)
    assert index.find([], folders=False) == ()
    assert names(index.find([], folders=True)) == [("other", ["a.png"]), ("photos", ["a.png"])]
