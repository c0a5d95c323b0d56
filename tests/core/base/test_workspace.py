"""The folder in which somebody works: what is no folder is named, with what to do about it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.workspace import Workspace


def test_the_command_that_is_offered_makes_the_folder(tmp_path):
    folder = tmp_path / "my facts; $HOME"
    with pytest.raises(BadInputError, match="there is no folder") as missing:
        Workspace.find(folder)
    subprocess.run(["sh", "-c", str(missing.value).split("`")[1]], check=True)
    assert Workspace.find(folder).root == folder


@pytest.mark.parametrize("path", ["/dev/null", "/etc/hostname"])
def test_what_is_there_and_is_no_folder_is_not_to_be_made(path):
    if Path(path).exists():
        with pytest.raises(BadInputError, match=f"the workspace {path} is not a folder: choose another"):
            Workspace.find(path)
