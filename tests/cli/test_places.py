"""`garage places`, `--at` and the queue: what a shell user reads about other places, good and bad."""

from __future__ import annotations

import json
import os
import shlex

import pytest

from garage_tui.__main__ import main
from garage_tui.core.runs.catalog import list_runs
from garage_tui.core.settings.settings import user_settings_file
from tests.support.app_user import make_run as make_run

RUN = "20261130-1800-lora-garage"


@pytest.fixture
def own(workspace):
    """Writes the user's own settings."""

    def write(text: str) -> None:
        user_settings_file().parent.mkdir(parents=True, exist_ok=True)
        user_settings_file().write_text(text)

    return write


@pytest.fixture
def garage(workspace, capsys):
    """Runs a command; returns its exit code and both outputs."""

    def run(line: str) -> tuple[int, str, str]:
        try:
            code = main(["--workspace", str(workspace.root), *shlex.split(line)])
        except SystemExit as ended:
            code = int(ended.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return run


TRAIN = "train lora --facts datasets/garage.jsonl --detach --at"


@pytest.fixture(autouse=True)
def in_workspace(workspace, monkeypatch):
    monkeypatch.chdir(workspace.root)


def test_without_places_it_says_how_to_set_one(garage):
    code, out, _ = garage("places")
    assert code == 0 and "no place is set" in out and f"[places.NAME] in {user_settings_file()}" in out
    assert garage("places --json")[1] == '{\n  "ok": true,\n  "places": {}\n}\n'


@pytest.mark.parametrize("line", [f"{TRAIN} lba", "places lba", f"{TRAIN} lba --both", "train diffusion --at lba"])
def test_an_unknown_place_is_refused_and_the_known_ones_are_named(garage, own, workspace, line):
    own('[places.lab]\nssh = "lab"\nfolder = "/scratch"\n')
    code, out, err = garage(line)
    assert (code, out) == (2, "") and err.startswith("garage: there is no place 'lba': your places are lab; a table ")
    assert not list_runs(workspace)


@pytest.mark.parametrize(
    ("settings", "line", "text"),
    [
        (
            'folder = "/scratch"',
            f"{TRAIN} lab --gpus 0",
            "--gpus chooses 1 GPU of this box, and the run",
        ),
        ('folder = "/scratch"', f"{TRAIN} lab --base base", "is a folder of this box, which lab does not have"),
        ('kind = "ray"', f"{TRAIN} lab", "a place with Ray needs `address`"),
        ('kind = "ray"\naddress = "http://127.0.0.1:1"\nargs = ["-x"]', f"{TRAIN} lab", "`args` are for Slurm"),
        ('key_file = "~/key"', f"{TRAIN} lab", "`address` and `key_file` are for Ray"),
        ('python = "python3"', f"{TRAIN} lab", "`python` must be an absolute path there"),
        ("gpus = 1", f"{TRAIN} lab", "`gpus` and `cpus` are for Ray"),
    ],
)
def test_what_cannot_be_is_refused_before_a_run_is_made(garage, own, workspace, settings, line, text):
    (workspace.root / "base").mkdir()
    (workspace.root / "base" / "config.json").write_text("{}")
    own(f"[places.lab]\n{settings}\n")
    code, _, err = garage(line)
    assert code == 2 and text in err and err.count("\n") == 1
    assert not list_runs(workspace)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('[places.lab]\nkinds = "slurm"', "line 2: places.lab.kinds is not a setting; did you mean kind?"),
        ('[places.lab]\nkind = "pbs"', 'line 2: places.lab.kind must be one of "slurm", "ray", not "pbs"'),
        ('[places."a b"]\nkind = "ray"', "'a b' cannot be the name of a place"),
        ('[places.here]\nkind = "ray"', "'here' cannot be the name of a place"),
        ("[places]\nlab = 3", "line 2: [places.lab] is a table of settings, not a value"),
        ("places = 3", "[places] has a table for each name"),
        ('[places.lab]\nssh = "-oProxyCommand=reboot"', "places.lab.ssh must be text in quotes (a host"),
        ('[places.lab]\naddress = "localhost"', "places.lab.address must be text in quotes (an address"),
    ],
)
def test_a_mistake_in_the_settings_is_named_with_its_line(garage, own, text, error):
    own(f"{text}\n")
    code, _, err = garage("settings")
    assert code == 2 and error in err


