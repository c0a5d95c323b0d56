"""What a run measured of itself, as its events tell it."""

from __future__ import annotations

import pytest

from garage_tui.core.runs.probe_events import Probe, parse_probe

EVENT = {"event": "probe", "step": 12, "epoch": 3.0, "recall": 0.75, "leak": 0.0, "drift": 0.013, "forgets": ""}


def test_a_probe_is_read_in_words():
    probe = parse_probe(EVENT)
    assert probe == Probe(12, 0.75, 0.0, 0.013)
    assert probe.text == "recall 75% ↑ · ✓ leak 0% ↓ · ✓ drift 0.013 ↓"


def test_the_figures_of_a_probe_say_which_way_is_good_and_how_far_they_are():
    """A low recall is no bad sign while a run learns; a leak is one at any time."""
    assert Probe(12, 0.6, 0.21, 0.04).text == "recall 60% ↑ · ✗ leak 21% ↓ · ~ drift 0.040 ↓"
    assert Probe(12, 1.0, 0.07, 0.31).text == "✓ recall 100% ↑ · ~ leak 7% ↓ · ✗ drift 0.310 ↓"


@pytest.mark.parametrize(
    "change",
    [
        {"event": "step"},
        {"step": None},
        {"step": "12"},
        {"step": 10**400},
        {"recall": float("nan")},
        {"leak": None},
        {"drift": 10**400},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_no_probe(change):
    assert parse_probe({**EVENT, **change}) is None


def test_its_words_are_clean_and_its_shares_stay_shares():
    probe = parse_probe({**EVENT, "recall": 7, "leak": -1, "forgets": "\x1b]0;evil\x07half\nof it"})
    assert probe is not None
    assert (probe.recall, probe.leak, probe.forgetting) == (1.0, 0.0, "half of it")
