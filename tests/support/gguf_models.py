"""Small random models of several architectures, and llama.cpp's server on a GGUF."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import httpx

from garage_tui.jobs.llm.llama_cpp.process import LlamaCppProcess

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
TEKKEN = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{%- if message['role'] == 'assistant' %}{%- generation -%}{{ message['content'] + '<|im_end|>' }}"
    "{%- endgeneration %}{% else %}{{ message['content'] + '<|im_end|>' }}{% endif %}{{ '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
_TEXT = Path(__file__).parents[2] / "README.md"
ROWS = 1024


def tokenizer(split: str, folder: Path) -> None:
    """Write a small tokenizer that splits as `split` says: `smollm`, `llama-bpe`, `qwen2`, `tekken`, or one that
    looks as if it came from SentencePiece: `prefix` and `no prefix`."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    pieces = split in ("prefix", "no prefix")
    made = Tokenizer(models.BPE(byte_fallback=pieces, unk_token="<unk>" if pieces else None, fuse_unk=pieces))
    expression = {"llama-bpe": LLAMA3, "qwen2": QWEN2, "tekken": TEKKEN}.get(split)
    special = ["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    if pieces:
        steps = [normalizers.Prepend("\u2581")] if split == "prefix" else []
        made.normalizer = normalizers.Sequence([*steps, normalizers.Replace(" ", "\u2581")])
        if split == "no prefix":  # as Gemma has it
            made.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
        special += [f"<0x{byte:02X}>" for byte in range(256)]
        alphabet = []
    else:
        last = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=expression is None)
        before = pre_tokenizers.Split(Regex(expression), "isolated") if expression else None
        made.pre_tokenizer = pre_tokenizers.Sequence([before or pre_tokenizers.Digits(individual_digits=True), last])
        made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=ROWS - 20, special_tokens=special, initial_alphabet=alphabet)
    made.train([str(_TEXT)], trainer)
    table = _as_converted(made.to_str(), split)
    made = Tokenizer.from_str(table)
    made.add_tokens([AddedToken("<tool>", special=False, normalized=False)])
    PreTrainedTokenizerFast(
        tokenizer_object=made,
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        pad_token="</s>",
        chat_template=TEMPLATE,
    ).save_pretrained(folder)


def _as_converted(text: str, split: str) -> str:
    """Return a trained tokenizer in the form in which published ones are."""
    import json

    table = json.loads(text)
    model = table["model"]
    model["ignore_merges"] = split in ("llama-bpe", "tekken")
    if split in ("prefix", "no prefix"):
        bytes_ = {f"<0x{byte:02X}>" for byte in range(256)}
        table["added_tokens"] = [one for one in table["added_tokens"] if one["content"] not in bytes_]
        seen: dict[
            str, int
        ] = {}  # each token is made by the merges that follow one another, as SentencePiece orders them
        for merge in model["merges"]:
            seen.setdefault("".join(merge), len(seen))
        model["merges"] = sorted(
            ([left, made[len(left) :]] for made in seen for left in _left_parts(made, model["vocab"])),
            key=lambda pair: seen["".join(pair)],
        )
    if split == "llama-bpe":
        bos = {"id": "<s>", "ids": [model["vocab"]["<s>"]], "tokens": ["<s>"]}
        table["post_processor"] = {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
            "special_tokens": {"<s>": bos},
        }
    return json.dumps(table)


def _left_parts(made: str, vocabulary: dict[str, int]) -> list[str]:
    return [made[:at] for at in range(1, len(made)) if made[:at] in vocabulary and made[at:] in vocabulary]


def random_model(name: str, folder: Path, split: str = "smollm", **config: object) -> Path:
    """Write a random model of two layers, of an architecture by transformers' name: `Llama`, `Qwen2` …"""
    import torch
    import transformers

    tokenizer(split, folder)
    made = getattr(transformers, f"{name}TextConfig" if name == "Gemma3" else f"{name}Config")(
        **{
            "vocab_size": ROWS,
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 512,
            "bos_token_id": 1,
            "eos_token_id": [2, 4],
            "pad_token_id": 2,
            "initializer_range": 0.2,
            **config,
        }
    )
    torch.manual_seed(0)
    model = getattr(transformers, f"{name}ForCausalLM")(made)
    with torch.no_grad():  # what a new model has as ones or zeros is different in every trained one
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter.add_(torch.randn_like(parameter) * 0.2)
    model.save_pretrained(folder)
    return folder


@contextlib.contextmanager
def llama_server(model: Path, adapter: Path | None = None) -> Iterator[httpx.Client]:
    """Yield a client of llama.cpp's server on a GGUF, with a LoRA adapter beside it if there is one."""
    process = LlamaCppProcess(model, adapter, model.stem, threads=2, context=2048, slots=4)
    transport = httpx.HTTPTransport(uds=str(process.socket))
    headers = {"Authorization": f"Bearer {process.key}"}
    try:
        process.wait_until_ready()
        with httpx.Client(transport=transport, base_url="http://engine", headers=headers, timeout=120) as client:
            yield client
    finally:
        process.end()
