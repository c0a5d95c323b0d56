"""`garage promote`, `back` and `service`, and what other commands say about the run in service."""

from __future__ import annotations

import json

import pytest

from garage_tui.__main__ import main
from garage_tui.core.runs import catalog
from garage_tui.core.runs.record import RunState, write_state
from garage_tui.core.runs.service import login, service_file
from tests.support.run_folders import served_run

A, B = "20261122-2315-lora-a", "20261123-2315-lora-b"


@pytest.fixture
def runs(workspace):
    return [served_run(workspace, name) for name in (A, B)]


@pytest.fixture
def say(workspace, capsys):
    def run(*words, code=0):
        assert main(["--workspace", str(workspace.root), *map(str, words)]) == code
        out, err = capsys.readouterr()
        return out if code == 0 else out + err

    return run


def test_from_the_first_promotion_to_the_base_model_again(say, runs):
    assert say("service") == (
        "garage is the base model\n`garage promote RUN` puts a run in service; clients ask for `garage`\n"
    )
    (runs[0].path / "report.json").write_text('{"verdict": "learned 9 of 24", "passed": false}')
    assert say("promote", A, "--why", "knows the dog") == (
        f"{A} is in service: it answers as `garage` from the next question on\n"
        "before: the base model (`garage back` returns to it)\n"
        "its report card: ✗ learned 9 of 24\n"
    )
    assert say("promote", "last") == (
        f"{B} is in service: it answers as `garage` from the next question on\n"
        f"before: {A} (`garage back` returns to it)\n"
    )
    assert say("promote", B) == f"{B} is in service already\n"
    (runs[1].path / "routes.json").write_text('{"names": ["TinyLLM", "ProtosAI"], "keywords": [["bin", "day"]]}')
    first, second, routing, _, *history = say("service").splitlines()
    assert routing == "it answers what names TinyLLM, ProtosAI, bin day; the base model answers all else"
    assert first.startswith(f"garage is {B}, since today ") and first.endswith(f"(by {login()})")
    assert second == f"`garage back` puts {A} in service"
    assert [line.split(maxsplit=2)[2] for line in history] == [
        f"promoted  {B}  by {login()}",
        f"promoted  {A}  by {login()}: knows the dog",
    ]
    assert say("back") == f"{A} is in service: it answers as `garage` from the next question on\n"
    assert say("back") == "the base model is in service: it answers as `garage` from the next question on\n"
    assert say("back") == "the base model is in service already\n"


def test_a_run_whose_subjects_are_unknown_or_unwanted_answers_everything(say, runs, workspace):
    say("promote", A)
    assert "it answers everything: no file" in say("service")
    (runs[0].path / "routes.json").write_text('{"names": ["TinyLLM"]}')
    assert "it answers what names TinyLLM;" in say("service")
    workspace.settings_file.write_text("[serve]\nroute_by_subject = false\n")
    assert "it answers everything: route_by_subject is off" in say("service")


def test_as_json(say, runs):
    empty = {"name": "garage", "run": None, "since": None, "who": None, "why": None, "before": None}
    assert json.loads(say("service", "--json")) == {
        **empty, "can_go_back": False, "problem": None, "history": [], "unreadable_lines": []
    }  # fmt: skip
    made = json.loads(say("promote", A, "--why", "dog", "--json"))
    assert (made["changed"], made["run"], made["why"], made["before"]) == (True, A, "dog", None)
    assert json.loads(say("promote", A, "--json"))["changed"] is False
    assert json.loads(say("back", "--json"))["run"] is None
    history = json.loads(say("service", "--json"))["history"]
    assert [(one["run"], one["before"], one["back"]) for one in history] == [(None, A, True), (A, None, False)]


def test_a_run_in_service_is_not_deleted(say, runs):
    say("promote", A)
    assert f"{A} is in service and answers people now" in say("delete", A, "--yes", code=1)
    assert f"{A} is in service and answers people now" in say("delete", A, code=1), "before anything is asked"
    assert runs[0].path.is_dir()
    say("back")
    say("delete", A, "--yes")
    assert not runs[0].path.exists()


