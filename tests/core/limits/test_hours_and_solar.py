"""What a run waits for besides its turn: the hours that its owner allows, and the sun."""

from __future__ import annotations

import http.server
import json
import sys
import threading
import time
from collections.abc import Sequence
from datetime import datetime

import msgspec
import pytest

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.limits import time_windows
from garage_tui.core.limits.run_limits import RunLimits
from garage_tui.core.limits.solar import SolarSurplus
from garage_tui.core.limits.start_conditions import StartConditions
from garage_tui.core.runs.record import Manifest
from garage_tui.core.settings.settings import (
    HeatSettings,
    Settings,
    SunSettings,
    Workspace,
    load_settings,
    user_settings_file,
)

MONDAY = datetime(2026, 11, 23)


def at(clock: str, day: int = 0) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return MONDAY.replace(day=MONDAY.day + day, hour=hour, minute=minute)


@pytest.mark.parametrize(
    ("only", "quiet", "open_at", "closed_at"),
    [
        (["22:00-06:00"], [], ["22:00", "23:59", "00:00", "05:59"], ["06:00", "12:00", "21:59"]),
        ([], ["13:00-15:00"], ["12:59", "15:00"], ["13:00", "14:59"]),
        (["08:00-20:00"], ["12:00-13:00"], ["08:00", "19:59"], ["07:59", "12:30", "20:00"]),
        (["00:00-24:00"], [], ["00:00", "23:59"], []),
        ([], [], ["03:00"], []),
    ],
)
def test_windows_open_and_close(only, quiet, open_at, closed_at):
    assert all(time_windows.allowed(only, quiet, at(clock)) for clock in open_at)
    assert not any(time_windows.allowed(only, quiet, at(clock)) for clock in closed_at)


def test_a_window_with_days_goes_on_after_midnight_of_its_last_day():
    weekend = ["fri-sun 22:00-06:00"]
    assert time_windows.allowed(weekend, [], at("23:00", 4)) and time_windows.allowed(weekend, [], at("05:00", 7))
    assert not time_windows.allowed(weekend, [], at("23:00", 3))
    assert not time_windows.allowed(weekend, [], at("23:00", 7))


@pytest.mark.parametrize(
    ("only", "quiet", "words"),
    [
        (["22:00-06:00"], [], "22:00"),
        (["sat 10:00-18:00"], [], "Sat 10:00"),
        ([], ["00:00-24:00"], "a time that never comes: `only` and `quiet` exclude all times"),
    ],
)
def test_it_says_until_when_it_waits(only, quiet, words):
    now = at("12:00")
    assert time_windows.describe_opening(time_windows.opens(only, quiet, now), now) == words


@pytest.mark.parametrize("text", ["", "22-06", "25:00-06:00", "22:00-22:00", "22:61-23:00", "today 10:00-11:00"])
def test_what_is_no_window_is_refused_with_an_example(text):
    with pytest.raises(BadInputError, match=r"22:00-06:00"):
        time_windows.parse(text)


def test_a_run_out_of_its_hours_waits_and_works_in_them():
    clock = [at("12:00")]
    conditions = StartConditions(RunLimits(only=("22:00-06:00",)), now=lambda: clock[0])
    hold = conditions.hold()
    assert hold and (hold.waiting_for, hold.reason) == ("hours", "waiting for 22:00")
    clock[0] = at("22:00")
    assert conditions.hold() is None


def test_a_gpu_is_guarded_below_the_point_where_it_slows_itself_down_unless_the_owner_says_otherwise():
    assert RunLimits().heat(95) == (90, 80)
    assert RunLimits(max_temp_c=84, resume_temp_c=75).heat(95) == (84, 75)
    assert RunLimits(max_temp_c=84).heat(95) == (84, 74)
    assert RunLimits().heat(None) is None  # a processor, or a card that does not say
    assert RunLimits(max_temp_c=80).heat(None) == (80, 70)


def test_limits_that_contradict_each_other_are_refused():
    with pytest.raises(BadInputError, match="must be below"):
        RunLimits.from_settings(Settings(heat=HeatSettings(max_temp_c=75, resume_temp_c=80)))
    with pytest.raises(BadInputError, match="is not a time window"):
        RunLimits.from_settings(Settings(), only=("night",))
    with pytest.raises(BadInputError, match=r"\[sun\]"):
        RunLimits.from_settings(Settings(), sunny=True)
    with pytest.raises(BadInputError, match=r"^max_temp_c: must be a number of at most 120$"):
        RunLimits.from_settings(Settings(), max_temp_c=500.0)


