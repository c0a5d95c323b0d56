"""`garage name`: a name and a note for a run, on the command line."""

import json

import pytest

from garage_tui.__main__ import main
from garage_tui.core.runs.label import LABEL
from tests.support.exportable_run import make_run


@pytest.fixture
def garage(workspace, capsys):
    def call(*arguments):
        code = main(["--workspace", str(workspace.root), *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_a_named_run_is_listed_and_found_by_its_name(workspace, garage):
    run = make_run(workspace)
    assert garage("name", "last", "night run", "--note", "with 40 more rows")[:2] == (
        0,
        f"{run.id}: night run\nwith 40 more rows\n",
    )
    assert "night run" in garage("runs")[1] and "with 40 more rows" in garage("runs")[1]
    (row,) = json.loads(garage("runs", "--json")[1])
    assert (row["id"], row["name"], row["note"]) == (run.id, "night run", "with 40 more rows")
    assert garage("name", "night run")[1].startswith(f"{run.id}: night run")


def test_name_and_note_change_one_at_a_time_and_go(workspace, garage):
    run = make_run(workspace)
    garage("name", run.id, "night", "--note", "first try")
    garage("name", run.id, "--note", "")
    assert json.loads(garage("name", run.id, "--json")[1]) == {"id": run.id, "name": "night", "note": None}
    garage("name", run.id, "")
    assert not (run.path / LABEL).exists()
    assert garage("name", run.id)[1] == f"{run.id}: no name\n"


def test_a_name_of_another_run_is_refused(workspace, garage):
    first, second = make_run(workspace, "a"), make_run(workspace, "b")
    garage("name", first.id, "night")
    code, _, err = garage("name", second.id, "night")
    assert code == 2 and "choose another one" in err


def test_a_damaged_label_is_named_and_the_list_goes_on(workspace, garage):
    run = make_run(workspace)
    (run.path / LABEL).write_text("{")
    code, out, err = garage("runs")
    assert code == 0 and run.id in out
    assert "label.json" in err
    assert garage("name", run.id, "new")[0] == 0
    assert garage("runs")[2] == ""
