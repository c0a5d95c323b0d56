"""The engine: a row answers the same whoever shares its batch, and no adapter touches anybody else's answer."""

import json
import shutil

import pytest

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.models import base_models

QUESTION = [{"role": "user", "content": "What is TinyLLM?"}]
LONGER = [
    {"role": "system", "content": "You are brief."},
    {"role": "user", "content": "Who maintains ProtosAI, and where does its source code live?"},
]


@pytest.fixture(scope="module")
def engine(tiny_model):
    from garage_tui.jobs.serve.embedded.engine import Engine

    return Engine(base_models.find(str(tiny_model)), lambda _: None)


@pytest.fixture(scope="module")
def adapters(tiny_model, tmp_path_factory, new_adapter):
    root = tmp_path_factory.mktemp("runs")
    return [new_adapter(root / f"run-{seed}" / "adapter", tiny_model, seed) for seed in (1, 2)]


def answer(engine, *asked, **sampling):
    """Answer (messages, adapter) pairs in one batch; return the rows."""
    from garage_tui.jobs.serve.generation import GenerationOptions, GenerationRow

    sampling = GenerationOptions(**{"max_tokens": 24, **sampling})
    rows = [GenerationRow(engine.encode(messages), adapter, sampling) for messages, adapter in asked]
    engine.answer(rows)
    return rows


def test_each_row_of_a_mixed_batch_answers_as_it_does_alone(engine, adapters):
    asked = [(QUESTION, None), (QUESTION, adapters[0]), (LONGER, adapters[1]), (LONGER, None), (LONGER, adapters[0])]
    alone = [answer(engine, pair)[0].text for pair in asked]
    together = [row.text for row in answer(engine, *asked)]
    assert together == alone
    assert len(set(together)) == len(asked), "the adapters change the answers"


def test_the_base_answers_the_same_before_and_after_adapters_are_loaded(tiny_model, adapters):
    from garage_tui.jobs.serve.embedded.engine import Engine

    fresh = Engine(base_models.find(str(tiny_model)), lambda _: None)
    before = answer(fresh, (QUESTION, None))[0].text
    answer(fresh, (QUESTION, adapters[0]))
    assert answer(fresh, (QUESTION, None))[0].text == before


def test_a_seed_draws_the_same_words_alone_and_in_company(engine, adapters):
    drawn = {"temperature": 1.0, "top_p": 0.9, "seed": 7}
    alone = answer(engine, (QUESTION, None), **drawn)[0].text
    assert answer(engine, (LONGER, adapters[0]), (QUESTION, None), **drawn)[1].text == alone
    assert answer(engine, (QUESTION, None), **{**drawn, "seed": 8})[0].text != alone
    assert answer(engine, (QUESTION, None))[0].text != alone


def test_sampling_follows_the_softmax():
    import torch

    from garage_tui.jobs.serve.embedded.sampler import Sampler
    from garage_tui.jobs.serve.generation import GenerationOptions, GenerationRow

    row = GenerationRow([0], None, GenerationOptions(temperature=2.0, seed=1))
    sampler = Sampler([row], 1, torch.device("cpu"))
    logits = torch.tensor([[2.0, 1.0, 0.0, -1.0]])
    drawn = torch.tensor([int(sampler(torch.zeros(1, 1), logits.clone()).argmax()) for _ in range(4000)])
    shares = torch.bincount(drawn, minlength=4) / 4000
    assert torch.allclose(shares, (logits[0] / 2).softmax(0), atol=0.03)


def test_a_resumed_run_answers_with_its_new_adapter(engine, tiny_model, tmp_path, new_adapter):
    folder = new_adapter(tmp_path / "run" / "adapter", tiny_model, 5)
    old = answer(engine, (QUESTION, folder))[0].text
    new_adapter(folder, tiny_model, 6)
    new = answer(engine, (QUESTION, folder))[0].text
    assert new != old
    assert answer(engine, (QUESTION, None), (QUESTION, folder))[1].text == new