def test_a_workspace_cannot_name_a_command_that_is_run(workspace):
    (workspace.root / "garage.toml").write_text('[sun]\ncommand = ["rm", "-rf", "/"]\n')
    with pytest.raises(BadInputError, match="somebody else's"):
        load_settings(workspace)


def says(text: str, code: int = 0) -> list[str]:
    return [sys.executable, "-c", f"import sys; sys.stdout.write({text!r}); sys.exit({code})"]


def complains(text: str, then: str = "", code: int = 0) -> list[str]:
    script = f"import sys; sys.stderr.write({text!r}); sys.stdout.write({then!r}); sys.exit({code})"
    return [sys.executable, "-c", script]


def asking(command: Sequence[str], every: float = 3600) -> SolarSurplus:
    return SolarSurplus(lambda: SunSettings(command=tuple(command), every_seconds=every))


def answer(sun: SolarSurplus) -> float | None:
    """Ask until there is an answer, good or bad."""
    deadline = time.monotonic() + 15
    while sun.poll() is None and not sun.trouble and time.monotonic() < deadline:
        time.sleep(0.01)
    return sun.watts


@pytest.mark.parametrize(
    ("said", "watts"), [("412", 412), ("-35.5\n", -35.5), ("1.2 kW", 1200), ("−80 W\n", -80), ("1e3", 1000)]
)
def test_any_command_that_prints_watts_tells_how_much_sun_there_is(said, watts):
    assert answer(asking(says(said))) == watts


def test_what_a_command_says_beside_its_answer_is_no_part_of_it():
    assert answer(asking(complains("  % Total    % Received\r100     3\n", "412\n"))) == 412


@pytest.mark.parametrize(
    ("command", "trouble"),
    [
        (says("no idea"), "did not print a number of watts: no idea"),
        (says("", 0), "did not print a number of watts"),
        (says("12\nTraceback: it broke", 3), "ended with exit code 3: Traceback: it broke"),
        (complains("curl: (7) no route\n", "12\n", 7), "ended with exit code 7: curl: (7) no route"),
        (complains("a warning\n", "no idea\n"), "did not print a number of watts: no idea"),
        (complains("a warning\n"), "did not print a number of watts: a warning"),
        (["/nowhere/to/be/found"], "not found"),
        (says("1,234 W"), "did not print a number of watts: 1,234 W"),
        (says("2026-11-25 12:00 400"), "did not print a number of watts"),
        ([], "no `command` is set in [sun] of "),
    ],
)
def test_a_command_that_fails_is_said(command, trouble):
    sun = asking(command)
    assert answer(sun) is None
    assert trouble in sun.trouble


def test_looking_never_waits_for_the_command_and_does_not_ask_too_often(tmp_path):
    asked = tmp_path / "asked"
    script = f"import time; open({str(asked)!r}, 'a').write('x'); time.sleep(0.5); print(5)"
    sun = asking([sys.executable, "-c", script])
    began = time.monotonic()
    sun.poll()
    assert time.monotonic() - began < 0.4  # starting it is all that takes time
    assert answer(sun) == 5
    for _ in range(20):
        sun.poll()
    assert asked.read_text() == "x"


