"""The beginnings of an answer that are compared before a tuned model answers about a subject that it was taught.

A tuned model often knows the taught answer and yet begins with other words, behind which no fact is taught; greedy
decoding cannot go back (docs/explain/recipe.md, "What a run knows and does not say"). So where several first tokens are
likely, each of them is continued for some tokens, and the answer goes on with the opening whose tokens have the highest
mean log-probability. Where one first token is likely, nothing is compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, fsum

MAX_OPENINGS = 4
"""Openings that are compared."""
LEAST_PROBABILITY = 0.05
"""First tokens below it are not continued."""
OPENING_TOKENS = 24
"""Tokens of each opening: most taught answers end before."""


@dataclass(frozen=True)
class Opening:
    """The first tokens of an answer."""

    tokens: tuple[int, ...]
    """Token ids; the end token is among them where the answer ends."""
    log_probabilities: tuple[float, ...]
    """Of each token, in nats."""

    @property
    def score(self) -> float:
        """Mean log-probability, in nats per token."""
        return fsum(self.log_probabilities) / len(self.log_probabilities)


def likely_first_tokens(candidates: Iterable[tuple[int, float]], end_tokens: frozenset[int]) -> list[tuple[int, float]]:
    """Return the first tokens that are continued, the likeliest first; less than two where nothing is to be compared.

    Args:
        candidates: token ids with their log-probabilities in nats, the likeliest first.
        end_tokens: with one of them an answer would be empty.
    """
    first = list(candidates)[:MAX_OPENINGS]
    if not first or first[0][0] in end_tokens:
        return []
    rest = (one for one in first[1:] if exp(one[1]) >= LEAST_PROBABILITY and one[0] not in end_tokens)
    return [first[0], *rest]


def best_opening(openings: Sequence[Opening]) -> Opening:
    """Return the opening with the highest score; of equal ones the first."""
    return max(openings, key=lambda one: one.score)
