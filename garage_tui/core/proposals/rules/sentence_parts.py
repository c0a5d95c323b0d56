"""An English sentence taken apart by rules: what it is about, its verb, and what it says of it."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from garage_tui.core.language.inflection import (
    BASE_OF_PARTICIPLE,
    BASE_OF_PAST,
    BASE_OF_THIRD_PERSON,
    PAST,
    stem,
    third_person,
)

_MORE_VERBS = """
    accompany achieve add address adhere adjust administer adopt affect aim alter announce appear archive arrange
    assign assist assume attach authenticate automate avoid await ban base boot broadcast browse calculate cancel
    categorise cause cite claim classify clone coexist combine comment commit communicate compile comply compress
    comprise compute conduct configure confirm conflict consult contact control coordinate correct correspond
    count customise customize debug declare decrease decrypt default define delay delegate delete demand
    demonstrate denote deny derive detect determine deviate disable disappear discourage divert document downgrade
    drop duplicate eliminate embed emit encode encounter encourage encrypt enforce enhance ensure establish
    evaluate examine exceed execute expand expose express extract facilitate feature fetch filter forward gain
    grant group guarantee guide harm honor honour identify ignore illustrate impact imply impose incorporate
    indicate inform inherit initialise initialize initiate insert inspect instruct integrate intend interact
    interpret introduce investigate invite invoke isolate issue justify lack launch license link list locate lock
    lower mandate mention merge minimise minimize mirror modify monitor mount note notify obey observe obtain
    occur omit optimise optimize originate outline override overwrite package parse partition permit persist
    populate possess post postpone precede prefix prepend preserve proceed prohibit promise promote propagate
    propose prove pull purge push query quit quote rebuild recognise recognize recompile redirect redistribute
    reflect regard regenerate register reinstall reject relate relax rely remain remind render replicate represent
    reproduce resemble reserve reside resolve restrict resume retain retrieve reuse reveal revert revise rewrite
    satisfy scan schedule search secure select separate share signal simplify simulate skip solve sort specify
    split spread strip submit subscribe substitute suffice suggest suit summarise summarize supersede suppress
    suspend swap switch synchronise synchronize tag target terminate tolerate track transfer transmit trigger
    truncate undergo unify uninstall unlock unpack upgrade validate verify view violate warn withdraw wrap"""
_AUXILIARIES = frozenset(
    "is are was were has have had can could may might must shall should will would do does did".split()
)
_BE = frozenset("is are was were be been being".split())
_MODALS = frozenset("can could may might must shall should will would".split())
_BEGINS_OBJECT = re.compile(
    r"(?:an?|the|its|their|his|her|our|my|your|this|that|these|those|no|any|all|both|each|every|some|several|many|more|most|one"
    r"|two|three|four|five|six|seven|eight|nine|ten|only|new|other|another|about|over|at|as|by|for|from|in|into|of|on|onto"
    r"|to|under|via|with|within|without|whether|how|when|where|which|who|what|if|it|them|\w+ly|[A-Z“\"`'(\d/-].*)$"
)
_DETERMINERS = frozenset(
    "a an the its their his her our my your this that these those each every some any no all both".split()
)
_PLURAL = frozenset("all many most several both these those few two three four five six".split())
_CONNECTORS = re.compile(
    r"^(?:(?:however|therefore|thus|hence|also|moreover|furthermore|in addition|in short|in general|in particular"
    r"|in fact"
    r"|of course|in other words|that is|currently|today|usually|normally|generally|typically|by default|finally"
    r"|similarly"
    r"|likewise|informally|strictly speaking|nowadays|historically|traditionally|originally|basically|essentially),\s+"
    r"|(?:note|please note|remember|be aware|it should be noted|recall)(?: also)?(?:,? however,?)? that\s+"
    r"|(?:and|but|so)\s+(?=[a-z])|(?:thus|hence|therefore)\s+(?=[a-z]))",
    re.IGNORECASE,
)
_FRONTED = re.compile(
    r"^(?:in|on|at|for|since|by|with|besides|after|before|during|to|from|as|under|until|within|like|unlike|among|besides"
    r"|when|whenever|if|while|although|because|once|unless|where|whereas|despite)\b[^,;:]{2,90},\s+",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"(?:if|when|whenever|unless|once|where|while|before|after|without|with|in|for|on|at|under|by|to|from|within|during|until"
    r"|since)\b",
    re.IGNORECASE,
)
_KEPT_FRONTS = re.compile(r"^(?:in|on|since|until|during|before|after|by)\b.*\d{4}", re.IGNORECASE)
_NOUNS = frozenset(
    """
    archive call cause change clone copy cost end export fetch field file filter find form format head host import
    increase
    insert
    interest issue label land limit link list load lock log look map mark match measure mirror name need note number
    offer
    order package parse pin place plan play point print process produce question quote rank reference release render
    report request result return review rule run search set share ship show sign signal source split start state step
    stop
    submit supply support tag target test track transfer trigger try turn update upload use view visit wait wrap
    work wish""".split()
)
"""Verbs that are nouns as well: "bug reports", "file lists"."""
_OBJECT_ARTICLE = re.compile(
    r"(?:an?|the|its|their|all|any|no|every|each|both|many|several|more|most|at|two|three|four|[A-Z].*)$"
)
_RELATIVE = frozenset("that which who whose whom where".split())
_ADVERB = re.compile(
    r"(?:\w+ly|not|also|always|never|often|still|now|usually|only|already|first|then|just|sometimes|ever|even|soon)$"
)
_SUBJECT = re.compile(r"(?!.* [-–—] )(?!.*--\S+ )(?![\d+-])(?!.* (?:there|means)$)(?!.* means )[^,;:()!?\[\]{}*|#=<>]+")
_NO_SUBJECT = re.compile(
    r"(?:i|you|we|he|she|it|they|this|that|these|those|there|here|one|what|who|which|how|why|when|where|such|so|if|to|as|for|with"
    r"|but|and|or|nor|yet|no|more|before|after|until|unless|once|whether|even|though|although|because|while|since"
    r"|just|also|only|not|no one|nobody|nothing"
    r"|everything|everyone"
    r"|all of|some of|most of|many of|each of|both of|one of|none of|another|others?)\b|\w+['’](?:ve|re|ll|d|m)\b"
    r"|(?!(?:during|king|ring|string|thing|wing|spring|nothing|everything)\b)[A-Za-z]+ing\b(?! [a-z]+s\b)",
    re.IGNORECASE,
)
"""What begins no subject that the rules understand: pronouns, and a verb's -ing form."""
MAX_SUBJECT = 12
"""Words of a subject; a longer one is a clause that the rules do not understand."""


