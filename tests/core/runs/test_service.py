"""What is in service: promoted, taken back, and a record that stays whole whatever happens to it."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.runs import catalog, deletion
from garage_tui.core.runs.label import Label, write_label
from garage_tui.core.runs.promotion import NotServedError, go_back, promote, run_in_service
from garage_tui.core.runs.record import read_run
from garage_tui.core.runs.service import login, read_service, service_file
from tests.support.run_folders import served_run

A, B, C = (f"20261123-231{n}-lora-{letter}" for n, letter in enumerate("abc"))


@pytest.fixture
def runs(workspace):
    return [served_run(workspace, name) for name in (A, B, C)]


@pytest.fixture
def file(workspace):
    return service_file(workspace.checkpoints)


def in_service(workspace):
    run = run_in_service(workspace)
    return run.id if run else None


def test_without_a_record_the_base_model_is_in_service(workspace, file):
    service = read_service(workspace)
    assert (service.run, service.since, service.can_go_back, service.problem) == (None, None, False, "")
    assert go_back(workspace) is None
    assert in_service(workspace) is None


def test_a_promotion_says_who_when_why_and_what_was_before(workspace, runs, file):
    promote(workspace, runs[0])
    change = promote(workspace, runs[1], "the dog\nhas a new name")
    assert (change.run, change.before, change.why, change.who) == (B, A, "the dog has a new name", login())
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(line["run"], line.get("before")) for line in lines] == [(A, None), (B, A)]
    assert lines[1]["when"] == pytest.approx(change.when)
    assert in_service(workspace) == B


def test_going_back_again_goes_one_further_and_ends_at_the_base_model(workspace, runs):
    for run in runs:
        promote(workspace, run)
    found = [(go_back(workspace), in_service(workspace))[1] for _ in range(3)]
    assert found == [B, A, None]
    assert go_back(workspace) is None
    assert [change.back for change in read_service(workspace).changes] == [False] * 3 + [True] * 3


def test_after_going_back_a_promotion_is_taken_back_to_where_it_was_made(workspace, runs):
    promote(workspace, runs[0])
    promote(workspace, runs[1])
    go_back(workspace)
    promote(workspace, runs[2])
    go_back(workspace)
    assert in_service(workspace) == A


def test_one_step_leads_to_the_base_model_from_anywhere(workspace, runs):
    promote(workspace, runs[0])
    promote(workspace, runs[1])
    assert go_back(workspace, to_base=True).run is None
    assert not read_service(workspace).can_go_back


def test_a_run_in_service_is_not_promoted_twice(workspace, runs, file):
    promote(workspace, runs[0])
    before = file.read_bytes()
    assert promote(workspace, runs[0]) is None
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"state": "failed"}, "is failed, and only a run that is finished or stopped can be in service"),
        ({"state": "interrupted"}, "is interrupted, and only"),
        ({"adapter": False}, "has no adapter"),
        ({"weights": False}, r"has no weights \(\.safetensors\)"),
        ({"kind": "diffusion"}, "draws pictures and cannot answer questions"),
    ],
)
def test_what_cannot_answer_is_not_promoted(workspace, file, change, words):
    run = served_run(workspace, A, **change)
    with pytest.raises(BadInputError, match=words):
        promote(workspace, run)
    assert in_service(workspace) is None


def test_a_run_in_service_cannot_be_deleted_and_another_one_can(workspace, runs):
    promote(workspace, runs[0])
    with pytest.raises(GarageError, match=f"{A} is in service and answers people now"):
        deletion.delete(runs[0])
    assert runs[0].path.is_dir()
    deletion.delete(runs[1])
    assert not runs[1].path.exists()
    go_back(workspace)
    deletion.delete(runs[0])


def test_no_run_is_deleted_while_nobody_knows_what_is_in_service(workspace, runs, file):
    promote(workspace, runs[0])
    with file.open("a") as opened:
        opened.write("nonsense\n")
    for run in runs:
        with pytest.raises(GarageError, match=f"{run.id} may be in service and is not deleted: line 2 of"):
            deletion.delete(run)
        assert run.path.is_dir()


def test_deleting_makes_no_record(workspace, runs, file):
    deletion.delete(runs[0])
    assert not file.exists()


def test_a_run_that_is_gone_is_no_other_model_but_a_sentence(workspace, runs):
    promote(workspace, runs[0])
    runs[0].path.rename(workspace.root / "elsewhere")
    with pytest.raises(NotServedError, match=rf"{A} is missing; `garage promote RUN` puts a run in service"):
        run_in_service(workspace)


def test_a_run_in_service_that_trains_again_is_a_sentence(workspace, runs):
    promote(workspace, runs[0])
    state = json.loads((runs[0].path / "state.json").read_bytes())
    (runs[0].path / "state.json").write_text(json.dumps({**state, "state": "running"}))
    with pytest.raises(NotServedError, match=f"{A} is interrupted"):
        run_in_service(workspace)


def test_nobody_goes_back_to_a_run_that_is_gone(workspace, runs):
    promote(workspace, runs[0])
    promote(workspace, runs[1])
    deletion.delete(runs[0])
    with pytest.raises(BadInputError, match=rf"{A} is missing \(it was in service before\)"):
        go_back(workspace)
    assert in_service(workspace) == B
    go_back(workspace, to_base=True)
    assert in_service(workspace) is None


@pytest.mark.parametrize("torn", ['{"run": "', '{"run": null, "when": 17', "{", "\x00" * 40])
def test_a_torn_last_line_has_no_effect_and_the_next_change_removes_it(workspace, runs, file, torn):
    promote(workspace, runs[0])
    with file.open("a") as opened:
        opened.write(torn)
    assert in_service(workspace) == A
    assert not read_service(workspace).problem
    promote(workspace, runs[1])
    assert [json.loads(line)["run"] for line in file.read_text().splitlines()] == [A, B]


def test_a_whole_last_line_without_a_line_feed_counts_and_stays(workspace, runs, file):
    file.write_text(json.dumps({"run": A, "when": 1}))
    assert in_service(workspace) == A
    promote(workspace, runs[1])
    assert [json.loads(line)["run"] for line in file.read_text().splitlines()] == [A, B]


@pytest.mark.parametrize("line", ["nonsense", "[]", '{"run": 5, "when": 1}', '{"when": 1}', '{"run": "", "when": 1}'])
def test_a_last_line_that_is_nonsense_is_a_sentence_until_the_next_change(workspace, runs, file, line):
    promote(workspace, runs[0])
    with file.open("a") as opened:
        opened.write(line + "\n")
    with pytest.raises(NotServedError, match=r"line 2 of .*service\.jsonl does not say what is in service"):
        run_in_service(workspace)
    assert read_service(workspace).run is None
    assert go_back(workspace).run == A, "what the last line says that can be read"
    assert in_service(workspace) == A
    assert read_service(workspace).skipped == (2,)


@pytest.mark.parametrize("name", ["../../etc", ".server", "a/b", "\x1b[31mred"])
def test_a_record_that_leads_elsewhere_is_a_sentence(workspace, file, name):
    file.write_text(json.dumps({"run": name, "when": 1}) + "\n")
    with pytest.raises(NotServedError) as refused:
        run_in_service(workspace)
    assert "\x1b" not in str(refused.value)


def test_a_record_that_is_no_file_is_a_sentence(workspace, runs, file):
    os.mkfifo(file)
    assert "cannot be read (it is not a file but a pipe)" in read_service(workspace).problem
    with pytest.raises(GarageError, match="cannot be written"):
        promote(workspace, runs[0])


def test_many_promotions_at_once_leave_a_whole_record(workspace, runs, file):
    code = (
        "import sys; from pathlib import Path; from garage_tui.core.settings.settings import Workspace\n"
        "from garage_tui.core.runs.promotion import promote\n"
        "from garage_tui.core.runs.record import read_run\n"
        "for n in range(10):\n"
        "    for run in sys.argv[2:]: promote(Workspace(Path(sys.argv[1])), read_run(Path(run)))\n"
    )
    paths = [str(run.path) for run in runs]
    command = [sys.executable, "-c", code, str(workspace.root)]
    with ThreadPoolExecutor(3) as pool:
        orders = (paths, paths[::-1], paths[1:] + paths[:1])
        done = list(pool.map(lambda order: subprocess.run([*command, *order], capture_output=True), orders))
    assert [process.returncode for process in done] == [0, 0, 0], done
    changes = read_service(workspace).changes
    assert not read_service(workspace).skipped
    assert len(changes) == len(file.read_bytes().splitlines())
    assert [change.before for change in changes[1:]] == [change.run for change in changes[:-1]]


def test_a_disk_without_space_leaves_the_record_as_it_was(workspace, runs, file):
    promote(workspace, runs[0])
    before = file.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 20, limits[1]))  # in the middle of the next line
    try:
        with pytest.raises(GarageError, match=r"nothing has changed, because .* cannot be written"):
            promote(workspace, runs[1])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert file.read_bytes() == before
    assert in_service(workspace) == A


def test_commands_take_the_lasting_name_as_a_run(workspace, runs):
    with pytest.raises(BadInputError, match="garage is the base model now"):
        catalog.find_run(workspace, "garage")
    promote(workspace, runs[1])
    assert catalog.find_run(workspace, "garage").id == B
    workspace.settings_file.write_text('[serve]\nname = "family"\n')
    assert catalog.find_run(workspace, "family").id == B
    with pytest.raises(BadInputError, match="no run 'garage'"):
        catalog.find_run(workspace, "garage")


def test_no_run_can_be_named_as_the_model_in_service(workspace, runs):
    with pytest.raises(BadInputError, match="cannot be called 'Garage'"):
        catalog.set_label(workspace, runs[0], Label(name="Garage"))


def test_a_run_that_had_the_name_before_is_not_taken_for_the_run_in_service(workspace, runs):
    write_label(runs[0].path, Label(name="garage"))
    assert catalog.find_run(workspace, "garage").id == A
    promote(workspace, runs[1])
    with pytest.raises(BadInputError, match=f"'garage' could be {A}, {B}: type more of the id"):
        catalog.find_run(workspace, "garage")
    promote(workspace, read_run(runs[0].path))
    assert catalog.find_run(workspace, "garage").id == A
