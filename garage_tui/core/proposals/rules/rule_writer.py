"""The writer without a model: sentences about a named subject become facts with questions from templates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from garage_tui.core.documents.passage import Passage
from garage_tui.core.facts.near_duplicates import RepeatedQuestions
from garage_tui.core.language.inflection import PAST
from garage_tui.core.proposals.instructions import find_instruction
from garage_tui.core.proposals.numbers import other_spellings
from garage_tui.core.proposals.passage_sentences import Span, passage_sentences
from garage_tui.core.proposals.proposal import WrittenFact
from garage_tui.core.proposals.rules.focus_questions import focus_questions
from garage_tui.core.proposals.rules.question_grammar import FocusQuestion, inner_subject, is_person, names_people
from garage_tui.core.proposals.rules.sentence_parts import plain_sentence, split_sentence
from garage_tui.core.proposals.subject import has_name, has_subject, why_no_subject, with_subject
from garage_tui.core.rewording.suggestions import check_question, suggest_questions

MIN_WORDS, MAX_WORDS = 4, 45
"""Words of a sentence that the rules read: a shorter one is a heading, a longer one several facts."""
_OPENINGS = ("I have a question about {}.", "Let us talk about {}.", "I am reading about {}.")
_BOUND = re.compile(
    r"\b(?:again|instead|otherwise|likewise|anyway|too|in this case|same reason|just because"
    r"|for more (?:information|details)|see (?:the"
    r"|section|also|below|above)|(?:foo|bar|baz|foobar|xyz|quux)\b\S*|on the other hand|on the one hand|in turn"
    r"|accordingly|consequently|by contrast|in that case|for example|for instance|as well"
    r"|just \w+ed)\b",
    re.IGNORECASE,
)
"""Words by which a sentence goes on with the one before it."""
_AROUND = re.compile(
    r"(?:what i want to know|could you say|can you tell me|do you know|i would like to know|please tell me|i wonder"
    r"|i have a question:|i have been wondering|here is what i|one thing is not|quick question|could you answer"
    r"|do you remember)",
    re.IGNORECASE,
)
"""Words around a question that make no other wording of it."""


def write_facts(passage: Passage, title: str = "") -> list[WrittenFact]:
    """Return the facts that the rules find in a passage, in its order; sentences without one wait ("no fact yet").

    Args:
        title: the document's title, which stands for "this manual" where that is the document; empty if not known.
    """
    return [fact for span in passage_sentences(passage.text) for fact in facts_of_sentence(span, passage.text, title)]


def facts_of_sentence(span: Span, text: str, title: str = "") -> list[WrittenFact]:
    """Return the facts that one sentence states: none, or one for each part that a question can ask for.

    Args:
        text: the passage, which shows how its words are written elsewhere.
    """
    size = len(span.text.split())
    if not span.states or not MIN_WORDS <= size <= MAX_WORDS or find_instruction(span.text):
        return []
    statement = with_subject(plain_sentence(span.text), "", title)
    if _is_order(statement) or _BOUND.search(statement) or why_no_subject(statement, statement=True):
        return []
    found: list[WrittenFact] = []
    for focus in _questions(statement, text):
        chosen = choose_wordings(_usable(focus, statement), [one for fact in found for one in _all(fact)])
        if chosen:
            spellings = other_spellings(focus.focus) if focus.focus else ()
            must = (spellings,) if len(spellings) > 1 else spellings
            *questions, exam = chosen
            found.append(WrittenFact(statement, span.text, tuple(questions), exam, statement, must))
    return found


def _is_order(statement: str) -> bool:
    """Return whether a sentence tells somebody to do something, or goes on with the one before: "Do not …", "But …"."""
    first, _, rest = statement.partition(" ")
    if first in ("But", "And", "Or", "So", "Yet", "Do", "Be", "Please", "Never", "Always"):
        return True
    follows = re.match(
        r"(?:an?|the|your|sure|that|this|it|them|all|any|each|every|if|to|in|for|on|\"|“|'|`|[a-z]+ing)\b", rest
    )
    return first.casefold() in PAST and first[:1].isupper() and bool(follows)


def choose_wordings(wordings: Iterable[str], others: Sequence[str] = ()) -> list[str]:
    """Return two questions to teach and one for the exam that repeats neither; empty where there are not three.

    Args:
        others: questions of other facts, which none of them may repeat.
    """
    chosen: list[str] = []
    for wording in wordings:
        known = [*chosen, *others]
        if not RepeatedQuestions(known, [wording]).find(wording):
            chosen.append(wording)
        if len(chosen) == 3:
            return chosen
    return []


def _questions(statement: str, text: str) -> Iterator[FocusQuestion]:
    parts = split_sentence(statement)
    if parts and not _is_named(parts.subject, statement, text):
        return
    yield from focus_questions(parts) if parts else []


def _usable(focus: FocusQuestion, statement: str) -> Iterator[str]:
    """Yield the wordings of a question that name their subject, add nothing and do not give the answer away."""
    if why_no_subject(focus.wordings[0]):
        return
    made = suggest_questions(focus.wordings[0], statement, statement) if focus.is_plain else []
    suggested = [one for one in made if not _AROUND.match(one)]
    for wording in dict.fromkeys([*focus.wordings, *suggested, *_about(focus.wordings, statement)]):
        if focus.focus and focus.focus.casefold() in wording.casefold():
            continue
        if why_no_subject(wording):
            continue
        wrong = check_question(wording, "", statement, statement, [])
        if not wrong or wrong.startswith("gives the answer away"):
            yield wording


def _is_named(subject: str, statement: str, text: str) -> bool:
    """Return whether a subject is understood outside of its document.

    It has a name, code or quoted words; or it is a kind of thing that takes two words, as in "a release-critical bug".
    "The second file" is neither, whatever follows.
    """
    inner = inner_subject(subject)
    first = re.match(r"[\w'-]+", inner)
    if first and first[0].istitle() and re.search(rf"\b{re.escape(first[0].lower())}\b", text):
        inner = inner[:1].lower() + inner[1:]  # the text has it in small letters elsewhere, so it is no name
    if has_name(f"about {inner} .") or re.search(r"[\"“`'][^\"”`']{2,}[\"”`']|\w[./_@]\w|(?<!\w)-{1,2}\w", inner):
        return True
    definite = re.match(r"(?:the|its|their|your|our|his|her|another|other|such|both|some) ", inner)
    return not definite and (has_subject(f"about {inner} .") or has_name(f"about {statement}"))


def _about(wordings: Sequence[str], statement: str) -> Iterator[str]:
    """Yield questions that name their subject first, and then ask about "it"."""
    parts = split_sentence(statement)
    if not parts or len(parts.subject.split()) > 5 or re.search(r" (?:of|for|in|on|with|to|from|at) ", parts.subject):
        return
    if re.match(r"(?:every|each|any|no|you|your|our) ", parts.subject, re.I) or is_person(parts.subject):
        return
    many = parts.is_plural or re.search(r"[a-z][^su]s$", parts.subject) or names_people(parts.subject)
    it = "they" if many else "it"
    for opening, wording in zip(_OPENINGS, wordings, strict=False):
        name = next((name for name in (inner_subject(parts.subject), parts.subject) if f" {name} " in wording), "")
        if name:
            yield f"{opening.format(name)} {wording.replace(f' {name} ', f' {it} ', 1)}"


def _all(fact: WrittenFact) -> list[str]:
    return [*fact.questions, fact.exam_question]
