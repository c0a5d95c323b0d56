"""How a model chooses its words: the sampling of a chat, in OpenAI's names; read from what a person typed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from garage_tui.core.base.errors import BadInputError

_MOST_TOKENS = 1_000_000
_SEEDS = 2**63


@dataclass(frozen=True)
class SamplingParams:
    """What is asked of the server beside the messages. The default is greedy: one question, one answer."""

    temperature: float = 0.0
    """0 takes the likeliest word always; the higher, the more the others count. At most 2."""
    max_tokens: int = 256
    """An answer ends here at the latest."""
    top_p: float | None = None
    """Only the likeliest words are drawn from, so many that they make up this share."""
    seed: int | None = None
    """The same seed draws the same answer again; None draws anew each time."""

    @property
    def request_fields(self) -> dict[str, Any]:
        """Return what goes into a request: only what is set, for not every server knows every field."""
        fields: dict[str, Any] = {"max_tokens": self.max_tokens, "temperature": self.temperature}
        fields |= {} if self.top_p is None else {"top_p": self.top_p}
        return fields | ({} if self.seed is None else {"seed": self.seed})

    @property
    def differences(self) -> list[str]:
        """Return what differs from the default, in words."""
        usual = GREEDY
        words = [f"temperature {self.temperature:g}" if self.temperature != usual.temperature else ""]
        words.append(f"top_p {self.top_p:g}" if self.top_p is not None else "")
        words.append(f"at most {self.max_tokens} tokens" if self.max_tokens != usual.max_tokens else "")
        words.append(f"seed {self.seed}" if self.seed is not None else "")
        return [word for word in words if word]


GREEDY = SamplingParams()
"""The default."""


def check(sampling: SamplingParams) -> SamplingParams:
    """Return it as it is.

    Raises:
        BadInputError: a value is out of its range; the text says which.
    """
    if not (math.isfinite(sampling.temperature) and 0 <= sampling.temperature <= 2):
        raise BadInputError(f"temperature {sampling.temperature:g}: give 0 (always the likeliest word) to 2")
    if not 1 <= sampling.max_tokens <= _MOST_TOKENS:
        raise BadInputError(f"max tokens {sampling.max_tokens}: give 1 to {_MOST_TOKENS:,}")
    if sampling.top_p is not None and not 0 < sampling.top_p <= 1:
        raise BadInputError(f"top_p {sampling.top_p:g}: give more than 0, and at most 1; empty takes all words")
    if sampling.seed is not None and not -_SEEDS <= sampling.seed < _SEEDS:
        raise BadInputError(f"seed {sampling.seed}: give a number of at most 18 digits, or nothing")
    return sampling


def parse(temperature: str, top_p: str, max_tokens: str, seed: str) -> SamplingParams:
    """Return the sampling that four fields say; an empty one means the default.

    Raises:
        BadInputError: one holds no number, or one out of its range; the text says which.
    """
    usual = GREEDY
    heat = _number("temperature", temperature)
    share = _number("top_p", top_p)
    most = _whole("max tokens", max_tokens)
    return check(
        SamplingParams(
            temperature=usual.temperature if heat is None else heat,
            max_tokens=usual.max_tokens if most is None else most,
            top_p=share,
            seed=_whole("seed", seed),
        )
    )


def _number(name: str, text: str) -> float | None:
    try:
        # 0,7 is how half of Europe writes it.
        return float(text.strip().replace(",", ".")) if text.strip() else None
    except ValueError as error:
        raise BadInputError(f"{name}: {text.strip()[:40]!r} is not a number") from error


def _whole(name: str, text: str) -> int | None:
    try:
        return int(text) if text.strip() else None
    except ValueError as error:
        raise BadInputError(f"{name}: {text.strip()[:40]!r} is not a whole number") from error
