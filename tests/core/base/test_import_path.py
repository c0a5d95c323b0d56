"""A PYTHONPATH that another project left in the shell: the command imports its own libraries all the same."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig

import pytest

from tests.support.repository import REPOSITORY

COMMAND = "import sys; sys.argv = ['garage', 'settings']; from garage_tui.__main__ import main; sys.exit(main())"


@pytest.fixture
def run(workspace, tmp_path):
    """Runs a command in a shell whose PYTHONPATH names these folders, and returns what it printed."""
    shell = tmp_path / "shell"
    shell.mkdir()
    for name in ("msgspec", "rich", "textual", "httpx"):
        (shell / f"{name}.py").write_text(f"raise SystemExit('the {name} of another project')")

    def run(*folders, **variables):
        path = os.pathsep.join([*map(str, folders), str(REPOSITORY)])
        env = {**os.environ, "GARAGE_WORKSPACE": str(workspace.root), "PYTHONPATH": path, **variables}
        return subprocess.run([sys.executable, "-P", "-c", COMMAND], env=env, capture_output=True, text=True)

    return run


def test_libraries_of_another_project_do_not_replace_ours(run, tmp_path):
    done = run(tmp_path / "shell")
    assert done.returncode == 0 and "base_model = " in done.stdout, done.stderr


def test_folders_that_the_user_names_for_us_are_imported_from(run, tmp_path):
    done = run(tmp_path / "shell", GARAGE_PYTHONPATH=str(tmp_path / "shell"))
    assert done.returncode == 1 and "of another project" in done.stderr


def test_a_path_that_names_our_own_libraries_loses_none(run, tmp_path):
    done = run(tmp_path / "shell", sysconfig.get_paths()["purelib"], tmp_path / "nowhere", "")
    assert done.returncode == 0 and "base_model = " in done.stdout, done.stderr
