"""A pass over a document is a process of its own: it outlives who started it, is killed, and goes on where it was."""

from __future__ import annotations

import os
import signal
import time

import pytest

from garage_tui.core.base.errors import GarageError
from garage_tui.core.proposals.proposal_file import proposals_path, read_proposals
from garage_tui.core.review.pass_record import is_proposing, pass_path, read_progress, stop_pass
from garage_tui.core.review.start_pass import start_proposing

NAME = "huts.md"
HUTS = 60


@pytest.fixture
def progress(workspace):
    """A document of many passages, and the file for the progress of its pass."""
    parts = [f"# Hut {hut}\n\nHut {hut} was built by Halvorsen in {1900 + hut}.\n" for hut in range(HUTS)]
    (workspace.root / NAME).write_text("\n".join(parts))
    found = pass_path(workspace, NAME)
    yield found
    stop_pass(found)
    wait_for(lambda: not is_proposing(found))


def wait_for(holds):
    while not holds():  # pytest's own limit ends a test that waits for ever
        time.sleep(0.05)


def offered(workspace):
    return len(read_proposals(proposals_path(workspace, NAME)).offered)


def test_a_pass_that_was_killed_counts_as_stopped_and_the_next_one_goes_on(workspace, progress):
    assert start_proposing(workspace, NAME) == ""
    wait_for(lambda: offered(workspace) >= 2)
    with pytest.raises(GarageError, match="being proposed from this document already"):
        start_proposing(workspace, NAME)
    os.kill(read_progress(progress).pid, signal.SIGKILL)
    wait_for(lambda: not is_proposing(progress))
    before = offered(workspace)
    assert read_progress(progress).phase == "stopped" and 2 <= before < HUTS
    assert start_proposing(workspace, NAME) == ""
    wait_for(lambda: read_progress(progress).phase == "done")
    assert (offered(workspace), read_progress(progress).done) == (HUTS, HUTS)
    proposals = read_proposals(proposals_path(workspace, NAME)).proposals.values()
    assert len({one.all_questions for one in proposals}) == len(proposals) >= HUTS, "no fact was proposed twice"


def test_a_pass_that_is_stopped_says_so_and_keeps_what_it_proposed(workspace, progress):
    assert start_proposing(workspace, NAME) == ""
    wait_for(lambda: offered(workspace) >= 2)
    assert stop_pass(progress)
    wait_for(lambda: not is_proposing(progress))
    assert read_progress(progress).phase == "stopped"
    assert 2 <= offered(workspace) < HUTS
    assert not stop_pass(progress)


def test_a_pass_that_cannot_read_its_document_says_why(workspace, progress):
    (workspace.root / NAME).unlink()
    start_proposing(workspace, NAME)
    wait_for(lambda: (found := read_progress(progress)) and found.phase == "failed")  # none before its first line
    assert "No such file or directory" in read_progress(progress).reason
