"""Which pairs wait for their comparison and when it opens; no app is needed to ask."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from garage_tui.core.exam.headline import Headline
from garage_tui.core.monitor.run_watcher import RunSnapshot
from garage_tui.core.runs.record import Manifest
from garage_tui.screens.runs.pair_tracker import (
    CardMissing,
    ComparisonReady,
    KindsDiffer,
    Marked,
    PairPending,
    PairTracker,
)


def snapshot(run_id: str, kl: float = 5.0, *, facts: str = "a", kind: str = "lora", created: float = 0.0):
    manifest = Manifest(
        id=run_id,
        kind=kind,
        created=created,
        recipe={"kl": kl, "seed": 0},
        base={"name": "smollm2-135m"},
        dataset={"sha256": facts},
    )
    return RunSnapshot(
        id=run_id,
        path=Path("checkpoints") / run_id,
        alive=True,
        status="running",
        reason="",
        state=None,
        manifest=manifest,
        adapter=False,
    )


def done(run: RunSnapshot) -> RunSnapshot:
    return replace(run, alive=False, status="finished", card=Headline("learned 15 of 15", True))


def failed(run: RunSnapshot) -> RunSnapshot:
    return replace(run, alive=False, status="failed")


GUARDED, PLAIN, OTHER = snapshot("guarded"), snapshot("plain", kl=0.0), snapshot("other", facts="b")


@pytest.fixture
def tracker():
    return PairTracker()


def test_the_second_run_that_is_marked_is_compared_with_the_first(tracker):
    runs = (GUARDED, OTHER)
    assert tracker.mark(GUARDED, runs) == Marked() and tracker.marked == "guarded"
    assert tracker.mark(OTHER, runs) == ComparisonReady("guarded", "other")
    assert tracker.marked is None


def test_marking_the_same_run_twice_takes_the_mark_off(tracker):
    tracker.mark(GUARDED, (GUARDED,))
    assert tracker.mark(GUARDED, (GUARDED,)) is None and tracker.marked is None


def test_a_run_of_another_kind_is_not_compared(tracker):
    drawing = snapshot("moths", kind="diffusion")
    tracker.mark(GUARDED, (GUARDED, drawing))
    assert tracker.mark(drawing, (GUARDED, drawing)) == KindsDiffer("guarded", "moths")
    assert tracker.marked is None


def test_only_a_mark_that_is_there_can_be_taken_off(tracker):
    assert not tracker.unmark()
    tracker.mark(GUARDED, (GUARDED,))
    assert tracker.unmark() and not tracker.unmark()


def test_a_run_without_a_partner_has_no_pair(tracker):
    assert tracker.pair_of(GUARDED, (GUARDED, OTHER)) is None


def test_a_complete_pair_is_compared_guarded_run_first(tracker):
    runs = (done(PLAIN), done(GUARDED))
    assert tracker.pair_of(runs[0], runs) == ComparisonReady("guarded", "plain")


def test_a_pair_at_work_is_pending_and_opens_once_when_both_have_their_card(tracker):
    assert tracker.pair_of(PLAIN, (PLAIN, done(GUARDED))) == PairPending(done(GUARDED), PLAIN)
    assert tracker.update((PLAIN, done(GUARDED))) == []
    assert tracker.update((done(PLAIN), done(GUARDED))) == [ComparisonReady("guarded", "plain")]
    assert tracker.update((done(PLAIN), done(GUARDED))) == []


def test_a_pair_that_ended_without_a_card_names_the_run_and_still_waits_for_it(tracker):
    runs = (failed(PLAIN), done(GUARDED))
    assert tracker.pair_of(done(GUARDED), runs) == CardMissing(failed(PLAIN))
    assert tracker.update((done(PLAIN), done(GUARDED))) == [ComparisonReady("guarded", "plain")]


def test_of_several_partners_one_with_a_card_is_preferred_to_one_that_failed(tracker):
    near, far = failed(snapshot("near", kl=0.0, created=1.0)), done(snapshot("far", kl=0.0, created=900.0))
    assert tracker.pair_of(done(GUARDED), (near, far, done(GUARDED))) == ComparisonReady("guarded", "far")
    assert tracker.pair_of(done(GUARDED), (near, done(GUARDED))) == CardMissing(near)


def test_a_pair_that_begins_to_work_is_announced_once(tracker):
    assert tracker.update((PLAIN, GUARDED, OTHER)) == [PairPending(GUARDED, PLAIN)]
    assert tracker.update((PLAIN, GUARDED, OTHER)) == []


def test_a_pair_that_was_started_here_is_awaited_in_any_order_without_being_announced(tracker):
    tracker.expect(PLAIN, GUARDED)
    assert tracker.update((PLAIN, GUARDED)) == []
    assert tracker.update((done(PLAIN), done(GUARDED))) == [ComparisonReady("guarded", "plain")]


def test_a_pair_of_which_one_run_was_deleted_never_opens(tracker):
    tracker.expect(PLAIN, GUARDED)
    assert tracker.update((done(PLAIN),)) == []


def test_a_card_of_a_run_that_trains_again_opens_nothing(tracker):
    tracker.expect(PLAIN, GUARDED)
    again = replace(done(PLAIN), alive=True, status="running")
    assert tracker.update((again, done(GUARDED))) == []
