"""The files of a folder that changes while it is read."""

import shutil

from garage_tui.core.base.files_under import files_under


def test_all_files_are_found_in_all_folders(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    for name in ("one", "a/two", "a/b/three"):
        (tmp_path / name).touch()
    assert sorted(file.name for file in files_under(tmp_path)) == ["one", "three", "two"]


def test_folders_that_are_removed_meanwhile_are_left_out(tmp_path):
    for number in range(5):
        (tmp_path / f"folder-{number}").mkdir()
        (tmp_path / f"folder-{number}" / "file").touch()
    files = files_under(tmp_path)
    first = next(files)
    for folder in tmp_path.iterdir():
        if folder != first.parent:
            shutil.rmtree(folder)
    assert list(files) == []


def test_there_are_none_where_there_is_no_folder(tmp_path):
    assert list(files_under(tmp_path / "nothing")) == []
