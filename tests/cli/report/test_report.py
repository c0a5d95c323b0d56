"""`garage report` as a shell user meets it."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial

import pytest

from garage_tui.__main__ import main
from garage_tui.core.exam.report import write_report
from garage_tui.core.hardware import memory
from garage_tui.core.launch import exam_process
from garage_tui.core.runs.folder import LOCK
from garage_tui.core.runs.record import Manifest, RunState, read_run, write_manifest, write_state

RUN = "20261123-2315-lora-garage"


@pytest.fixture
def run(workspace):
    """A finished run with an adapter, and no card yet."""
    folder = workspace.checkpoints / RUN
    (folder / "adapter").mkdir(parents=True)
    (folder / "adapter" / "adapter_config.json").write_text("{}")
    write_manifest(
        folder, Manifest(id=RUN, kind="lora", created=1, recipe={}, base={"name": "smollm2-135m"}, dataset={})
    )
    write_state(folder, RunState(state="finished", step=9, total_steps=9, created=1))
    return folder


@pytest.fixture
def report(call):
    """Runs `garage report …` in this process and returns (exit code, stdout, stderr)."""
    return partial(call, "report")


def test_the_card_says_the_verdict_first_then_the_figures_then_what_went_wrong(report, run, make_card):
    write_report(run, make_card())
    code, text, told = report("last")
    assert (code, told) == (0, "")
    lines = text.splitlines()
    assert (
        lines[0] == "~ learned 14 of 15 facts (70–99 %), 1 of 60 unrelated answers affected, mixes up 1 of 20 similar"
    )
    assert lines[1:3] == ["  names", "  ~ near its targets · ↑ high is good, ↓ low is good"]
    assert any(line.startswith("~ unrelated answers affected [leak]") and line.endswith("↓ 0") for line in lines)
    assert any(line.startswith("✓ drift, nats per token") and line.endswith("↓ ≤ 0.02") for line in lines)
    assert f"{RUN} · smollm2-135m · examined" in text and "in 58 s" in text
    assert "· The trained wordings are answered, others less often: teach each fact in more wordings." in lines
    wrong = text[text.index("What went wrong (3):") :]
    assert wrong.index("✗ leak: says Jason Cox · unrelated question (books)") < wrong.index("✗ wrong: lacks Jason")
    assert lines[-1] == f"Every question with all answers: garage report {RUN} --questions"


def test_a_card_that_passes_has_nothing_that_went_wrong(report, run, make_card):
    write_report(run, make_card(bad=False))
    _, text, _ = report(RUN[:8])
    assert text.startswith(
        "✓ learned 15 of 15 facts (80–100 %), 0 of 60 unrelated answers affected\n  ✓ meets every target"
    )
    assert "What went wrong" not in text and "✗" not in text


def test_a_small_terminal_has_the_same_figures(report, run, make_card, monkeypatch):
    monkeypatch.setenv("COLUMNS", "70")
    write_report(run, make_card())
    _, text, _ = report("last")
    assert max(map(len, text.splitlines()[:-1])) <= 70
    assert "~ unrelated affected  1 of 60" in text


def test_json_is_the_document_of_the_file(report, run, make_card):
    write_report(run, make_card())
    code, text, _ = report("last", "--json")
    assert code == 0 and text.isascii()
    assert json.loads(text) == json.loads((run / "report.json").read_bytes())


def test_every_question_is_listed_the_worst_first_and_narrowed_to_a_part(report, run, make_card):
    write_report(run, make_card())
    _, text, _ = report("last", "--questions")
    assert text.startswith("1 of 119 · unrelated question (books) · drift 0.007\n  Who wrote play 7?\n  ✗ leak: says")
    _, text, _ = report("last", "--questions", "unseen")
    first = text.split("\n\n")[0].splitlines()
    assert first == [
        "1 of 15 · unseen paraphrase",
        "  Who keeps TinyLLM alive? (3)",
        "  ✗ wrong: lacks Jason; knows it, does not say it",
        "    tuned      Jim Cox.",
        "    expected   Jason Cox.",
        "    base       ✗ A series of novels.",
        "    open book  ✓ Cox.",
    ]
    assert "15 of 15" in text and "Who wrote play" not in text


def test_a_run_without_a_card_is_examined_first_and_its_phases_are_seen(report, run, exam_job):
    exam_job("say('loading the model'); say('reading texts'); (folder / 'report.json').write_bytes(card)")
    code, text, told = report("last")
    assert code == 0 and text.startswith("✓ learned 15 of 15")
    assert told.splitlines() == [
        f"{RUN} has no report card yet: examining it now, which takes about a minute",
        "loading the model",
        "reading texts",
    ]
    exam_job("raise SystemExit('is not started: there is a card')")
    assert report("last")[::2] == (0, "")


def test_again_makes_a_new_card(report, run, make_card, exam_job):
    write_report(run, make_card())
    exam_job("(folder / 'report.json').write_bytes(card)")
    assert report("last", "--again")[1].startswith("✓ learned 15 of 15")


def test_an_exam_that_fails_says_why_in_its_last_line_and_the_old_card_stays(report, run, make_card, exam_job):
    exam_job("say('loading the model'); say('the base model is gone; fetch it again'); sys.exit(2)")
    code, text, told = report("last")
    assert (code, text, told.splitlines()[-1]) == (2, "", "the base model is gone; fetch it again")
    write_report(run, make_card())
    assert report("last", "--again")[0] == 2
    assert report("last")[1].startswith("~ learned 14 of 15")


def test_an_exam_that_is_killed_is_said_to_be(report, run, exam_job):
    exam_job("import os; say('loading the model'); os.kill(os.getpid(), 9)")
    code, _, told = report("last")
    assert code == 1
    assert told.splitlines()[-1] == (
        "garage: the exam ended without a report card (killed by SIGKILL (by hand or by the system)); "
        "its last message: loading the model"
    )


def test_two_who_want_the_same_card_wait_for_one_exam(report, run, exam_job):
    exam_job("say('one'); time.sleep(2); (folder / 'report.json').write_bytes(card)")
    process = exam_process.start(read_run(run))
    assert process and exam_process.start(read_run(run)) is None and exam_process.read_exam(run).running
    code, text, told = report("last")
    assert code == 0 and "learned 15 of 15" in text
    assert told.splitlines() == [f"{RUN} is being examined already: waiting for its report card", "one"]
    assert process.wait(10) == 0


def test_an_exam_that_has_no_memory_is_refused_before_it_could_take_it_from_a_run(
    report, run, exam_job, tiny_model, tmp_path, monkeypatch
):
    base = {"name": str(tiny_model), "path": str(tiny_model)}
    write_manifest(run, Manifest(id=RUN, kind="lora", created=1, recipe={}, base=base, dataset={}))
    exam_job("(folder / 'report.json').write_bytes(card)")
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "meminfo")
    (tmp_path / "meminfo").write_text("MemTotal: 24000000 kB\nMemAvailable: 900000 kB\nSwapFree: 0 kB\n")
    code, text, told = report("last")
    assert (code, text) == (1, "") and "GB of memory, but this machine has 922 MB free: wait for the other runs" in told
    assert len(told.splitlines()) == 1 and not (run / "report.json").exists()
    (tmp_path / "meminfo").write_text("MemTotal: 24000000 kB\nMemAvailable: 9000000 kB\nSwapFree: 0 kB\n")
    assert report("last")[0] == 0


@pytest.fixture
def listens():
    """Ctrl-C reaches this process, though a shell that starts the tests in the background has them ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_control_c_ends_the_exam_that_it_waits_for(workspace, run, exam_job, listens):
    exam_job("say('started'); time.sleep(60)")
    done = threading.Event()
    threading.Thread(target=_interrupt_when_going, args=(run, done), daemon=True).start()
    try:
        assert main(["--workspace", str(workspace.root), "report", "last"]) == 130
    finally:
        done.set()
    assert not exam_process.read_exam(run).running


