"""Decisions whose record cannot be written: what is in the facts file is said as it is, and undo knows it."""

from __future__ import annotations

import types

import pytest

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.workspace import Workspace
from garage_tui.core.proposals.proposal_file import proposals_path, read_proposals
from garage_tui.core.proposals.propose import propose
from garage_tui.core.review.decisions import Decisions
from tests.support.passages import HURD, passage_of


@pytest.fixture
def box(tmp_path):
    (tmp_path / "datasets").mkdir()
    return Workspace(tmp_path)


@pytest.fixture
def reviewed():
    """A document with nothing that has changed."""
    return types.SimpleNamespace(outdated=(), document=types.SimpleNamespace(name="manual.txt"))


@pytest.fixture
def facts(box):
    return box.datasets / "garage.jsonl"


async def _proposals(box, facts):
    passage = passage_of(HURD)
    return [one async for offered in propose(box, facts, [passage]) for one in offered.proposals]


def _make_unwritable(path):
    """Put a folder in the place of a file, which nobody can append to, also root; return the file's bytes."""
    before = path.read_bytes()
    path.unlink()
    path.mkdir()
    return before


async def test_undo_knows_rows_whose_acceptance_could_not_be_recorded(box, facts, reviewed):
    proposals, path, decisions = await _proposals(box, facts), proposals_path(box, "manual.txt"), Decisions(box)
    events = _make_unwritable(path)
    done = decisions.accept(reviewed, facts, proposals)
    assert done.problem and done.rows == len(facts.read_text().splitlines()) > 0
    assert decisions.last and decisions.last.what.startswith("accepting ")
    path.rmdir()
    path.write_bytes(events)
    decisions.undo()
    assert facts.read_text() == "" and decisions.last is None


async def test_an_undo_that_could_not_be_recorded_can_be_tried_again(box, facts, reviewed):
    proposals, path, decisions = await _proposals(box, facts), proposals_path(box, "manual.txt"), Decisions(box)
    assert decisions.accept(reviewed, facts, proposals).problem == ""
    events = _make_unwritable(path)
    with pytest.raises(GarageError):
        decisions.undo()
    assert facts.read_text() == "" and decisions.last
    path.rmdir()
    path.write_bytes(events)
    _, kept = decisions.undo()
    assert kept == [] and decisions.last is None
    assert {one.id for one in read_proposals(path).in_state("proposed")} == {one.id for one in proposals}
