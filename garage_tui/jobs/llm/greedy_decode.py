"""Batched greedy decoding that continues from a packed forward pass.

A question, or a question with the beginning of its answer, is read in packed rows without padding. The KV cache is then
rearranged row by row, and decoding continues from there with one token of every row a step. A step with few rows mostly
waits for the weights to arrive from memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from transformers import Cache, DynamicCache

from garage_tui.jobs.llm.attention import GrowingCache
from garage_tui.jobs.llm.chat_template import TokenizedExample
from garage_tui.jobs.llm.forward_pass import AT_ONCE, Model
from garage_tui.jobs.llm.packing import PackedBatch
from garage_tui.jobs.runtime.item_progress import OnProgress, no_progress

ROWS, CPU_ROWS = 256, 72
"""Most answers that are decoded together, on a GPU and on a CPU, where more are no faster."""


@dataclass
class GreedyAnswer:
    """One greedy answer."""

    tokens: list[int] = field(default_factory=list)
    """The tokens of the answer, without the end token."""
    ended: bool = False
    """False where it was truncated."""
    states: list[torch.Tensor] = field(default_factory=list)
    """(width,) the hidden state before each token that was decoded here and, where it ended, before the end token."""


def decode(
    model: Model,
    prompts: Sequence[Sequence[int]],
    most: int,
    *,
    prefix: Sequence[int] | None = None,
    on_progress: OnProgress = no_progress,
) -> list[GreedyAnswer]:
    """Return the greedy answer to each prompt.

    Args:
        prompts: token ids after the prefix.
        most: most tokens of an answer.
        prefix: replaces the chat template's.
        on_progress: called after each token with the number of finished answers, of those under way as many as their
            parts make up: they are decoded together, and the first ones end late. It may raise to cancel.
    """
    # The label is a placeholder: only the state before it is used.
    examples = [TokenizedExample(tuple(prompt), (0,)) for prompt in prompts]
    found = [GreedyAnswer() for _ in prompts]
    continuations = _Continuations(model, on_progress)
    with torch.no_grad():
        for start, batch, hidden, cache in model.passes(examples, prefix):
            tokens = model.logits(hidden).argmax(-1).tolist()
            for number, (token, state) in enumerate(zip(tokens, hidden, strict=True)):
                one = found[start + number]
                one.states.append(state)
                continuations.add(number, len(prompts[start + number]), one, token, most)
            continuations.keep(batch, cache, start + len(hidden))
        continuations.decode()
    return found


def decode_against(
    model: Model,
    expected: Sequence[TokenizedExample],
    most: Sequence[int],
    observe: Callable[[torch.Tensor, torch.Tensor], None] = lambda owner, logits: None,
    on_progress: OnProgress = no_progress,
) -> list[GreedyAnswer]:
    """Return the greedy answers to the questions of examples; only what differs from the expected answer is decoded.

    One packed pass shows token by token whether the model would have answered the same (the verification of speculative
    decoding, arXiv 2211.17192, exact for greedy answers).

    Args:
        most: most tokens of each answer.
        observe: called with (labels,) indices of examples and (labels, vocabulary) logits before the expected tokens.
        on_progress: called after each token with the number of finished answers, of those under way as many as their
            parts make up: they are decoded together, and the first ones end late. It may raise to cancel.
    """
    found = [GreedyAnswer() for _ in expected]
    continuations = _Continuations(model, on_progress)
    with torch.no_grad():
        for start, batch, hidden, cache in model.passes(expected):
            logits = model.logits(hidden)
            observe(batch.owner + start, logits)
            tokens = logits.argmax(-1).tolist()
            at = 0
            for number, example in enumerate(expected[start : start + AT_ONCE]):
                one = found[start + number]
                for token in example.answer:
                    greedy = tokens[at + len(one.tokens)]
                    if greedy != token:
                        continuations.add(
                            number, len(example.prompt) + len(one.tokens), one, greedy, most[start + number]
                        )
                        break
                    if token in model.chats.end_tokens:
                        one.ended = True
                        break
                    one.tokens.append(token)
                at += len(example.answer)
            continuations.keep(batch, cache, min(start + AT_ONCE, len(expected)))
        continuations.decode()
    return found


@dataclass(frozen=True)
class _Row:
    """An answer that has to be decoded further."""

    answer: GreedyAnswer
    token: int
    """The next token."""
    most: int
    seen: int
    """Tokens before it, with the prefix."""


def _missing_share(row: _Row) -> float:
    """Return how much of an answer is missing, from 0 to 1, if it becomes as long as it may."""
    return 1 - len(row.answer.tokens) / row.most


class _Continuations:
    """Answers that have to be decoded from some token on."""

    def __init__(self, model: Model, on_progress: OnProgress) -> None:
        self._model, self._on_progress = model, on_progress
        self._read = 0
        """Answers of which the question was read."""
        self._now: list[tuple[int, int, GreedyAnswer, int, int]] = []
        self._rows: list[_Row] = []
        self._kept: list[list[tuple[torch.Tensor, torch.Tensor]]] = []
        """For each pass and layer (rows, heads, tokens, size) keys and values, padded on the left."""

    def add(self, number: int, read: int, answer: GreedyAnswer, token: int, most: int) -> None:
        """Add an answer of the current pass.

        Args:
            number: of its example in the pass.
            read: tokens of the example before `token`.
            token: the next one.
        """
        if len(answer.tokens) >= most:
            return
        if token in self._model.chats.end_tokens:
            answer.ended = True
        else:
            self._now.append((number, read, answer, token, most))

    def keep(self, batch: PackedBatch, cache: DynamicCache, read: int) -> None:
        """Copy the KV cache of the current pass for the answers that were added.

        Args:
            read: answers of which the question was read, with this pass.
        """
        self._read = read
        self._on_progress(read - len(self._rows) - len(self._now))
        if not self._now:
            return
        width, start = batch.ids.shape[1], int(batch.positions.flatten()[batch.starts[0]])
        longest = start + max(tokens for _, tokens, *_ in self._now)
        lines = torch.empty(len(self._now), 1, dtype=torch.long)
        columns = torch.zeros(len(self._now), longest, dtype=torch.long)
        for row, (number, tokens, answer, token, most) in enumerate(self._now):
            line, at = divmod(int(batch.starts[number]), width)
            lines[row] = line
            columns[row, longest - tokens - start : longest - tokens] = torch.arange(start)
            columns[row, longest - tokens :] = torch.arange(at, at + tokens)
            self._rows.append(_Row(answer, token, most, start + tokens))

        def rearranged(part: torch.Tensor) -> torch.Tensor:
            return part.transpose(1, 2)[lines.to(part.device), columns.to(part.device)].transpose(1, 2)

        self._kept.append([(rearranged(layer.keys), rearranged(layer.values)) for layer in cache.layers])
        self._now.clear()
        if len(self._rows) > (ROWS if self._model.device.type == "cuda" else CPU_ROWS) - AT_ONCE:
            self.decode()

    def decode(self) -> None:
        """Decode the answers to their ends."""
        if not self._rows:
            return
        model, ends = self._model, self._model.chats.end_tokens
        rows: list[_Row | None] = list(self._rows)
        tokens = [row.token for row in self._rows]
        here = max(row.seen for row in self._rows)
        cache = self._joined(here)
        mask = torch.ones(len(rows), here + max(row.most for row in self._rows), dtype=torch.long)
        for number, known in enumerate(self._rows):
            mask[number, : here - known.seen] = 0
        mask = mask.to(model.device)
        self._rows, self._kept = [], []
        while True:
            for index, row in enumerate(rows):
                if row is not None:
                    row.answer.tokens.append(tokens[index])
                    if len(row.answer.tokens) >= row.most:
                        rows[index] = None
            left = [index for index, row in enumerate(rows) if row is not None]
            self._on_progress(self._read - math.ceil(sum(_missing_share(row) for row in rows if row is not None)))
            if not left:
                return
            if len(left) * 8 < len(rows) * 7:  # fewer rows cost less, but each selection copies the cache
                chosen = torch.tensor(left, device=model.device)
                cache.batch_select_indices(chosen)
                mask, rows, tokens = mask[chosen], [rows[index] for index in left], [tokens[index] for index in left]
            ids = torch.tensor(tokens, device=model.device)[:, None]
            here += 1
            positions = mask[:, :here].sum(1, keepdim=True) - 1
            hidden = model.step(ids, mask[:, :here], positions, cache)
            tokens = model.logits(hidden).argmax(-1).tolist()
            for index, row in enumerate(rows):
                if row is not None:
                    row.answer.states.append(hidden[index])
                    if tokens[index] in ends:
                        row.answer.ended, rows[index] = True, None

    def _joined(self, longest: int) -> Cache:
        """Return the caches of all passes as one, padded on the left to one length."""

        def filled(parts: list[torch.Tensor]) -> torch.Tensor:
            pad = torch.nn.functional.pad
            return torch.cat([pad(part, (0, 0, longest - part.shape[2], 0)) for part in parts])

        layers = []
        for number in range(len(self._kept[0])):
            passes = [kept[number] for kept in self._kept]
            layers.append(GrowingCache())
            layers[-1].update(filled([keys for keys, _ in passes]), filled([values for _, values in passes]))
        return Cache(layers=layers)
