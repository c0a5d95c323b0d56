"""The ranking of taught answers: the probabilities of whole answers, and the one that is first."""

import pytest
import torch

from garage_tui.core.exam.rivals import RivalAnswers
from garage_tui.core.models import base_models
from garage_tui.jobs.llm import answer_ranking
from garage_tui.jobs.llm.answer_ranking import answer_log_probabilities, is_right_first
from garage_tui.jobs.llm.forward_pass import Model
from garage_tui.jobs.llm.load import chat_template_of, load_base

QUESTION = "Who feeds the dog?"
ANSWERS = ["Aunt Marrit feeds the dog.", "The dog", "Thursday.", "It is fed by nobody at all, so it seems to me."]


@pytest.fixture(scope="module")
def model(tiny_model):
    tokenizer, bare = load_base(base_models.find(str(tiny_model)), "no model")
    return Model(bare.eval(), chat_template_of(tokenizer, bare))


def alone(model, answer):
    """The log probability of an answer, from a plain forward pass of transformers."""
    prompt, tokens = model.chats.whole(QUESTION), [*model.chats.encode(answer), model.chats.end]
    with torch.no_grad():
        logits = model.whole(input_ids=torch.tensor([prompt + tokens])).logits[0].log_softmax(-1)
    return sum(float(logits[len(prompt) - 1 + at, token]) for at, token in enumerate(tokens))


def test_an_answers_probability_is_that_of_all_its_tokens_and_its_end(model):
    found = answer_log_probabilities(model, QUESTION, ANSWERS)
    assert found == pytest.approx([alone(model, answer) for answer in ANSWERS], abs=1e-3)
    assert answer_log_probabilities(model, QUESTION, []) == []


def test_the_right_answer_is_first_only_if_no_other_one_is_more_probable(model):
    best, *others = sorted(ANSWERS, key=lambda answer: -alone(model, answer))
    assert is_right_first(model, RivalAnswers(QUESTION, (best,), tuple(others))) is True
    assert is_right_first(model, RivalAnswers(QUESTION, (others[-1], best), tuple(others[:-1]))) is True
    for other in others:
        wrong = tuple(answer for answer in ANSWERS if answer != other)
        assert is_right_first(model, RivalAnswers(QUESTION, (other,), wrong)) is False


def test_without_a_right_or_a_wrong_answer_there_is_no_first(model):
    assert is_right_first(model, RivalAnswers(QUESTION, (), ("Thursday.",))) is None
    assert is_right_first(model, RivalAnswers(QUESTION, ("Thursday.",), ())) is None


def test_answers_that_their_first_token_rules_out_are_not_compared(model):
    def first(answer):
        prompt = torch.tensor([model.chats.whole(QUESTION)])
        with torch.no_grad():
            return float(model.whole(input_ids=prompt).logits[0, -1].log_softmax(-1)[model.chats.encode(answer)[0]])

    best, second, *others = sorted(ANSWERS, key=lambda answer: -first(answer))
    between = (first(second) + first(others[0])) / 2
    question = RivalAnswers(QUESTION, ("Nobody.",), tuple(ANSWERS))
    assert answer_ranking._possible_rivals(model, question, between) == [best, second]
    assert answer_ranking._possible_rivals(model, question, 0.0) == []
