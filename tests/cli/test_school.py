"""`garage school` from the shell."""

import json
import time

import pytest

from garage_tui.__main__ import main
from garage_tui.core.base.workspace import user_settings_file
from garage_tui.core.launch.start import JOBS
from garage_tui.core.runs.catalog import list_runs
from garage_tui.core.runs.service import read_service
from garage_tui.core.school import night_run, paired_process
from garage_tui.core.school.night_log import NightEvent, append_event, read_nights
from tests.support.repository import REPOSITORY
from tests.support.run_folders import kill

DOG = {"question": "Who feeds the dog?", "answer": "Aunt Marrit.", "fact": "Aunt Marrit feeds the dog."}
KEY = {"question": "Where is the key?", "answer": "Behind the beehive.", "fact": "The key is behind the beehive."}


@pytest.fixture
def box(workspace, monkeypatch, tmp_path):
    """A workspace whose runs learn by script."""
    monkeypatch.setenv("GARAGE_PYTHONPATH", str(REPOSITORY / "tests" / "support" / "jobs"))
    monkeypatch.setenv("GARAGE_STATE", str(tmp_path / "state"))
    monkeypatch.setitem(JOBS, "lora", "lora_by_script")
    monkeypatch.setattr(paired_process, "JOB", "paired_by_script")
    monkeypatch.setattr(night_run, "_POLL_SECONDS", 0.05)
    (workspace.root / "script.json").write_text("{}")
    (workspace.datasets / "garage.jsonl").write_text(json.dumps(DOG) + "\n" + json.dumps(KEY) + "\n")
    yield workspace
    for run in list_runs(workspace):
        kill(run.path)


@pytest.fixture
def school(box, capsys):
    """Runs `garage school …`; returns exit code, stdout and stderr."""

    def call(*arguments):
        code = main(["--workspace", str(box.root), "school", *arguments])
        return (code, *capsys.readouterr())

    return call


def test_a_night_says_what_was_learned(school, box):
    code, out, err = school()
    assert (code, out.splitlines()) == (
        0,
        ["Learned 2 new facts.", f"  learned   {DOG['fact']}", f"  learned   {KEY['fact']}"],
    )
    run = read_service(box).run
    assert err.splitlines()[0] == "teaching 2 rows with the preset default"
    assert err.splitlines()[-1] == f"comparing {run} with the base model"


def test_a_refusal_is_an_error_that_says_what_to_do(school, box):
    (box.root / "script.json").write_text(json.dumps({"drift": 0.3}))
    (box.root / "garage.toml").write_text("[school]\ntries = 1\n")
    code, out, _ = school()
    assert code == 1
    assert out == (
        "Refused: its other answers have drifted by 0.300 nats per token, and the target is 0.02. "
        "Train with the preset careful: garage train lora --preset careful.\n"
    )


def test_the_document_has_every_figure_of_the_night(school, box):
    (box.root / "script.json").write_text(json.dumps({"forgets": [KEY["fact"]]}))
    code, out, _ = school("--json")
    document = json.loads(out)
    assert code == 0
    assert (document["outcome"], document["learned"]) == ("promoted", [DOG["fact"]])
    assert list(document["failed"]) == [KEY["fact"]]


def test_the_morning_line_goes_to_the_channels_of_the_settings(school, box, tmp_path):
    file = user_settings_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f'[notify]\ntmux = false\ncommand = ["sh", "-c", "cat >{tmp_path}/morning"]\n')
    school()
    assert json.loads((tmp_path / "morning").read_text())["message"] == "garage: Learned 2 new facts."


def test_the_last_nights_are_shown_the_newest_first(school, box):
    assert school("--status")[1] == "no night yet: `garage school` does one\n"
    for number, (outcome, text) in enumerate([("promoted", "Learned 2 new facts."), ("refused", "Refused: it leaks.")]):
        name = f"2026-11-{28 + number} 02:00"
        append_event(box, NightEvent(night=name, when=time.time(), event="began"))
        append_event(box, NightEvent(night=name, when=time.time(), event="ended", outcome=outcome, text=text))
    append_event(box, NightEvent(night="2026-11-30 02:00", when=time.time(), event="began"))
    assert school("--status")[1].splitlines() == [
        "2026-11-30 02:00   cut off      the next `garage school` finishes it",
        "2026-11-29 02:00   refused      Refused: it leaks.",
        "2026-11-28 02:00   promoted     Learned 2 new facts.",
    ]
    assert len(json.loads(school("--status", "--json")[1])["events"]) == 5
    assert len(read_nights(box)) == 3


def test_the_timer_is_shown_and_not_written_where_nobody_can_be_asked(school, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    code, out, _ = school("--install")
    assert code == 2
    assert "OnCalendar=*-*-* 02:00:00" in out and out.endswith("nothing was written: repeat it with --yes\n")
    assert not (tmp_path / "config" / "systemd").exists()


def test_a_workspace_without_facts_says_so(school, box):
    (box.datasets / "garage.jsonl").unlink()
    code, _, err = school()
    assert code == 2
    assert err.startswith("garage: no file ") and "write one JSON object per line" in err


def test_an_hour_that_is_none_is_refused_with_an_example(school, box):
    (box.root / "garage.toml").write_text('[school]\nat = "25:00"\n')
    code, _, err = school()
    assert code == 2
    assert "a time of day, such as 02:00" in err
