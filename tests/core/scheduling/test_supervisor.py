"""A run's processes, for real: supervisor and job, killed in every way, with what the next look says."""

import json
import os
import signal
import time
from functools import partial
from pathlib import Path

import msgspec
import pytest

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.launch import run_control
from garage_tui.core.launch.start import JOBS, spawn
from garage_tui.core.runs.catalog import find_run, list_runs, new_run_folder
from garage_tui.core.runs.deletion import delete
from garage_tui.core.runs.folder import is_alive
from garage_tui.core.runs.record import Manifest, RunState, read_run, write_manifest, write_state
from tests.support import run_folders
from tests.support.run_folders import kill, processes

JOB = """
import os, signal, sys, time
from pathlib import Path
from garage_tui.jobs.runtime.progress import ENDINGS, Progress
what = (Path(sys.argv[1]) / "what").read_text()
progress = Progress.of_arguments(sys.argv[1:])
progress.start_phase("working")
if what == "finish":
    progress.write_step(step=1, loss=0.5, total_steps=1)
    progress.end("finished")
elif what == "fail":
    (Path(sys.argv[1]) / "what").write_text("finish")
    progress.end("failed", "the disk is full")
    time.sleep(1)  # torch takes as long to leave
elif what == "crash":
    print("about to crash"); os._exit(3)
elif what == "vanish":
    sys.exit(0)
elif what == "deaf":
    progress.interruptible = False
    while True: time.sleep(0.1)
elif what == "work":
    progress.interruptible = False
    step = progress.last_step
    while progress.requested() in ("", "pause"):
        step += 1
        progress.write_step(step=step, loss=1 / step)
        progress.wait_while_paused(step)
        time.sleep(0.05)
    word, who = ENDINGS[progress.requested()]
    progress.end(word, who)
"""


wait = partial(run_folders.wait, seconds=20)


@pytest.fixture
def start(workspace, tmp_path, monkeypatch):
    """Starts a run whose job does what the word says, through the real `spawn` and supervisor."""
    (tmp_path / "a_job.py").write_text(JOB)
    monkeypatch.setenv("GARAGE_PYTHONPATH", str(tmp_path))

    monkeypatch.setitem(JOBS, "lora", "a_job")
    monkeypatch.setenv("GARAGE_STATE", str(tmp_path / "state"))

    def go(what, grace=60.0):
        folder = new_run_folder(workspace, "lora", what)
        manifest = Manifest(
            id=folder.name, kind="lora", created=0, recipe={}, base={}, dataset={}, stop_grace_seconds=grace
        )
        write_manifest(folder, manifest)
        write_state(folder, RunState(state="queued", created=time.time()))
        (folder / "what").write_text(what)
        spawn("a_job", folder)
        return folder

    yield go
    for run in list_runs(workspace):
        kill(run.path)


def supervisor(folder):
    return next(pid for pid in processes(folder) if "garage_tui.core.scheduling.supervisor" in command_line(pid))


def job(folder):
    return next(pid for pid in processes(folder) if "garage_tui.core.scheduling.supervisor" not in command_line(pid))


def command_line(pid):
    return Path(f"/proc/{pid}/cmdline").read_text()


def steps_told(folder):
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    return [event["step"] for event in events if event["event"] == "step"]


