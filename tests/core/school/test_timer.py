"""The systemd timer of the nights: unit files that systemd accepts, whatever the workspace is called."""

import os
import shutil
import subprocess

import pytest

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.school.timer import install, is_installed, make_timer, uninstall
from garage_tui.core.settings.settings import Workspace


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A settings folder of one's own, and a `systemctl` that notes how it was called."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")

    def systemctl(script: str) -> None:
        (programs / "systemctl").write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/calls\n{script}\n')
        (programs / "systemctl").chmod(0o755)

    systemctl("exit 0")
    return tmp_path, systemctl


def box_named(folder, name) -> Workspace:
    (folder / name).mkdir()
    return Workspace(folder / name)


@pytest.mark.parametrize("name", ["box", 'an "odd" 50% $HOME box', "Gärage 車庫", "back\\slash"])
def test_systemd_accepts_the_units_of_any_workspace(home, name):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd is not installed")
    folder, _ = home
    timer = make_timer(box_named(folder, name), "02:30")
    units = folder / "units"
    units.mkdir()
    for path, text in timer.files.items():
        (units / path.name).write_text(text)
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--user", *map(str, units.iterdir())],
        capture_output=True,
        text=True,
        env=os.environ | {"XDG_RUNTIME_DIR": str(folder)},
    )
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "OnCalendar=*-*-* 02:30:00" in timer.timer


def test_the_timer_is_written_and_started_and_goes_again(home):
    folder, _ = home
    timer = make_timer(box_named(folder, "box"), "02:00")
    install(timer)
    assert is_installed(timer)
    assert (folder / "calls").read_text().splitlines() == [
        "--user daemon-reload",
        f"--user enable --now {timer.name}.timer",
    ]
    assert uninstall(timer)
    assert not is_installed(timer)
    assert not uninstall(timer)


def test_two_workspaces_of_the_same_name_have_two_timers(home):
    folder, _ = home
    (folder / "a").mkdir()
    (folder / "b").mkdir()
    one, other = (
        make_timer(box_named(folder / "a", "box"), "02:00"),
        make_timer(box_named(folder / "b", "box"), "02:00"),
    )
    assert one.name != other.name


def test_a_run_outlives_the_pass_that_systemd_stops(home):
    assert "KillMode=process" in make_timer(box_named(home[0], "box"), "02:00").service


def test_without_a_user_manager_it_says_what_to_do(home):
    folder, systemctl = home
    systemctl('echo "Failed to connect to bus: No medium found" >&2; exit 1')
    with pytest.raises(GarageError, match="loginctl enable-linger"):
        install(make_timer(box_named(folder, "box"), "02:00"))


def test_a_path_with_a_line_feed_is_refused(home):
    with pytest.raises(BadInputError, match="line feed"):
        make_timer(box_named(home[0], "a\nb"), "02:00")
