"""Directions of a layer's inputs that tell the facts apart."""

import torch

from garage_tui.jobs.lora.discriminant import LayerPrompts, discriminants, joined
from garage_tui.jobs.lora.specific_directions import Sample, SecondMoment, specific_directions


def test_the_directions_separate_facts_and_ignore_wordings_and_guards():
    torch.manual_seed(0)
    width, facts, wordings = 40, 4, 30
    means = torch.zeros(facts, 2, width)
    means[:, :, :3] = 3 * torch.randn(facts, 1, 3)
    noise = torch.randn(facts * wordings, 2, width)
    noise[:, :, 5:10] *= 20  # what differs between wordings
    owner = [number for number in range(facts) for _ in range(wordings)]
    of_facts = means[torch.tensor(owner)] + noise
    guards = torch.randn(500, width)
    guards[:, 3:5] *= 20  # what other questions use
    of = LayerPrompts(of_facts, guards.reshape(250, 2, width))
    found = discriminants(of, owner, Sample(guards, 500), 8, 0.05)
    assert found.shape == (3, width), "three directions separate four facts"
    strength = found.square().sum(0).sqrt()
    assert strength[:3].min() > 5 * strength[3:10].max() and strength[:3].min() > 2 * strength[10:].max()
    same = discriminants(of, owner, SecondMoment(guards.T @ guards, 500), 8, 0.05)
    cosines = torch.linalg.svdvals(torch.linalg.qr(found.T)[0].T @ torch.linalg.qr(same.T)[0])
    assert cosines.min() > 0.99, "of more guards than memory holds only the second moment is known"
    energetic, values = specific_directions(of_facts[:, 0], Sample(guards, 500), 8, 0.05)
    rows = joined(found, energetic, of_facts[:, 0], values)
    assert rows.shape == (8, width) and torch.linalg.matrix_rank(rows) == 8
