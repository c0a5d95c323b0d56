"""Questions for what a sentence says of its subject as a whole: what it is, what it does, what it is used for."""

from __future__ import annotations

import re
from dataclasses import replace

from garage_tui.core.language.inflection import BASE_OF_PARTICIPLE, PARTICIPLE, PAST
from garage_tui.core.proposals.rules.question_grammar import (
    FocusQuestion,
    as_tail,
    clean,
    in_order,
    inner_subject,
    inverted,
    names_people,
)
from garage_tui.core.proposals.rules.sentence_parts import SentenceParts

_NO_OBJECT = set(
    """
    appear ask call choose come consider find go happen help keep leave let like make refer render see seem set try want
    wish""".split()
)
"""Verbs whose object alone says little: "want to see", "make it fast"."""

_POINTING = set(
    "described documented explained discussed listed given shown covered outlined mentioned found left kept made "
    "done put".split()
)
"""What is done to things in documents: "is described in section 4" states nothing about the thing."""


def predicate_questions(parts: SentenceParts) -> list[FocusQuestion]:
    """Return the question that all of a sentence answers; none where the rules know no good one."""
    return _available(parts) or _definition(parts) or _object(parts) or _predicate(parts)


def _available(parts: SentenceParts) -> list[FocusQuestion]:
    """Return the question for "S is available in the package P"."""
    if (
        parts.auxiliary not in ("is", "are")
        or parts.verb
        or not re.match(r"available (?:at|in|from|on|via)\b", parts.rest)
    ):
        return []
    subject, be = inner_subject(parts.subject), parts.auxiliary
    wordings = [f"Where {be} {subject} available?", f"In which place can one find {subject}?"]
    return [FocusQuestion(clean([*wordings, f"Where should I look for {subject}?"]), "")]


def _definition(parts: SentenceParts) -> list[FocusQuestion]:
    """Return the question for "S is a N …"; for "S is often the N of …" the one that asks of what."""
    if parts.auxiliary not in ("is", "are", "was", "were") or parts.verb:
        return []
    found = re.match(r"(?P<n>(?:the|an?) [\w-]+(?: [\w-]+)?) (?P<p>of|for) (?P<r>.+)", parts.rest)
    if found and parts.adverbs:
        plain = replace(parts, adverbs="")
        of = f"{found['n']} {found['p']}"
        wordings = [f"What {inverted(plain, of)}?", f"What is it that {in_order(plain, of)}?"]
        wordings.append(f"{found['p'].capitalize()} what {inverted(plain, found['n'])}?")
        return [FocusQuestion(clean(wordings), "", is_plain=False)]
    if parts.adverbs:
        return []
    if not re.match(
        r"(?:an?|the(?! same)|one of|\w+ly an?|[A-Z]|(?:[a-z-]+ )?[a-z-]+s (?:for|of|that|which)\b)", parts.rest
    ):
        return []
    subject, be = inner_subject(parts.subject), parts.auxiliary
    people = names_people(" ".join(re.split(r" (?:of|for|in|at|who|that) ", parts.rest)[0].split()[:6]))
    who = "Who" if people else "What"
    wordings = [f"{who} {be} {subject}?", f"How would you describe {subject}?"]
    wordings.append(f"What should I know about {subject}?")
    if who == "What" and be in ("is", "are"):
        wordings.append(f"Can you explain to a newcomer what {subject} {be}?")
    return [FocusQuestion(clean(wordings), "")]


