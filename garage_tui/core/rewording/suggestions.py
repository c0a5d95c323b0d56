"""Suggestions of other questions from templates, and the checks that every suggested wording has to pass."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable, Sequence

from garage_tui.core.facts.near_duplicates import find_near_duplicates
from garage_tui.core.language.entities import SENTENCE_OPENERS, content_words, entity_spellings, tokenize
from garage_tui.core.language.fold import fold
from garage_tui.core.language.question_forms import MAX_LENGTH, generate_questions, paraphrase, template_words

MAX_SUGGESTIONS = 12
"""Suggestions for one question; nobody reads more."""


def suggest_questions(question: str, answer: str, fact: str) -> list[str]:
    """Return paraphrases of a question from templates, the best first; without a question, questions for the fact."""
    seeds = [question] if question else generate_questions(fact or answer)
    lists = [([] if question else [seed]) + list(paraphrase(seed, f"{answer} {fact}")) for seed in seeds]
    found: list[str] = []
    for row in itertools.zip_longest(*lists):
        for wording in filter(None, row):
            if len(found) < MAX_SUGGESTIONS and not check_question(wording, question, answer, fact, [question, *found]):
                found.append(wording)
    return found


def check_question(suggestion: str, question: str, answer: str, fact: str, existing: Iterable[str]) -> str:
    """Return what is wrong with a paraphrase of a question, in a few words; empty if it is good."""
    if wrong := _shape(suggestion, max(MAX_LENGTH, 2 * len(question))):
        return wrong
    statement = f"{answer}\n{fact}"
    tokens = tokenize(suggestion)
    subject = entity_spellings(question)
    if wrong := _listed("does not name", [name for folded, name in subject.items() if folded not in tokens]):
        return wrong
    topic = content_words(question) or content_words(statement)
    if topic and not subject and not content_words(suggestion) & (topic | content_words(statement)):
        return "has no word in common with the " + ("question" if question else "fact")
    known = tokenize(f"{question}\n{statement}")
    if wrong := _adds(suggestion, known):
        return wrong
    question_tokens = tokenize(question)
    secret = {
        folded: name
        for folded, name in entity_spellings(statement).items()
        if folded not in question_tokens and question
    }
    if wrong := _listed("gives the answer away:", [name for folded, name in secret.items() if folded in tokens]):
        return wrong
    if not question and (
        topic <= content_words(suggestion) or any("://" in name for name in entity_spellings(suggestion))
    ):
        return "gives the answer away"
    kept = content_words(answer or fact) - content_words(question) if question else frozenset()
    if kept and 2 * len(kept & content_words(suggestion)) >= len(kept) + len(secret):
        return "gives the answer away"
    return _near(suggestion, existing)


def check_answer(
    suggestion: str,
    question: str,
    answer: str,
    fact: str,
    must: Sequence[str | Sequence[str]],
    existing: Iterable[str],
) -> str:
    """Return what is wrong with a paraphrase of an answer, in a few words; empty if it is good.

    Args:
        must: words that the answer has to contain; of a list within it, one is enough.
    """
    if wrong := _shape(suggestion, max(MAX_LENGTH, 3 * len(answer))):
        return wrong
    tokens, text = tokenize(suggestion), fold(suggestion)
    if wrong := _listed(
        "leaves out", [name for folded, name in entity_spellings(answer).items() if folded not in tokens]
    ):
        return wrong
    for part in must:
        choices = [part] if isinstance(part, str) else part
        if not any(fold(choice) in text for choice in choices):
            return "leaves out " + " or ".join(choices)
    return _adds(suggestion, tokenize(f"{question}\n{answer}\n{fact}")) or _near(suggestion, [answer, *existing])


_ASKING = """
    basics brief briefly broad context definition define detail description everyday explanation expression general
    idea information introduction kind main meaning might overview phrase plain point rough short simple sort statement
    summary term thing type understand word"""
_STRANGE = 2
"""New content words from which a model's question counts as off topic; a single one may be a synonym."""


def check_topic(suggestion: str, question: str, statement: str) -> str:
    """Return why a model's question is off topic; empty if it is about the fact.

    A small model tends to drift away from the fact. Its question may use the words of the row, words with the same stem
    (licensed, licence), and the words of the question templates.
    """
    known = content_words(f"{question}\n{statement}")
    stems = {word[:5] for word in known if len(word) > 4}
    added = content_words(suggestion) - known - _asking() - SENTENCE_OPENERS
    strange = [word for word in re.findall(r"\w+", suggestion.casefold()) if word in added and word[:5] not in stems]
    return f"asks about something else: {' '.join(strange)}" if len(strange) >= _STRANGE else ""


@functools.cache
def _asking() -> frozenset[str]:
    return template_words() | content_words(_ASKING)


def _shape(text: str, longest: int) -> str:
    if not text.strip():
        return "is empty"
    if "\n" in text.strip():
        return "is more than one line"
    return "is too long" if len(text) > longest else ""


def _adds(suggestion: str, known: frozenset[str]) -> str:
    for folded, name in entity_spellings(suggestion).items():
        if folded not in known:
            what = "URL" if "://" in name or "www." in folded else "number" if name[0].isdigit() else "name"
            return f"adds the {what} {name}"
    return ""


def _near(suggestion: str, existing: Iterable[str]) -> str:
    others = [text for text in existing if text]
    found = find_near_duplicates(suggestion, others)
    if not found:
        return ""
    other = others[found[0]]
    return f"is {'' if suggestion.casefold() == other.casefold() else 'nearly '}the same as “{other}”"


def _listed(what: str, found: Sequence[str]) -> str:
    return f"{what} {' '.join(found)}" if found else ""
