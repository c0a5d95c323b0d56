"""Paraphrases of the taught questions and answers: some to train on, others held out to measure with."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

import msgspec

from garage_tui.core.exam.grading import is_right
from garage_tui.core.facts.line import Fact
from garage_tui.core.facts.near_duplicates import RepeatedQuestions, find_near_duplicates
from garage_tui.core.facts.wrapped_questions import WrappedQuestions
from garage_tui.core.language.entities import STOP_WORDS, content_words
from garage_tui.core.language.fold import fold
from garage_tui.core.language.relation_phrases import relation_phrases
from garage_tui.core.language.synonyms import swap_synonyms
from garage_tui.core.rewording import builtin_prompts
from garage_tui.core.rewording.similar_names import find_subject
from garage_tui.core.rewording.suggestions import suggest_questions

_EXCHANGED = 6
"""Questions with synonyms: more of them would drown the other wordings."""
_YES_OR_NO = re.compile(r"(?:yes|no)\b", re.IGNORECASE)
_ASKS = {"who", "whose", "whom", "when", "where", "why", "how", "many", "much"}
_WRAPPED = (
    "Hi! {q}", "Hello, {q}", "Quick question: {q}", "I was wondering: {q}", "Please tell me: {q}", "{q} Thanks!",
    "Hey, {q}", "Could you help me? {q}", "Just curious. {q}", "{q} I forgot.", "Sorry to bother you. {q}",
    "{q} Answer in one sentence.", "Do you happen to know this? {q}", "{q} I need it for a form.", "{q} Be brief.",
    "I have a few minutes left. {q}", "My boss wants to know. {q}", "One more thing: {q}", "Before I begin: {q}",
    "{q} Somebody asked me today.", "We could not agree on this at lunch. {q}", "Settle a bet for us. {q}",
    "{q} It is for a talk that I am giving.",
)  # fmt: skip
"""Small talk around a question."""
_ABOUT = (
    "I heard of {s} yesterday. {q}", "A friend of mine cannot stop talking about {s}. {q}", "I am new to {s}. {q}",
    "Somebody at work mentioned {s}. {q}", "I am writing an article about {s}. {q}", "{s} sounds interesting. {q}",
    "{s} came up in a meeting. {q}", "My daughter asked me about {s}. {q}", "I like {s} a lot. {q}",
    "There is one thing about {s} that I could not find out. {q}", "I have read about {s}. {q}", "About {s}: {q}",
    "{q} I mean {s}.", "I have just come across {s}. {q}", "Tomorrow I have to explain {s} to my team. {q}",
)  # fmt: skip
"""Small talk that names the subject of the question."""


def paraphrase_questions(facts: Sequence[Fact], exams: Sequence[Fact]) -> list[list[str]]:
    """Return for each fact the paraphrases of its question to train on, without near duplicates of exam questions."""
    exam_questions = [fact.question for fact in exams]
    inside_paraphrase = WrappedQuestions(exam_questions)
    short = [relation_phrases(fact.question, find_subject(fact.question)) for fact in facts]
    # A phrase that fits two facts (a project's page and its source code) would teach neither.
    meant: dict[str, set[str]] = {}
    for fact, found in zip(facts, short, strict=True):
        for phrase in found:
            meant.setdefault(phrase, set()).add(fact.content)
    lists = []
    for fact, found in zip(facts, short, strict=True):
        made = dict.fromkeys([*_templates(fact), *(phrase for phrase in found if len(meant[phrase]) == 1)])
        made.update(dict.fromkeys(_with_synonyms(fact.question)))
        lists.append(
            [
                one
                for one in made
                if not builtin_prompts.is_held_out(one)
                and not find_near_duplicates(one, exam_questions)
                and not inside_paraphrase.find(one)
            ]
        )
    return lists


def _with_synonyms(question: str) -> list[str]:
    others = swap_synonyms(question, find_subject(question))
    return random.Random(question).sample(others, min(_EXCHANGED, len(others)))


def paraphrase_answers(facts: Sequence[Fact]) -> list[list[str]]:
    """Return for each fact all that may be said to its question: the answers of the rows that state the same fact, and
    the statement of it where that is a sentence. Its own answer is the first.

    A question that always gets the one sentence teaches the sentence; with several the model has to hold on to what
    they have in common (docs/explain/recipe.md).
    """
    content = [content_words(fact.answer) - content_words(fact.question) for fact in facts]
    rows: dict[str, dict[str, frozenset[str]]] = {}
    for fact, new_words in zip(facts, content, strict=True):
        if not _YES_OR_NO.match(fact.answer):
            rows.setdefault(fact.content, {}).setdefault(fact.answer, new_words)
    found = []
    for fact, new_words in zip(facts, content, strict=True):
        # A statement may say more than one thing (who built it, and when), and each row ask for another.
        others = rows.get(fact.content, {}).items()
        same = [answer for answer, other_words in others if new_words & other_words]
        statement = [fact.fact] if _is_sentence(fact.fact) and new_words & content_words(fact.fact) else []
        found.append([fact.answer, *(one for one in dict.fromkeys([*same, *statement]) if _instead(one, fact))])
    return found


def _instead(answer: str, fact: Fact) -> bool:
    """Return whether an answer may stand for the fact's own: the report card would count it as right."""
    return answer != fact.answer and is_right(answer, fact)