def test_a_workspace_cannot_set_places(garage, workspace):
    workspace.settings_file.write_text('[places.lab]\nssh = "evil.example.org"\n')
    code, _, err = garage("runs")
    assert code == 2 and "places.lab can only be set in" in err


def test_the_settings_of_places_are_listed_with_their_file(garage, own):
    own('[places.lab]\nssh = "lab"\nargs = ["--time=60"]\n')
    found = json.loads(garage("settings places.lab --json")[1])
    assert found["places.lab.args"]["value"] == ["--time=60"] and found["places.lab.kind"]["value"] == "slurm"
    assert found["places.lab.ssh"]["from"] == str(user_settings_file())
    assert "places.NAME.ssh" not in garage("settings")[1] and 'places.lab.ssh = "lab"' in garage("settings")[1]


def test_a_place_that_does_not_answer_is_said_by_places_and_doctor(garage, own, monkeypatch, tmp_path):
    (tmp_path / "bin").mkdir()
    ssh = tmp_path / "bin" / "ssh"
    ssh.write_text("#!/bin/sh\necho 'ssh: Could not resolve hostname lab' >&2\nexit 255\n")
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    own('[places.lab]\nssh = "lab"\nfolder = "/scratch"\n')
    line = "BAD   lab does not answer: ssh: Could not resolve hostname lab\n      → ssh -o BatchMode=yes lab true"
    code, out, _ = garage("places")
    assert code == 1 and line in out
    code, out, _ = garage("doctor")
    assert code == 1 and line in out


def test_the_queue_shows_who_waits_at_a_place_and_does_not_move_it(garage, own, make_run):
    make_run(RUN, "queued", waits="place", reason="waiting at lab").hold().at("lab", scheduler="PENDING (Priority)")
    assert f"–  {RUN}  waiting at lab: PENDING (Priority)" in garage("queue")[1]
    code, _, err = garage(f"queue {RUN} --first")
    assert code == 2 and err == f"garage: {RUN} waits at lab: the queue there decides the order, not this box\n"


def test_a_run_whose_job_may_still_work_elsewhere_is_not_deleted(garage, make_run):
    run = make_run(RUN, "running", step=3).at("lab")
    code, _, err = garage(f"delete {RUN} --yes")
    assert code == 2 and f"the job of {RUN} may still work at lab (12)" in err and run.path.exists()
    run.at("lab", over=True)
    assert garage(f"delete {RUN} --yes")[0] == 0 and not run.path.exists()


def test_a_stop_that_a_place_does_not_answer_is_said_and_is_still_asked_for(garage, make_run, monkeypatch):
    from garage_tui.cli.runs import run_control
    from garage_tui.core.runs.request import requested_action

    monkeypatch.setattr(run_control, "_BEYOND_GRACE", -59.7)
    run = make_run(RUN, "running", step=3).hold().at("lab", trouble="ssh: connection refused", trouble_since=1.0)
    code, _, err = garage(f"stop {RUN}")
    assert code == 1 and "is still stopping after" in err and "lab has not answered since" in err
    assert "lab does it as soon as it can, also without this command" in err and "pkill" not in err
    assert requested_action(run.path) == "stop"


@pytest.mark.parametrize("job", ["--user=me", "1; reboot", "$(id)"])
def test_a_record_that_would_be_an_option_or_a_command_is_none(make_run, job):
    from garage_tui.core.runs.place_record import read_place_record

    run = make_run(RUN, "running").at("lab", job=job)
    assert read_place_record(run.path) is None


def test_a_run_is_resumed_at_another_place_or_here_only_where_that_can_be(garage, own, make_run):
    own('[places.lab]\nssh = "lab"\nfolder = "/scratch"\n')
    run = make_run(RUN, "paused", step=3, ended=2.0)
    code, _, err = garage(f"resume {RUN} --at lba")
    assert code == 2 and "there is no place 'lba'" in err
    assert garage("resume --all --at lab")[2] == "garage: --all resumes every run where it was: name one run for --at\n"
    run.at("lab")
    code, _, err = garage(f"resume {RUN} --at here")
    assert code == 2 and "may still work at lab" in err
