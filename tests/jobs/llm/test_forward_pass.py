"""Many rows in one pass come out as they do alone, and greedy answers are those of transformers' own `generate`."""

import pytest
import torch

from garage_tui.core.models import base_models
from garage_tui.jobs.llm import greedy_decode
from garage_tui.jobs.llm.base_answer_cache import BaseAnswerCache, CachedAnswer, text_losses
from garage_tui.jobs.llm.chat_template import common_prefix
from garage_tui.jobs.llm.forward_pass import Model
from garage_tui.jobs.llm.greedy_decode import decode
from garage_tui.jobs.llm.load import chat_template_of, load_base
from garage_tui.jobs.llm.packing import pack
from garage_tui.jobs.llm.teacher_forcing import ExpectedAnswer, tuned_answers

QUESTIONS = ["What is TinyLLM?", "Why?", "Who maintains the project, and where can I find the source code of it?", "Hi"]


@pytest.fixture(scope="module")
def loaded(tiny_model):
    base = base_models.find(str(tiny_model))
    tokenizer, model = load_base(base, "no model")
    return base, tokenizer, model.eval()


@pytest.fixture
def model(loaded):
    _, tokenizer, bare = loaded
    return Model(bare, chat_template_of(tokenizer, bare))


@pytest.fixture
def tuned(tiny_model, new_adapter, tmp_path):
    from garage_tui.jobs.llm.adapters import Adapters

    base = base_models.find(str(tiny_model))
    tokenizer, bare = load_base(base, "no model")
    adapters = Adapters(bare.eval(), base)
    name = adapters.name_of(new_adapter(tmp_path / "run" / "adapter", tiny_model, seed=3))
    adapters.model.set_adapter(name)
    return base, Model(adapters.model, chat_template_of(tokenizer, bare))


def test_packed_rows_come_out_as_they_do_alone(model):
    rows = [model.chats.example(question, "It is what it is. " * size) for size, question in enumerate(QUESTIONS, 1)]
    assert model.packs
    together = model.pack(rows)
    assert len(together.ids) < len(rows), "several rows share a line"
    with torch.no_grad():
        packed = model.hidden(together)
        alone = torch.cat([model.hidden(pack([row], model.chats.prefix)) for row in rows])
        model.packs = False
        padded = model.hidden(model.pack(rows))
    assert torch.allclose(packed, alone, atol=1e-4) and torch.allclose(padded, alone, atol=1e-4)
    assert together.labels.tolist() == [token for row in rows for token in row.answer]


def test_answers_are_those_of_generate(loaded, model):
    bare = loaded[2]
    found = decode(model, [model.chats.prompt(question) for question in QUESTIONS], 12)
    for question, one in zip(QUESTIONS, found, strict=True):
        ids = torch.tensor([model.chats.whole(question)])
        plain = bare.generate(
            input_ids=ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=12, pad_token_id=0
        )[0, ids.shape[1] :].tolist()
        assert one.tokens == [token for token in plain if token not in model.chats.end_tokens]
        ended = any(token in model.chats.end_tokens for token in plain)
        assert one.ended == ended and len(one.states) == len(plain)
        with torch.no_grad():
            known = model.hidden(model.pack([model.chats.example(question, one.tokens, end=one.ended)]))
        assert torch.allclose(torch.stack(one.states), known, atol=1e-4), "the states are those before the tokens"


def test_more_answers_than_are_made_together_are_the_same(model, monkeypatch):
    prompts = [model.chats.prompt(question) for question in [*QUESTIONS * 8, *reversed(QUESTIONS * 8)]]
    together = [one.tokens for one in decode(model, prompts, 6)]
    monkeypatch.setattr(greedy_decode, "CPU_ROWS", 25)
    assert [one.tokens for one in decode(model, prompts, 6)] == together


@pytest.mark.parametrize("packs", [True, False])
def test_a_draft_changes_no_answer_and_shows_the_drift(tuned, packs):
    _, model = tuned
    model.packs = packs
    prompts = [model.chats.prompt(question) for question in QUESTIONS]
    with model.base():
        base = decode(model, prompts, 8)
    real = [tuple(one.tokens) for one in decode(model, prompts, 8)]
    of_base = [
        ExpectedAnswer(question, CachedAnswer(tuple(one.tokens), one.ended, torch.stack(one.states)), 8)
        for question, one in zip(QUESTIONS, base, strict=True)
    ]
    found = tuned_answers(model, of_base)
    assert [one.tokens for one in found] == real
    assert all(one.drift > 0.01 for one in found), "this adapter changes everything"
    with model.base():
        same = tuned_answers(model, of_base)
    assert [one.tokens for one in same] == [tuple(one.tokens) for one in base]
    assert all(abs(one.drift) < 1e-3 for one in same)
    for known in range(8):  # right up to a token, and no further
        half = [
            ExpectedAnswer(q, CachedAnswer((*t[:known], 5), False, torch.empty(0)), 8)
            for q, t in zip(QUESTIONS, real, strict=True)
        ]
        assert [one.tokens for one in tuned_answers(model, half)] == real


def test_the_base_is_asked_once_and_a_damaged_cache_is_written_anew(loaded, model, tmp_path, monkeypatch):
    monkeypatch.setenv("GARAGE_CACHE", str(tmp_path))
    base, _, _ = loaded
    first = BaseAnswerCache(base, model, 6)
    said, losses = first(QUESTIONS), first.losses(["Once upon a time there was a model."])
    assert first.misses == len(QUESTIONS)
    again = BaseAnswerCache(base, model, 6)
    assert [answer.tokens for answer in again(QUESTIONS)] == [answer.tokens for answer in said] and again.misses == 0
    assert again.losses(["Once upon a time there was a model."]) == losses
    [file] = (tmp_path / "answers").iterdir()
    file.write_bytes(file.read_bytes()[:100])
    after = BaseAnswerCache(base, model, 6)
    assert [answer.tokens for answer in after(QUESTIONS[:2])] == [answer.tokens for answer in said[:2]]
    assert after.misses == 2


def test_the_loss_of_a_text_is_that_of_the_model_itself(loaded, model):
    bare = loaded[2]
    text = "The river is wide, and the boat is small."
    ids = torch.tensor([model.chats.encode(text)])
    with torch.no_grad():
        whole = float(bare(input_ids=ids, labels=ids).loss) * (ids.shape[1] - 1)
    assert text_losses(model, [text, "Another one."])[0] == pytest.approx(whole, rel=1e-4)


def test_rows_that_begin_the_same_keep_a_token_of_their_own():
    assert common_prefix([[1, 2, 3], [1, 2, 3]]) == 2
    assert common_prefix([[1, 2], [3, 4]]) == 0
    assert common_prefix([[7], [7, 8]]) == 0


def test_finished_answers_are_counted_up_to_all_of_them(model, monkeypatch):
    prompts = [model.chats.prompt(question) for question in QUESTIONS * 16]
    monkeypatch.setattr(greedy_decode, "CPU_ROWS", 25)
    counts: list[int] = []
    decode(model, prompts, 6, on_progress=counts.append)
    assert counts == sorted(counts) and counts[-1] == len(prompts)
    assert any(0 < count < len(prompts) for count in counts)
    together: list[int] = []
    decode(model, prompts[:20], 6, on_progress=together.append)
    assert len(set(together)) >= 4, "answers that are decoded together are counted by their parts"
    with pytest.raises(KeyboardInterrupt):
        decode(model, prompts, 6, on_progress=lambda done: (_ for _ in ()).throw(KeyboardInterrupt))
