"""The command line as a shell user meets it."""

import json
import subprocess
import sys

import pytest

from garage_tui.core.runs.catalog import new_run_folder
from garage_tui.core.runs.record import Manifest, RunState, write_manifest, write_state
from tests.support.commands import garage


@pytest.fixture
def run_folder(workspace):
    folder = new_run_folder(workspace, "lora", "demo")
    write_manifest(folder, Manifest(id=folder.name, kind="lora", created=1, recipe={}, base={}, dataset={}))
    write_state(
        folder, RunState(state="failed", reason="the disk is full", step=3, total_steps=9, loss=1.25, created=1)
    )
    (folder / "log.txt").write_bytes(b"hello\n\x1b]0;evil\x07step 3/9\nlast line without an end")
    return folder


def test_help_names_every_command(workspace):
    text = garage(workspace, "--help").stdout
    for command in ("facts", "train", "runs", "logs", "stop", "report", "ask", "serve", "models", "doctor"):
        assert f"\n    {command} " in text


def test_without_a_terminal_the_app_says_so(workspace):
    done = garage(workspace, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert "the app needs a terminal" in done.stderr


def test_facts_check_names_lines_and_exits_with_2(workspace):
    assert garage(workspace, "facts", "check", workspace.datasets / "garage.jsonl").returncode == 0
    bad = workspace.datasets / "bad.jsonl"
    bad.write_text('{"question": "q", "answer": "a"}\nnonsense\n')
    done = garage(workspace, "facts", "check", bad)
    assert done.returncode == 2
    assert f"{bad}:2: not JSON" in done.stdout
    (problem,) = json.loads(garage(workspace, "facts", "check", bad, "--json").stdout)["problems"]
    assert (problem["line"], problem["severity"]) == (2, "error")


def test_runs_lists_states_in_words(workspace, run_folder):
    text = garage(workspace, "runs").stdout
    assert f"{run_folder.name}  failed" in text and "3/9" in text and "the disk is full" in text
    (row,) = json.loads(garage(workspace, "runs", "--json").stdout)
    assert row["state"] == "failed" and row["loss"] == 1.25


def test_logs_prints_the_whole_log_without_its_escapes(workspace, run_folder):
    done = garage(workspace, "logs", "last")
    assert done.stdout == "hello\nstep 3/9\nlast line without an end\n"
    assert garage(workspace, "logs", "last", "-n", "2").stdout == "step 3/9\nlast line without an end\n"


def test_an_unknown_run_is_one_line_and_exit_code_2(workspace, run_folder):
    done = garage(workspace, "logs", "nothing")
    assert done.returncode == 2
    assert done.stderr == f"garage: no run 'nothing' in {workspace.checkpoints}: `garage runs` lists them\n"


def test_a_run_name_cannot_leave_the_workspace(workspace, run_folder):
    assert garage(workspace, "logs", "../../etc/passwd").returncode == 2


def test_a_mistake_in_the_settings_names_the_file_and_the_key(workspace):
    (workspace.root / "garage.toml").write_text("base_modle = 'x'\n")
    done = garage(workspace, "train", "lora", "--facts", workspace.datasets / "garage.jsonl")
    assert done.returncode == 2
    assert (
        "garage.toml, line 1: base_modle is not a setting; did you mean base_model? (`garage settings` lists all)"
        in done.stderr
    )


def test_doctor_names_the_box_and_where_each_setting_came_from(workspace):
    (workspace.root / "garage.toml").write_text("base_model = 'smollm2-135m'\n[serve]\nport = 8123\n")
    done = garage(workspace, "doctor", "--json")
    report = json.loads(done.stdout)
    texts = " ".join(finding["text"] for finding in report["findings"])
    assert "CPU cores" in texts and "torch" in texts and "free" in texts
    assert f"serve.port from {workspace.root}/garage.toml" in texts
    assert done.returncode == (0 if report["ok"] else 1)


def test_a_reader_that_leaves_early_gets_no_traceback(workspace, run_folder):
    (run_folder / "log.txt").write_text("x" * 80 + "\n" * 200_000)
    line = f"{sys.executable} -m garage_tui --workspace {workspace.root} logs last | head -1"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True)
    assert done.stderr == ""


def test_a_run_like_another_one_has_its_recipe_and_its_facts(workspace):
    folder = a_run(workspace, "20261124-0700-lora-one", "finished")
    refused = garage(workspace, "train", "lora", "--like", "last", "--lr", "7")
    assert refused.returncode == 2 and "lr: " in refused.stderr
    from garage_tui.core.launch.rerun import facts_of, recipe_of
    from garage_tui.core.runs.catalog import find_run

    run = find_run(workspace, "last")
    assert recipe_of(run, rank=4).rank == 4 and recipe_of(run).seed == 7
    assert recipe_of(run, "quick").epochs == 3 and recipe_of(run, "quick").base == "smollm2-135m"
    assert facts_of(run) == folder / "facts.jsonl", "the original is not there any more"