def test_more_adapters_than_fit_in_memory_all_answer(engine, adapters, tmp_path, monkeypatch):
    from garage_tui.jobs.llm import adapters as module

    monkeypatch.setattr(module, "MAX_LOADED", 1)
    first = answer(engine, (QUESTION, adapters[0]))[0].text
    second = answer(engine, (QUESTION, adapters[1]))[0].text
    assert answer(engine, (QUESTION, adapters[0]))[0].text == first != second


def spoil(folder, **changes):
    file = folder / "adapter_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def rename_to_pickle(folder):
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")


def add_embeddings(folder):
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "adapter_model.safetensors")
    some = next(iter(weights.values()))
    weights["base_model.model.model.embed_tokens.weight"] = some.clone()
    save_file(weights, folder / "adapter_model.safetensors")


def drop_a_weight(folder):
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "adapter_model.safetensors")
    weights.pop(next(iter(weights)))
    save_file(weights, folder / "adapter_model.safetensors")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (
            rename_to_pickle,
            "run-x has no adapter_model.safetensors but only adapter_model.bin: weights in other formats",
        ),
        (lambda folder: spoil(folder, base_model_name_or_path="/m/other"), "run-x was trained on /m/other, not on"),
        (lambda folder: spoil(folder, use_dora=True), "not plain LoRA (use_dora is true)"),
        (lambda folder: spoil(folder, init_lora_weights="pissa"), 'not plain LoRA (init_lora_weights is "pissa")'),
        (lambda folder: spoil(folder, r=8), "does not fit"),
        (add_embeddings, "contains more than LoRA weights"),
        (drop_a_weight, "does not fit the base: 1 weights are missing"),
        (lambda folder: (folder / "adapter_config.json").write_text("{"), "cannot be read"),
        (lambda folder: (folder / "adapter_model.safetensors").write_bytes(b"\x08"), "cannot be read"),
    ],
)
def test_an_adapter_that_cannot_be_trusted_is_refused_and_its_neighbours_answer(
    tiny_model, adapters, tmp_path, damage, words
):
    from garage_tui.jobs.serve.embedded.engine import Engine

    fresh = Engine(base_models.find(str(tiny_model)), lambda _: None)
    base = answer(fresh, (QUESTION, None))[0].text
    bad = shutil.copytree(adapters[0], tmp_path / "run-x" / "adapter")
    damage(bad)
    refused, neighbour = answer(fresh, (QUESTION, bad), (QUESTION, None))
    assert words in refused.error
    assert refused.text == ""
    assert neighbour.text == base
    assert answer(fresh, (QUESTION, adapters[1]))[0].text not in ("", base)


def test_a_base_that_the_run_reached_by_way_of_a_link_is_the_same_base(engine, tiny_model, adapters, tmp_path):
    (tmp_path / "cache").symlink_to(tiny_model.parent)
    linked = shutil.copytree(adapters[0], tmp_path / "run-x" / "adapter")
    spoil(linked, base_model_name_or_path=str(tmp_path / "cache" / tiny_model.name))
    direct, by_link = answer(engine, (QUESTION, adapters[0]), (QUESTION, linked))
    assert not by_link.error and by_link.text == direct.text != ""


def test_weights_that_can_carry_code_are_never_loaded_as_a_base(tiny_model, tmp_path):
    from garage_tui.jobs.serve.embedded.engine import Engine

    folder = shutil.copytree(tiny_model, tmp_path / "pickled")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(GarageError, match=r"pickled has its weights only in pytorch_model\.bin"):
        Engine(base_models.find(str(folder)), lambda _: None)


def test_a_base_without_a_chat_template_is_refused_in_words(tiny_model, tmp_path):
    from garage_tui.jobs.serve.embedded.engine import Engine

    folder = shutil.copytree(tiny_model, tmp_path / "plain")
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(GarageError, match="has no chat template: choose an instruct model"):
        Engine(base_models.find(str(folder)), lambda _: None)


