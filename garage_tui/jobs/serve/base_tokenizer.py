"""The tokenizer of a base model without transformers, for requests that are passed on to an engine."""

from __future__ import annotations

import functools
from pathlib import Path

from tokenizers import Tokenizer

from garage_tui.core.base.errors import GarageError, reason_of


def base_tokenizer(base: Path) -> Tokenizer:
    """Return the tokenizer in a base model's folder; it is read once, and again when its file has changed.

    Raises:
        GarageError: there is none, or it is damaged.
    """
    file = base / "tokenizer.json"
    try:
        return _read(file, file.stat().st_mtime_ns)
    except Exception as error:  # the library raises bare exceptions
        raise GarageError(f"the tokenizer in {base} cannot be read: {reason_of(error, 120)}") from error


@functools.lru_cache(maxsize=2)
def _read(file: Path, stamp: int) -> Tokenizer:
    return Tokenizer.from_file(str(file))


def special_ids(base: Path) -> frozenset[int]:
    """Return the ids of a base model's special tokens, those that end an answer among them.

    Raises:
        GarageError: as `base_tokenizer`.
    """
    added = base_tokenizer(base).get_added_tokens_decoder()
    return frozenset(number for number, token in added.items() if token.special)