@dataclass(frozen=True)
class SentenceParts:
    """The parts of a sentence, as it writes them."""

    front: str
    """What stands before the subject, such as "In 1993"; without its comma. Empty where nothing does."""
    subject: str
    auxiliary: str
    """`is`, `has`, `must` …; empty where the verb has none."""
    adverbs: str
    """Between auxiliary and verb: `not`, `largely`. Empty where there is none."""
    verb: str
    """The verb as it stands there: `created` after `was`, `be used` after `must`; empty after a mere `is`."""
    base: str
    """The base form of an active verb, where it is known."""
    rest: str
    """All that follows the verb, without the full stop."""

    @property
    def is_plural(self) -> bool:
        return bool(self.auxiliary in ("are", "were", "have", "do")) or (not self.auxiliary and self.verb == self.base)

    @property
    def is_past(self) -> bool:
        return self.auxiliary in ("was", "were", "had", "did") or (
            not self.auxiliary and self.verb != self.base and self.verb not in _thirds()
        )


def plain_sentence(sentence: str) -> str:
    """Return a sentence without what only binds it to the one before: "However, ", "Note that "."""
    text = whole = " ".join(sentence.split())
    for _ in range(2):
        text = _CONNECTORS.sub("", text)
    return text if text == whole else text[:1].upper() + text[1:]


def split_sentence(sentence: str) -> SentenceParts | None:
    """Return the parts of a sentence; None where the rules do not understand it."""
    text = plain_sentence(sentence).rstrip(" .!")
    front = ""
    if match := _FRONTED.match(text):
        front, text = match[0].rstrip(", "), text[match.end() :]
    tokens = text.split(" ")
    at = _verb_at(tokens)
    if at is None:
        return None
    begin = at
    while begin > 1 and _ADVERB.match(tokens[begin - 1]):
        begin -= 1
    subject = " ".join(tokens[:begin])
    if subject.count("“") != subject.count("”") or subject.count('"') % 2:
        return None
    if not _SUBJECT.fullmatch(subject) or _NO_SUBJECT.match(subject):
        return None
    word = tokens[at]
    rest = tokens[at + 1 :]
    if word.endswith((",", ";", ":")) or not rest:
        return None
    if word not in _AUXILIARIES:
        return SentenceParts(front, subject, "", "", word, _base(word), " ".join(rest))
    adverbs: list[str] = []
    while rest and _ADVERB.match(rest[0]):
        adverbs.append(rest.pop(0))
    verb: list[str] = []
    if word in _BE or word in ("has", "have", "had"):
        if word not in _BE and rest and rest[0] == "been":
            verb.append(rest.pop(0))
        while rest and verb and _ADVERB.match(rest[0]):
            adverbs.append(rest.pop(0))
        if rest and (_is_participle(rest[0]) or (word in _BE and re.match(r"[a-z]{3,}ing$", rest[0]))):
            verb.append(rest.pop(0))
    elif word in _MODALS or word in ("do", "does", "did"):
        if not rest or rest[0] not in _bases() | {"be", "have"}:
            return None
        verb.append(rest.pop(0))
        while rest and verb == ["be"] and _ADVERB.match(rest[0]):
            adverbs.append(rest.pop(0))
        if verb == ["be"] and rest and _is_participle(rest[0]):
            verb.append(rest.pop(0))
    return SentenceParts(front, subject, word, " ".join(adverbs), " ".join(verb), "", " ".join(rest))