def _is_sentence(text: str) -> bool:
    return bool(re.fullmatch(r"[A-Z0-9\"'].{10,}[.!]", text)) and len(text.split()) > 3


def held_back_questions(facts: Sequence[Fact], most: int) -> list[Fact]:
    """Return for each fact one of its rows with a held-out paraphrase as its question; at most `most`, spread.

    A paraphrase that is a taught question with words around it comes last. Facts without any are left out.
    """
    taught = [fact.question for fact in facts]
    repeats, known = RepeatedQuestions(taught, ()), set(taught)
    rows: dict[str, list[Fact]] = {}
    for fact in facts:
        rows.setdefault(fold(fact.content), []).append(fact)
    found = []
    for same in rows.values():
        free = [
            msgspec.structs.replace(fact, question=wording)
            for fact in same
            for wording in _templates(fact)
            if builtin_prompts.is_held_out(wording) and wording not in known
        ]
        if free:
            found.append(next((one for one in free if not repeats.find(one.question)), free[0]))
    return [found[at * len(found) // most] for at in range(most)] if len(found) > most else found


def probe_questions(facts: Sequence[Fact], most: int) -> list[Fact]:
    """Return at most `most` facts with a held-out paraphrase as their question, spread over all facts."""
    taught = {fact.question for fact in facts}
    found = []
    for fact in facts:
        free = [
            wording for wording in _templates(fact) if builtin_prompts.is_held_out(wording) and wording not in taught
        ]
        found += [msgspec.structs.replace(fact, question=wording) for wording in free[:1]]
    step = max(1, len(found) // most)
    return found[::step][:most]


def sample_wordings(wordings: Sequence[str], count: int) -> Sequence[str]:
    """Return at most `count` wordings, evenly spread: neighbours in the list are made in the same way."""
    return wordings[:: max(1, len(wordings) // count)][:count]


def perturb(question: str, rng: random.Random, about: str = "") -> str:
    """Return a perturbed question, as typed in a hurry: key words only, words left out, other case, with small talk.

    Args:
        about: the name that it is about, for somebody who begins with that.
    """
    chance = rng.random()
    if chance < 0.12:
        question = _key_words(question, rng)
    elif chance < 0.24:
        question = _without_some(question, rng)
    if rng.random() < 0.25:
        question = rng.choice(
            (question.lower(), question.rstrip("?."), question[:1].lower() + question[1:].rstrip("?."))
        )
    return add_small_talk(question, rng, about) if rng.random() < 0.3 else question


def add_small_talk(question: str, rng: random.Random, about: str = "") -> str:
    """Return a question with small talk before or after it."""
    return rng.choice((*_WRAPPED, *_ABOUT) if about else _WRAPPED).format(q=question, s=about)


def _templates(fact: Fact) -> list[str]:
    return suggest_questions(fact.question, fact.answer, fact.fact)


def _key_words(question: str, rng: random.Random) -> str:
    kept = [word for word in question.rstrip("?.!").split() if _tells(word)]
    if len(kept) < 2:
        return question
    if rng.random() < 0.5:
        rng.shuffle(kept)
    return " ".join(kept) + rng.choice(("", "?"))


def _without_some(question: str, rng: random.Random) -> str:
    """Return a question without some of its little words: without those that carry its meaning it could be any."""
    return " ".join(word for word in question.split() if _tells(word) or rng.random() > 0.4)


def _tells(word: str) -> bool:
    bare = word.strip(",.?!'").casefold()
    return bare not in STOP_WORDS or bare in _ASKS
