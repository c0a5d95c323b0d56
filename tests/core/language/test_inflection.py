"""Verbs and nouns have the forms that an English dictionary gives them (lemminflect's, where it is installed)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from garage_tui.core.language import synonyms
from garage_tui.core.language.inflection import PAST, participle, past, plural, stem, third_person

OTHER_ENGLISH = {
    *("enrolled", "enrolling"),  # the dictionary has one l only
    *("fitted", "got", "smelled", "spelled", "troubleshot"),  # it has fit, gotten, smelt, spelt, troubleshooted
}
"""Right forms that the dictionary lacks."""
KNOWN = 1500
"""Fewest forms that the dictionary must know: a check of none would pass too."""


def verb_forms(base: str) -> dict[str, str]:
    """Return the forms of a verb by their tags in the Penn Treebank."""
    ing = stem(base, "ing") + "ing"
    return {"VBZ": third_person(base), "VBD": past(base), "VBN": participle(base), "VBG": ing}


def group_forms() -> Iterator[tuple[str, str, str]]:
    """Yield base, tag and form of each word of the synonyms that is inflected."""
    odd = dict(synonyms._irregular())
    for kind, members in synonyms._groups():
        for member in members:
            if kind == "v":
                forms = synonyms._verb(member, odd)[1:]
                yield from zip(
                    [member.split()[0]] * 4,
                    ("VBZ", "VBD", "VBN", "VBG"),
                    (one.split()[0] for one in forms),
                    strict=True,
                )
            elif kind == "n" and (form := plural(member)):
                # The word that differs is the one that was inflected: points of view.
                base, many = next(
                    (pair for pair in zip(member.split(), form.split(), strict=True) if pair[0] != pair[1]),
                    (member.split()[-1], form.split()[-1]),
                )
                yield base, "NNS", many


def test_every_form_is_in_the_dictionary():
    lemminflect = pytest.importorskip("lemminflect")
    verbs = [(base, tag, form) for base in PAST for tag, form in verb_forms(base).items()]
    wrong, known = [], 0
    for base, tag, form in [*verbs, *group_forms()]:
        right = lemminflect.getInflection(base, tag, inflect_oov=False)
        known += bool(right)
        if right and form not in right and form not in OTHER_ENGLISH:
            wrong.append(f"{base}: {form}, not {' or '.join(right)}")
    assert wrong == []
    assert known > KNOWN


@pytest.mark.parametrize(
    ("base", "forms"),
    [
        ("unplug", ["unplugs", "unplugged", "unplugged", "unplugging"]),
        ("quiz", ["quizzes", "quizzed", "quizzed", "quizzing"]),
        ("reckon", ["reckons", "reckoned", "reckoned", "reckoning"]),
        ("render", ["renders", "rendered", "rendered", "rendering"]),
        ("debug", ["debugs", "debugged", "debugged", "debugging"]),
        ("agree", ["agrees", "agreed", "agreed", "agreeing"]),
        ("dye", ["dyes", "dyed", "dyed", "dyeing"]),
        ("tie", ["ties", "tied", "tied", "tying"]),
        ("panic", ["panics", "panicked", "panicked", "panicking"]),
        ("rewrite", ["rewrites", "rewrote", "rewritten", "rewriting"]),
        ("misunderstand", ["misunderstands", "misunderstood", "misunderstood", "misunderstanding"]),
        ("relay", ["relays", "relayed", "relayed", "relaying"]),
        ("open", ["opens", "opened", "opened", "opening"]),
    ],
)
def test_a_verb_has_its_forms(base, forms):
    assert list(verb_forms(base).values()) == forms


@pytest.mark.parametrize(
    ("noun", "many"),
    [
        ("chairman", "chairmen"),
        ("human", "humans"),
        ("thief", "thieves"),
        ("epoch", "epochs"),
        ("church", "churches"),
        ("potato", "potatoes"),
        ("photo", "photos"),
        ("baby", "babies"),
        ("point of view", "points of view"),
        ("way in", "ways in"),
        ("plug-in", "plug-ins"),
        ("spare key", "spare keys"),
        ("luggage", ""),
    ],
)
def test_a_noun_has_its_plural_or_none(noun, many):
    assert plural(noun) == many
