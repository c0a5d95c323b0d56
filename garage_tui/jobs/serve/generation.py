"""The state of one answer while it is generated: takes tokens, emits text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

from garage_tui.core.chat.sampling_params import GREEDY_BELOW

Finish = Literal["stop", "length", "cancelled", "error"]


@dataclass(frozen=True)
class GenerationOptions:
    """Sampling options of one answer. Where it is not greedy, `seed` makes it repeatable."""

    max_tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    top_k: int = 0
    """0: of all tokens."""
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    logit_bias: tuple[tuple[int, float], ...] = ()
    stop_tokens: frozenset[int] = frozenset()
    """Token ids that end the answer, beside those of the model."""
    top_logprobs: int | None = None
    """How many of the likeliest tokens are kept for each token; None keeps no log-probabilities."""
    scores_prompt: bool = False
    """True to keep the log-probabilities of the prompt's tokens, too."""

    @property
    def is_greedy(self) -> bool:
        """True where the most likely token is always taken: at temperature 0, or as good as 0."""
        return self.temperature < GREEDY_BELOW


@dataclass(frozen=True)
class TokenScore:
    """A token with its log-probability, and the likeliest tokens at its position with theirs, in nats."""

    token: int
    logprob: float | None
    """None for the first token of a prompt, which nothing precedes."""
    top: tuple[tuple[int, float], ...] = ()


class GenerationRow:
    """One answer of a batch that is generated together.

    Args:
        prompt: token ids.
        adapter: PEFT adapter folder; None is the bare base.
        emit: called from the engine's thread with each new piece of text, and with None once the row has ended.
        opening: the first tokens of the answer, which were chosen before; the model continues them.
    """

    def __init__(
        self,
        prompt: list[int],
        adapter: Path | None = None,
        sampling: GenerationOptions | None = None,
        emit: Callable[[str | None], object] = lambda _: None,
        opening: Sequence[int] = (),
    ) -> None:
        self.prompt, self.adapter, self.sampling = prompt, adapter, sampling or GenerationOptions()
        self.emit, self.opening = emit, tuple(opening)
        self.max_tokens = self.sampling.max_tokens
        self.text = ""
        self.tokens = 0
        """Tokens of the answer, without the end token."""
        self.finish: Finish | None = None
        self.error = ""
        self.cancelled = False
        self.prompt_scores: list[TokenScore] = []
        self.scores: list[TokenScore] = []
        """Of the answer's tokens, where `sampling.top_logprobs` requests them."""
        self._held = ""  # text that may turn out to be the beginning of a stop string
        self._tokenizer: Tokenizer
        self._decoder: DecodeStream
        self._end_tokens: frozenset[int] = frozenset()

    @property
    def ended(self) -> bool:
        return self.finish is not None

    @property
    def read(self) -> list[int]:
        """The tokens that the model reads before it writes: the prompt, and the opening of the answer."""
        return [*self.prompt, *self.opening]

    def begin(self, tokenizer: Tokenizer, end_tokens: frozenset[int], context: int) -> None:
        """Make ready for the first token; prompt and answer together have at most `context` tokens."""
        self._tokenizer, self._end_tokens = tokenizer, end_tokens | self.sampling.stop_tokens
        self._decoder = DecodeStream(skip_special_tokens=True)  # returns text only once a character is complete
        self.max_tokens = min(self.sampling.max_tokens, context - len(self.prompt))
        if self.max_tokens <= 0:
            self._flush("length")
        for token in self.opening:
            self.push(token)

    def push(self, token: int) -> None:
        """Take the next token; ignored once the row has ended (the batch continues with padding)."""
        if self.ended:
            return
        if self.cancelled:
            self._end("cancelled")
            return
        if token in self._end_tokens:
            self._flush("stop")
            return
        self.tokens += 1
        self._held += self._decoder.step(self._tokenizer, token) or ""
        hits = [at for stop in self.sampling.stop if (at := self._held.find(stop)) >= 0]
        if hits:
            self._held = self._held[: min(hits)]
            self._flush("stop")
        elif self.tokens >= self.max_tokens:
            self._flush("length")
        else:
            self._emit(len(self._held) - self._partial_stop_length())

    def cancel(self) -> None:
        """Cancel the answer; the row ends at the next token."""
        self.cancelled = True

    def fail(self, reason: str) -> None:
        """End the row with an error message for the client."""
        if not self.ended:
            self.error = reason
            self._end("error")

    def _partial_stop_length(self) -> int:
        """Return how many held characters at the end may begin a stop string."""
        longest = max((len(stop) for stop in self.sampling.stop), default=1) - 1
        for size in range(min(longest, len(self._held)), 0, -1):
            if any(stop.startswith(self._held[-size:]) for stop in self.sampling.stop):
                return size
        return 0

    def _emit(self, size: int) -> None:
        if size:
            piece, self._held = self._held[:size], self._held[size:]
            self.text += piece
            self.emit(piece)

    def _flush(self, finish: Finish) -> None:
        self._emit(len(self._held))
        self._end(finish)

    def _end(self, finish: Finish) -> None:
        self.finish = finish
        self.emit(None)
