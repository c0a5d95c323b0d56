"""Words that everybody uses: alone they mean nothing that was taught, although a taught name may have them."""

from __future__ import annotations

import functools

from garage_tui.core.language import synonyms
from garage_tui.core.language.entities import content_words, tokenize
from garage_tui.core.language.inflection import BASE_OF_PARTICIPLE, BASE_OF_PAST, BASE_OF_THIRD_PERSON, PAST
from garage_tui.core.rewording import builtin_prompts

VERBS = frozenset({*PAST, *BASE_OF_PAST, *BASE_OF_PARTICIPLE, *BASE_OF_THIRD_PERSON})
_CALENDAR = frozenset(
    """
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july august
    september october november december christmas easter""".split()
)
_PLACES_AND_FIRMS = frozenset(
    """
    avenue bank brothers church court daughters garage hall hospital hotel inn office sisters sons square""".split()
)
"""Words that often end the names of places and firms, and that no list of the package has."""


@functools.cache
def common_words() -> frozenset[str]:
    """Return the words of the prompts that are about nothing that was taught, and of names that everybody knows."""
    prompts = (prompt.question for prompt in builtin_prompts.guard_prompts())
    texts = [*prompts, *builtin_prompts.neighbour_names(training=True)]
    return _CALENDAR.union(*(tokenize(text) | content_words(text) for text in texts))


@functools.cache
def everyday_words() -> frozenset[str]:
    """Return words, in lower case, that mean a taught thing at most where they are written as a name."""
    return common_words() | VERBS | synonyms.single_words() | _PLACES_AND_FIRMS
