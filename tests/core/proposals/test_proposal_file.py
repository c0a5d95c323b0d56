"""The proposals of a document are kept line by line, and are readable after a cut."""

import os
import subprocess
import sys

import pytest

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.workspace import Workspace
from garage_tui.core.proposals.checks import CheckedPassage, make_proposal
from garage_tui.core.proposals.known_questions import KnownQuestions
from garage_tui.core.proposals.proposal_file import (
    append_events,
    decided_events,
    offered_events,
    one_writer,
    proposals_path,
    read_proposals,
)
from garage_tui.core.proposals.rules.rule_writer import write_facts
from tests.support.passages import HURD, passage_of

PASSAGE = passage_of(HURD)


@pytest.fixture
def path(tmp_path):
    return proposals_path(Workspace(tmp_path), PASSAGE.document)


def proposals():
    checked = CheckedPassage.of(PASSAGE)
    return [make_proposal(fact, checked, "rules", KnownQuestions()) for fact in write_facts(PASSAGE)]


def test_proposals_and_decisions_come_back(path):
    made = proposals()
    append_events(path, offered_events(PASSAGE, "rules", made))
    append_events(path, decided_events(made[:1], "accepted"))
    found = read_proposals(path)
    assert [one.id for one in found.proposals.values()] == [one.id for one in made]
    assert [one.id for one in found.in_state("accepted")] == [made[0].id]
    assert found.was_offered(PASSAGE, "rules") and not found.was_offered(PASSAGE, "a-model") and not found.unreadable


def test_a_decision_outlives_a_new_proposal_of_the_same_fact(path):
    made = proposals()
    append_events(path, offered_events(PASSAGE, "rules", made))
    append_events(path, decided_events(made[:1], "refused"))
    append_events(path, offered_events(PASSAGE, "rules", made))
    assert [one.id for one in read_proposals(path).in_state("refused")] == [made[0].id]


@pytest.mark.parametrize("left", [0.2, 0.5, 0.9, 0.999])
def test_a_torn_end_costs_nothing_but_what_was_torn(path, left):
    append_events(path, offered_events(PASSAGE, "rules", proposals()))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * left)])
    found = read_proposals(path)
    assert not found.was_offered(PASSAGE, "rules"), "the passage is offered again"
    append_events(path, offered_events(PASSAGE, "rules", proposals()))
    again = read_proposals(path)
    assert again.was_offered(PASSAGE, "rules") and len(again.proposals) == len(proposals()) and not again.unreadable


def test_a_line_that_somebody_broke_is_counted_and_kept(path):
    append_events(path, offered_events(PASSAGE, "rules", proposals()))
    path.write_bytes(b'{"event": "accept everything"}\n\xff\xfe\n' + path.read_bytes())
    append_events(path, decided_events(proposals()[:1], "accepted"))
    found = read_proposals(path)
    assert found.unreadable == 2 and len(found.in_state("accepted")) == 1
    assert path.read_bytes().startswith(b'{"event": "accept everything"}\n')


def test_no_file_is_an_empty_one_and_a_folder_is_an_error(path):
    assert read_proposals(path).proposals == {}
    path.mkdir(parents=True)
    with pytest.raises(GarageError, match="cannot be read"):
        read_proposals(path)
    with pytest.raises(GarageError, match="cannot be written"):
        append_events(path, offered_events(PASSAGE, "rules", []))


def test_two_documents_with_one_name_have_two_files_and_odd_names_stay_inside(tmp_path):
    box = Workspace(tmp_path)
    names = ["a/manual.pdf", "b/manual.pdf", "https://x.org/manual.pdf", "../../etc/passwd", "/", "ü ñ.pdf", "x" * 300]
    paths = {proposals_path(box, name) for name in names}
    assert len(paths) == len(names)
    assert all(path.parent == tmp_path / "documents" and len(path.name) < 130 for path in paths)


def test_one_process_at_a_time_proposes(path, tmp_path):
    path.parent.mkdir(parents=True)
    code = (
        "import sys, pathlib; from garage_tui.core.proposals.proposal_file import one_writer\n"
        f"with one_writer(pathlib.Path({str(path)!r})): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ) as other:
        assert other.stdout and other.stdin and other.stdout.readline() == b"held\n"
        with pytest.raises(GarageError, match="another process"), one_writer(path):
            pass
        other.stdin.close()
        other.wait(30)
    with one_writer(path):
        pass
