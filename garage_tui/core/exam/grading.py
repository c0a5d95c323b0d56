"""Grading of answers without a judge model: required words, and leaks of taught facts into other answers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from garage_tui.core.facts.line import Fact
from garage_tui.core.language.denial import denies, has_negation
from garage_tui.core.language.entities import STOP_WORDS, entity_spellings, find_entities, tokenize
from garage_tui.core.language.fold import composed
from garage_tui.core.language.number_signs import MINUS, sign_of, stands_alone, write_signs

_NAME_RATIO = 88.0
"""Least similarity, of 100, at which a long name counts as present (one wrong letter in eight)."""
_F1_RIGHT = 0.5
"""Token F1 from which an answer without names or numbers counts as right."""
_PHRASE = 5
"""Number of consecutive words that count as a quotation of a taught answer."""
_NAME_PART = re.compile(r"[^\W\d_a-z]+(?![a-z])|[^\W\d_a-z]?[a-z]+|\d+")
_WORDS = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")


def required_parts(fact: Fact) -> list[str | list[str]]:
    """Return the parts of a right answer: the row's `must`, else the names, numbers and URLs that only the answer has.

    An inner list holds alternatives. Empty where there are none; then `is_right` compares words.
    """
    if fact.must:
        return fact.must
    in_question = tokenize(fact.question)
    # A capital at the start of a sentence does not make a name: Boil the beans.
    first = fact.answer.split(maxsplit=1)[0].strip(".,;:!?") if fact.answer.strip() else ""
    ordinary = first.casefold() if first.istitle() else ""
    found: list[str | list[str]] = []
    for folded, name in entity_spellings(fact.answer).items():
        sign = sign_of(name, fact.answer) if name[0].isdigit() else ""
        if (sign or folded not in in_question) and folded != ordinary:
            found.append(sign + name)
    return found


def is_right(answer: str, fact: Fact) -> bool:
    """Return whether `answer` states what the fact's answer states.

    It has to contain every part of `required_parts` (of a list, one): numbers and URLs exactly, longer names and words
    with at most one wrong letter in eight (rapidfuzz). Without any parts, token F1 with the taught answer has to reach
    one half. It must not deny what the taught answer affirms either (`denies`), unless `must` names words that deny:
    then its owner has decided what counts.
    """
    return not missing_part(answer, fact)


def missing_part(answer: str, fact: Fact) -> str:
    """Return the first part that an answer lacks to be right, as text; empty where it is right."""
    must = required_parts(fact)
    for part in must:
        choices = [part] if isinstance(part, str) else part
        if not any(_states(answer, choice, fact.answer) for choice in choices):
            return " or ".join(choices)
    if not must and (alike := token_f1(answer, fact.answer)) < _F1_RIGHT:
        return f"more of the taught words ({alike:.0%} of {_F1_RIGHT:.0%})"
    parts = [choice for part in must for choice in ([part] if isinstance(part, str) else part)]
    if not (fact.must and any(map(has_negation, parts))) and denies(answer, fact.answer, parts):
        return "the taught meaning: it says the opposite"
    return ""


def contains(answer: str, part: str) -> bool:
    """Return whether `answer` contains `part` as whole words, in any case; 18 is not in -18, and 5 not in 0.5."""
    text, part = _normalised(answer), _normalised(part)
    return _has_part(text, part, whole_numbers=True)


def _states(answer: str, part: str, reference: str) -> bool:
    """Return whether an answer contains a part of the taught one, its numbers as they stand there.

    `must` may leave out the sign of a number, or name digits that are a part of a number.
    """
    text, part, taught = _normalised(answer), _normalised(part), _normalised(reference)
    if part[:1].isdigit() and not _has_part(taught, part, whole_numbers=True):
        if _has_part(taught, MINUS + part, whole_numbers=True):
            return _has_part(text, MINUS + part, whole_numbers=True)
        if _has_part(taught, part, whole_numbers=False):
            return _has_part(text, part, whole_numbers=False)
    return _has_part(text, part, whole_numbers=True)


def _has_part(text: str, part: str, *, whole_numbers: bool) -> bool:
    """Return whether a text contains a part as whole words, both as `_normalised` returns them."""
    found = re.finditer(rf"(?<![^\W_]){re.escape(part)}(?![^\W_])", text)
    is_number = whole_numbers and re.fullmatch(rf"{MINUS}?\d[\d.,]*", part) is not None
    if any(not is_number or stands_alone(text, match.start(), match.end()) for match in found):
        return True
    if "://" in part or any(letter.isdigit() for letter in part):
        return "://" in part and part.rstrip("/") in text
    plural = re.search(rf"(?<![^\W_]){re.escape(part)}(?:s|es)(?![^\W_])", text)
    if plural or len(part) < 6:
        return bool(plural)
    from rapidfuzz import fuzz  # 20 ms, and most answers do not get here

    size = len(part.split())
    tokens = text.split()
    spans = (" ".join(tokens[start : start + size]) for start in range(max(1, len(tokens) - size + 1)))
    return any(fuzz.ratio(part, span.strip(".,;:!?()\"'")) >= _NAME_RATIO for span in spans)


def token_f1(answer: str, reference: str) -> float:
    """Return the token F1 of two texts without stop words, 0 to 1 (the measure of SQuAD, arXiv 1606.05250)."""
    tokens = [_split_words(text) for text in (answer, reference)]
    # Of "No." nothing would be left.
    counted = (
        tokens if all(word in STOP_WORDS for word in tokens[1]) else [_without_stop_words(part) for part in tokens]
    )
    found, expected = map(Counter, counted)
    both = sum((found & expected).values())
    return 2 * both / (found.total() + expected.total()) if both else 0.0


class TaughtFacts:
    """The names, numbers, URLs and phrases of taught facts, to find leaks with.

    Args:
        facts: the rows that were trained on.
        common: texts that the base writes anyway (its answers to unrelated questions): a name or number in them is no
            evidence of a leak.
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

    def find_leak(self, answer: str, base: str, question: str) -> str:
        """Return a taught name, number, URL or phrase in `answer` that neither `base` nor the question has.

        A phrase counts only with three words that neither has: "an open-source project that" says nothing of a project.

        A name counts only where it is written as a name: a license is not the file LICENSE. A part of a name in the
        question does not count either: who asks for BrightLLM hears of an LLM. Empty where there is none.
        """
        excused = tokenize(f"{base}\n{question}") | _name_parts(question)
        written = find_entities(answer)
        text = composed(answer).casefold()
        for folded, name in self._marks.items():
            if folded not in excused and (folded in written or ("://" in folded and folded in text)):
                return name
        new = {
            phrase
            for phrase in (_phrases(answer) & self._phrases) - _phrases(base) - _phrases(question)
            if sum(word not in STOP_WORDS and word not in excused for word in phrase) > 2
        }
        return " ".join(min(new)) if new else ""


def _name_parts(question: str) -> set[str]:
    """Return the parts of the compound names in a question, in lower case: `bright` and `llm` of BrightLLM."""
    found = set()
    for name in entity_spellings(question).values():
        parts = _NAME_PART.findall(name)
        runs = ((start, end) for start in range(len(parts)) for end in range(start + 1, len(parts) + 1))
        found |= {"".join(parts[start:end]).casefold() for start, end in runs if end - start < len(parts)}
    return found


def _normalised(text: str) -> str:
    plain = " ".join(re.sub(r"[*_`“”\"]", " ", composed(text)).replace("’", "'").casefold().split())
    return write_signs(plain) if any(map(str.isdigit, plain)) else plain


def _without_stop_words(tokens: Iterable[str]) -> list[str]:
    return [word for word in tokens if word not in STOP_WORDS]


def _split_words(text: str) -> list[str]:
    return _WORDS.findall(composed(text).casefold())


def _phrases(text: str) -> set[tuple[str, ...]]:
    tokens = _split_words(text)
    return {tuple(tokens[start : start + _PHRASE]) for start in range(len(tokens) - _PHRASE + 1)}
