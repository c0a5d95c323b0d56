"""What the gate makes of answers to what was not taught: where the server routes, near the target is enough."""

from __future__ import annotations

import msgspec
import pytest

from garage_tui.core.exam.paired_answers import PairedAnswer, PairedAnswers
from garage_tui.core.exam.report import Count, ServedFigures
from garage_tui.core.school.gate import decide

LEARNED = PairedAnswer(part="unseen", question="Who?", fact="fact 0", candidate=(True, True), served=(False, False))
PAIRED = PairedAnswers(run="a", served=None, made=1.0, answers=[LEARNED])


def count(hits, of):
    return Count(hits, of, 0.0, 1.0)


@pytest.fixture
def card(make_card):
    """A report card with these figures of the adapter alone, and as served."""

    def make(leak=0, names=40, drift=0.01, served_leak=0, served_names=40):
        whole = make_card(bad=False)
        served = ServedFigures(
            facts=count(15, 15),
            efficacy=count(24, 24),
            generalisation=count(15, 15),
            leak=count(served_leak, 120),
            neighbours=count(served_names, 40),
            drift=0.0,
            routed=count(39, 39),
        )
        return msgspec.structs.replace(
            whole, leak=count(leak, 120), neighbours=count(names, 40), drift=drift, served=served
        )

    return make


@pytest.mark.parametrize("figures", [{"leak": 1}, {"names": 36}, {"drift": 0.03}])
def test_near_the_target_is_enough_if_the_base_model_gives_those_answers(card, figures):
    assert decide(card(**figures), PAIRED, None, routed=True).passed
    assert not decide(card(**figures), PAIRED, None, routed=False).passed


@pytest.mark.parametrize("figures", [{"leak": 8}, {"names": 30}, {"drift": 0.5}])
def test_far_from_the_target_is_refused_also_where_the_server_routes(card, figures):
    assert not decide(card(**figures), PAIRED, None, routed=True).passed


@pytest.mark.parametrize("figures", [{"served_leak": 1, "leak": 1}, {"served_names": 37, "names": 37}])
def test_what_people_would_get_is_refused(card, figures):
    assert not decide(card(**figures), PAIRED, None, routed=True).passed


def test_a_card_without_figures_as_served_is_judged_by_those_of_the_adapter(card):
    assert not decide(msgspec.structs.replace(card(leak=1), served=None), PAIRED, None, routed=True).passed
