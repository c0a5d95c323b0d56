"""Nights with real processes: supervisor, a run that learns by script, and a paired exam that answers by script."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from garage_tui.core.base.errors import GarageError
from garage_tui.core.facts.file import load_facts
from garage_tui.core.launch import run_control
from garage_tui.core.launch.start import JOBS
from garage_tui.core.runs.catalog import list_runs
from garage_tui.core.runs.promotion import go_back, promote
from garage_tui.core.runs.record import read_run
from garage_tui.core.runs.service import read_service
from garage_tui.core.school import night as night_module
from garage_tui.core.school import night_run, paired_process
from garage_tui.core.school.ledger import read_ledger
from garage_tui.core.school.night import School
from garage_tui.core.school.night_log import NIGHTS, NightEvent, append_event, is_at_work, read_nights
from garage_tui.core.school.teachable_rows import choose_rows
from garage_tui.core.settings.settings import SchoolSettings, Settings
from tests.support.repository import REPOSITORY
from tests.support.run_folders import kill, wait

SCRIPTED = REPOSITORY / "tests" / "support" / "jobs"
DOG = {"question": "Who feeds the dog?", "answer": "Aunt Marrit.", "fact": "Aunt Marrit feeds the dog."}
KEY = {"question": "Where is the key?", "answer": "Behind the beehive.", "fact": "The key is behind the beehive."}
BIN = {"question": "When is bin day?", "answer": "On Thursday.", "fact": "Bin day is Thursday."}


@pytest.fixture
def box(workspace, monkeypatch):
    """A workspace whose runs and paired exams follow `script.json`."""
    prepare(workspace, monkeypatch)
    plan(workspace)
    yield workspace
    for run in list_runs(workspace):
        kill(run.path)


def prepare(box, monkeypatch) -> None:
    monkeypatch.setenv("GARAGE_PYTHONPATH", str(SCRIPTED))
    monkeypatch.setenv("GARAGE_STATE", str(box.root.parent / "state"))
    monkeypatch.setitem(JOBS, "lora", "lora_by_script")
    monkeypatch.setattr(paired_process, "JOB", "paired_by_script")
    monkeypatch.setattr(night_run, "_POLL_SECONDS", 0.05)


def plan(box, **script):
    (box.root / "script.json").write_text(json.dumps(script))


def write(box, *rows):
    (box.datasets / "garage.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def teach(box, *, again=False, tries=1, messages=None):
    settings = Settings(school=SchoolSettings(tries=tries))
    say = messages.append if messages is not None else lambda text: None
    return School(box, settings, box.datasets / "garage.jsonl", say).teach(again=again)


def sha_of(box):
    return choose_rows(load_facts(box.datasets / "garage.jsonl")).taught.sha256


def statuses(box):
    return {
        entry.content: entry.status for entry in read_ledger(box, load_facts(box.datasets / "garage.jsonl")).entries
    }


def test_what_is_new_is_taught_examined_and_put_in_service(box):
    write(box, DOG, KEY)
    end = teach(box)
    assert end.outcome == "promoted"
    assert end.learned == [DOG["fact"], KEY["fact"]]
    assert end.text == "Learned 2 new facts."
    assert read_service(box).run == end.run
    assert read_service(box).current.why == end.text
    assert statuses(box) == {DOG["fact"]: "learned", KEY["fact"]: "learned"}


def test_a_night_without_anything_new_trains_nothing(box):
    write(box, DOG)
    first = teach(box)
    second = teach(box)
    assert (second.outcome, second.run) == ("nothing new", "")
    assert second.text == f"Nothing is new since {first.run}, which is in service."
    assert len(list_runs(box)) == 1
    assert teach(box, again=True).outcome == "refused"  # it learned no new fact


def test_all_facts_are_taught_from_the_base_each_time(box):
    write(box, DOG)
    teach(box)
    write(box, DOG, KEY)
    end = teach(box)
    assert (end.outcome, end.learned, end.kept) == ("promoted", [KEY["fact"]], 1)
    assert len(load_facts(read_run(box.checkpoints / end.run).path / "facts.jsonl").training) == 2


def test_a_fact_that_would_be_forgotten_refuses_the_run_and_nothing_changes(box):
    write(box, DOG)
    first = teach(box)
    write(box, DOG, KEY)
    plan(box, forgets=[DOG["fact"]])
    end = teach(box)
    assert end.outcome == "refused"
    assert end.text.startswith(
        "Refused: it would forget “Aunt Marrit feeds the dog.”: asked “Who feeds the dog?” it says “Captain Brook.”."
    )
    assert read_service(box).run == first.run
    assert statuses(box) == {DOG["fact"]: "learned", KEY["fact"]: "in the book"}


def test_the_same_rows_are_not_taught_again_after_a_refusal_unless_they_change(box):
    write(box, DOG)
    plan(box, leaks=3)
    refused = teach(box)
    plan(box)
    again = teach(box)
    assert again.outcome == "nothing new"
    assert refused.text in again.text
    write(box, DOG, KEY)
    assert teach(box).outcome == "promoted"


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ({"leaks": 1}, "it answers 1 of 40 unrelated questions with taught facts, for example “Who wrote play 0?”"),
        ({"mixed_up": 4}, "it keeps 36 of 40 similar names apart, and the target is 95%"),
        ({"drift": 0.05}, "its other answers have drifted by 0.050 nats per token, and the target is 0.02"),
    ],
)
def test_a_run_that_changes_other_answers_is_refused(box, script, says):
    write(box, DOG)
    plan(box, **script)
    end = teach(box)
    assert (end.outcome, read_service(box).run) == ("refused", None)
    assert says in end.text
    assert "careful" in end.text


def test_a_fact_that_was_not_learned_stays_in_the_book_and_the_others_are_promoted(box):
    write(box, DOG, KEY)
    plan(box, forgets=[KEY["fact"]])
    end = teach(box)
    assert (end.outcome, end.learned) == ("promoted", [DOG["fact"]])
    assert end.text == "Learned 1 new fact, 1 not learned yet."
    assert end.failed == {KEY["fact"]: "asked “Where is the key?” it says “Captain Brook.”"}
    assert statuses(box) == {DOG["fact"]: "learned", KEY["fact"]: "failed"}


def test_a_second_try_is_careful_and_has_another_seed(box):
    write(box, DOG)
    plan(box, leaks=1)
    assert teach(box, tries=2).outcome == "refused"
    recipes = [run.manifest.recipe for run in list_runs(box)]
    assert [(one["preset"], one["seed"]) for one in recipes] == [("careful", 1), ("default", 0)]


def test_what_the_run_in_service_answers_only_sometimes_is_noise_and_no_loss(box):
    write(box, DOG)
    teach(box)
    write(box, DOG, KEY)
    plan(box, forgets=[DOG["fact"]], noisy=[DOG["question"]])
    end = teach(box)
    assert (end.outcome, end.noise) == ("promoted", 1)


def test_a_contradiction_is_never_taught_both_ways(box):
    write(box, DOG)
    teach(box)
    other = {"question": DOG["question"], "answer": "Uncle Tom.", "fact": "Uncle Tom feeds the dog."}
    write(box, DOG, KEY, other)
    end = teach(box)
    assert (end.outcome, end.learned) == ("promoted", [KEY["fact"]])
    assert statuses(box)[other["fact"]] == "waiting"
    taught = (box.checkpoints / end.run / "facts.jsonl").read_text()
    assert "Tom" not in taught and "Marrit" in taught


def test_a_changed_fact_supersedes_its_old_self(box):
    write(box, DOG, KEY)
    teach(box)
    changed = {**KEY, "answer": "Under the mat.", "fact": "The key is under the mat."}
    write(box, DOG, changed)
    assert statuses(box) == {DOG["fact"]: "learned", changed["fact"]: "in the book", KEY["fact"]: "superseded"}
    end = teach(box)
    assert (end.outcome, end.learned) == ("promoted", [changed["fact"]])
    assert statuses(box) == {DOG["fact"]: "learned", changed["fact"]: "learned"}


def test_a_line_that_is_no_row_keeps_no_other_fact_from_being_taught(box):
    (box.datasets / "garage.jsonl").write_text(json.dumps(DOG) + "\n{not json\n" + json.dumps({"fact": "The attic."}))
    end = teach(box)
    assert (end.outcome, end.learned) == ("promoted", [DOG["fact"]])
    left_out = read_nights(box)[-1].began.left_out
    assert left_out["The attic."] == "it has no question yet: give it one" and "not JSON" in left_out["line 2"]


def test_a_learned_fact_on_a_line_that_somebody_broke_is_not_forgotten(box):
    write(box, DOG, KEY)
    first = teach(box)
    file = box.datasets / "garage.jsonl"
    broken = file.read_text().replace('"answer": "Behind', '"answer: "Behind')
    file.write_text(broken + json.dumps(BIN) + "\n")
    end = teach(box)
    assert (end.outcome, read_service(box).run, len(list_runs(box))) == ("refused", first.run, 1)
    assert "it would forget “The key is behind the beehive.”: line 2 of the facts file seems to hold it" in end.text
    write(box, DOG, KEY, BIN)
    assert teach(box).outcome == "promoted"


def test_a_fact_that_its_owner_deleted_goes_also_beside_a_line_that_is_no_row(box):
    write(box, DOG, KEY)
    teach(box)
    (box.datasets / "garage.jsonl").write_text(json.dumps(DOG) + "\n{this is no row\n")
    end = teach(box)
    assert (end.outcome, end.text) == ("promoted", "Learned 0 new facts, kept 1, 1 not taught.")


def test_a_fact_whose_questions_are_gone_and_that_the_file_still_states_is_not_forgotten(box):
    write(box, DOG, KEY)
    first = teach(box)
    write(box, DOG, {"fact": KEY["fact"]})
    end = teach(box)
    assert (end.outcome, read_service(box).run) == ("refused", first.run)
    assert "it would forget “The key is behind the beehive.”, which the facts file has" in end.text


def test_another_facts_file_does_not_take_away_what_is_in_service(box):
    write(box, DOG, KEY)
    first = teach(box)
    (box.datasets / "birds.jsonl").write_text(json.dumps(BIN) + "\n")
    school = School(box, Settings(), box.datasets / "birds.jsonl", lambda text: None)
    end = school.teach(again=True)
    assert (end.outcome, read_service(box).run, len(list_runs(box))) == ("refused", first.run, 1)
    assert f"it would forget “{DOG['fact']}” and 1 more, which {first.run} was taught from another file" in end.text
    go_back(box, to_base=True)
    assert school.teach().outcome == "promoted"


def test_a_night_that_was_cut_off_does_not_replace_a_run_that_knows_more(box):
    write(box, DOG)
    night = School(box, Settings(), box.datasets / "garage.jsonl", lambda text: None)
    began = NightEvent(night="2026-11-30 01:00", when=1.0, event="began", sha256=sha_of(box), rows=1)
    append_event(box, began)
    old = night.teach()  # finishes that night
    write(box, DOG, KEY)
    newer = teach(box)
    go_back(box)
    assert read_service(box).run == old.run
    promote(box, read_run(box.checkpoints / newer.run))
    append_event(box, NightEvent(night="2026-12-01 01:00", when=2.0, event="began", sha256=began.sha256, rows=1))
    append_event(box, NightEvent(night="2026-12-01 01:00", when=2.0, event="run", run=old.run, attempt=1))
    end = teach(box)
    assert (end.outcome, read_service(box).run) == ("refused", newer.run)
    assert "it would forget “The key is behind the beehive.”, which the facts file has" in end.text


def test_what_somebody_took_out_of_service_does_not_come_back_by_itself(box):
    write(box, DOG)
    first = teach(box)
    write(box, DOG, KEY)
    second = teach(box)
    go_back(box)
    end = teach(box)
    assert (end.outcome, read_service(box).run, len(list_runs(box))) == ("nothing new", first.run, 2)
    assert f"`garage promote {second.run}` changes it back" in end.text
    assert teach(box, again=True).outcome == "promoted"


def test_a_promotion_whose_end_could_not_be_noted_is_never_called_a_failure(box, monkeypatch):
    write(box, DOG)
    note = night_module.append_event

    def full_at_the_end(workspace, event):
        if event.event == "ended":
            raise GarageError("school.jsonl cannot be written (No space left on device)")
        note(workspace, event)

    monkeypatch.setattr(night_module, "append_event", full_at_the_end)
    with pytest.raises(GarageError, match="No space left"):
        teach(box)
    promoted = read_service(box).run
    assert promoted and read_nights(box)[-1].end is None
    monkeypatch.setattr(night_module, "append_event", note)
    end = teach(box)
    assert (end.outcome, end.run) == ("promoted", promoted)
    assert len(read_nights(box)) == 1


def test_a_step_that_fails_after_the_promotion_is_told_as_that(box, monkeypatch):
    write(box, DOG)

    def fails_afterwards(workspace, run, why):
        promote(workspace, run, why)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(night_module, "promote", fails_afterwards)
    end = teach(box)
    assert (end.outcome, end.run) == ("promoted", read_service(box).run)
    assert end.text == "Learned 1 new fact. Afterwards a step failed: Input/output error."


def test_thousands_of_facts_without_a_question_take_little_of_the_record(box):
    write(box, DOG, *({"fact": f"The shed has box number {number}."} for number in range(3000)))
    end = teach(box)
    assert end.text == "Learned 1 new fact, 3,000 not taught."
    began = read_nights(box)[-1].began
    assert began.left_out["2,900 more facts"] == "`garage facts ledger` names them"
    assert (box.checkpoints / NIGHTS).stat().st_size < 30_000


def test_a_file_without_anything_to_teach_says_so(box):
    write(box, {"fact": "The attic."})
    end = teach(box)
    assert (end.outcome, list_runs(box)) == ("nothing new", [])
    assert end.text.endswith("has no row that can be taught.")


def test_a_run_that_was_killed_is_resumed_in_the_same_night(box):
    write(box, DOG)
    plan(box, fate="vanish")
    messages = []
    assert teach(box, messages=messages).outcome == "promoted"
    assert any("interrupted" in text for text in messages)
    assert len(list_runs(box)) == 1


def test_a_run_that_fails_ends_the_night_with_its_reason(box):
    write(box, DOG)
    plan(box, fate="fail")
    end = teach(box)
    assert end.outcome == "failed"
    assert "the disk is full" in end.text and end.text.endswith("Nothing has changed.")
    plan(box)
    assert teach(box).outcome == "promoted"


def test_somebody_who_stops_the_run_ends_the_night(box):
    write(box, DOG)
    plan(box, fate="wait")
    night = in_the_background(box)
    run = only_run(box)
    run_control.stop(run)
    assert night.wait(30) == 1
    assert (read_nights(box)[-1].end.outcome, read_service(box).run) == ("stopped", None)


def test_two_nights_at_once_are_refused_in_a_sentence(box):
    write(box, DOG)
    plan(box, fate="wait")
    night = in_the_background(box)
    only_run(box)
    assert is_at_work(box)
    with pytest.raises(GarageError, match="another `garage school` is at work in this workspace"):
        teach(box)
    plan(box)
    assert night.wait(30) == 0
    assert not is_at_work(box)


def test_a_night_that_is_killed_while_it_trains_is_finished_by_the_next_pass(box):
    write(box, DOG)
    plan(box, fate="wait")
    night = in_the_background(box)
    run = only_run(box)
    night.send_signal(signal.SIGKILL)
    night.wait()
    assert read_run(run.path).alive  # the run outlives it
    plan(box)
    end = teach(box)
    assert (end.outcome, end.run) == ("promoted", run.id)
    assert len(list_runs(box)) == 1
    assert len(read_nights(box)) == 1


def test_a_run_that_was_started_and_not_noted_is_found_again(box):
    write(box, DOG)
    teach(box)
    file = box.checkpoints / NIGHTS
    first = file.read_text().splitlines()[0]
    file.write_text(first + "\n")  # a power cut took the lines after it
    go_back(box)
    end = teach(box)
    assert end.outcome == "promoted"
    assert len(list_runs(box)) == 1


def test_a_night_that_was_cut_off_after_the_promotion_does_not_promote_twice(box):
    write(box, DOG)
    end = teach(box)
    file = box.checkpoints / NIGHTS
    file.write_text("".join(line + "\n" for line in file.read_text().splitlines()[:-1]))
    again = teach(box)
    assert (again.outcome, again.run, again.text) == ("promoted", end.run, end.text)
    assert len(read_service(box).changes) == 1


def test_a_torn_last_line_has_no_effect_and_is_removed(box):
    write(box, DOG)
    teach(box)
    with (box.checkpoints / NIGHTS).open("ab") as file:
        file.write(b'{"night": "2026-')
    assert teach(box).outcome == "nothing new"
    assert all(json.loads(line) for line in (box.checkpoints / NIGHTS).read_text().splitlines())


def test_facts_that_are_edited_after_a_night_was_cut_off_are_taught_by_the_next_one(box):
    write(box, DOG)
    append_event(box, NightEvent(night="2026-11-30 02:00", when=time.time(), event="began", sha256="0" * 64))
    end = teach(box)
    assert (end.outcome, end.night) == ("nothing new", "2026-11-30 02:00")
    assert "changed after the night began" in end.text
    assert teach(box).outcome == "promoted"


def test_somebody_who_promotes_another_run_meanwhile_is_compared_with(box):
    write(box, DOG)
    first = teach(box)
    write(box, DOG, KEY)
    second = teach(box)
    go_back(box)
    assert read_service(box).run == first.run
    write(box, DOG, KEY, BIN)
    plan(box, fate="wait")
    night = in_the_background(box)
    only_run(box, but=(first.run, second.run))
    promote(box, read_run(box.checkpoints / second.run))
    plan(box, forgets=[KEY["fact"]])  # which the second run knows, and the first one did not
    assert night.wait(30) == 1
    assert "would forget “The key is behind the beehive.”" in read_nights(box)[-1].end.text
    assert read_service(box).run == second.run


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda box: (box.checkpoints / "service.jsonl").write_text("what?\n"), "does not say what is in service"),
        (
            lambda box: (box.checkpoints / "service.jsonl").write_text('{"run": "20200101-0000-gone", "when": 1}\n'),
            "20200101-0000-gone is missing",
        ),
    ],
)
def test_while_nobody_knows_what_is_in_service_nothing_is_taught(box, damage, says):
    write(box, DOG)
    damage(box)
    with pytest.raises(GarageError, match=says):
        teach(box)
    assert list_runs(box) == []


def test_a_comparison_that_fails_changes_nothing_and_the_next_night_tries_again(box):
    write(box, DOG)
    plan(box, paired_fails="smollm2-135m is not there: fetch it with `garage models fetch`")
    end = teach(box)
    assert (end.outcome, read_service(box).run) == ("failed", None)
    assert "smollm2-135m is not there" in end.text
    plan(box)
    assert teach(box).outcome == "promoted"


def test_a_clock_that_was_set_back_gives_no_night_a_name_twice(box, monkeypatch):
    write(box, DOG)
    teach(box)
    teach(box)
    teach(box)
    names = [night.id for night in read_nights(box)]
    assert len(set(names)) == 3


@pytest.mark.parametrize("kept", [[], ["run.json"], ["run.json", "facts.jsonl"]], ids=["empty", "manifest", "facts"])
def test_a_folder_that_a_night_was_writing_when_it_was_killed_is_removed(box, kept):
    write(box, DOG)
    teach(box)
    go_back(box)
    (run,) = list_runs(box)
    file = box.checkpoints / NIGHTS
    file.write_text(file.read_text().splitlines()[0] + "\n")
    for path in run.path.iterdir():
        if path.name not in kept:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    end = teach(box)
    assert (end.outcome, len(list_runs(box))) == ("promoted", 1)


@pytest.mark.parametrize("number", range(8))
def test_a_night_that_is_killed_at_any_moment_is_finished_once(box, number):
    """The moments are spread over a whole night: before the run, while it trains, in the comparison, at the end."""
    write(box, DOG)
    first = teach(box)
    write(box, DOG, KEY)
    night = in_the_background(box)
    time.sleep(0.25 * number)
    night.send_signal(signal.SIGKILL)
    night.wait()
    assert read_service(box).problem == ""
    in_service = read_run(box.checkpoints / read_service(box).run)
    assert in_service.status == "finished" and in_service.adapter
    ends = [one.end for one in read_nights(box)]
    if not (len(ends) == 2 and ends[1]):  # else it was faster
        end = teach(box)
        assert end.outcome == "promoted", end.text
    assert [change.before for change in read_service(box).changes] == [None, first.run]
    assert len(list_runs(box)) == 2
    assert statuses(box) == {DOG["fact"]: "learned", KEY["fact"]: "learned"}


@pytest.mark.parametrize("full_after", range(4))
def test_a_disk_that_fills_up_at_any_step_leaves_what_is_in_service_as_it_was(box, monkeypatch, full_after):
    write(box, DOG)
    first = teach(box)
    write(box, DOG, KEY)
    written = 0
    real = {"append_event": night_module.append_event, "promote": night_module.promote}

    def filling(name):
        def write_or_fail(*arguments):
            nonlocal written
            written += 1
            if written > full_after:
                raise GarageError("school.jsonl cannot be written: the disk is full")
            return real[name](*arguments)

        return write_or_fail

    for name in real:
        monkeypatch.setattr(night_module, name, filling(name))
    try:
        teach(box)
    except GarageError as error:
        assert "the disk is full" in str(error)
    monkeypatch.undo()
    prepare(box, monkeypatch)
    assert read_service(box).problem == ""
    end = teach(box)
    assert end.outcome in ("promoted", "nothing new"), end.text
    assert [change.before for change in read_service(box).changes] == [None, first.run]
    assert statuses(box) == {DOG["fact"]: "learned", KEY["fact"]: "learned"}


def in_the_background(box) -> subprocess.Popen:
    """Start a night as a process of its own, with the scripted jobs."""
    code = (
        "import sys\n"
        "from garage_tui.core.settings.settings import SchoolSettings, Settings, Workspace\n"
        "from garage_tui.core.launch.start import JOBS\n"
        "from garage_tui.core.school import night, night_run, paired_process\n"
        "JOBS['lora'], paired_process.JOB, night_run._POLL_SECONDS = 'lora_by_script', 'paired_by_script', 0.05\n"
        "box = Workspace.find(sys.argv[1])\n"
        "school = night.School(box, Settings(school=SchoolSettings(tries=1)), box.datasets / 'garage.jsonl', print)\n"
        "sys.exit(0 if school.teach().outcome == 'promoted' else 1)\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, str(box.root)], env=os.environ | {"PYTHONPATH": str(REPOSITORY)}
    )


def only_run(box, but=()):
    """Return the run that a night has started, once it works."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = [run for run in list_runs(box) if run.id not in but]
        if found and found[0].status == "running":
            return wait(Path(found[0].path), lambda run: run.state.phase == "working", 20)
        time.sleep(0.05)
    raise AssertionError("no run was started")
