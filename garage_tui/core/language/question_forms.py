"""Paraphrases of questions from templates, and questions for statements, with the grammar that both need."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from garage_tui.core.language.entities import SENTENCE_OPENERS, content_words
from garage_tui.core.language.inflection import (
    AGENT,
    BASE_OF_AGENT,
    BASE_OF_PARTICIPLE,
    BASE_OF_PAST,
    BASE_OF_THIRD_PERSON,
    PARTICIPLE,
    PAST,
    stem,
    third_person,
)
from garage_tui.core.language.question_patterns import (
    DETERMINER,
    EMBEDDED_TEMPLATES,
    ENTITY,
    FRAGMENTS,
    MEASURE_NOUNS,
    NOUN_TEMPLATES,
    QUESTION_TEMPLATES,
    STATEMENT_TEMPLATES,
)

MAX_LENGTH = 200
"""Characters above which a question is not paraphrased."""

_DOES = r"<SUBJECT> (?!has|have|is|are)<FINITE>(?P<r>(?: (?:on|in|with|for|to|from|of))?) .+"
_VERB = r" (?:is|are|was|were|has|have|had|can|must|will|do|does|did)\b"
"""What no subject contains: a pattern that takes it for a part of one asks bad English."""


def _read_kinds() -> Iterator[tuple[re.Pattern[str], list[str]]]:
    """Yield every compiled pattern with its templates."""
    patterns: list[str] = []
    wordings: list[str] = []
    for line in [*QUESTION_TEMPLATES.strip().splitlines(), ""]:
        if line.startswith("  "):
            wordings += line.replace("EMBED", EMBEDDED_TEMPLATES).strip().split(" | ")
            continue
        if wordings:
            yield from ((_compiled(pattern), wordings) for pattern in patterns)
            patterns, wordings = [], []
        patterns.append(line)


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"<([A-Z]+(?: [A-Z]+)?)>", lambda part: FRAGMENTS[part[1]], pattern))


@functools.cache
def _kinds() -> list[tuple[re.Pattern[str], list[str]]]:
    return list(_read_kinds())


@functools.cache
def _stated() -> list[tuple[re.Pattern[str], str]]:
    pairs = (re.split(r"  +", line) for line in STATEMENT_TEMPLATES.strip().splitlines())
    return [(_compiled(pattern), question) for pattern, question in pairs]


@functools.cache
def template_words() -> frozenset[str]:
    """Return the content words of all question templates."""
    return frozenset(content_words(re.sub(r"{\w+}", " ", " ".join(part for _, parts in _kinds() for part in parts))))


def paraphrase(question: str, answer: str) -> Iterator[str]:
    """Yield paraphrases of a question, the best first; they are not checked."""
    text = " ".join(question.split()).rstrip(" ?.!")
    text = re.sub(r"^(what|who|where|when|how)['’]s\b", r"\1 is", text, flags=re.IGNORECASE)
    first, _, rest = text.partition(" ")
    text = f"{first.lower() if first.casefold() in SENTENCE_OPENERS and first != 'I' else first} {rest}"
    if len(text) > MAX_LENGTH:
        return
    for pattern, wordings in _kinds():
        if match := pattern.fullmatch(text):
            slots = _slots(match, answer)
            noun_wordings = NOUN_TEMPLATES.get(slots.get("role", ""), "").split(" | ") if "x" in slots else []
            for wording in filter(None, [*noun_wordings, *wordings]):
                if all(name in slots for name in re.findall(r"{(\w+)}", wording)):
                    filled = wording.format_map(slots)
                    yield filled[0].upper() + filled[1:]
            return


def _slots(match: re.Match[str], answer: str) -> dict[str, str]:
    """Return the values of the template slots; slots that would make bad English are left out."""
    given = {key: value for key, value in match.groupdict().items() if value is not None}
    s, wh, r, pp = (given.get(key, "") for key in ("s", "wh", "r", "pp"))
    vf, role = given.get("vf", ""), given.get("role", "")
    many = bool(s) and _plural(s)
    past = (
        given.get("do") == "did"
        or given.get("be") in ("was", "were")
        or (vf in BASE_OF_PAST and vf not in BASE_OF_THIRD_PERSON)
    )
    base = (
        given.get("v")
        or BASE_OF_THIRD_PERSON.get(vf)
        or BASE_OF_PAST.get(vf)
        or BASE_OF_PARTICIPLE.get(given.get("done", ""), "")
    )
    if role in BASE_OF_AGENT:
        base, past = (
            BASE_OF_AGENT[role],
            past or role in ("author", "composer", "creator", "discoverer", "founder", "inventor"),
        )
    be = given.get("be") or ("are" if many else "is")
    slots = {"be": be, "it": "they" if many else "it", "l": "license", "do": "do" if many else "does", **given}
    slots |= {"was": "was" if past else "is", "passive": _be(s, past), "xbe": _be(given.get("x", ""), past)}
    if base:
        singular = (
            not (many or s in ("I", "we", "you", "they")) or (bool(vf) and match[0].startswith("who")) or bool(role)
        )
        singular = singular or "done" in given
        slots |= {"v": base, "r": r, "ving": stem(base, "ing") + "ing"}
        if past and base not in PAST:
            del slots["v"]
        slots["vf"] = PAST.get(base, base) if past else third_person(base) if singular else base
        slots |= {"ved": PARTICIPLE[base]} if base in PARTICIPLE else {}
        slots |= {"agent": AGENT[base]} if base in AGENT else {}
    if "are" in given:
        slots |= {"ask": f"are there{r}", "tell": f"there are{r}", "that": r.strip()}
    elif "tail" in given:
        slots |= {"ask": given["tail"], "tell": given["tail"]}
    elif "v" in given and "do" in given:
        slots |= {"ask": f"{given['do']} {s} {base}{r}", "tell": f"{s} {slots['vf']}{r}"}
    elif "be" in given:
        slots |= {"ask": f"{be} {s}{pp}", "tell": f"{s} {be}{pp}"}
    if "n" in given:
        people = re.search(r"(?:people|children|men|women|members|players|students|users)$", given["n"])
        slots = {"that": f"{'who' if people else 'that'} {slots.get('tell', '')}", **slots}
        slots["nbe"] = "are" if _plural(given["n"]) else "is"
    if wh:
        slots |= {"e": f"{wh} {slots['tell']}", "Wh": wh.capitalize()}
    elif match[0].startswith("who"):
        slots["e"] = match[0] if vf or "who" in given else f"who {s} {be}"
    if found := re.fullmatch(rf"the (?P<n>[\w -]+?) of (?P<x>{ENTITY})", s):
        slots["swap"] = f"{found['x']}'{'' if found['x'].endswith('s') else 's'} {found['n']}"
    elif found := re.fullmatch(r"(?P<x>.+)'s (?P<n>[\w -]+)", s):
        slots["swap"] = f"the {found['n']} of {found['x']}"
    person = re.fullmatch(r"[A-Z][a-z]+ [A-Z][a-z]+|I|we|you", s)
    if given.get("adj") in MEASURE_NOUNS and not pp:
        slots["measure"] = MEASURE_NOUNS[given["adj"]]
    flags = {
        "url": "://" in answer,
        "year": past and re.search(r"\b(?:1\d|20)\d\d\b", answer),
        "clock": re.search(r"\d ?[ap]\.?m\b|\d:\d\d|o'clock", answer),
        "date": wh == "when" and "be" in given and not pp and not re.search(r"\d:\d\d", answer),
        "here": not pp and "v" not in given and not past,
        "there": pp or "v" in given,
        "now": not past and base != "own",
        "then": past,
        "sure": not re.search(r" any", slots.get("tell", "")),
        "thing": not person,
        "use": not person and not re.search(r"(?:team|company|group|staff|department|boss|manager|people)$", s),
        "an": re.match(r"an? ", s),
        "the": not re.match(r"an? ", s),
        "new": not re.match(rf"(?!an? ){DETERMINER} ", s),
    }
    return slots | {flag: "" for flag, so in flags.items() if so}


def _be(subject: str, past: bool) -> str:
    return ("were" if past else "are") if _plural(subject) else ("was" if past else "is")


def _plural(subject: str) -> bool:
    head = re.split(r" (?:of|for|in|on|at|to|from|with|behind) ", subject)[0].split(" ")[-1]
    if " and " in subject or re.match(r"(?:these|those|we|you|they)\b", subject):
        return True
    plural = re.fullmatch(r"[a-z-]+[^sui']s|people|children|men|women|mice", head)
    return bool(plural) and head not in ("news", "gas", "lens", "series", "species", "always")


def generate_questions(statement: str) -> list[str]:
    """Return the questions that a statement answers, the closest first."""
    text = " ".join(statement.split()).rstrip(" .!")
    first, _, rest = text.partition(" ")
    # A plural, an article or a command has its capital only because it begins the sentence.
    if (
        first.lower() in PAST
        or first in ("The", "A", "An", "My", "Our", "Your", "These")
        or re.match(r"[A-Z][a-z]+s (?:are|were|have)\b", text)
    ):
        text = f"{first.lower()} {rest}"
    people = (
        rf"\b(?:{'|'.join(BASE_OF_AGENT)}|\w+(?:ist|eer|ician)|mayor|king|queen|president|doctor|nurse|boss|head)\b"
    )
    if len(text) > 2 * MAX_LENGTH:
        return []
    found: list[str] = []
    for pattern, question in _stated():
        if match := pattern.fullmatch(text):
            slots = _slots(match, statement)
            who = "Who" if re.search(people, text) else "What"
            named = re.fullmatch(r"[A-Z][a-z]+(?: [A-Z][a-z]+)*", slots.get("s", ""))
            slots |= {"who": who, "what": who if named else "What"}
            if all(name in slots for name in re.findall(r"{(\w+)}", question)):
                found.append(question.format_map(slots))
    if not found and (match := _compiled(_DOES).fullmatch(text)) and not re.search(_VERB, match["s"]):
        found = ["What {do} {s} {v}{r}?".format_map(_slots(match, statement))]
    if (
        not found
        and (match := re.match(_compiled("<SUBJECT>").pattern + r" (?:[a-z]+s|are|were|have|was|can)\b", text))
        and not re.search(_VERB, match["s"])
    ):
        found = [f"Tell me about {match['s']}."]
    return found[:3]
