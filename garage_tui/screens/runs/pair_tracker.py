"""Which run is marked for a comparison, and which pairs of runs wait for theirs; no Textual here."""

from __future__ import annotations

from dataclasses import dataclass

from garage_tui.core.monitor.run_watcher import RunSnapshot
from garage_tui.core.runs import paired_runs

Runs = tuple[RunSnapshot, ...]


@dataclass(frozen=True)
class Marked:
    """A run was marked; the next one is compared with it."""


@dataclass(frozen=True)
class KindsDiffer:
    """One of the two runs teaches facts, the other one draws: there is nothing to compare."""

    first: str
    second: str


@dataclass(frozen=True)
class ComparisonReady:
    """These two runs can be compared now; `first` and `second` are their ids."""

    first: str
    second: str


@dataclass(frozen=True)
class PairPending:
    """A pair is at work; its comparison opens when both runs have their report card."""

    first: RunSnapshot
    second: RunSnapshot


@dataclass(frozen=True)
class CardMissing:
    """Both runs of a pair have ended, and this one has no report card."""

    run: RunSnapshot


class PairTracker:
    """Remembers the marked run and the pairs whose comparison opens by itself.

    A pair taught the same facts to the same base with the same seed, once with guards and once without.
    """

    def __init__(self) -> None:
        self.marked: str | None = None
        """The id of the marked run."""
        self._awaited: set[tuple[str, str]] = set()

    def mark(self, run: RunSnapshot, runs: Runs) -> Marked | KindsDiffer | ComparisonReady | None:
        """Mark a run; where another one is marked, compare the two. None where the mark was only taken off."""
        first, self.marked = self.marked, None
        if first is None:
            self.marked = run.id
            return Marked()
        other = next((one for one in runs if one.id == first), run)
        if other.draws != run.draws:
            return KindsDiffer(first, run.id)
        return ComparisonReady(first, run.id) if first != run.id else None

    def unmark(self) -> bool:
        """Remove the mark; return False if there is none."""
        was_marked, self.marked = self.marked is not None, None
        return was_marked

    def pair_of(self, run: RunSnapshot, runs: Runs) -> ComparisonReady | PairPending | CardMissing | None:
        """Return how far the pair of a run is; None where no other run makes a pair with it.

        From then on the comparison of a pair that is not complete is awaited.
        """
        partners = paired_runs.partners(run, runs)
        if not partners:
            return None
        first, second = paired_runs.guarded_first(run, next(filter(has_or_gets_card, partners), partners[0]))
        missing = next((one for one in (first, second) if not one.card), None)
        alive = first.alive or second.alive
        if missing is None and not alive:
            return ComparisonReady(first.id, second.id)
        self.expect(first, second)
        return CardMissing(missing) if missing and not alive else PairPending(first, second)

    def expect(self, first: RunSnapshot, second: RunSnapshot) -> None:
        """Await the comparison of two runs that make a pair, in any order."""
        first, second = paired_runs.guarded_first(first, second)
        self._awaited.add((first.id, second.id))

    def update(self, runs: Runs) -> list[PairPending | ComparisonReady]:
        """Take in new snapshots of all runs; return the pairs that began to work, then those that are complete."""
        found: list[PairPending | ComparisonReady] = []
        alive = [run for run in runs if run.alive]
        for guarded in filter(paired_runs.is_guarded, alive):
            for plain in paired_runs.partners(guarded, alive)[:1]:
                if (guarded.id, plain.id) not in self._awaited:
                    self.expect(guarded, plain)
                    found.append(PairPending(guarded, plain))
        for ids in list(self._awaited):
            pair = [run for run in runs if run.id in ids]
            if len(pair) == len(ids) and all(run.card and not run.alive for run in pair):
                self._awaited.discard(ids)
                found.append(ComparisonReady(*ids))
        return found


def has_or_gets_card(run: RunSnapshot) -> bool:
    """Return whether a run has a report card, or gets one when it ends."""
    return run.alive or run.card is not None
