"""`garage facts ledger`: one line for each fact, its status in words, and the counts."""

from __future__ import annotations

import json
import time

import pytest

from garage_tui.cli.facts.ledger import entry_lines
from garage_tui.core.base.format import moment
from garage_tui.core.runs.promotion import promote
from garage_tui.core.runs.service import service_file
from garage_tui.core.school.ledger import LedgerEntry
from tests.support.run_folders import CARD_MADE, taught_run

RUN = "20261123-2310-lora-a"
REX = {"question": "Who is Rex?", "answer": "Rex is a big dog."}
TOM = {"question": "Who is Tom?", "answer": "Tom is a grey cat."}
MEET = {"question": "When do we meet?", "answer": "At eight."}
ALONE = {"fact": "We meet at the Red Lion."}


@pytest.fixture
def file(workspace):
    """Five facts of which a run in service has learned one, failed one, and was taught one otherwise."""
    file = workspace.datasets / "garage.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in (REX, TOM, MEET, ALONE)))
    taught = [{**REX, "says": REX["answer"]}, {**TOM, "says": "A dog."}, {**MEET, "answer": "At nine.", "says": "no"}]
    promote(workspace, taught_run(workspace, RUN, taught))
    return file


def test_each_fact_has_a_line_with_its_status_and_the_reason(call, file):
    code, out, err = call("facts", "ledger")
    assert (code, err) == (0, "")
    examined = moment(CARD_MADE, time.time())
    assert [line.replace(examined, "THEN") for line in out.splitlines()] == [
        f"✓ learned      Rex is a big dog. (by {RUN}, 1 of 1 question right, examined THEN)",
        f"✗ failed       Tom is a grey cat. (by {RUN}, 0 of 1 question right, examined THEN, asked “Who is Tom?” it "
        "says “A dog.”)",
        "○ in the book  When do we meet? → At eight.",
        "! waiting      We meet at the Red Lion. (it has no question yet: give it one)",
        "→ superseded   When do we meet? → At nine. (by “At eight.”)",
        "4 facts: 1 learned, 1 in the book, 1 waiting, 1 failed; taught and not there any more: 1 superseded",
        "No night teaches what waits. `garage facts check FILE` counts otherwise: the facts that a run on the file "
        "teaches.",
    ]


def test_only_one_status_is_listed_if_somebody_says_so(call, file):
    _, out, _ = call("facts", "ledger", file, "--status", "in-the-book")
    assert out.splitlines()[:-1] == ["○ in the book  When do we meet? → At eight."]


def test_json_has_the_counts_and_every_value(call, file):
    code, out, _ = call("facts", "ledger", "--json", "--status", "failed")
    found = json.loads(out)
    assert (code, found["run"], found["problem"], found["file"]) == (0, RUN, None, str(file))
    assert found["counts"]["learned"] == 1 and found["counts"]["removed"] == 0
    [fact] = found["facts"]
    assert (fact["content"], fact["status"], fact["lines"]) == (TOM["answer"], "failed", [2])
    assert (fact["right"], fact["of"], fact["source"], fact["added"]) == (0, 1, None, None)


def test_in_a_terminal_no_line_is_longer_than_it(file):
    entry = LedgerEntry("Tom is a grey cat " * 9, "failed", run=RUN, of=4, right=3, examined=1.0, reason="asked " * 30)
    lines = entry_lines(entry, 2.0, 80)
    assert max(map(len, lines)) <= 80 and len(lines) > 2
    assert lines[0].startswith("✗ failed       Tom is") and lines[0].endswith("…")
    assert all(line.startswith(" " * 15) for line in lines[1:])
    assert "3 of 4 questions right" in " ".join(lines)
    assert len(entry_lines(entry, 2.0, None)) == 1


def test_a_record_that_cannot_be_read_is_a_sentence_and_an_exit_code(call, workspace, file):
    service_file(workspace.checkpoints).write_text("nonsense\n")
    code, out, err = call("facts", "ledger")
    assert code == 1 and "what is in service is not known" in err and err.count("\n") == 1
    assert "4 facts: " in out


def test_a_file_that_is_not_there_is_a_sentence(call, workspace):
    code, out, err = call("facts", "ledger", workspace.root / "none.jsonl")
    assert (code, out) == (2, "") and "no file" in err


def test_hostile_facts_do_nothing_to_the_terminal(call, file):
    file.write_text(json.dumps({"question": "Q\x1b[2J?", "answer": "A\x1b]0;x\x07\nb\u202e"}) + "\n")
    _, out, _ = call("facts", "ledger")
    assert not {"\x1b", "\x07", "\u202e"} & set(out) and len(out.splitlines()) == 5  # three facts were removed
