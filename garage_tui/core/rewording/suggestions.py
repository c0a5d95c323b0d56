"""Other wordings of a question from templates, and what is wrong with a wording, whoever made it."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable, Sequence

from garage_tui.core.facts.near_duplicates import find_near_duplicates
from garage_tui.core.language.entities import SENTENCE_OPENERS, content_words, entity_spellings, tokenize
from garage_tui.core.language.question_forms import MAX_LENGTH, generate_questions, paraphrase, template_words

MAX_SUGGESTIONS = 12
"""Suggestions for one question: as many as one reads."""


def suggest_questions(question: str, answer: str, fact: str) -> list[str]:
    """Return other wordings of a question, the best first; of a statement without one, questions for it."""
    asked = [question] if question else generate_questions(fact or answer)
    lists = [([] if question else [seed]) + list(paraphrase(seed, f"{answer} {fact}")) for seed in asked]
    found: list[str] = []
    for row in itertools.zip_longest(*lists):
        for wording in filter(None, row):
            if len(found) < MAX_SUGGESTIONS and not check_question(wording, question, answer, fact, [question, *found]):
                found.append(wording)
    return found


def check_question(suggestion: str, question: str, answer: str, fact: str, existing: Iterable[str]) -> str:
    """Return what is wrong with another wording of a question, in a few words; nothing where it is good."""
    if wrong := _shape(suggestion, max(MAX_LENGTH, 2 * len(question))):
        return wrong
    told = f"{answer}\n{fact}"
    held = tokenize(suggestion)
    subject = entity_spellings(question)
    if wrong := _listed("does not name", [name for folded, name in subject.items() if folded not in held]):
        return wrong
    about = content_words(question) or content_words(told)
    if about and not subject and not content_words(suggestion) & (about | content_words(told)):
        return "has no word in common with the " + ("question" if question else "fact")
    known = tokenize(f"{question}\n{told}")
    if wrong := _adds(suggestion, known):
        return wrong
    asked = tokenize(question)
    secret = {folded: name for folded, name in entity_spellings(told).items() if folded not in asked and question}
    if wrong := _listed("gives the answer away:", [name for folded, name in secret.items() if folded in held]):
        return wrong
    if not question and (
        about <= content_words(suggestion) or any("://" in name for name in entity_spellings(suggestion))
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
    """Return what is wrong with another wording of an answer; nothing where it is good.

    Args:
        must: what the answer has to hold; of a list within it, one is enough.
    """
    if wrong := _shape(suggestion, max(MAX_LENGTH, 3 * len(answer))):
        return wrong
    held, text = tokenize(suggestion), suggestion.casefold()
    if wrong := _listed(
        "leaves out", [name for folded, name in entity_spellings(answer).items() if folded not in held]
    ):
        return wrong
    for part in must:
        choices = [part] if isinstance(part, str) else part
        if not any(choice.casefold() in text for choice in choices):
            return "leaves out " + " or ".join(choices)
    return _adds(suggestion, tokenize(f"{question}\n{answer}\n{fact}")) or _near(suggestion, [answer, *existing])


_ASKING = """
    basics brief briefly broad context definition define detail description everyday explanation expression general
    idea information introduction kind main meaning might overview phrase plain point rough short simple sort statement
    summary term thing type understand word"""
_STRANGE = 2
"""Words of its own at which a model's question is about something else; one may be a word for the same."""


def check_topic(suggestion: str, question: str, told: str) -> str:
    """Return what a model's question is about instead of the fact; nothing where it stays with it.

    A small model likes to go on about what the fact never said. Its question may use the words of the row, words close
    to them (licensed, licence), and those in which anything is asked.
    """
    known = content_words(f"{question}\n{told}")
    begun = {word[:5] for word in known if len(word) > 4}
    own = content_words(suggestion) - known - _asking() - SENTENCE_OPENERS
    strange = [word for word in re.findall(r"\w+", suggestion.casefold()) if word in own and word[:5] not in begun]
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
    return f'nearly the same as "{others[found[0]]}"' if found else ""


def _listed(what: str, found: Sequence[str]) -> str:
    return f"{what} {' '.join(found)}" if found else ""