def test_nothing_that_lies_in_the_current_folder_is_run_by_mistake(tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("raise SystemExit('a stranger runs here')")
    monkeypatch.chdir(tmp_path)
    assert answer(asking([sys.executable, "-c", "import json, os; print(len(os.getcwd()))"])) == 1  # "/"


def test_a_command_that_hangs_is_ended_with_all_that_it_started(tmp_path, monkeypatch):
    monkeypatch.setattr("garage_tui.core.limits.solar._SECONDS", 0.3)
    note = tmp_path / "pid"
    hangs = asking(["sh", "-c", f"sleep 60 & echo $! > {note}; wait"])
    answer(hangs)
    assert "took longer" in hangs.trouble
    deadline = time.monotonic() + 10
    while alive(int(note.read_text())) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(int(note.read_text()))


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
            return file.read().split(")")[-1].split()[0] != "Z"
    except OSError:
        return False


def test_a_command_that_was_mended_is_asked_next_time(tmp_path):
    told = [SunSettings(command=("/nowhere",), every_seconds=1)]
    sun = SolarSurplus(lambda: told[0])
    answer(sun)
    assert sun.trouble
    told[0] = SunSettings(command=tuple(says("300")))
    deadline = time.monotonic() + 10
    while sun.poll() != 300:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_run_that_works_does_not_stop_before_the_sun_was_asked():
    limits = RunLimits(sunny=True, start_w=300, stop_w=100, patience_seconds=0)
    slow = (sys.executable, "-c", "import time; time.sleep(0.3); print(500)")
    working = StartConditions(limits, lambda: SunSettings(command=slow), started=True)
    began = time.monotonic()
    while time.monotonic() - began < 1.0:
        assert working.hold() is None
        time.sleep(0.02)


@pytest.mark.parametrize("text", ["patience_minutes = inf", "start_w = nan", "start_w = -inf"])
def test_numbers_that_are_none_are_refused(workspace, text):
    (workspace.root / "garage.toml").write_text(f"[sun]\n{text}\n")
    with pytest.raises(BadInputError, match="must be a number from"):
        RunLimits.from_settings(load_settings(workspace))


class Meters(http.server.BaseHTTPRequestHandler):
    """pypowerwall's proxy: /aggregates gives Tesla's meters; what flows to the grid is negative."""

    grid = -1234.5

    def do_GET(self) -> None:
        meters = {"site": {"instant_power": self.grid}, "solar": {"instant_power": 4000.0}}
        body = json.dumps(meters).encode()
        self.send_response(200 if self.path == "/aggregates" else 404)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def powerwall():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Meters)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_what_pypowerwalls_proxy_says_is_watts_to_spare(powerwall):
    sun = asking([sys.executable, "-P", "-m", "garage_tui.core.limits.powerwall", powerwall])
    assert answer(sun) == 1234.5
    silent = asking([sys.executable, "-P", "-m", "garage_tui.core.limits.powerwall", "http://127.0.0.1:9"])
    assert answer(silent) is None and "no answer from pypowerwall" in silent.trouble


def test_a_run_starts_with_the_sun_and_does_not_stop_for_one_cloud(tmp_path):
    watts = tmp_path / "watts"
    command = (sys.executable, "-c", f"print(open({str(watts)!r}).read())")
    limits = RunLimits(sunny=True, start_w=300, stop_w=0, patience_seconds=0.5)

    def until(conditions: StartConditions, held: bool) -> str:
        deadline = time.monotonic() + 15
        while ((hold := conditions.hold()) is not None) != held and time.monotonic() < deadline:
            time.sleep(0.02)
        assert (hold is not None) == held
        return hold.reason if hold else ""

    watts.write_text("120")
    sun = lambda: SunSettings(command=command, every_seconds=0.01)  # noqa: E731
    waiting = StartConditions(limits, sun)
    assert until(waiting, True)
    while "asking" in (reason := until(waiting, True)):
        time.sleep(0.02)
    assert reason == "waiting for solar surplus: 120 W now, starts at 300 W"
    watts.write_text("450")
    until(waiting, False)
    working = StartConditions(limits, sun, started=True)
    watts.write_text("10")
    began = time.monotonic()
    while time.monotonic() - began < 1.0:
        assert working.hold() is None  # less than it takes to start, but still enough
        time.sleep(0.05)
    watts.write_text("-80")
    began = time.monotonic()
    until(working, True)
    assert time.monotonic() - began > 0.4


def test_the_owners_settings_may_name_the_command(workspace):
    file = user_settings_file()
    file.parent.mkdir(parents=True)
    file.write_text('[sun]\ncommand = ["cat", "watts"]\nwait = true\nstart_w = 300\n')
    limits = RunLimits.from_settings(load_settings(Workspace(workspace.root)))
    assert (limits.sunny, limits.start_w) == (True, 300)


def test_the_limits_of_a_run_keep_their_key_on_disk():
    manifest = Manifest(
        id="r", kind="lora", created=1.0, recipe={}, base={}, dataset={}, limits=RunLimits(max_temp_c=84)
    )
    assert json.loads(msgspec.json.encode(manifest))["care"] == {"max_temp_c": 84}
    old = {"id": "r", "kind": "lora", "created": 1, "recipe": {}, "base": {}, "dataset": {}, "care": {"sunny": True}}
    assert msgspec.convert(old, Manifest).limits.sunny
