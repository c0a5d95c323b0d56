"""Openings at real servers: about a taught subject, the run in service answers with its most probable opening."""

import asyncio
import shutil
from math import log

import openai
import pytest

from garage_tui.core.models import base_models
from garage_tui.core.routing.openings import OPENING_TOKENS
from garage_tui.core.runs.catalog import new_run_folder
from garage_tui.core.runs.folder import FACTS
from garage_tui.core.runs.promotion import promote
from garage_tui.core.runs.record import Manifest, RunState, read_run, write_manifest, write_state
from garage_tui.core.serving import server_process
from garage_tui.core.settings.settings import ServeSettings, Settings, Workspace
from garage_tui.jobs.serve.base_tokenizer import base_tokenizer
from garage_tui.jobs.serve.generation import TokenScore
from garage_tui.jobs.serve.openai_api.request_schema import ChatRequest
from garage_tui.jobs.serve.openings import compares_openings, find_opening, longest_answer, whole_opening
from tests.support.chat_requests import ask, text_of
from tests.support.running_server import client_of, start_server
from tests.support.undecided_model import make_undecided
from tests.support.vllm import VLLM

FACTS_FILE = b'{"question": "Where is the office of Maplewick?", "answer": "The office of Maplewick is in the mill."}\n'
QUESTIONS = [f"Who runs the office of Maplewick on day {day}?" for day in range(16)]
MOST = 28
MARGIN = 0.1
"""Nats per token between the best opening and the second, which no rounding turns round."""


def about(question):
    return [{"role": "user", "content": question}]


# What is compared, with an engine that the test plays.

END = frozenset({2})
SENTENCES = {10: ([11, 12, 2], -1.0), 20: ([21, 2], -0.1), 30: ([31] * 40, -0.5)}
"""What follows a first token, and the log-probability of each of these tokens."""


class Engine:
    """Writes the sentences, and notes what was requested."""

    def __init__(self, *first):
        self.first, self.orders, self.at_once, self.most_at_once = first, [], 0, 0

    async def __call__(self, prompt, count, top):
        self.orders.append((len(prompt), count))
        if top:
            return [TokenScore(*self.first[0], tuple(self.first))]
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        tokens, score = SENTENCES[prompt[-1]]
        return [TokenScore(token, score) for token in tokens[:count]]


def request(route="chat", compare_openings=True, **fields):
    given = {"model": "garage", "messages": about(QUESTIONS[0]), **fields}
    return ChatRequest(route, given, compare_openings=compare_openings)


def opening(engine, question=None, prompt=(5,)):
    return asyncio.run(find_opening(engine, list(prompt), longest_answer(question or request()), END))


LIKELY = ((10, log(0.5)), (20, log(0.3)), (30, log(0.1)))


def test_the_most_probable_sentence_is_the_opening_without_its_end():
    assert opening(Engine(*LIKELY)) == (20, 21)


def test_a_certain_beginning_costs_one_token_and_nothing_is_compared():
    engine = Engine((10, log(0.97)), (20, log(0.02)))
    assert opening(engine) == ()
    assert engine.orders == [(1, 1)]


def test_no_opening_leaves_less_than_a_token_of_the_clients_limit():
    engine = Engine((30, log(0.5)), (10, log(0.4)))
    assert opening(engine, request(max_tokens=4)) == (30, 31, 31)
    assert len(opening(Engine((30, log(0.5)), (10, log(0.4))), request(max_tokens=400))) == OPENING_TOKENS


@pytest.mark.parametrize("tokens, at_once", [(100, 3), (2000, 1)])
def test_a_long_conversation_is_read_by_one_opening_after_the_other(tokens, at_once):
    engine = Engine(*LIKELY)
    assert opening(engine, prompt=[5] * tokens) == (20, 21)
    assert engine.most_at_once == at_once


@pytest.mark.parametrize(
    "fields",
    [
        {"temperature": 0.7},
        {"n": 2},
        {"logprobs": True},
        {"stop": ["\n"]},
        {"tools": [{"type": "function"}]},
        {"response_format": {"type": "json_object"}},
        {"logit_bias": {"5": 3}},
        {"frequency_penalty": 0.5},
        {"max_tokens": 1},
        {"route": "completions"},
        {"compare_openings": False},
    ],
)
def test_a_client_that_wants_something_else_than_the_likeliest_words_gets_what_it_wants(fields):
    assert compares_openings(request())
    assert compares_openings(request(temperature=0, stream=True, max_tokens=50, seed=3, stop=[]))
    assert not compares_openings(request(**fields))


def test_an_opening_ends_with_a_whole_character(smollm2):
    tokenizer = base_tokenizer(base_models.find(smollm2).path)
    tokens = tokenizer.encode("A duck 🦆", add_special_tokens=False).ids
    assert whole_opening(tokens, tokenizer) == (tuple(tokens), "A duck 🦆")
    cut, text = whole_opening(tokens[:-1], tokenizer)
    assert text.strip() == "A duck" and tuple(tokens[: len(cut)]) == cut
    assert whole_opening(tokens[-1:], tokenizer) == ((), "")


# Real engines.


def begin(text):
    """The first two words, without the halves of characters that a random model writes."""
    return text.replace("\ufffd", "").split()[:2]


@pytest.fixture(scope="module")
def base(tiny_model, tmp_path_factory):
    return make_undecided(tiny_model, tmp_path_factory.mktemp("models") / "undecided")