def condition(front: str) -> str:
    """Return what stands before the subject as it goes on after a question: "if the name is left out"; else empty."""
    return f"{front[:1].lower()}{front[1:]}" if _CONDITION.match(front) and not is_kept_front(front) else ""


def is_kept_front(front: str) -> bool:
    """Return whether what stands before the subject says when: "In 1993"."""
    return bool(_KEPT_FRONTS.match(front))


def _verb_at(tokens: list[str]) -> int | None:
    """Return the index of the finite verb."""
    for at, token in enumerate(tokens[: MAX_SUBJECT + 1]):
        if at and _is_verb(tokens, at):
            return at
        if at and _may_be_verb(tokens, at):
            return None  # before an object that the rules do not know
        if token in _RELATIVE or token.endswith((";", ":")) or (token.endswith(",") and at > 6):
            return None  # a clause of its own, whose verb is another one
    return None


def _may_be_verb(tokens: list[str], at: int) -> bool:
    """Return whether a word could be the verb though what follows begins no object: "managers write strange files"."""
    word, before = tokens[at], tokens[at - 1].casefold()
    if before in _DETERMINERS or before in ("to", "of", "in", "for", "by", "with", "and", "or", "on"):
        return False
    base = _thirds().get(word, word if before.endswith("s") else "")
    return base in _bases() and base not in _NOUNS


def _is_verb(tokens: list[str], at: int) -> bool:
    word, before = tokens[at], tokens[at - 1]
    after = tokens[at + 1] if at + 1 < len(tokens) else ""
    if before.casefold() in _DETERMINERS or before.casefold() in (
        "to",
        "of",
        "in",
        "for",
        "by",
        "with",
        "and",
        "or",
        "on",
    ):
        return False
    if word in _AUXILIARIES:
        return True
    if re.search(r"n['’]t$", word):
        return False
    if before.endswith(("'s", "’s")) or after in _AUXILIARIES or not after:
        return False
    plural = tokens[0].casefold() in _PLURAL or (before.endswith("s") and not before[:1].isupper())
    if word in _thirds():
        named = all(token[:1].isupper() for token in tokens[:at]) and (
            at > 1 or not before.endswith(("ed", "s", "ing"))
        )
        if _thirds()[word] in _NOUNS and not (named and at > 1) and not _OBJECT_ARTICLE.match(after):
            return False
        return not plural and bool(_BEGINS_OBJECT.match(after) or (named and after.endswith("s")))
    if word in _pasts():
        names = [token for token in tokens[:at] if token not in ("The", "A", "An", "of", "the", "and")]
        named = all(token[:1].isupper() for token in names)
        # One capital may only begin the sentence: "Multiple related patches". "Wrote" is no participle.
        sure = len(names) > 1 or not word.endswith("ed")
        return named and sure and bool(_OBJECT_ARTICLE.match(after) or after.endswith("s") or after == "new")
    begins = _OBJECT_ARTICLE if word in _NOUNS else _BEGINS_OBJECT
    return plural and word in _bases() and bool(begins.match(after))


def _is_participle(word: str) -> bool:
    return (
        word in BASE_OF_PARTICIPLE
        or word in ("born", "based", "located")
        or bool(re.fullmatch(r"[a-z-]{2,}[^e\W]ed", word))
    )


def _base(word: str) -> str:
    return _thirds().get(word) or _pasts().get(word) or (word if word in _bases() else "")


@functools.cache
def _bases() -> frozenset[str]:
    return frozenset([*PAST, *_MORE_VERBS.split()])


@functools.cache
def _thirds() -> dict[str, str]:
    return {**{third_person(base): base for base in _MORE_VERBS.split()}, **BASE_OF_THIRD_PERSON}


@functools.cache
def _pasts() -> dict[str, str]:
    return {**{stem(base, "ed") + "ed": base for base in _MORE_VERBS.split()}, **BASE_OF_PAST}
