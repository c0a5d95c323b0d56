"""The small base model's answers to general prompts come with the project, and are what it answers."""

import pytest
import torch

from garage_tui.core.models import base_models
from garage_tui.core.rewording import builtin_prompts
from garage_tui.jobs.llm import base_answer_cache
from garage_tui.jobs.llm.base_answer_cache import BaseAnswerCache
from garage_tui.jobs.llm.forward_pass import Model
from garage_tui.jobs.llm.load import chat_template_of, load_base

TOKENS = 24


@pytest.fixture
def asked(smollm2, monkeypatch, tmp_path):
    """Returns a cache of answers of the small base that is empty, but for what comes with the project."""
    base = base_models.find(smollm2)
    tokenizer, model = load_base(base, "no model")
    packed = Model(model.eval(), chat_template_of(tokenizer, model))
    monkeypatch.setenv("GARAGE_CACHE", str(tmp_path))
    return lambda: BaseAnswerCache(base, packed, TOKENS)


def test_a_first_run_decodes_no_general_prompt_and_has_what_decoding_gives(asked, monkeypatch, tmp_path):
    questions = [prompt.question for prompt in builtin_prompts.guard_prompts()][::40]
    questions += [prompt.question for prompt in builtin_prompts.unrelated_questions()][::50]
    shipped = asked()
    with torch.no_grad():
        said: list[tuple[str, int, int]] = []
        quick = shipped(questions, lambda text, done=0, total=0: said.append((text, done, total)))
        assert shipped.misses == 0
        assert said[0] == ("reading the base model's answers", 0, len(questions)), "a wait has a count"
        assert said[-1] == ("reading the base model's answers", len(questions), len(questions))
        monkeypatch.setattr(base_answer_cache, "shipped_answers", lambda identity: {})
        monkeypatch.setenv("GARAGE_CACHE", str(tmp_path / "other"))
        slow = (decoding := asked())(questions)
    assert decoding.misses == len(questions)
    for one, other in zip(quick, slow, strict=True):
        assert (one.tokens, one.ended) == (other.tokens, other.ended)
        assert one.hidden.shape == other.hidden.shape and one.hidden.dtype == other.hidden.dtype
        assert torch.allclose(one.hidden.float(), other.hidden.float(), rtol=1e-2, atol=2e-2)


def test_another_question_is_decoded(asked):
    cache = asked()
    with torch.no_grad():
        cache(["What is the name of my grandmother's second tractor?"])
    assert cache.misses == 1