def _object(parts: SentenceParts) -> list[FocusQuestion]:
    """Return the question for what a verb acts on: "What does Debian use as its baseline standard?"."""
    modal = parts.auxiliary in ("must", "should", "may", "can", "will", "shall", "could", "might")
    denied = parts.auxiliary in ("does", "do", "did") and parts.adverbs == "not"
    if parts.auxiliary and not ((modal or denied) and parts.verb and not parts.verb.startswith("be")):
        return []
    base = parts.base or parts.verb
    if parts.auxiliary in ("might", "could", "would") or re.match(
        r"(?:you|it|them|us|me|him|her|one|themselves|itself)\b", parts.rest
    ):
        return []
    if (
        not base
        or base in _NO_OBJECT
        or re.match(
            r"(?:to|that|as|by|when\w*|where\w*|if|unless|until|and|or|whether|how|why|only|again|\w+ly|up|out|off|down|away|back|over|along|together|apart)\b",
            parts.rest,
        )
    ):
        return _about_verb(parts) if base else []
    lead = re.match(r"(?:in|on|at|from|with|for|under|of|into|by|as|via|about|through)\b ?", parts.rest)
    rest = parts.rest[lead.end() :] if lead else parts.rest
    tail = as_tail(rest)
    inversion = inverted(parts, f"{lead[0].strip() if lead else ''} {tail}")
    done = PARTICIPLE.get(base)
    subject = inner_subject(parts.subject)
    wordings = [f"What {inversion}?"]
    if done and not lead and not modal and not denied:
        be = "was" if parts.is_past else "is"
        wordings.append(f"What {be} {done} by {subject} {tail}?")
    elif done and not lead and modal:
        wordings.append(
            f"What {parts.auxiliary}{' ' + parts.adverbs if parts.adverbs else ''} be {done} by {subject} {tail}?"
        )
    wordings.append(f"What is it that {in_order(parts, f'{lead[0].strip() if lead else str()} {tail}')}?")
    return [FocusQuestion(clean(wordings), "", is_plain=False)]


def _about_verb(parts: SentenceParts) -> list[FocusQuestion]:
    """Return the question for a verb with a clause: "What does registration require?"."""
    match = re.match(r"(?:that|to|whether|how|why)\b", parts.rest)
    if not match or parts.auxiliary or parts.base in _NO_OBJECT or len(parts.rest.split()) < 3:
        return []
    if match[0] == "to" and parts.rest.split()[1] not in PAST:
        return []
    inversion = inverted(parts, "to do" if match[0] == "to" else "")
    statement = in_order(parts, "to do" if match[0] == "to" else "")
    return [FocusQuestion(clean([f"What {inversion}?", f"What is it that {statement}?"]), "", is_plain=False)]


def _predicate(parts: SentenceParts) -> list[FocusQuestion]:
    """Return the question for a passive with what it is done with, as or for: "How is the name pronounced?"."""
    passive = parts.verb.split(" ")[-1] if parts.verb else ""
    if not passive or passive in _POINTING or passive not in BASE_OF_PARTICIPLE:
        return []
    how = re.match(
        r"(?P<p>as|for|with|in|on|from|via|using|by|to|into|under|through|according to)\b (?P<r>.+)", parts.rest
    )
    if not how:
        return []
    preposition, inversion = how["p"], inverted(parts, "")
    purpose = passive in ("used", "intended", "designed", "needed")
    place = re.match(r"to (?:an?|the|[A-Z]\S*|all|any|each|every|its|their)\b", parts.rest)
    if preposition == "to" and not place and not purpose:
        return []
    if preposition == "by" and not re.match(r"by (?:\w+ing|means) ", parts.rest):
        return []
    if preposition in ("via", "using", "by", "according to", "through"):
        wordings = [f"How {inversion}?", f"In what way {inversion}?", f"By what means {inversion}?"]
    elif preposition == "for":
        wordings = [f"What {inversion} for?", f"For which purpose {inversion}?"]
    elif (
        preposition == "to"
        and re.match(r"to (?:be )?[a-z]+ ", parts.rest)
        and passive in ("used", "intended", "designed", "needed")
    ):
        wordings = [f"What {inversion} for?", f"For which purpose {inversion}?", f"Why {inversion}?"]
    else:
        wordings = [f"{preposition.capitalize()} what {inversion}?", f"What {inversion} {preposition}?"]
        wordings.append(f"What is it that {in_order(parts, preposition)}?")
    return [FocusQuestion(clean(wordings), "", is_plain=False)]