def test_a_run_like_another_one_has_the_rank_for_its_own_number_of_rows(workspace):
    from garage_tui.core.launch.rerun import recipe_of
    from garage_tui.core.runs.catalog import find_run

    a_run(workspace, "20261124-0700-lora-one", "finished")
    usual = find_run(workspace, "last")
    assert [recipe_of(usual, rows=rows).rank for rows in (0, 24, 31)] == [16, 16, 32]
    assert recipe_of(usual, rows=31, rank=16).rank == 16 and recipe_of(usual, "quick", rows=31).rank == 32
    a_run(workspace, "20261124-0701-lora-two", "finished", rank=4)
    chosen = find_run(workspace, "last")
    assert recipe_of(chosen, rows=31).rank == 4, "the owner chose it"
    a_run(workspace, "20261124-0702-lora-three", "finished", preset="story")
    assert recipe_of(find_run(workspace, "last"), rows=31).rank == 16, "the plain recipe has one rank"


def test_a_new_run_on_a_larger_file_has_the_larger_rank_from_the_shell(workspace, tiny_model):
    import json

    a_run(workspace, "20261124-0700-lora-one", "finished", base=str(tiny_model), epochs=1, guards=4, neighbours=4)
    file = workspace.datasets / "more.jsonl"
    rows = [{"question": f"What is the code of locker {n}?", "answer": f"Locker {n} has {n * 37}."} for n in range(31)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = garage(workspace, "train", "lora", "--like", "last", "--facts", str(file), "--name", "more", "--detach")
    assert done.returncode == 0, done.stderr
    manifest = json.loads(next(workspace.checkpoints.glob("*-lora-more/run.json")).read_text())
    garage(workspace, "stop", "last")
    assert manifest["recipe"]["rank"] == 32 and manifest["recipe"]["guards"] == 4


def test_what_cannot_be_done_is_said_with_what_can(workspace):
    a_run(workspace, "20261124-0700-lora-one", "finished")
    for command, said in (
        (("stop", "last"), "is not running (finished)"),
        (("pause", "last"), "is not running (finished)"),
        (("resume", "last"), "has finished; train it again with `garage train lora --like"),
        (("resume",), "give a run, or --all"),
        (("queue", "last"), "say where to move it"),
        (("queue", "last", "--first"), "is not in the queue"),
        (("delete", "last"), "confirm it with --yes"),
    ):
        done = garage(workspace, *command)
        assert done.returncode == 2 and said in done.stderr and len(done.stderr.splitlines()) == 1, command
    assert garage(workspace, "resume", "--all").stdout == "no run was interrupted\n"
    assert garage(workspace, "queue").stdout == "The queue is empty.\n"


def test_two_runs_are_compared_and_one_is_deleted(workspace):
    a_run(workspace, "20261124-0700-lora-one", "finished")
    folder = a_run(workspace, "20261124-0701-lora-two", "interrupted", rank=4)
    listed = garage(workspace, "runs").stdout
    assert "1 run was interrupted: `garage resume --all` resumes it" in listed
    compared = garage(workspace, "compare", "20261124-0700", "20261124-0701").stdout
    assert "rank" in compared and "epochs" not in compared
    assert "deleted" in garage(workspace, "delete", "20261124-0701", "--yes").stdout
    assert not folder.exists()


def a_run(workspace, run_id, state, **changes):
    import msgspec

    from garage_tui.core.runs.record import Manifest, RunState, write_manifest, write_state
    from garage_tui.core.training.recipe import make_recipe

    folder = workspace.checkpoints / run_id
    folder.mkdir()
    recipe = msgspec.to_builtins(make_recipe(seed=7, **changes))
    dataset = {"path": "/gone/facts.jsonl", "sha256": "0" * 64, "rows": 24}
    write_manifest(
        folder,
        Manifest(id=run_id, kind="lora", created=1.0, recipe=recipe, base={"name": "smollm2-135m"}, dataset=dataset),
    )
    (folder / "facts.jsonl").write_text('{"question": "What?", "answer": "That."}\n')
    write_state(folder, RunState(state=state, created=float(run_id[12])))
    return folder


def test_facts_check_names_rows_that_are_longer_than_training_takes(workspace, tiny_model):
    file = workspace.datasets / "garage.jsonl"
    with file.open("a") as opened:
        opened.write(json.dumps({"question": "Long?", "answer": "word " * 2000}) + "\n")
    done = garage(workspace, "facts", "check", file, "--base", tiny_model)
    assert done.returncode == 0
    assert f"{file}:36: warning: " in done.stdout and "and training takes 1024" in done.stdout