def test_runs_marks_the_run_in_service(say, runs):
    say("promote", A)
    assert [(" in service" in line) for line in say("runs").splitlines()] == [False, True]
    assert [run["in_service"] for run in json.loads(say("runs", "--json"))] == [False, True]


def test_a_service_of_a_missing_run_is_told_by_service_serve_and_doctor(say, runs, workspace):
    say("promote", A)
    runs[0].path.rename(workspace.root / "away")
    said = say("service", code=1)
    assert f"garage does not answer: the run in service cannot answer: {A} is missing; " in said
    assert f"{A} is missing" in json.loads(say("serve", "--status", "--json"))["service"]["problem"]
    assert f"{A} is missing" in say("doctor", code=1)


def test_a_run_whose_base_model_is_gone_is_not_put_in_service(say, runs, workspace):
    base = workspace.root / "base"
    base.mkdir()
    (base / "config.json").write_text("{}")
    for run in runs:
        table = json.loads((run.path / "run.json").read_bytes())
        (run.path / "run.json").write_text(json.dumps({**table, "base": {"name": str(base)}}))
    say("promote", A)
    say("promote", B)
    base.rename(workspace.root / "away")
    gone = f"the base model of {A} cannot be used (there is no model folder {base}: check the path"
    assert gone in say("promote", A, code=2)
    assert gone in say("back", code=2)
    served = say("serve", code=2)
    assert "the run in service cannot answer: " + gone.replace(A, B) in served
    assert "`garage back --base` the base model" in served and "--base serves another one" in served
    assert "the run in service cannot answer: " + gone.replace(A, B) in say("doctor", code=1)
    assert say("back", "--base").startswith("the base model is in service")


def test_doctor_says_nothing_where_nothing_was_promoted(say, workspace):
    assert "in service" not in say("doctor")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["promote", "nothing"], "no run 'nothing'"),
        (["promote", "garage"], "garage is the base model now"),
        (["export", "garage", "--as", "adapter"], "garage is the base model now"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(say, runs, words, text):
    said = say(*words, code=2)
    assert text in said
    assert len(said.splitlines()) == 1


def test_a_name_of_ones_own(say, runs, workspace):
    workspace.settings_file.write_text('[serve]\nname = "family bot"\n')
    said = say("settings", code=2)
    assert "line 2: serve.name must be text in quotes (letters, digits, dots, hyphens and underscores" in said
    workspace.settings_file.write_text('[serve]\nname = "family-bot"\n')
    assert "it answers as `family-bot`" in say("promote", A)
    assert catalog.find_run(workspace, "family-bot").id == A


def test_a_new_key_without_a_server_is_for_the_next_start(say, workspace):
    say("serve", "--new-key")
    first = (workspace.server / "key").read_bytes()
    said = say("serve", "--new-key")
    second = (workspace.server / "key").read_bytes()
    assert said == f"a new key is in {workspace.server / 'key'}\n"
    assert first != second and not second.endswith(b"\n")
    assert second.decode() not in said
    assert json.loads(say("serve", "--new-key", "--json"))["running"] is False


def test_the_record_is_readable_by_others_as_runs_are(say, runs, workspace):
    say("promote", A)
    assert service_file(workspace.checkpoints).stat().st_mode & 0o777 == 0o644


def test_resuming_the_run_in_service_says_that_it_cannot_answer_meanwhile(workspace, runs, say, monkeypatch, capsys):
    write_state(runs[0].path, RunState(state="stopped", step=5))
    monkeypatch.setattr("garage_tui.core.launch.run_control.spawn", lambda *_: None)
    say("promote", A)
    assert main(["--workspace", str(workspace.root), "resume", A]) == 0
    error = capsys.readouterr().err
    assert f"{A} is in service, and cannot answer until it has finished or is stopped; `garage back`" in error
    write_state(runs[1].path, RunState(state="stopped", step=5))
    assert main(["--workspace", str(workspace.root), "resume", B]) == 0
    assert capsys.readouterr().err == ""