def _interrupt_when_going(folder, done):
    while not ((exam := exam_process.read_exam(folder)) and exam.messages):
        time.sleep(0.05)
    # As a person would: once more if nothing happens. Python drops one that comes while it clears something away.
    while not done.is_set():
        os.kill(os.getpid(), signal.SIGINT)
        done.wait(5)


def test_a_run_that_trains_has_its_card_at_its_end(report, run):
    write_state(run, RunState(state="running", created=1))
    with (run / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert report("last") == (2, "", f"garage: {RUN} is still training: the report card is made at its end\n")
        write_state(run, RunState(state="queued", created=1))
        assert "is waiting in the queue: the report card is made at its end" in report("last")[2]


def test_a_card_of_before_is_shown_while_the_run_trains_again(report, run, make_card):
    write_report(run, make_card())
    write_state(run, RunState(state="running", created=1))
    with (run / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "is training again: this card is from before" in report("last")[1]


def test_a_run_without_an_adapter_cannot_be_examined(report, run):
    (run / "adapter" / "adapter_config.json").unlink()
    write_state(run, RunState(state="failed", reason="the disk is full", created=1))
    code, _, told = report("last")
    assert (code, told) == (
        2,
        f"garage: {RUN} has no adapter to examine (failed: the disk is full); resume it with `garage resume {RUN}`\n",
    )


def test_what_cannot_be_done_is_one_line(report, run, workspace):
    assert report("nothing")[2] == f"garage: no run 'nothing' in {workspace.checkpoints}: `garage runs` lists them\n"
    (run / "report.json").write_text("{")
    code, _, told = report("last")
    assert code == 2 and len(told.splitlines()) == 1 and f"`garage report {RUN} --again` makes a new one" in told
    done = subprocess.run(
        [sys.executable, "-m", "garage_tui", "report", "last", "--questions", "all", "--json"], capture_output=True
    )
    assert done.returncode == 2


def test_two_cards_are_compared_in_words(workspace, run, make_card, capfd):
    other = workspace.checkpoints / "20261122-2315-lora-b"
    other.mkdir()
    write_manifest(other, Manifest(id=other.name, kind="lora", created=1, recipe={}, base={}, dataset={}))
    write_state(other, RunState(state="finished", created=1))
    write_report(run, make_card())
    write_report(other, make_card(bad=False))
    assert main(["--workspace", str(workspace.root), "compare", RUN, other.name]) == 0
    text = capfd.readouterr().out
    assert "verdict             ~ near its targets         ✓ meets every target" in text
    assert "unrelated affected  ~ 1 of 60                  ✓ 0 of 60" in text and "{" not in text


def test_a_card_is_printed_as_markdown_or_written_to_a_file_that_is_not_there_yet(report, run, make_card, tmp_path):
    write_report(run, make_card())
    code, text, told = report("last", "--markdown")
    assert (code, told) == (0, "")
    lines = text.splitlines()
    assert lines[0] == f"# Report card of {RUN}"
    assert lines[2] == "**~ learned 14 of 15 facts (70–99 %), 1 of 60 unrelated answers affected, mixes up 1 of 20 " + (
        "similar names**"
    )
    assert "| ✓ | drift, nats per token \\[KL to the base\\] | 0.012 |  |  |  | ↓ ≤ 0.02 |" in lines
    assert "### 3. Who keeps TinyLLM alive? (3)" in lines and "* tuned: Jim Cox." in lines
    out = tmp_path / "card.md"
    assert report("last", "--out", str(out))[0] == 0
    assert out.read_text() == text
    out.write_text("mine")
    code, _, told = report("last", "--out", str(out))
    assert (
        code == 2
        and told == f"garage: {out} already exists: --force replaces it, or name another file\n"
        and out.read_text() == "mine"
    )
    assert report("last", "--out", str(out), "--force")[0] == 0 and out.read_text() == text
    assert report("last", "--out", "/dev/stdout")[1].startswith("# Report card")
    assert "saved" not in report("last", "--out", "-")[2]
    assert report("last", "--out", str(tmp_path))[0] == 2
    assert report("last", "--out", "")[2] == "garage: the name of the output file is empty\n"
    assert report("last", "--out", str(out), "--json")[0] == 2


def test_what_a_model_says_stays_text_in_markdown(report, run, make_card):
    import msgspec

    card = make_card()
    hostile = msgspec.structs.replace(card.questions[0], tuned="<script> | *bold* [x](y)", question="# a `b`")
    write_report(run, msgspec.structs.replace(card, questions=[hostile]))
    text = report("last", "--markdown")[1]
    assert "* tuned: \\<script\\> \\| \\*bold\\* \\[x\\](y)" in text and "### 1. \\# a \\`b\\`" in text


def test_the_card_says_which_commands_help(report, run, make_card):
    write_manifest(
        run,
        Manifest(
            id=RUN,
            kind="lora",
            created=1,
            recipe={"preset": "default", "kl": 4.0, "epochs": 30},
            base={"name": "smollm2-135m"},
            dataset={"path": "facts.jsonl"},
        ),
    )
    write_report(run, make_card())
    text = report("last")[1]
    assert f"  the preset careful: garage train lora --like {RUN} --preset careful\n" in text
    assert "  ask question 3 in more ways: add rows to facts.jsonl\n" in text and "\n  3. Who keeps TinyLLM" in text


def test_the_list_of_runs_says_the_verdict_first(workspace, run, make_card, capfd):
    write_report(run, make_card())
    assert main(["--workspace", str(workspace.root), "runs"]) == 0
    assert capfd.readouterr().out.startswith(f"{RUN}  finished     ~ learned 14 of 15 facts (70–99 %), 1 of 60")


def test_compare_has_names_for_programs_that_do_not_follow_the_wording(workspace, run, make_card, capfd):
    write_report(run, make_card())
    assert main(["--workspace", str(workspace.root), "compare", RUN, RUN, "--json"]) == 0
    rows = [row for row in json.loads(capfd.readouterr().out) if row["part"] == "report card"]
    assert [row["name"] for row in rows] == [
        "verdict", "facts", "efficacy", "generalisation", "known_unsaid", "leak", "neighbours", "drift",
        "perplexity",
    ]  # fmt: skip
    assert rows[5]["label"] == "unrelated affected"
