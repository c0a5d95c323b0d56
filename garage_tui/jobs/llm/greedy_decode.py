"""Greedy answers, all together, from the point to which a packed pass has read.

A question, or a question with the beginning of its answer, is read in packed rows without padding; what attention keeps
of them (keys and values) is then laid out row by row, and the answers go on from there, a token of every row a step.
The fewer rows a step has, the longer the processor waits for the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from transformers import Cache, DynamicCache

from garage_tui.jobs.llm.attention import GrowingCache
from garage_tui.jobs.llm.chat_template import TokenizedExample
from garage_tui.jobs.llm.forward import AT_ONCE, Model
from garage_tui.jobs.llm.packing import PackedBatch

ROWS = 256
"""Answers that are made together at most."""


@dataclass
class GreedyDecoder:
    """One greedy answer."""

    tokens: list[int] = field(default_factory=list)
    """Without the one that ends it."""
    ended: bool = False
    """False where it was cut."""
    states: list[torch.Tensor] = field(default_factory=list)
    """(width,) the hidden state before each token that was made here and, where it ended, before the end token."""


def answer(
    model: Model, prompts: Sequence[Sequence[int]], most: int, *, prefix: Sequence[int] | None = None
) -> list[GreedyDecoder]:
    """Answer all prompts.

    Args:
        prompts: token ids behind the prefix.
        most: tokens of an answer.
        prefix: another one than the chat template's.
    """
    # The label is a filler: only the state before it is of use.
    examples = [TokenizedExample(tuple(prompt), (0,)) for prompt in prompts]
    found = [GreedyDecoder() for _ in prompts]
    rest = _Rest(model)
    with torch.no_grad():
        for start, batch, hidden, cache in model.passes(examples, prefix):
            tokens = model.logits(hidden).argmax(-1).tolist()
            for number, (token, state) in enumerate(zip(tokens, hidden, strict=True)):
                one = found[start + number]
                one.states.append(state)
                rest.add(number, len(prompts[start + number]), one, token, most)
            rest.keep(batch, cache)
        rest.make()
    return found


def answer_after(
    model: Model,
    expected: Sequence[TokenizedExample],
    most: Sequence[int],
    see: Callable[[torch.Tensor, torch.Tensor], None] = lambda owner, logits: None,
) -> list[GreedyDecoder]:
    """Answer the questions of examples whose answers are what one expects: only what differs is made.

    One packed pass shows token by token whether the model would have said the same (the check of speculative decoding,
    arXiv 2211.17192, exact for greedy answers).

    Args:
        most: tokens of each answer.
        see: called with (labels,) indices of examples and (labels, vocabulary) logits before the expected tokens.
    """
    found = [GreedyDecoder() for _ in expected]
    rest = _Rest(model)
    with torch.no_grad():
        for start, batch, hidden, cache in model.passes(expected):
            logits = model.logits(hidden)
            see(batch.owner + start, logits)
            tokens = logits.argmax(-1).tolist()
            at = 0
            for number, example in enumerate(expected[start : start + AT_ONCE]):
                one = found[start + number]
                for token in example.answer:
                    said = tokens[at + len(one.tokens)]
                    if said != token:
                        rest.add(number, len(example.prompt) + len(one.tokens), one, said, most[start + number])
                        break
                    if token in model.chats.end_tokens:
                        one.ended = True
                        break
                    one.tokens.append(token)
                at += len(example.answer)
            rest.keep(batch, cache)
        rest.make()
    return found


@dataclass(frozen=True)
class _Row:
    """The rest of an answer that has to be made."""

    answer: GreedyDecoder
    token: int
    """Its next one."""
    most: int
    seen: int
    """Tokens before it, the prefix too."""


class _Rest:
    """Answers that have to be made from somewhere on."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._now: list[tuple[int, int, GreedyDecoder, int, int]] = []
        self._rows: list[_Row] = []
        self._kept: list[list[tuple[torch.Tensor, torch.Tensor]]] = []
        """For each pass and layer (rows, heads, tokens, size) keys and values, filled up on their left."""

    def add(self, number: int, read: int, answer: GreedyDecoder, token: int, most: int) -> None:
        """Add an answer of the present pass.

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

    def keep(self, batch: PackedBatch, cache: DynamicCache) -> None:
        """Keep what the present pass has read of the answers that were added."""
        if not self._now:
            return
        width, start = batch.ids.shape[1], int(batch.positions.flatten()[batch.starts[0]])
        longest = start + max(read for _, read, *_ in self._now)
        lines = torch.empty(len(self._now), 1, dtype=torch.long)
        places = torch.zeros(len(self._now), longest, dtype=torch.long)
        for row, (number, read, answer, token, most) in enumerate(self._now):
            line, at = divmod(int(batch.starts[number]), width)
            lines[row] = line
            places[row, longest - read - start : longest - read] = torch.arange(start)
            places[row, longest - read :] = torch.arange(at, at + read)
            self._rows.append(_Row(answer, token, most, start + read))

        def laid_out(part: torch.Tensor) -> torch.Tensor:
            return part.transpose(1, 2)[lines.to(part.device), places.to(part.device)].transpose(1, 2)

        self._kept.append([(laid_out(layer.keys), laid_out(layer.values)) for layer in cache.layers])
        self._now.clear()
        if len(self._rows) > ROWS - AT_ONCE:
            self.make()

    def make(self) -> None:
        """Make the answers."""
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
            for place, row in enumerate(rows):
                if row is not None:
                    row.answer.tokens.append(tokens[place])
                    if len(row.answer.tokens) >= row.most:
                        rows[place] = None
            left = [place for place, row in enumerate(rows) if row is not None]
            if not left:
                return
            if len(left) * 8 < len(rows) * 7:  # fewer rows cost less, but each time all that is kept is copied
                chosen = torch.tensor(left, device=model.device)
                cache.batch_select_indices(chosen)
                mask, rows, tokens = mask[chosen], [rows[place] for place in left], [tokens[place] for place in left]
            ids = torch.tensor(tokens, device=model.device)[:, None]
            here += 1
            positions = mask[:, :here].sum(1, keepdim=True) - 1
            hidden = model.step(ids, mask[:, :here], positions, cache)
            tokens = model.logits(hidden).argmax(-1).tolist()
            for place, row in enumerate(rows):
                if row is not None:
                    row.answer.states.append(hidden[place])
                    if tokens[place] in ends:
                        row.answer.ended, rows[place] = True, None

    def _joined(self, longest: int) -> Cache:
        """Return all that is kept, filled up on the left to one length."""

        def filled(parts: list[torch.Tensor]) -> torch.Tensor:
            pad = torch.nn.functional.pad
            return torch.cat([pad(part, (0, 0, longest - part.shape[2], 0)) for part in parts])

        layers = []
        for number in range(len(self._kept[0])):
            passes = [kept[number] for kept in self._kept]
            layers.append(GrowingCache())
            layers[-1].update(filled([keys for keys, _ in passes]), filled([values for _, values in passes]))
        return Cache(layers=layers)
