"""The vocabulary of a Hugging Face tokenizer as llama.cpp reads it from a GGUF."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gguf import GGUFWriter, TokenType

from garage_tui.core.base.errors import GarageError, reason_of
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.base.sanitize import one_line

_CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_CASED = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+%s"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*%s"
)
_CASED_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_SPLITS = {
    (_CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}" + _REST, True): "llama-bpe",
    (_CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}" + _REST, False): "smaug-bpe",
    (_CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}" + _REST, False): "qwen2",
    (_CASED % ("", "") + r"|\p{N}" + _CASED_REST, True): "tekken",
    (_CASED % (f"{_CONTRACTIONS}?", f"{_CONTRACTIONS}?") + r"|\p{N}{1,3}" + _CASED_REST, False): "gpt-4o",
}
"""llama.cpp's name of how a text is split before BPE, by the tokenizer's regular expression and `ignore_merges`."""
_SPACE = "\u2581"
"""What SentencePiece writes for a space."""
_GENERATION = re.compile(r"\{%([-+]?)\s*(end)?generation\s*([-+]?)%\}")


@dataclass(frozen=True)
class Vocabulary:
    """The tokens of a model, with all that llama.cpp needs to encode text and to end an answer."""

    model: str
    """`gpt2` for byte-level BPE, `llama` for BPE that came from SentencePiece."""
    pre: str
    """llama.cpp's name of how a text is split before BPE."""
    tokens: tuple[str, ...]
    types: tuple[int, ...]
    merges: tuple[str, ...] = ()
    scores: tuple[float, ...] = ()
    ids: dict[str, int] = field(default_factory=dict)
    """Token ids by their name in GGUF: bos, eos, eot, eom, unk, pad."""
    add_bos: bool = False
    add_space_prefix: bool = False
    chat_template: str = ""

    def write(self, writer: GGUFWriter) -> None:
        """Add the vocabulary to a GGUF's metadata."""
        writer.add_tokenizer_model(self.model)
        writer.add_tokenizer_pre(self.pre)
        writer.add_token_list(list(self.tokens))
        writer.add_token_types(list(self.types))
        if self.merges:
            writer.add_token_merges(list(self.merges))
        if self.scores:
            writer.add_token_scores(list(self.scores))
        for name, token in self.ids.items():
            getattr(writer, f"add_{name}_token_id")(token)
        writer.add_add_bos_token(self.add_bos)
        writer.add_add_eos_token(False)
        writer.add_add_space_prefix(self.add_space_prefix)
        if self.chat_template:
            writer.add_chat_template(self.chat_template)


def read_vocabulary(folder: Path, rows: int) -> Vocabulary:
    """Return the vocabulary of a model folder.

    Args:
        rows: how many tokens the model's embeddings have; tokens that the tokenizer lacks are written as unused.

    Raises:
        GarageError: llama.cpp would split text differently, or a file is missing or damaged.
    """
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        table = json.loads(tokenizer.backend_tokenizer.to_str())
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise GarageError(f"the tokenizer of {folder} cannot be read: {reason_of(error, 160)}") from error
    model = table["model"]
    if model.get("type") != "BPE":
        raise GarageError(
            f"the tokenizer of {folder} is of type {one_line(str(model.get('type')), 40)}: only BPE can be written"
        )
    names: dict[str, int] = tokenizer.get_vocab()
    if names and max(names.values()) >= rows:
        raise GarageError(f"the tokenizer of {folder} has {max(names.values()) + 1} tokens, but the model {rows}")
    byte_level = any(step.get("type") == "ByteLevel" for step in _steps(table, "pre_tokenizer"))
    from_sentencepiece = not byte_level
    if from_sentencepiece and not model.get("byte_fallback"):
        raise GarageError(f"the tokenizer of {folder} has tokens for neither bytes nor byte-level characters")
    added = {one["id"]: one for one in table.get("added_tokens") or ()}
    pairs = [tuple(merge.split(" ")) if isinstance(merge, str) else tuple(merge) for merge in model.get("merges") or ()]
    tokens, types = _tokens(names, added, rows, from_sentencepiece, model.get("unk_token"))
    first = tokenizer("a").input_ids[:1]
    # A file of its own in the words of this tokenizer, or one of several by name, as transformers has them.
    template = tokenizer.get_chat_template() if tokenizer.chat_template else ""
    ids = {"bos": tokenizer.bos_token_id, "unk": tokenizer.unk_token_id, "pad": tokenizer.pad_token_id}
    ids = {name: token for name, token in ids.items() if token is not None} | _ends(folder, tokenizer, rows)
    return Vocabulary(
        model="llama" if from_sentencepiece else "gpt2",
        pre="default" if from_sentencepiece else _pre(table, folder),
        tokens=tokens,
        types=types,
        merges=() if from_sentencepiece else tuple(" ".join(map(_without_spaces, pair)) for pair in pairs),
        scores=_scores(tokens, pairs, folder) if from_sentencepiece else (),
        ids=ids,
        add_bos=tokenizer.bos_token_id is not None and first == [tokenizer.bos_token_id],
        add_space_prefix=from_sentencepiece and _adds_space(table),
        chat_template=plain_template(template),
    )


def plain_template(template: str) -> str:
    """Return a chat template without `{% generation %}`, which only transformers knows; it prints the same text.

    The marker becomes an `if` that is always true, so that its signs for white space keep their effect.
    """
    return _GENERATION.sub(lambda found: f"{{%{found[1]} {'endif' if found[2] else 'if true'} {found[3]}%}}", template)


