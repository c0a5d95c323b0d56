"""Paths with `~`: home folders, and names that only begin like one."""

from __future__ import annotations

from pathlib import Path

import pytest

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.home_path import expand_home
from tests.support.repository import REPOSITORY


def test_home_is_found(monkeypatch):
    monkeypatch.setenv("HOME", "/home/anna")
    assert expand_home("~/models") == Path("/home/anna/models")
    assert expand_home(Path("models")) == Path("models")


@pytest.mark.parametrize("name", ["~nobody-of-this-box/models", "~\x01", "~~"])
def test_a_user_who_does_not_exist_is_one_sentence_and_a_file_of_that_name_is_found(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInputError, match="there is no such user"):
        expand_home(name)
    Path(name).mkdir(parents=True)
    assert expand_home(name) == Path(name)


def test_no_part_of_the_package_expands_paths_by_pathlib_which_raises_for_unknown_users():
    modules = sorted((REPOSITORY / "garage_tui").rglob("*.py"))
    assert len(modules) > 400
    found = [path.name for path in modules if ".expanduser()" in path.read_text(encoding="utf-8")]
    assert found == []
