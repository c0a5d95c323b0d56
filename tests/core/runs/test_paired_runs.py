"""Two runs that taught the same, one with guards and one without."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from garage_tui.core.runs.paired_runs import are_pair, guarded_first, partners
from garage_tui.core.runs.record import Manifest


@dataclass(frozen=True)
class Ran:
    manifest: Manifest | None


def ran(kl=5.0, created=0.0, facts="a", base="smollm2-135m", seed=0):
    return Ran(
        Manifest(
            id="x", kind="lora", created=created, recipe={"kl": kl, "seed": seed}, base={"name": base},
            dataset={"sha256": facts},
        )
    )  # fmt: skip


def test_the_same_facts_base_and_seed_with_and_without_guards_are_a_pair():
    guarded, plain = ran(kl=5.0), ran(kl=0.0)
    assert are_pair(guarded, plain) and are_pair(plain, guarded)
    assert guarded_first(plain, guarded) == (guarded, plain), "the guarded one, as the default is, comes first"


@pytest.mark.parametrize("other", [{"facts": "b"}, {"base": "another"}, {"seed": 1}, {"kl": 2.0}, {"facts": None}])
def test_runs_that_differ_in_more_or_in_nothing_are_no_pair(other):
    assert not are_pair(ran(kl=5.0), ran(**{"kl": 0.0, **other}))


def test_a_run_of_before_there_were_guards_is_a_plain_one_and_a_broken_one_is_none():
    old = Ran(Manifest(id="x", kind="lora", created=0, recipe={}, base={"name": "m"}, dataset={"sha256": "a"}))
    assert are_pair(old, ran(base="m"))
    assert not are_pair(Ran(None), ran()) and not are_pair(Ran(None), Ran(None))


def test_of_several_partners_the_one_that_was_started_nearest_comes_first():
    far, near = ran(kl=0.0, created=100.0), ran(kl=0.0, created=501.0)
    assert partners(ran(created=500.0), [far, near, ran(kl=3.0), ran(kl=0.0, seed=7)]) == [near, far]