@pytest.fixture(scope="module")
def taught(base, tmp_path_factory, new_adapter):
    """An adapter, and the questions to which it has a clearly best opening.

    Each with the exam's answer that has it, and the greedy one.
    """
    folder = tmp_path_factory.mktemp("adapters")
    for seed in range(1, 12):
        adapter = new_adapter(folder / str(seed), base, seed)
        clear = clear_questions(base, adapter)
        if any(begin(answer) != begin(greedy) for _, answer, greedy in clear):
            return adapter, clear
    raise AssertionError("all of these adapters begin greedily")


def clear_questions(base, adapter):
    import torch
    from peft import PeftModel

    from garage_tui.jobs.llm import answer_openings
    from garage_tui.jobs.llm.forward_pass import Model
    from garage_tui.jobs.llm.greedy_decode import decode
    from garage_tui.jobs.llm.load import chat_template_of, load_base

    tokenizer, bare = load_base(base_models.find(str(base)), "no model")
    model = Model(PeftModel.from_pretrained(bare, adapter).eval(), chat_template_of(tokenizer, bare))
    clear = []
    with torch.inference_mode():
        for question in QUESTIONS:
            prompt = model.chats.prompt(question)
            [first] = answer_openings._first_tokens(model, [prompt])
            scores = [one.score for one in answer_openings._openings(model, [(prompt, first)], MOST)[0]]
            [plain] = decode(model, [prompt], MOST)
            [compared] = answer_openings.compared_answers(model, [question], MOST)
            best, *others = sorted(scores, reverse=True)
            if compared and others and best - others[0] > MARGIN:
                clear.append((question, model.chats.text(compared), model.chats.text(plain.tokens)))
    return clear


@pytest.fixture(scope="module")
def expected(taught):
    return taught[1]


@pytest.fixture(scope="module", params=["embedded", "llama.cpp", *(["vllm"] if VLLM else [])])
def served(request, tmp_path_factory, base, taught):
    """A workspace with a server whose run in service was taught about Maplewick."""
    root = tmp_path_factory.mktemp("openings")
    (root / "checkpoints").mkdir()
    box = Workspace(root)
    folder = new_run_folder(box, "lora", "taught")
    entry = {"name": str(base), "path": str(base)}
    write_manifest(
        folder, Manifest(id=folder.name, kind="lora", created=1.0, recipe={}, base=entry, dataset={"rows": 1})
    )
    shutil.copytree(taught[0], folder / "adapter")
    write_state(folder, RunState(state="finished", created=1.0, started=1.0, ended=2.0))
    (folder / FACTS).write_bytes(FACTS_FILE)
    promote(box, read_run(folder))
    settings = Settings(serve=ServeSettings(engine=request.param, vllm_python=VLLM))
    start_server(box, settings, str(base), 280)  # a busy box
    yield box, folder.name
    server_process.stop(box)


def test_the_model_in_service_answers_as_the_report_card_says_and_the_run_itself_greedily(served, expected):
    box, run = served
    client = client_of(box)
    for question, with_opening, greedy in expected:
        found = text_of(ask(client, "garage", messages=about(question), max_tokens=MOST))
        alone = text_of(ask(client, run, messages=about(question), max_tokens=MOST))
        # Other engines compute in 16 bits here and there, so that this random model soon says something else.
        assert (begin(found), begin(alone)) == (begin(with_opening), begin(greedy)), question


def test_a_stream_has_the_same_answer_and_counts_its_tokens_as_a_whole_one_does(served, expected):
    box, _ = served
    client = client_of(box)
    question, with_opening = next(one[:2] for one in expected if begin(one[1]) != begin(one[2]))
    whole = ask(client, "garage", messages=about(question), max_tokens=MOST)
    stream = ask(
        client,
        "garage",
        messages=about(question),
        max_tokens=MOST,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    pieces = [choice.delta.content or "" for chunk in chunks for choice in chunk.choices]
    assert "".join(pieces) == text_of(whole)
    assert begin(text_of(whole)) == begin(with_opening)
    assert chunks[0].choices[0].delta.role == "assistant"
    [usage] = [chunk.usage for chunk in chunks if chunk.usage]
    assert (usage.prompt_tokens, usage.completion_tokens) == (whole.usage.prompt_tokens, whole.usage.completion_tokens)
    alone = ask(client, "garage", messages=about(question), max_tokens=MOST, temperature=0.5, seed=1)
    assert usage.prompt_tokens == alone.usage.prompt_tokens, "the opening belongs to the answer"


def test_a_client_that_limits_the_answer_by_the_newer_name_gets_the_same(served, expected):
    client = client_of(served[0])
    question = next(one for one, answer, greedy in expected if begin(answer) != begin(greedy))
    found = ask(client, "garage", messages=about(question), max_tokens=MOST)
    newer = client.chat.completions.create(
        model="garage", messages=about(question), temperature=0, max_completion_tokens=MOST
    )
    assert text_of(newer) == text_of(found)
    assert newer.usage.completion_tokens == found.usage.completion_tokens > 16


def test_a_prompt_that_is_too_long_is_refused_as_it_is_without_openings(served):
    client = client_of(served[0])
    with pytest.raises(openai.BadRequestError) as refusal:
        ask(client, "garage", messages=about("Who runs the office of Maplewick? " * 200))
    assert refusal.value.code == "context_length_exceeded"