def cpu_ticks(pid):
    """Return the processor time of a process in hundredths of a second (proc(5): utime, stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def working(run):
    return run.state is not None and run.state.state == "running" and run.state.phase == "working"


def dead(run):
    return not run.alive


@pytest.mark.parametrize(
    ("what", "status", "reason"),
    [
        ("finish", "finished", ""),
        ("crash", "failed", "ended with exit code 3"),
        ("vanish", "failed", "exited without a final state"),
    ],
)
def test_the_end_of_a_run_is_written_down(start, what, status, reason):
    run = wait(start(what), dead)
    assert run.status == status
    assert reason in run.reason


def test_a_run_is_alive_from_the_moment_it_is_started(start):
    folder = start("work")
    assert is_alive(folder)
    with pytest.raises(BadInputError, match="running already"):
        spawn("a_job", folder)


def test_it_is_in_a_session_of_its_own_and_says_whose_it_is(start):
    folder = start("work")
    wait(folder, working)
    pids = processes(folder)
    assert len(pids) == 2, "a supervisor and a job"
    assert all(os.getsid(pid) != os.getsid(0) for pid in pids)


def test_stop_lets_the_job_save_and_says_who_stopped_it(start):
    run = wait(folder := start("work"), working)
    run_control.stop(run)
    assert read_run(folder).status in ("stopping", "stopped")
    run = wait(folder, dead)
    assert (run.status, run.reason) == ("stopped", "by you")
    with pytest.raises(BadInputError, match="not running"):
        run_control.stop(run)


def test_a_stop_in_the_first_moment_is_no_failure(start):
    folder = start("work")
    run_control.stop(read_run(folder))
    assert wait(folder, dead).status == "stopped"


def test_a_job_that_does_not_listen_is_killed_after_the_grace_time(start):
    run = wait(folder := start("deaf", grace=1.0), working)
    run_control.stop(run)
    run = wait(folder, dead)
    assert run.status == "stopped"
    assert "was killed" in run.reason


def test_a_killed_job_is_a_failure_in_words(start):
    folder = start("work")
    wait(folder, working)
    os.kill(job(folder), signal.SIGKILL)
    run = wait(folder, dead)
    assert run.status == "failed"
    assert "killed by SIGKILL" in run.reason


def test_when_the_supervisor_is_killed_the_job_goes_on_and_still_can_be_stopped(start):
    folder = start("work")
    wait(folder, working)
    os.kill(supervisor(folder), signal.SIGKILL)
    time.sleep(0.3)
    run = read_run(folder)
    assert run.alive and run.status == "running"
    run_control.stop(run)
    assert wait(folder, dead).status == "stopped"


def test_when_everything_is_killed_the_run_was_interrupted(start):
    folder = start("work")
    wait(folder, working)
    for pid in (supervisor(folder), job(folder)):
        os.kill(pid, signal.SIGKILL)
    run = wait(folder, dead)
    assert run.status == "interrupted"
    assert "ended unexpectedly" in run.reason


def test_the_supervisor_is_small(start, monkeypatch):
    # The first one of a clean checkout compiles its modules, and keeps what that took: 5 MB.
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    wait(start("finish"), dead)
    folder = start("work")
    wait(folder, working)
    status = Path(f"/proc/{supervisor(folder)}/status").read_text()
    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    assert resident < 20 * 1024


def test_a_module_in_the_workspace_is_never_imported_by_a_run(start, workspace, monkeypatch):
    (workspace.root / "msgspec.py").write_text("raise SystemExit('imported a file of the workspace')")
    monkeypatch.chdir(workspace.root)
    assert wait(start("finish"), dead).status == "finished"


def test_a_shutdown_lets_the_job_save_and_the_run_can_be_resumed(start):
    folder = start("work")
    wait(folder, working)
    os.kill(supervisor(folder), signal.SIGTERM)
    run = wait(folder, dead)
    assert run.status == "interrupted" and run.resumable
    assert "by the system" in run.reason
    run_control.resume(run)
    run = wait(folder, working)
    assert run.status == "running" and run.reason == ""


def test_a_run_from_before_the_last_boot_was_taken_down_with_the_box(start):
    folder = start("work")
    wait(folder, working)
    for pid in (supervisor(folder), job(folder)):
        os.kill(pid, signal.SIGKILL)
    run = wait(folder, dead)
    assert "ended unexpectedly" in run.reason and "at step" in run.reason
    state = msgspec.to_builtins(run.state) | {"updated": 1.0}
    (folder / "state.json").write_bytes(msgspec.json.encode(state))
    assert "the box went down (power cut or reboot); at step" in read_run(folder).reason


def test_a_paused_run_frees_the_processor_and_goes_on_where_it_was(start):
    folder = start("work")
    run = wait(folder, lambda run: run.state.step >= 2)
    run_control.pause(run)
    run = wait(folder, lambda run: run.status == "paused")
    assert run.alive and "it stays in memory" in run.reason
    ticks, active, step = cpu_ticks(job(folder)), run.seconds, run.state.step
    time.sleep(1.0)
    assert cpu_ticks(job(folder)) - ticks <= 10, "hundredths of a second"
    run = read_run(folder)
    assert (run.seconds, run.state.step) == (active, step)
    with pytest.raises(BadInputError, match="paused already"):
        run_control.pause(run)
    run_control.resume(run)
    wait(folder, lambda run: run.status == "running" and run.state.step > step)
    assert steps_told(folder) == sorted(set(steps_told(folder)))


def test_a_released_run_is_gone_and_paused_until_it_is_resumed(start):
    folder = start("work")
    run = wait(folder, lambda run: run.state.step >= 2)
    run_control.pause(run, release=True)
    run = wait(folder, dead)
    assert (run.status, run.reason) == ("paused", "by you") and run.resumable
    wait(folder, lambda _: processes(folder) == [])
    step = run.state.step
    run_control.resume(run)
    wait(folder, lambda run: working(run) and run.state.step > step)
    run_control.stop(read_run(folder))
    assert wait(folder, dead).status == "stopped"
    assert steps_told(folder) == list(range(1, len(steps_told(folder)) + 1))


def test_a_run_that_is_killed_while_it_waits_in_memory_is_still_paused(start):
    folder = start("work")
    run_control.pause(wait(folder, lambda run: run.state.step >= 1))
    wait(folder, lambda run: run.status == "paused")
    for pid in (supervisor(folder), job(folder)):
        os.kill(pid, signal.SIGKILL)
    run = wait(folder, dead)
    assert run.status == "paused" and run.resumable
    assert "its processes are gone, it resumes from its checkpoint" in run.reason


def test_a_pause_outlives_a_shutdown(start):
    folder = start("work")
    run_control.pause(wait(folder, lambda run: run.state.step >= 1))
    wait(folder, lambda run: run.status == "paused")
    os.kill(supervisor(folder), signal.SIGTERM)
    run = wait(folder, dead)
    assert (run.status, run.reason) == ("paused", "by you"), "not for `resume --all` at the next boot"


def test_a_torn_last_event_stays_alone(start):
    folder = start("finish")
    wait(folder, dead)
    with (folder / "events.jsonl").open("a") as file:
        file.write('{"event": "st')
    write_state(folder, RunState(state="failed"))
    run_control.resume(read_run(folder))
    wait(folder, lambda run: run.status == "finished" and not run.alive)
    lines = (folder / "events.jsonl").read_text().splitlines()
    lines.remove('{"event": "st')
    assert [json.loads(line).get("step") for line in lines].count(1) == 1, "a step done again is not told again"


def test_a_finished_run_cannot_be_resumed_and_a_living_one_not_deleted(start):
    folder = start("finish")
    with pytest.raises(BadInputError, match="has finished"):
        run_control.resume(wait(folder, dead))
    other = start("work")
    run = wait(other, working)
    with pytest.raises(BadInputError, match="stop it first"):
        delete(run)
    assert (other / "run.json").exists()
    delete(read_run(folder))
    assert not folder.exists()


def test_runs_are_found_by_the_beginning_of_their_name(start, workspace):
    first, second = start("finish"), start("finish")
    assert first != second
    for folder in (first, second):
        wait(folder, dead)
    assert find_run(workspace, second.name).id == second.name
    assert find_run(workspace, "last").id == second.name
    with pytest.raises(BadInputError, match="could be"):
        find_run(workspace, "20")
    with pytest.raises(BadInputError, match="no run 'x'"):
        find_run(workspace, "x")


def test_a_broken_run_folder_is_shown_as_broken(start, workspace):
    whole = start("finish")
    wait(whole, dead)
    for name, file, data in (("a", "state.json", b"{"), ("b", "run.json", b"\xff"), ("c", None, b"")):
        folder = workspace.checkpoints / name
        folder.mkdir()
        for part in ("run.json", "state.json"):
            if file:
                (folder / part).write_bytes(data if part == file else (whole / part).read_bytes())
    runs = {run.id: run for run in list_runs(workspace)}
    assert [runs[name].status for name in "abc"] == ["broken"] * 3
    assert "state.json cannot be read" in runs["a"].reason
    assert "run.json cannot be read" in runs["b"].reason
    assert "run.json is missing" in runs["c"].reason
    assert runs[whole.name].status == "finished"


@pytest.mark.parametrize("command", [run_control.resume, delete])
def test_right_after_a_failure_a_run_is_resumed_or_deleted_while_its_processes_still_exit(start, command):
    folder = start("fail")
    run = wait(folder, lambda run: run.status == "failed")
    assert run.alive and run.leaving and run.resumable
    command(run)
    if command is delete:
        assert not folder.exists()
    else:
        assert wait(folder, dead).status == "finished"


@pytest.mark.parametrize("left", [b"", b'{"state":"fai', None])
def test_a_run_whose_state_was_cut_by_a_full_disk_is_listed_and_resumed(start, left):
    folder = start("work")
    wait(folder, lambda run: run.state.step >= 3)
    kill(folder)
    wait(folder, dead)
    state = folder / "state.json"
    state.unlink() if left is None else state.write_bytes(left)
    run = read_run(folder)
    assert (run.status, run.broken, run.resumable) == ("interrupted", "", True)
    assert run.reason.startswith("state.json is damaged (by a full disk or a power cut)") and run.state.step >= 3
    (folder / "what").write_text("finish")
    run_control.resume(run)
    assert wait(folder, dead).status == "finished"


def test_a_finished_run_without_its_state_is_still_finished(start):
    folder = start("finish")
    wait(folder, dead)
    (folder / "state.json").write_bytes(b"")
    run = read_run(folder)
    assert (run.status, run.state.step, run.state.total_steps) == ("finished", 1, 1)
