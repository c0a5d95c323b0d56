"""Ranking of taught answers by their total log probability, by teacher forcing.

Greedy decoding may leave a taught sentence at its first words although the model gives the whole of it a higher
probability than any other taught answer. Then the model knows the fact and does not say it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from garage_tui.core.exam.rivals import RivalAnswers
from garage_tui.jobs.llm.chat_template import TokenizedExample
from garage_tui.jobs.llm.forward_pass import Model

MAX_RIVALS = 24
"""Most wrong answers that are compared with the right one: those whose first token is the most probable."""


def token_log_probabilities(
    model: Model, examples: Sequence[TokenizedExample], prefix: Sequence[int] | None = None
) -> list[torch.Tensor]:
    """Return for each example (labels,) log p of each token of its answer, in nats; `prefix` as for `Model.passes`."""
    found: list[torch.Tensor] = []
    for _, batch, hidden, _ in model.passes(examples, prefix):
        labels = batch.labels.to(model.device)
        each = -torch.nn.functional.cross_entropy(model.logits(hidden), labels, reduction="none").cpu()
        found += each.split(torch.bincount(batch.owner, minlength=len(batch.starts)).tolist())
    return found


def answer_log_probabilities(model: Model, question: str, answers: Sequence[str]) -> list[float]:
    """Return the log probability of each answer to a question, that of its end token included, in nats."""
    # The answers share the question, so it is read once in each line of a batch.
    prompt = (*model.chats.prefix, *model.chats.prompt(question))
    examples = [TokenizedExample(prompt[-1:], (*model.chats.encode(answer), model.chats.end)) for answer in answers]
    return [float(one.sum()) for one in token_log_probabilities(model, examples, prompt[:-1])]


def is_right_first(model: Model, one: RivalAnswers) -> bool | None:
    """Return whether the right answer to a question is more probable than every wrong one; None if either is missing.

    Of several right answers the most probable one counts.
    """
    if not (one.right and one.wrong):
        return None
    best = max(answer_log_probabilities(model, one.question, one.right))
    rivals = _possible_rivals(model, one, best)
    return not rivals or max(answer_log_probabilities(model, one.question, rivals)) < best


def _possible_rivals(model: Model, one: RivalAnswers, best: float) -> list[str]:
    """Return the wrong answers that their first token does not make less probable than `best`, in nats."""
    first = {answer: (*model.chats.encode(answer), model.chats.end)[0] for answer in one.wrong}
    starts = list(dict.fromkeys(first.values()))
    [(_, _, hidden, _)] = model.passes([TokenizedExample(model.chats.prompt(one.question), (starts[0],))])
    scores = dict(zip(starts, model.logits(hidden)[0].log_softmax(-1)[starts].tolist(), strict=True))
    possible = [answer for answer, start in first.items() if scores[start] >= best]
    return sorted(possible, key=lambda answer: -scores[first[answer]])[:MAX_RIVALS]