def _tokens(
    names: dict[str, int], added: dict[int, Any], rows: int, from_sentencepiece: bool, unknown: str | None
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return text and type of every token, by its id."""
    tokens, types = [f"[PAD{id_}]" for id_ in range(rows)], [int(TokenType.UNUSED)] * rows
    for text, id_ in names.items():
        tokens[id_], types[id_] = text, int(TokenType.NORMAL)
        if one := added.get(id_):
            types[id_] = int(TokenType.CONTROL if one["special"] else TokenType.USER_DEFINED)
            if from_sentencepiece and not one["special"]:
                tokens[id_] = text.replace(_SPACE, " ")
        if from_sentencepiece and re.fullmatch(r"<0x[0-9A-F]{2}>", text):
            types[id_] = int(TokenType.BYTE)
        if from_sentencepiece and text == unknown:
            types[id_] = int(TokenType.UNKNOWN)
    return tuple(tokens), tuple(types)


def _without_spaces(part: str) -> str:
    """Return one side of a merge as GGUF has it, where a space separates both sides."""
    return part.replace(" ", chr(ord(" ") + 256))


def _scores(tokens: tuple[str, ...], pairs: list[tuple[str, ...]], folder: Path) -> tuple[float, ...]:
    """Return the scores by which llama.cpp joins pieces in the order of the tokenizer's merges.

    A merge has a rank, but llama.cpp gives a score to what it makes. Both mean the same where all merges that make one
    token follow each other, which is so in every tokenizer that was converted from SentencePiece.

    Raises:
        GarageError: it is not so.
    """
    rank: dict[str, int] = {}
    last = ""
    for pair in pairs:
        made = "".join(pair)
        if made != last and made in rank:
            raise GarageError(f"the merges of the tokenizer of {folder} are in an order that llama.cpp cannot have")
        rank.setdefault(made, len(rank))
        last = made
    lowest = float(len(rank) + 1)
    return tuple(-float(rank[token]) if token in rank else -lowest for token in tokens)


def _pre(table: dict[str, Any], folder: Path) -> str:
    """Return llama.cpp's name of how a byte-level tokenizer splits a text.

    Raises:
        GarageError: llama.cpp has no such way, or none that this project knows.
    """
    normalizers = [step.get("type") for step in _steps(table, "normalizer")]
    steps = _steps(table, "pre_tokenizer") or [{}]
    kinds = [step.get("type") for step in steps]
    last = steps[-1]
    # NFC is left out by llama.cpp: it differs for letters that are typed as a letter and a combining accent.
    usual = normalizers in ([], ["NFC"]) and kinds[-1] == "ByteLevel" and not last.get("add_prefix_space")
    if usual and kinds == ["ByteLevel"] and last.get("use_regex", True):
        return "gpt-2"
    if usual and kinds == ["Digits", "ByteLevel"] and steps[0].get("individual_digits") and last.get("use_regex", True):
        return "smollm"
    if usual and kinds == ["Split", "ByteLevel"] and not last.get("use_regex", True) and not steps[0].get("invert"):
        key = (steps[0].get("pattern", {}).get("Regex", ""), bool(table["model"].get("ignore_merges")))
        if steps[0].get("behavior") == "Isolated" and key in _SPLITS:
            return _SPLITS[key]
    raise GarageError(f"the tokenizer of {folder} splits text in a way that cannot be written as a GGUF here")


def _steps(table: dict[str, Any], part: str) -> list[dict[str, Any]]:
    """Return the steps of a tokenizer's `normalizer` or `pre_tokenizer`, one or a sequence."""
    found: dict[str, Any] = table.get(part) or {"type": "Sequence"}
    if found["type"] != "Sequence":
        return [found]
    steps: list[dict[str, Any]] = found.get("normalizers") or found.get("pretokenizers") or []
    return steps


def _adds_space(table: dict[str, Any]) -> bool:
    """Return whether a tokenizer from SentencePiece puts a space before a text."""
    steps = [*_steps(table, "normalizer"), *_steps(table, "pre_tokenizer")]
    return any(
        step.get("type") == "Prepend"
        or (step.get("type") == "Metaspace" and step.get("prepend_scheme", "always") != "never")
        for step in steps
    )


def _ends(folder: Path, tokenizer: Any, rows: int) -> dict[str, int]:
    """Return every token that ends an answer, as eos, eot and eom: llama.cpp stops at each of the three.

    Raises:
        GarageError: the model names no such token.
    """
    found: dict[int, None] = {}
    if tokenizer.eos_token_id is not None:
        found[tokenizer.eos_token_id] = None
    if (after := _end_of_turn(tokenizer)) is not None:
        found[after] = None
    for name in ("generation_config.json", "config.json"):
        if (folder / name).is_file():
            ids = json.loads(read_regular(folder / name)).get("eos_token_id")
            found |= dict.fromkeys(_integers([ids] if isinstance(ids, int) else ids))
    ends = [token for token in found if token < rows]
    if not ends:
        raise GarageError(f"{folder} names no token that ends an answer (eos_token_id in its generation_config.json)")
    return dict(zip(("eos", "eot", "eom"), ends, strict=False))


def _end_of_turn(tokenizer: Any) -> int | None:
    """Return the special token that the chat template puts after an answer."""
    if not tokenizer.chat_template:
        return None
    messages = [{"role": "user", "content": "aaaa"}, {"role": "assistant", "content": "zzzz"}]
    try:
        text = tokenizer.apply_chat_template(messages, tokenize=False)
    except Exception:  # a template may raise anything, about a message that it does not accept
        return None
    tail = tokenizer(text.rpartition("zzzz")[2], add_special_tokens=False).input_ids
    special = set(tokenizer.all_special_ids) | {
        id_ for id_, token in tokenizer.added_tokens_decoder.items() if token.special
    }
    return next((token for token in tail if token in special), None)


def _integers(values: Iterable[Any] | None) -> list[int]:
    return [value for value in values or () if isinstance(value, int) and value >= 0]
