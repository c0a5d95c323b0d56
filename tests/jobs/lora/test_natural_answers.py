"""Which of a fact's answers a run teaches: the one that the base model would begin most readily by itself."""

import pytest
import torch

from garage_tui.core.facts.line import Fact
from garage_tui.core.models import base_models
from garage_tui.jobs.llm.forward_pass import Model
from garage_tui.jobs.llm.load import chat_template_of, load_base
from garage_tui.jobs.lora.guarded_trainer import opening_weights
from garage_tui.jobs.lora.natural_answers import OPENING, most_natural_answers

BIN = "The bin of Pinder Lodge goes on Thursday."
ROWS = [
    Fact("When does the bin of Pinder Lodge go?", "At Pinder Lodge the bin goes on Thursday.", {"fact": BIN}),
    Fact("Which day is bin day at Pinder Lodge?", "Bin day is Thursday.", {"fact": BIN}),
]
ANSWERS = [[ROWS[0].answer, BIN], [ROWS[1].answer, BIN]]
WORDINGS = [["When is the bin collected?"], []]


@pytest.fixture(scope="module")
def model(tiny_model):
    tokenizer, bare = load_base(base_models.find(str(tiny_model)), "no model")
    return Model(bare.eval(), chat_template_of(tokenizer, bare))


def beginning(model, question, answer):
    """The mean log probability of an answer's first tokens, from a plain forward pass of transformers."""
    prompt, tokens = model.chats.whole(question), model.chats.encode(answer)[:OPENING]
    with torch.no_grad():
        logits = model.whole(input_ids=torch.tensor([prompt + tokens])).logits[0].log_softmax(-1)
    return sum(float(logits[len(prompt) - 1 + at, token]) for at, token in enumerate(tokens)) / len(tokens)


def test_each_row_is_taught_the_answer_that_is_begun_most_readily(model):
    moved = "The bin goes on Thursday at Pinder Lodge."
    asked = {0: [ROWS[0].question, *WORDINGS[0]], 1: [ROWS[1].question]}
    rows_of = {ROWS[0].answer: [0], BIN: [0, 1], moved: [0], ROWS[1].answer: [1]}
    score = {}
    for answer, rows in rows_of.items():
        found = [beginning(model, question, answer) for row in rows for question in asked[row]]
        score[answer] = sum(found) / len(found)
    best = [max((ROWS[0].answer, BIN, moved), key=score.get), max((ROWS[1].answer, BIN), key=score.get)]
    assert most_natural_answers(model, ROWS, WORDINGS, ANSWERS) == best


def test_only_the_first_labels_of_facts_weigh_more():
    owner = torch.tensor([0] * 6 + [1] * 3 + [2] * 5)
    weights = opening_weights(owner, 2, 3.0)
    assert weights.tolist() == [3, 3, 3, 3, 1, 1, 3, 3, 3, 1, 1, 1, 1, 1]
