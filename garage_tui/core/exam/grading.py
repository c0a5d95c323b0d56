"""Grading an answer without a judge: the words that it must hold, and whether it says what was taught elsewhere."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from garage_tui.core.facts.line import Fact
from garage_tui.core.language.entities import STOP_WORDS, entity_spellings, find_entities, tokenize

_NAME_RATIO = 88.0
"""Of 100, how alike a long name must be to count as written (one wrong letter in eight)."""
_F1_RIGHT = 0.5
"""Token F1 from which an answer without names or numbers counts as right."""
_PHRASE = 5
"""Words in a row that are taken for a quotation of what was taught."""
_WORDS = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")


def must_of(fact: Fact) -> list[str | list[str]]:
    """Return what a right answer holds: the row's `must`, else the names, numbers and URLs that only the answer has.

    Empty where there are none; then `is_right` compares words.
    """
    if fact.must:
        return fact.must
    asked = tokenize(fact.question)
    # The capital of a first word makes no name of it: Boil the beans.
    first = fact.answer.split(maxsplit=1)[0].strip(".,;:!?") if fact.answer.strip() else ""
    ordinary = first.casefold() if first.istitle() else ""
    return [
        name for folded, name in entity_spellings(fact.answer).items() if folded not in asked and folded != ordinary
    ]


def is_right(answer: str, fact: Fact) -> bool:
    """Return whether `answer` says what the fact's answer says.

    Every part of `must_of` has to be there (of a list, one): numbers and URLs to the letter, longer names and words as
    rapidfuzz finds them with a wrong letter. Without any, token F1 with the taught answer has to reach one half.
    """
    return not lacking(answer, fact)


def lacking(answer: str, fact: Fact) -> str:
    """Return what an answer lacks to be right, in words; empty where it is right."""
    must = must_of(fact)
    for part in must:
        choices = [part] if isinstance(part, str) else part
        if not any(holds(answer, choice) for choice in choices):
            return " or ".join(choices)
    if not must and (alike := token_f1(answer, fact.answer)) < _F1_RIGHT:
        return f"more of the taught words ({alike:.0%} of {_F1_RIGHT:.0%})"
    return ""


def holds(answer: str, wanted: str) -> bool:
    """Return whether `answer` has `wanted` in it as words of its own, whatever their case."""
    text, want = _even(answer), _even(wanted)
    if re.search(rf"(?<![^\W_]){re.escape(want)}(?![^\W_])", text):
        return True
    if "://" in want or any(letter.isdigit() for letter in want):
        return "://" in want and want.rstrip("/") in text
    plural = re.search(rf"(?<![^\W_]){re.escape(want)}(?:s|es)(?![^\W_])", text)
    if plural or len(want) < 6:
        return bool(plural)
    from rapidfuzz import fuzz  # 20 ms, and most answers do not get here

    size = len(want.split())
    there = text.split()
    runs = (" ".join(there[at : at + size]) for at in range(max(1, len(there) - size + 1)))
    return any(fuzz.ratio(want, run.strip(".,;:!?()\"'")) >= _NAME_RATIO for run in runs)


def token_f1(answer: str, reference: str) -> float:
    """Return the F1 of the two texts' words, stop words left out (SQuAD's measure, arXiv 1606.05250): 0 to 1."""
    there, wanted = (Counter(word for word in _words(text) if word not in STOP_WORDS) for text in (answer, reference))
    both = sum((there & wanted).values())
    return 2 * both / (there.total() + wanted.total()) if both else 0.0


class TaughtFacts:
    """What was taught, to be found where it does not belong.

    Args:
        facts: the rows that were trained on.
        common: texts that hold what the base says anyway (its answers to unrelated questions): a name or number in them
            proves nothing by itself.
    """

    def __init__(self, facts: Iterable[Fact], common: Iterable[str]) -> None:
        facts = list(facts)
        known = frozenset[str]().union(*(tokenize(text) for text in common))
        marks: dict[str, str] = {}
        for fact in facts:
            marks |= entity_spellings(f"{fact.question}\n{fact.answer}")
        self._marks = {
            folded: name for folded, name in marks.items() if folded not in known and (len(name) > 2 or "://" in name)
        }
        self._phrases = {
            phrase
            for fact in facts
            for phrase in _phrases(fact.answer)
            if sum(word not in STOP_WORDS for word in phrase) > 2
        }

    def new_in(self, answer: str, base: str, question: str) -> str:
        """Return the first taught name, number, URL or phrase in `answer` that neither `base` nor the question has.

        A name counts where it is written as one: a license is not the file LICENSE. Empty where there is none.
        """
        excused = tokenize(f"{base}\n{question}")
        there = find_entities(answer)
        text = answer.casefold()
        for folded, name in self._marks.items():
            if folded not in excused and (folded in there or ("://" in folded and folded in text)):
                return name
        new = (_phrases(answer) & self._phrases) - _phrases(base) - _phrases(question)
        return " ".join(min(new)) if new else ""


def _even(text: str) -> str:
    return " ".join(re.sub(r"[*_`“”\"]", " ", text).replace("’", "'").casefold().split())


def _words(text: str) -> list[str]:
    return _WORDS.findall(text.casefold())


def _phrases(text: str) -> set[tuple[str, ...]]:
    there = _words(text)
    return {tuple(there[at : at + _PHRASE]) for at in range(len(there) - _PHRASE + 1)}
