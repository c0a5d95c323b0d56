"""Conversations as token ids; special tokens that a message spells out stay ordinary text.

A chat template renders a conversation to one text, and the tokenizer takes every `<|im_end|>` in it for the real one,
whoever wrote it. transformers' `split_special_tokens` takes none of them for real, not even those of the template. Here
the template's become special tokens, and those in messages do not.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from tokenizers import Tokenizer

_PRIVATE_USE = range(0xF0000, 0xFFFFE)


class ChatEncoder:
    """Encodes conversations and bare texts with one tokenizer.

    Where no message spells out a special token, the ids are those of `apply_chat_template(tokenize=True)`.

    Args:
        tokenizer: of transformers, with a chat template for `encode`.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._backend: Tokenizer = tokenizer.backend_tokenizer
        added = self._backend.get_added_tokens_decoder().items()
        special = {token.content: number for number, token in added if token.special and token.content}
        nonce = secrets.token_hex(8)  # so that no text spells out the other names either
        self._renamed = {name: f"<{nonce}:{number}>" for name, number in special.items()}
        longest_first = sorted(special, key=len, reverse=True)
        self._special = re.compile("|".join(map(re.escape, longest_first)) if special else r"(?!)")
        self._other: Tokenizer | None = None

    def spells_special(self, text: str) -> bool:
        """Return whether a text spells out a special token."""
        return self._special.search(text) is not None

    def encode(self, messages: Sequence[Mapping[str, str]], *, ask: bool = False) -> list[int]:
        """Return the token ids of a conversation.

        Args:
            messages: with `role` and `content`.
            ask: end where the assistant's answer begins.

        Raises:
            jinja2.TemplateError: the chat template rejects the messages.
        """
        found = {name for message in messages for name in self._special.findall(message["content"])}
        if not found:
            return _ids(self._backend, self._render(messages, ask))
        markers = self._unused_characters(messages, sorted(found))

        def mark(text: str) -> str:
            return self._special.sub(lambda match: markers[match[0]], text)

        marked = [{**message, "content": mark(message["content"])} for message in messages]
        text = self._special.sub(lambda match: self._renamed[match[0]], self._render(marked, ask))
        for name, marker in markers.items():
            text = text.replace(marker, name)
        return _ids(self._with_renamed_specials(), text)

    def encode_text(self, text: str) -> list[int]:
        """Return the token ids of a bare text, without any special token."""
        return _ids(self._with_renamed_specials() if self.spells_special(text) else self._backend, text)

    def training_row(self, question: str, answer: str) -> tuple[list[int], int]:
        """Return the token ids of a training row, and the index of the first that is learned.

        They are those that TRL's SFTTrainer makes of a conversational prompt/completion row: the completion begins
        where both differ, because some templates format a prompt without an answer in another way.
        """
        prompt = [{"role": "user", "content": question}]
        opening = self.encode(prompt, ask=True)
        ids = self.encode([*prompt, {"role": "assistant", "content": answer}])
        differ = (at for at, (one, other) in enumerate(zip(opening, ids, strict=False)) if one != other)
        return ids, next(differ, min(len(opening), len(ids)))

    def _render(self, messages: Sequence[Mapping[str, str]], ask: bool) -> str:
        rendered = self._tokenizer.apply_chat_template(
            [dict(message) for message in messages], tokenize=False, add_generation_prompt=ask
        )
        return str(rendered)

    def _with_renamed_specials(self) -> Tokenizer:
        """Return a copy of the tokenizer in which every special token has its id, and a name that no text contains."""
        if self._other is None:
            self._other = _rename(self._backend, self._renamed)
        return self._other

    def _unused_characters(self, messages: Sequence[Mapping[str, str]], names: Sequence[str]) -> dict[str, str]:
        """Return for each name a character that neither a message nor the chat template contains."""
        used = set(str(self._tokenizer.chat_template)).union(*(message["content"] for message in messages))
        free = (chr(number) for number in _PRIVATE_USE if chr(number) not in used)
        return dict(zip(names, free, strict=False))


def _ids(tokenizer: Tokenizer, text: str) -> list[int]:
    ids: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
    return ids


def _rename(tokenizer: Tokenizer, names: Mapping[str, str]) -> Tokenizer:
    """Return a copy of a tokenizer with other names for some of its added tokens, whose ids stay.

    They are renamed in the vocabulary too: else a unigram model, or a BPE model that ignores merges, would find them.
    """
    state = json.loads(tokenizer.to_str())
    state |= {"post_processor": None, "truncation": None, "padding": None}  # none has a part in these ids
    for token in state["added_tokens"]:
        token["content"] = names.get(token["content"], token["content"])
    model = state["model"]
    vocabulary = model["vocab"]
    if isinstance(vocabulary, dict):
        model["vocab"] = {names.get(name, name): number for name, number in vocabulary.items()}
    else:  # a unigram model's has pieces with their scores
        model["vocab"] = [[names.get(name, name), score] for name, score in vocabulary]
    if model.get("unk_token") in names:
        model["unk_token"] = names[model["unk_token"]]
    if "merges" in model:
        model["merges"] = [pair for pair in model["merges"] if not _made(pair) & names.keys()]
    renamed = Tokenizer.from_str(json.dumps(state))
    wrong = [name for name, other in names.items() if renamed.token_to_id(other) != tokenizer.token_to_id(name)]
    if wrong:
        raise ValueError(f"the tokenizer's special tokens cannot be told from text: {', '.join(wrong[:3])}")
    return renamed


def _made(pair: str | list[str]) -> set[str]:
    """Return both parts of a merge of a BPE model, and what it makes."""
    first, second = pair.split(" ", 1) if isinstance(pair, str) else pair
    return {first, second, first + second}
