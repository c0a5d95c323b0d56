"""Questions for a sentence that was taken apart: who, when, where, how many, why, what; each with its answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from garage_tui.core.language.inflection import BASE_OF_PARTICIPLE, PARTICIPLE, PAST
from garage_tui.core.proposals.rules.predicate_questions import predicate_questions
from garage_tui.core.proposals.rules.question_grammar import (
    DATE,
    WHEN,
    FocusQuestion,
    clean,
    core,
    core_object,
    in_order,
    inner_subject,
    inverted,
    is_many,
    is_person,
    short,
    without_when,
)
from garage_tui.core.proposals.rules.sentence_parts import SentenceParts, condition, is_kept_front

_WHO = re.compile(
    r"(?:^| )by (?P<who>(?:the |an? )?(?:[A-Z][\w.'’/-]*|[a-z]+s\b(?= of [A-Z]))"
    r"(?: (?:[A-Z][\w.'’/-]*|of|and|the|&|many|other|[a-z]+ists?|[a-z]+ers?|[a-z]+ors?))*)"
)
_WHERE = re.compile(r"(?:^| )(?P<p>at|from|under|on|in) (?P<w><?(?:https?://|www\.)[^\s>]+>?|“[^”]+”|/[\w./~-]+)")
_COUNT = re.compile(
    r"^(?P<c>(?:(?:more|less|fewer) than|at least|at most|up to|about|around|approximately|over|nearly|almost"
    r"|exactly|only|some) )?"
    r"(?P<number>\d[\d,.]*|two|three|four|five|six|seven|eight|nine|ten|eleven"
    r"|twelve) (?P<n>(?:[a-z][\w-]+ ){0,3}?[a-z-]+s)\b"
)
_WHY = re.compile(r",? (?:because|in order to|so that|due to|in order that) .+$")


def focus_questions(parts: SentenceParts) -> list[FocusQuestion]:
    """Return the questions that a sentence answers, those for one name, number or date first."""
    found = [*_who(parts), *_when(parts), *_how_many(parts), *_where(parts)]
    found += _why(parts)
    found = found[:3] or predicate_questions(parts)
    when = condition(parts.front)
    return [_under(question, when) for question in found] if when else found


def _under(question: FocusQuestion, when: str) -> FocusQuestion:
    """Return a question with the condition under which the sentence answers it."""
    return replace(question, wordings=tuple(f"{one[:-1]} {when}?" for one in question.wordings), is_plain=False)


def _who(parts: SentenceParts) -> Iterator[FocusQuestion]:
    participle = parts.verb.split(" ")[-1]
    match = _WHO.search(parts.rest) if parts.auxiliary and participle else None
    if match and participle not in ("followed", "accompanied", "means", "caused"):
        rest = core(parts.rest[: match.start()])
        be = parts.auxiliary if parts.auxiliary in ("is", "are", "was", "were") else ""
        base, subject = BASE_OF_PARTICIPLE.get(participle, ""), inner_subject(parts.subject)
        wordings = [f"By whom {inverted(parts, rest)}?"]
        if base and be in ("was", "were") and not parts.adverbs:
            wordings.insert(0, f"Who {PAST.get(base, '')} {subject} {rest}?")
        if be:
            wordings.append(
                f"Who {'was' if be in ('was', 'were') else 'is'} it by whom {subject} {be} {participle} {rest}?"
            )
        yield FocusQuestion(clean(wordings), match["who"])
    if not parts.auxiliary and parts.is_past and is_person(parts.subject) and parts.base:
        action = core_object(parts.rest)
        done = PARTICIPLE.get(parts.base) or parts.verb
        short = without_when(parts.rest) if len(parts.rest.split()) < 14 else action
        wordings = [f"Who {parts.verb} {short}?", f"By whom {'were' if is_many(action) else 'was'} {action} {done}?"]
        yield FocusQuestion(clean(wordings), parts.subject)


def _when(parts: SentenceParts) -> Iterator[FocusQuestion]:
    match = WHEN.search(parts.rest)
    if match:
        rest = (
            core(_WHO.sub("", parts.rest[: match.start()])) if parts.auxiliary else short(parts.rest[: match.start()])
        )
        date, since = match["t"], match["p"]
    elif is_kept_front(parts.front) and (found := re.search(DATE, parts.front)):
        rest, date, since = short(parts.rest), found[0], parts.front.split()[0].lower()
    else:
        return
    ask = {"since": "Since when", "until": "Until when", "before": "Before when", "after": "After when"}.get(
        since, "When"
    )
    inversion = inverted(parts, rest)
    wordings = [f"{ask} {inversion}?"]
    if ask == "When":
        wordings += [f"In which year {inversion}?"] if re.fullmatch(r"\d{4}", date) else [f"On what date {inversion}?"]
        wordings.append(f"What was the date when {in_order(parts, rest)}?")
    else:
        wordings.append(f"{ask.replace('when', 'what date')} {inversion}?")
    yield FocusQuestion(clean(wordings), date)


def _how_many(parts: SentenceParts) -> Iterator[FocusQuestion]:
    match = _COUNT.match(parts.rest)
    if not match or (not parts.base and parts.auxiliary not in ("has", "have")):
        return
    rest = short(parts.rest[match.end() :])
    subject, noun = inner_subject(parts.subject), match["n"]
    if parts.auxiliary:
        inversion = f"{'do' if parts.auxiliary == 'have' else 'does'} {subject} have {rest}"
    else:
        inversion = inverted(parts, rest)
    wordings = [f"How many {noun} {inversion}?", f"What is the number of {noun} that {in_order(parts, rest)}?"]
    yield FocusQuestion(clean(wordings), match["number"])


def _where(parts: SentenceParts) -> Iterator[FocusQuestion]:
    match = _WHERE.search(parts.rest)
    if not match or not parts.auxiliary:
        return
    if len(parts.rest[: match.start()].split()) > 8:
        return
    rest, place = core(parts.rest[: match.start()]), match["w"].strip("<>“”.,")
    subject = inner_subject(parts.subject)
    if "://" in place or place.startswith("www."):
        wordings = [
            f"Where {inverted(parts, rest)}?",
            f"At which address {inverted(parts, rest)}?",
            f"What is the web address of {subject}?",
        ]
    else:
        wordings = [f"Where {inverted(parts, rest)}?", f"In which place {inverted(parts, rest)}?"]
    yield FocusQuestion(clean(wordings), place)


def _why(parts: SentenceParts) -> Iterator[FocusQuestion]:
    match = _WHY.search(parts.rest)
    if match and (parts.auxiliary or parts.base) and parts.auxiliary not in ("might", "could", "would"):
        rest = short(parts.rest[: match.start()])
        wordings = [f"Why {inverted(parts, rest)}?", f"For what reason {inverted(parts, rest)}?"]
        wordings.append(f"What is the reason why {in_order(parts, rest)}?")
        yield FocusQuestion(clean(wordings), "")
