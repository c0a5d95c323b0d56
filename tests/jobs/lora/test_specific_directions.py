"""The two ways to the directions in which the facts have the most energy per unit of the guards'."""

import pytest
import torch

from garage_tui.jobs.lora import specific_directions
from garage_tui.jobs.lora.specific_directions import Sample, SecondMoment, ledoit_wolf
from garage_tui.jobs.lora.specific_directions import specific_directions as find


def rows(count, width, seed):
    """Rows with a spectrum like that of hidden states: a few strong directions, many weak ones."""
    torch.manual_seed(7)
    mixing = torch.linalg.qr(torch.randn(width, width))[0] * torch.logspace(0, -1.5, width)
    torch.manual_seed(seed)
    return torch.randn(count, width) @ mixing


def direct_way(own, other, samples, count, ridge):
    return find(own, SecondMoment(other.T @ other, samples), count, ridge)


def subspace_distance(first, second):
    """The sine of the largest angle between two row spaces."""
    cosines = torch.linalg.svdvals(torch.linalg.qr(first.T)[0].T @ torch.linalg.qr(second.T)[0])
    return float((1 - cosines.min().clamp(max=1) ** 2).clamp(min=0).sqrt())


def test_both_ways_find_the_same_directions(monkeypatch):
    own, other = rows(60, 200, 1), rows(150, 200, 2)
    own[:, :4] *= 4
    monkeypatch.setattr(specific_directions, "ledoit_wolf", lambda *_: 0.0)
    direct, energy = direct_way(own, other, 150, 12, 0.05)
    dual, same = specific_directions._dual(own, other, 150, 12, 0.05)
    assert same == pytest.approx(energy, rel=1e-2), "the direct way is randomised"
    assert subspace_distance(direct[:8], dual[:8]) < 0.02
    signs = (direct * dual).sum(1).sign()
    assert torch.allclose(direct[:4], dual[:4] * signs[:4, None], atol=0.02 * float(direct.abs().max()))


@pytest.mark.parametrize("way", [direct_way, specific_directions._dual])
def test_a_direction_costs_one_and_gains_what_it_says(way, monkeypatch):
    monkeypatch.setattr(specific_directions, "ledoit_wolf", lambda *_: 0.0)
    own, other = rows(40, 120, 3), rows(90, 120, 4)
    found, values = way(own, other, 90, 8, 0.1)
    moment = other.T @ other / 90
    moment += 0.1 * moment.diagonal().mean() * torch.eye(120)
    assert torch.allclose(found @ moment @ found.T, torch.eye(8), atol=1e-3)
    assert (own @ found.T).square().mean(0) == pytest.approx(values, rel=1e-3)


def test_the_width_decides_which_way_is_taken(monkeypatch):
    taken = []
    monkeypatch.setattr(specific_directions, "_from_moment", lambda *_: taken.append("direct"))
    monkeypatch.setattr(specific_directions, "_dual", lambda *_: taken.append("dual"))
    for count in (50, 49):
        find(rows(10, 50, 1), Sample(rows(count, 50, 2), count), 4, 0.05)
    find(rows(10, 50, 1), SecondMoment(torch.eye(50), 9), 4, 0.05)
    assert taken == ["direct", "dual", "direct"]


def test_shrinkage_is_strong_where_rows_are_few_and_weak_where_they_are_many():
    """Of a spectrum that is known, the shrunk moment is nearer to the truth than the sample's."""
    truth = torch.diag(torch.logspace(0, -1.5, 80) ** 2)
    for count, low, high in ((20, 0.1, 0.9), (2000, 0.0, 0.05)):
        torch.manual_seed(count)
        sample = torch.randn(count, 80) * torch.logspace(0, -1.5, 80)
        share = ledoit_wolf(sample @ sample.T / count, 80, count)
        assert low <= share <= high
        moment = sample.T @ sample / count
        shrunk = (1 - share) * moment + share * moment.diagonal().mean() * torch.eye(80)
        assert (shrunk - truth).norm() < 1.001 * (moment - truth).norm()
