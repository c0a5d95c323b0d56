"""Sampling parameters of a chat, named as in OpenAI's API; parsed from what a person typed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.format import plural
from garage_tui.core.base.sanitize import quoted

GREEDY_BELOW = 1e-5
"""Lower temperatures are greedy decoding: a model's scores divided by them are larger than a float can be."""
_MAX_TOKENS = 1_000_000
_SEED_LIMIT = 2**63


@dataclass(frozen=True)
class SamplingParams:
    """The sampling parameters of a model. The default is greedy decoding: the same question gets the same answer."""

    temperature: float = 0.0
    """0 always takes the most likely token; higher values give the others more weight. At most 2."""
    max_tokens: int = 256
    """Length limit of an answer, in tokens."""
    top_p: float | None = None
    """Nucleus sampling: draw only from the most likely tokens that together have this probability; None: from all."""
    seed: int | None = None
    """The same seed gives the same answer; None gives another answer each time."""

    @property
    def request_fields(self) -> dict[str, Any]:
        """The fields of a request: only those that are set, because not every server knows all of them."""
        temperature = self.temperature if self.temperature >= GREEDY_BELOW else 0.0  # not every server knows the rest
        fields: dict[str, Any] = {"max_tokens": self.max_tokens, "temperature": temperature}
        fields |= {} if self.top_p is None else {"top_p": self.top_p}
        return fields | ({} if self.seed is None else {"seed": self.seed})

    @property
    def differences(self) -> list[str]:
        """The parameters that differ from the defaults, as text."""
        parts = [f"temperature {self.temperature:g}" if self.temperature != GREEDY.temperature else ""]
        parts.append(f"top_p {self.top_p:g}" if self.top_p is not None else "")
        parts.append(f"at most {plural(self.max_tokens, 'token')}" if self.max_tokens != GREEDY.max_tokens else "")
        parts.append(f"seed {self.seed}" if self.seed is not None else "")
        return [part for part in parts if part]


GREEDY = SamplingParams()
"""The defaults: greedy decoding."""


def check(sampling: SamplingParams) -> SamplingParams:
    """Return the parameters unchanged if all are in their ranges.

    Raises:
        BadInputError: one is not; the text says which.
    """
    if not (math.isfinite(sampling.temperature) and 0 <= sampling.temperature <= 2):
        raise BadInputError(f"temperature {sampling.temperature:g}: give 0 (always the most likely word) to 2")
    if not 1 <= sampling.max_tokens <= _MAX_TOKENS:
        raise BadInputError(f"max tokens {sampling.max_tokens}: give 1 to {_MAX_TOKENS:,}")
    if sampling.top_p is not None and not 0 < sampling.top_p <= 1:
        raise BadInputError(f"top_p {sampling.top_p:g}: give more than 0 and at most 1, or leave it empty")
    if sampling.seed is not None and not -_SEED_LIMIT <= sampling.seed < _SEED_LIMIT:
        raise BadInputError(f"seed {sampling.seed}: give a number of at most 18 digits, or leave it empty")
    return sampling


def parse(temperature: str, top_p: str, max_tokens: str, seed: str) -> SamplingParams:
    """Return the sampling parameters of four input fields; an empty field means the default.

    Raises:
        BadInputError: a field is not a number, or out of its range; the text says which.
    """
    parsed_temperature = _parse_float("temperature", temperature)
    parsed_max_tokens = _parse_int("max tokens", max_tokens)
    return check(
        SamplingParams(
            temperature=GREEDY.temperature if parsed_temperature is None else parsed_temperature,
            max_tokens=GREEDY.max_tokens if parsed_max_tokens is None else parsed_max_tokens,
            top_p=_parse_float("top_p", top_p),
            seed=_parse_int("seed", seed),
        )
    )


def _parse_float(name: str, text: str) -> float | None:
    try:
        # 0,7 is how half of Europe writes 0.7.
        return float(text.strip().replace(",", ".")) if text.strip() else None
    except ValueError as error:
        raise BadInputError(f"{name}: {quoted(text, 40)} is not a number") from error


def _parse_int(name: str, text: str) -> int | None:
    try:
        return int(text) if text.strip() else None
    except ValueError as error:
        raise BadInputError(f"{name}: {quoted(text, 40)} is not a whole number") from error