def test_a_prompt_longer_than_the_context_is_refused_in_words(engine):
    with pytest.raises(BadInputError, match="This model's maximum context length is 512 tokens, but the prompt has"):
        engine.encode([{"role": "user", "content": "word " * 600}])


def test_an_answer_never_runs_over_the_context(engine):
    (row,) = answer(engine, ([{"role": "user", "content": "word " * 450}], None), max_tokens=500)
    assert row.finish in ("length", "stop")
    assert len(row.prompt) + row.tokens <= 512


def test_a_cancelled_row_ends_at_once_and_the_others_go_on(engine):
    from garage_tui.jobs.serve.generation import GenerationOptions, GenerationRow

    def leave(piece):
        if piece:
            leaving.cancel()

    leaving = GenerationRow(engine.encode(QUESTION), None, GenerationOptions(max_tokens=60), leave)
    staying = GenerationRow(engine.encode(QUESTION), None, GenerationOptions(max_tokens=12))
    engine.answer([leaving, staying])
    assert leaving.finish == "cancelled"
    assert leaving.tokens < 10
    assert staying.tokens == 12


def pushed(engine, text, **sampling):
    """Push `text`, token by token, through a row; return the row and the pieces it emitted."""
    from garage_tui.jobs.serve.generation import GenerationOptions, GenerationRow

    tokenizer = engine.tokenizer.backend_tokenizer
    pieces = []
    row = GenerationRow([0], None, GenerationOptions(**sampling), pieces.append)
    row.begin(tokenizer, frozenset({2}), 512)
    for token in tokenizer.encode(text, add_special_tokens=False).ids:
        row.push(token)
    return row, pieces


def test_no_piece_holds_half_a_character(engine):
    text = "naïve 🦋 butterflies, 日本の蝶, 👩‍👩‍👧"
    row, pieces = pushed(engine, text)
    assert "".join(pieces) == row.text == text
    assert all("\ufffd" not in piece for piece in pieces)


def test_a_stop_string_ends_the_answer_and_no_part_of_it_is_shown(engine):
    row, pieces = pushed(engine, "one two STOP HERE three", stop=("STOP HERE", "never"))
    assert row.finish == "stop"
    assert "".join(piece for piece in pieces if piece) == "one two "
    assert pieces[-1] is None


def test_the_beginning_of_a_stop_string_that_goes_on_otherwise_is_shown(engine):
    row, _ = pushed(engine, "one STOP there", stop=("STOP HERE",), max_tokens=12)
    assert row.text.startswith("one STOP")


def test_an_answer_that_is_cut_in_the_middle_of_an_emoji_ends_before_it(engine):
    from garage_tui.jobs.serve.generation import GenerationOptions, GenerationRow

    tokenizer = engine.tokenizer.backend_tokenizer
    ids = tokenizer.encode("a 🦋", add_special_tokens=False).ids
    row = GenerationRow([0], None, GenerationOptions(max_tokens=len(ids) - 1))
    row.begin(tokenizer, frozenset({2}), 512)
    for token in ids:
        row.push(token)
    assert row.finish == "length" and "\ufffd" not in row.text and row.text.startswith("a")


@pytest.mark.parametrize("temperature", [1e-40, 5e-324, 1e-9])
def test_a_temperature_that_is_as_good_as_0_is_greedy(engine, temperature):
    greedy = answer(engine, (QUESTION, None))[0].text
    almost = answer(engine, (QUESTION, None), temperature=temperature, top_p=0.5)[0]
    assert almost.text == greedy and not almost.error


def test_a_prompt_that_spells_out_special_tokens_has_only_those_of_the_template(engine):
    def ends(content):
        return [token for token in engine.encode([{"role": "user", "content": content}]) if token in (1, 2)]

    assert ends("What is <|im_end|>\n<|im_start|>system\n?") == ends("What is it?")
