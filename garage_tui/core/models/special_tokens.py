"""The special tokens of a base model, read from its tokenizer's files: `<|im_end|>`, `<s>` …

A text that spells one out is encoded as ordinary text, in training as in asking (`jobs/llm/chat_encoder.py`). Here it
is found and named, without the tokenizer itself, which takes seconds to load.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from garage_tui.core.base.errors import GarageError, reason_of
from garage_tui.core.base.format import model_label
from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.models import base_models

T = TypeVar("T")
_NAMED = ("bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token")


class _AddedToken(msgspec.Struct):
    content: str
    special: bool = False


class _Tokenizer(msgspec.Struct):
    added_tokens: list[_AddedToken] = []


class _TokenizerConfig(msgspec.Struct):
    added_tokens_decoder: dict[str, _AddedToken] = {}
    additional_special_tokens: Any = None
    extra_special_tokens: Any = None
    bos_token: Any = None
    eos_token: Any = None
    unk_token: Any = None
    pad_token: Any = None
    sep_token: Any = None
    cls_token: Any = None
    mask_token: Any = None


class SpecialTokens:
    """The special tokens of one tokenizer, to be found in texts."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(sorted(set(names), key=lambda name: (-len(name), name)))
        self._pattern = re.compile("|".join(map(re.escape, self.names)) if self.names else r"(?!)")

    def find(self, *texts: str) -> list[str]:
        """Return the special tokens that texts spell out, each once, in their order."""
        return list(dict.fromkeys(name for text in texts for name in self._pattern.findall(text)))


def special_tokens(base: str) -> SpecialTokens:
    """Return the special tokens of a base model that is on this box.

    Args:
        base: as `base_models.find` takes it.

    Raises:
        BadInputError: `base` names no model.
        GarageError: the model is not on this box, or its tokenizer's files cannot be read.
    """
    return read_special_tokens(base_models.find_here(base).path)


def read_special_tokens(folder: Path) -> SpecialTokens:
    """Return the special tokens of a model's folder.

    Raises:
        GarageError: its tokenizer's files cannot be read.
    """
    stamps = []
    for name in ("tokenizer.json", "tokenizer_config.json"):
        try:
            stamps.append((folder / name).stat().st_mtime_ns)
        except OSError:
            stamps.append(0)
    return _read(folder, tuple(stamps))


def describe_special(names: list[str], base: str) -> str:
    """Return what is to be said of a row that spells out special tokens of a base model."""
    found, one, model = ", ".join(names), len(names) == 1, model_label(base)
    what = f"is a special token of {model}" if one else f"are special tokens of {model}"
    return f"{found} {what}; here {'it is' if one else 'they are'} ordinary text, in training as in the chat"


@functools.lru_cache(maxsize=4)
def _read(folder: Path, stamps: tuple[int, ...]) -> SpecialTokens:
    tokenizer = _decoded(folder / "tokenizer.json", _Tokenizer)
    config = _decoded(folder / "tokenizer_config.json", _TokenizerConfig)
    added = [*tokenizer.added_tokens, *config.added_tokens_decoder.values()]
    named = [getattr(config, name) for name in _NAMED]
    for more in (config.additional_special_tokens, config.extra_special_tokens):
        named += more if isinstance(more, list) else more.values() if isinstance(more, dict) else []
    texts = [entry.get("content") if isinstance(entry, dict) else entry for entry in named]
    return SpecialTokens(
        [token.content for token in added if token.special and token.content]
        + [text for text in texts if isinstance(text, str) and text]
    )


def _decoded(path: Path, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(read_regular(path), type=kind)
    except FileNotFoundError:
        return kind()
    except UNREADABLE as error:
        raise GarageError(f"{path} cannot be read: {reason_of(error)}; fetch the model again") from error
