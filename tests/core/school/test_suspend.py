"""Sleep after a night: systemctl and rtcwake are stand-ins that note how they were called; all else is real."""

import os
import subprocess
import time
from datetime import datetime, timedelta
from types import SimpleNamespace

import psutil
import pytest

from garage_tui.core.base.errors import GarageError
from garage_tui.core.runs.folder import is_alive
from garage_tui.core.scheduling import sleep_inhibitor
from garage_tui.core.school import suspend
from garage_tui.core.serving import server_state


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Puts programs into the path that note their arguments; `programs("rtcwake", "exit 1")` changes one."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("GARAGE_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(psutil, "users", lambda: [])

    def program(name, script="exit 0"):
        (folder / name).write_text(f'#!/bin/sh\necho {name} "$@" >>{tmp_path}/calls\n{script}\n')
        (folder / name).chmod(0o755)

    for name in ("systemctl", "rtcwake", "sudo"):
        program(name)
    return program


def calls(tmp_path):
    return (tmp_path / "calls").read_text().splitlines() if (tmp_path / "calls").exists() else []


def tomorrow() -> datetime:
    return datetime.now() + timedelta(hours=5)


def test_the_clock_that_wakes_the_box_is_set_before_it_sleeps(programs, tmp_path):
    wake_at = tomorrow()
    suspend.suspend(wake_at)
    assert calls(tmp_path) == [f"rtcwake --mode no --time {int(wake_at.timestamp())}", "systemctl suspend"]


def test_a_user_who_may_set_the_clock_with_sudo_alone_needs_nothing_else(programs, tmp_path):
    programs("rtcwake", "echo 'cannot open /dev/rtc0: Permission denied' >&2; exit 1")
    suspend.suspend(tomorrow())
    assert [line.split()[0] for line in calls(tmp_path)] == ["rtcwake", "sudo", "systemctl"]


def test_without_a_clock_to_wake_it_the_box_stays_awake_and_says_what_to_do(programs, tmp_path):
    programs("rtcwake", "echo 'cannot open /dev/rtc0: Permission denied' >&2; exit 1")
    programs("sudo", "exit 1")
    with pytest.raises(GarageError, match=r"cannot be set: .*Permission denied.*sudoers"):
        suspend.suspend(tomorrow())
    assert not any("suspend" in line for line in calls(tmp_path))


def test_a_box_that_cannot_sleep_says_why(programs):
    programs("systemctl", "echo 'Sleep verb \"suspend\" not supported' >&2; exit 1")
    with pytest.raises(GarageError, match=r"the box cannot sleep: .*not supported"):
        suspend.suspend(tomorrow())


def test_a_sleep_of_minutes_is_not_begun(programs, tmp_path):
    with pytest.raises(GarageError, match="begins too soon"):
        suspend.suspend(datetime.now() + timedelta(minutes=5))
    assert calls(tmp_path) == []


def test_somebody_who_has_just_typed_keeps_the_box_awake(programs, workspace, monkeypatch, tmp_path):
    person = SimpleNamespace(name="anna", terminal=f"..{tmp_path}/tty")
    (tmp_path / "tty").touch()
    monkeypatch.setattr(psutil, "users", lambda: [person])
    now = time.time()
    os.utime(tmp_path / "tty", (now - 60, now - 60))
    assert suspend.why_not_suspend(workspace, now) == "anna is logged in and has just typed"
    os.utime(tmp_path / "tty", (now - 3600, now - 3600))
    assert suspend.why_not_suspend(workspace, now) == ""


def test_a_server_that_answers_keeps_the_box_awake(programs, workspace, monkeypatch):
    live = server_state.ServerSnapshot("ready", "", "http://127.0.0.1:1/v1", "smollm2-135m", workspace.server / "log")
    monkeypatch.setattr(suspend, "inspect", lambda box: live)
    assert suspend.why_not_suspend(workspace, time.time()) == "a model server answers here"


def test_the_next_night_is_today_or_tomorrow():
    noon = datetime(2026, 11, 30, 12, 0)
    assert suspend.next_time("02:00", noon) == datetime(2026, 12, 1, 2, 0)
    assert suspend.next_time("22:30", noon) == datetime(2026, 11, 30, 22, 30)
    assert suspend.next_time("12:00", noon) == datetime(2026, 12, 1, 12, 0)


def test_the_box_is_kept_awake_as_long_as_a_run_holds_its_lock(programs, workspace, tmp_path):
    programs("systemd-inhibit", 'shift 4; exec "$@"')
    run = workspace.checkpoints / "20261130-0200-lora-school"
    run.mkdir()
    holder = subprocess.Popen(["flock", str(run / "lock"), "sleep", "60"])
    deadline = time.monotonic() + 20
    while not is_alive(run) and time.monotonic() < deadline:
        time.sleep(0.02)
    sleep_inhibitor.keep_awake_for(run)
    assert calls(tmp_path) == []  # nobody has asked for it
    (workspace.root / "garage.toml").write_text("[school]\nsuspend = true\n")
    sleep_inhibitor.keep_awake_for(run)

    def waits():
        return [one for one in psutil.process_iter(["cmdline"]) if "--shared" in (one.info["cmdline"] or [])
                and str(run / "lock") in one.info["cmdline"]]  # fmt: skip

    while not waits() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert waits()
    for child in psutil.Process(holder.pid).children():
        child.kill()
    holder.kill()
    holder.wait()
    while waits() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not waits()
    assert "--what=sleep --who=garage --why=20261130-0200-lora-school works --mode=block" in calls(tmp_path)[0]


def test_the_inhibitor_of_a_night_ends_with_its_process(programs, tmp_path):
    programs("systemd-inhibit", 'shift 4; exec "$@"')
    with sleep_inhibitor.awake("a night is under way"):
        deadline = time.monotonic() + 20
        while not calls(tmp_path) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert f"tail --pid={os.getpid()} -f /dev/null" in calls(tmp_path)[0]


def test_without_systemd_a_run_works_as_before(monkeypatch, workspace):
    monkeypatch.setenv("PATH", "/nowhere")
    sleep_inhibitor.keep_awake_for(workspace.checkpoints / "run")
    with sleep_inhibitor.awake("a night"):
        pass
