"""One answer in the making: tokens in, text out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

Finish = Literal["stop", "length", "cancelled", "error"]


@dataclass(frozen=True)
class GenerationOptions:
    """How one answer is drawn. A temperature of 0 is greedy; `seed` makes any other repeatable."""

    max_tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = ()


class GenerationRow:
    """One chat of a batch.

    Args:
        prompt: token ids.
        adapter: PEFT adapter folder; None is the bare base.
        emit: called from the engine's thread with each new piece of text, and with None once the row has ended.
    """

    def __init__(
        self,
        prompt: list[int],
        adapter: Path | None = None,
        sampling: GenerationOptions | None = None,
        emit: Callable[[str | None], object] = lambda _: None,
    ) -> None:
        self.prompt, self.adapter, self.sampling = prompt, adapter, sampling or GenerationOptions()
        self.emit = emit
        self.max_tokens = self.sampling.max_tokens
        self.text = ""
        self.tokens = 0
        """Tokens of the answer, the one that ends it not counted."""
        self.finish: Finish | None = None
        self.error = ""
        self.cancelled = False
        self._held = ""  # text that may turn out to be the beginning of a stop string
        self._tokenizer: Tokenizer
        self._decoder: DecodeStream
        self._end_tokens: frozenset[int] = frozenset()

    @property
    def ended(self) -> bool:
        return self.finish is not None

    def begin(self, tokenizer: Tokenizer, end_tokens: frozenset[int], context: int) -> None:
        """Make ready for the first token; prompt and answer together get at most `context` tokens."""
        self._tokenizer, self._end_tokens = tokenizer, end_tokens
        self._decoder = DecodeStream(skip_special_tokens=True)  # gives text only where it is whole characters
        self.max_tokens = min(self.sampling.max_tokens, context - len(self.prompt))

    def push(self, token: int) -> None:
        """Take the next token; ignored once the row has ended (the batch goes on with padding)."""
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
            self._emit(len(self._held) - self._beginning_of_a_stop())

    def cancel(self) -> None:
        """Say that nobody waits for the answer any more; the row ends at the next token."""
        self.cancelled = True

    def fail(self, reason: str) -> None:
        """End the row with a sentence for the person who asked."""
        if not self.ended:
            self.error = reason
            self._end("error")

    def _beginning_of_a_stop(self) -> int:
        """Return how many of the held characters, at the end, may be the beginning of a stop string."""
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
