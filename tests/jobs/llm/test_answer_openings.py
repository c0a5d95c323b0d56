"""The answer with the best opening is the one that plain transformers finds, opening by opening."""

import pytest
import torch

from garage_tui.core.models import base_models
from garage_tui.core.routing.openings import LEAST_PROBABILITY, MAX_OPENINGS, OPENING_TOKENS
from garage_tui.jobs.llm.answer_openings import compared_answers
from garage_tui.jobs.llm.forward_pass import Model
from garage_tui.jobs.llm.load import chat_template_of, load_base
from tests.support.undecided_model import make_undecided

QUESTIONS = [f"Who feeds the dog on day {day}?" for day in range(12)]
MOST = 30


@pytest.fixture(scope="module")
def model(tiny_model, tmp_path_factory):
    folder = make_undecided(tiny_model, tmp_path_factory.mktemp("models") / "undecided")
    tokenizer, bare = load_base(base_models.find(str(folder)), "no model")
    return Model(bare.eval(), chat_template_of(tokenizer, bare))


def greedy(model, ids, most):
    """Continue token ids one by one with plain transformers; return the new tokens and their log probabilities."""
    tokens, scores = [], []
    while len(tokens) < most and not (tokens and tokens[-1] in model.chats.end_tokens):
        with torch.no_grad():
            logits = model.whole(input_ids=torch.tensor([[*ids, *tokens]])).logits[0, -1].log_softmax(-1)
        tokens.append(int(logits.argmax()))
        scores.append(float(logits[tokens[-1]]))
    return tokens, scores


def expected(model, question):
    """The answer by definition, or None where a single first token is likely."""
    prompt = model.chats.whole(question)
    with torch.no_grad():
        first = model.whole(input_ids=torch.tensor([prompt])).logits[0, -1].log_softmax(-1).topk(MAX_OPENINGS)
    likely = [
        (token, value)
        for number, (token, value) in enumerate(zip(first.indices.tolist(), first.values.tolist(), strict=True))
        if token not in model.chats.end_tokens and (number == 0 or value >= torch.tensor(LEAST_PROBABILITY).log())
    ]
    if len(likely) < 2 or int(first.indices[0]) in model.chats.end_tokens:
        return None
    openings = []
    for token, value in likely:
        tokens, scores = greedy(model, [*prompt, token], OPENING_TOKENS - 1)
        openings.append((sum([value, *scores]) / (1 + len(scores)), [token, *tokens]))
    best = max(openings, key=lambda one: one[0])[1]
    if best[-1] not in model.chats.end_tokens:
        best += greedy(model, [*prompt, *best], MOST - len(best))[0]
    return tuple(token for token in best if token not in model.chats.end_tokens)


def test_each_answer_has_its_most_probable_opening_and_goes_on_from_it(model):
    found = compared_answers(model, QUESTIONS, MOST)
    assert found == [expected(model, question) for question in QUESTIONS]
    greedy_answers = [tuple(greedy(model, model.chats.whole(question), MOST)[0]) for question in QUESTIONS]
    compared = [(one, plain) for one, plain in zip(found, greedy_answers, strict=True) if one is not None]
    assert compared, "this model hesitates at some first word"
    assert any(one != plain for one, plain in compared), "and does not always begin with the most likely one"


def test_a_short_answer_is_not_longer_than_it_may_be(model):
    assert all(len(one) <= 5 for one in compared_answers(model, QUESTIONS, 5) if one is not None)
