"""A fact as somebody tells it: one sentence, or a question with its answer; checked before it comes near a file."""

from __future__ import annotations

import re
from dataclasses import dataclass

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.format import model_label, plural
from garage_tui.core.base.json_text import has_half_character
from garage_tui.core.base.sanitize import hidden, one_line
from garage_tui.core.facts.formats.sentences import is_question, sentences
from garage_tui.core.facts.line import Fact, make_line
from garage_tui.core.models.special_tokens import special_tokens
from garage_tui.core.training.recipe import LoraRecipe
from garage_tui.core.training.truncated_rows import TruncatedRows

MAX_QUESTION, MAX_ANSWER = 500, 4000
"""Most characters; what is longer is no fact but a document."""
_MAX_MARKS = 4
_IMPORT = "`garage facts import FILE` takes a whole file, and `garage read FILE --propose` a document"
# A question mark ends the question only before a space or a sign: one in a URL does not.
_QUESTION_FIRST = re.compile(r"(?P<question>[^?？\n]*[?？])(?P<sign>\s*(?:/|->|→|\n)|\s)\s*(?P<answer>.+)", re.DOTALL)
_SLASH = re.compile(r"(?P<question>(?:who|whose|what|when|where|why|which|how)\b[^/\n]*?) / (?P<answer>[^/]+)", re.I)


@dataclass(frozen=True)
class FactInput:
    """A checked fact."""

    answer: str
    """The answer, or the sentence that states the fact."""
    question: str = ""
    """Empty for a sentence without a question."""

    @property
    def is_statement(self) -> bool:
        return not self.question


def read_fact(text: str = "", question: str = "", answer: str = "", *, base_model: str = "") -> FactInput:
    """Return the fact that somebody tells, by a text or by a question with its answer.

    Args:
        text: a sentence (`Aunt Marrit feeds Tuppence.`), or a question and its answer, one after the other, with ` / `
            or a line feed between them.
        base_model: whose special tokens and length count; nothing is counted with a model that is not on this box.

    Raises:
        BadInputError: it cannot be a row; the text says why and what to do.
    """
    for value in (text, question, answer):
        _check_characters(value)
    if not (question.strip() or answer.strip()):
        fact = _read_text(_clean(text))
    elif text.strip():
        raise BadInputError("give a text, or a question with its answer, not both")
    else:
        fact = FactInput(_clean(answer), " ".join(question.split()))
        if not fact.question or not fact.answer:
            raise BadInputError(f"the {'answer' if fact.question else 'question'} is missing: give both")
    _check_length(fact)
    if base_model:
        _check_tokens(fact, base_model)
    return fact


def _read_text(text: str) -> FactInput:
    if not text:
        raise BadInputError("there is no fact: write one sentence, or a question and its answer")
    if len(text) > MAX_QUESTION + MAX_ANSWER:
        raise BadInputError(f"{len(text):,} characters are no single fact: tell one fact at a time; {_IMPORT}")
    if found := _QUESTION_FIRST.fullmatch(text) or _SLASH.fullmatch(text):
        fact = FactInput(found["answer"].strip(), " ".join(found["question"].split()))
        if is_question(fact.answer):
            raise BadInputError("these are only questions: write a question and its answer")
        return fact
    if is_question(text):
        raise BadInputError("this is a question without an answer: write the answer behind it")
    found_sentences = sentences(text)
    if not found_sentences:
        raise BadInputError(f"“{one_line(text, 40)}” states nothing: write a sentence, or a question and its answer")
    if len(found_sentences) > 1:
        raise BadInputError(
            f"these are {plural(len(found_sentences), 'sentence')}: tell one fact at a time, or a question and its "
            f"answer; {_IMPORT}"
        )
    return FactInput(" ".join(text.split()))


def _clean(text: str) -> str:
    """Return a text without spaces around it and around its lines."""
    return "\n".join(line.strip() for line in text.removeprefix("\ufeff").strip().splitlines())


def _check_characters(text: str) -> None:
    if has_half_character(text):
        raise BadInputError("it contains half a character, or bytes that are not UTF-8: write the character itself")
    if marks := hidden(text.removeprefix("\ufeff").replace("\r\n", "\n")):
        named = " ".join(marks[:_MAX_MARKS]) + (" …" if len(marks) > _MAX_MARKS else "")
        raise BadInputError(f"it contains invisible or control characters ({named}): leave them out")


def _check_length(fact: FactInput) -> None:
    for name, value, most in (("question", fact.question, MAX_QUESTION), ("fact", fact.answer, MAX_ANSWER)):
        if len(value) > most:
            raise BadInputError(
                f"the {name} has {len(value):,} characters, and at most {most:,} are taken: tell one fact at a time; "
                f"{_IMPORT}"
            )


def _check_tokens(fact: FactInput, base: str) -> None:
    try:
        names = special_tokens(base).find(fact.question, fact.answer)
    except GarageError:  # not on this box: whoever trains or serves says so
        return
    if names:
        what = "is a special token" if len(names) == 1 else "are special tokens"
        raise BadInputError(f"{', '.join(names[:_MAX_MARKS])} {what} of {model_label(base)}: leave it out")
    limit = LoraRecipe().max_length
    # A statement is asked for by a question of about its own length.
    line = make_line(Fact(fact.question or fact.answer, fact.answer))
    if cut := TruncatedRows(base, limit).find([line]).get(id(line)):
        raise BadInputError(f"it is too long for a row: {cut}")
