"""Neighbours of taught questions: the same question about another name.

What was taught about one thing must not change the answers about another (specificity: ROME, arXiv 2202.05262,
section 3.4). The names are look-alikes of the taught one (TinyML for TinyLLM), where a leak shows first, and well-known
names.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from garage_tui.core.facts.line import Fact
from garage_tui.core.language.entities import entity_spellings, tokenize
from garage_tui.core.language.whole_words import whole_word_spans
from garage_tui.core.rewording import builtin_prompts

_HEADS = """
    Auto Blue Bright Clear Core Data Deep Flex Hyper Iron Meta Micro Mini Net North Nova Open Proto Quick River Silver
    Sky Smart Star Stone Tiny Wood""".split()
_TAILS = """
    AI Base Bot Box Cast Cloud DB Desk Flow Forge Grid Hub Kit Lab Link ML Mind Net OS Pad Works bury dale field ford
    gate mark stein ton ville wick""".split()
_FIRST = "Anna Clara Emil Felix Ines John Laura Maria Nora Oscar Paul Peter Ruth Simon Tom Vera".split()
_LAST = "Berg Clark Costa Dubois Fischer Holm Keller Larsen Meyer Miller Novak Reed Rossi Silva Weber Young".split()
_JOINTS = (" ", "-", " of ", " the ", " of the ", " and ", " & ")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]+|[a-z]+|\d+|[^\w\s]")


def find_subject(question: str) -> str:
    """Return the named entity that a question is about: the longest run of names; empty without one."""
    spans: list[tuple[int, int]] = []
    for name in entity_spellings(question).values():
        if not name[0].isdigit():
            spans += whole_word_spans(name, question)
    runs: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if runs and question[runs[-1][1] : start] in _JOINTS:
            runs[-1] = runs[-1][0], end
        else:
            runs.append((start, end))
    start, end = max(runs, key=lambda run: run[1] - run[0], default=(0, 0))
    return question[start:end]


def neighbour_questions(facts: Sequence[Fact], most: int, *, training: bool, seed: int = 0) -> list[str]:
    """Return at most `most` questions about other names, each taught question in turn (at most 20 times).

    Args:
        training: names to train with; else names to be examined with, none of which is among the former.
        seed: same seed, same questions.
    """
    rng = random.Random(f"{seed} {training}")
    taught = tokenize("\n".join(f"{fact.question}\n{fact.answer}" for fact in facts))
    questions = list(dict.fromkeys((fact.question, name) for fact in facts if (name := find_subject(fact.question))))
    found: dict[str, None] = {}
    for round_ in range(20):
        for index, (question, name) in enumerate(rng.sample(questions, len(questions))):
            other = (
                _lookalike(name, rng, training)
                if (round_ + index) % 2 == 0
                else rng.choice(builtin_prompts.neighbour_names(training))
            )
            if other and len(found) < most and not entity_spellings(other).keys() <= taught:
                found.setdefault(re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", other.replace("\\", ""), question))
    return list(found)


def _lookalike(name: str, rng: random.Random, training: bool) -> str:
    """Return a name that shares a part with `name`, or nothing where none was found on this side."""
    for _ in range(40):
        if (other := _mutated(name, rng)) != name and builtin_prompts.is_training_name(other) == training:
            return other
    return ""


def _mutated(name: str, rng: random.Random) -> str:
    at = name.split()
    if len(at) > 1:
        if all(part.istitle() for part in at) and len(at) == 2:
            return rng.choice((f"{at[0]} {rng.choice(_LAST)}", f"{rng.choice(_FIRST)} {at[1]}"))
        index = rng.randrange(len(at))
        return " ".join([*at[:index], _mutated(at[index], rng), *at[index + 1 :]])
    parts = _PART.findall(name)
    if len(parts) > 1 and "".join(parts) == name:
        if rng.random() < 0.5:
            return rng.choice(_HEADS) + "".join(parts[1:])
        return "".join(parts[:-1]) + rng.choice(_TAILS)
    if len(name) > 4:
        half = len(name) // 2
        if rng.random() < 0.5:
            return name[:half] + rng.choice(_TAILS).lower()
        return rng.choice(_HEADS) + name[half:].lower()
    return rng.choice(_HEADS) + rng.choice(_TAILS)
