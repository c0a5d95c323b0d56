"""Whether a text denies what another affirms, by its words: "It is not allowed", "It is allowed".

Only words that both texts have are compared, so that what a text denies besides ("not in the kitchen") says nothing.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterator

from garage_tui.core.language.entities import STOP_WORDS
from garage_tui.core.language.fold import fold
from garage_tui.core.language.inflection import BASE_OF_PARTICIPLE, BASE_OF_PAST, BASE_OF_THIRD_PERSON
from garage_tui.core.language.sentence_spans import sentence_spans

NEGATIONS = frozenset(
    """
    not no never none nobody nothing nowhere neither nor without cannot hardly seldom rarely refuse refuses
    refused""".split()
)
"""Words that deny what follows: "not allowed", "no key", "without a key"."""
_REWRITTEN = [
    (re.compile(pattern), text)
    for pattern, text in (
        (r"[*_`“”\"]", " "),
        (r"\bcan(?:no|['’])t\b", "can not"),
        (r"\bwon['’]t\b", "will not"),
        (r"n['’]t\b", " not"),
        (r"\bno(?:s?\.|s)?\s*(?=\d)", "number "),
        (r"\bdo not forget\b", "remember"),
        (r"\b(?:(?:false|untrue|wrong)|not (?:true|correct|right|the case)) that\b", "not"),
        (r"\bnot before\b", "after"),
        (r"\b(?:at most|up to|not exceed)\b", " atmost "),
        (r"\bat least\b", " atleast "),
        (r"\b(?:no|not) (?:later|more|longer|higher|older|larger|bigger|greater) than\b", " atmost "),
        (r"\b(?:no|not) (?:earlier|sooner|less|fewer|lower|smaller|shorter) than\b", " atleast "),
        (r"\b(?:more|longer|higher|larger|bigger|greater) than\b|\bexceeds?\b", " atleast "),
        (r"\b(?:less|fewer|lower|smaller|shorter) than\b", " atmost "),
        (r"\bnot (?:only|just|merely|simply|least|far|unlike|to mention)\b", " "),
        (r"\bno (?:matter|doubt|problem)\b|\bwithout (?:a |any )?(?:doubt|fail|question|exception)\b", " "),
        (r"\b(?:nothing but|(?:none|no) other than|(?:whether )?or not|if not|why not|never mind)\b", " "),
    )
]
"""What is a denial in other words, or is none though it has the word of one."""
_RELATIVE = re.compile(r",\s*((?:who|whom|whose|which|where)\b[^,;]*),")
_CLAUSE_ENDS = re.compile(
    r";|:\s|[()—]|\s[–-]\s|,\s*(?=(?:and|so|not|never|no|nor|who|whom|whose|which|where|it|they|he|she|you|we|there)\b)"
    r"|\b(?:but|although|though|whereas|while|because|however)\b"
)
_LEAD = re.compile(r"\W*(yes|yeah|yep|no|nope)\b(?:\s*[,.;:!–—-](?!\s*\d)|\s*\Z|\s+(?=(?:it|they|he|she|you|we|i)\b))")
_WORD = re.compile(r"[^\W_]+(?:[.'’&-][^\W_]+)*")
_PASSED_OVER = STOP_WORDS | frozenset(
    """
    actually already always anymore anywhere believe certain even longer really somewhere sure think yet""".split()
)
"""Words between a negation and what it denies: "not yet open", "I do not believe that …"."""
_QUALIFIERS = frozenset("until till unless except besides other others else otherwise before after".split())
"""Words by which a denial says the same as what it denies: "not open until nine" is "opens at nine"."""
_OPPOSITES = """
open,closed,shut allow,forbid,forbidden,prohibit,ban permit,forbid enable,disable true,false include,exclude
accept,reject atleast,atmost before,after above,below left,right north,south east,west northern,southern
eastern,western first,last oldest,newest largest,smallest highest,lowest increase,decrease minimum,maximum
public,private start,stop inside,outside upstairs,downstairs hot,cold"""

_TIMES = {"before", "after"}
_SAME_DESPITE_LEAD = 2
"""Words that a yes and a no need to share to state the same."""
_Claims = dict[str, set[bool]]
"""The words of a clause, by their stems: whether it affirms them, denies them, or both."""


def denies(text: str, reference: str, parts: Collection[str] = ()) -> bool:
    """Return whether a text denies what a reference affirms, or affirms what it denies.

    Of the clauses of the text those count that have most words of a clause of the reference; one of them that agrees is
    enough. A text never denies itself.

    Args:
        parts: words of the reference that matter most, such as the names that only an answer has.
    """
    mine, theirs = _rewritten(text), _rewritten(reference)
    stems = frozenset(map(_stem, _WORD.findall(" ".join((*mine, *theirs)))))
    clauses = [(clause, _claims(clause, stems)) for clause in _clauses(mine)]
    lead, expected = _lead(mine[0]) if mine else "", _lead(theirs[0]) if theirs else ""
    if lead and expected and lead != expected:
        known = {stem for clause in _clauses(theirs) for stem in _claims(clause, stems)}
        # Who says yes and then what is so has taken the question the other way round: "Yes, it is free to use."
        if len(known & {stem for _, claims in clauses for stem in claims}) < _SAME_DESPITE_LEAD:
            return True
    folded = [fold(part) for part in parts]
    return any(_is_denied(clause, clauses, stems, folded) for clause in _clauses(theirs))


def has_negation(text: str) -> bool:
    """Return whether a text has a word that denies something."""
    return any(not NEGATIONS.isdisjoint(_WORD.findall(sentence)) for sentence in _rewritten(text))


def _rewritten(text: str) -> list[str]:
    """Return the sentences of a text in lower case, each negation as a word of its own."""
    found = []
    for start, end in sentence_spans(text):
        sentence = fold(text[start:end])
        for pattern, other in _REWRITTEN:
            sentence = pattern.sub(other, sentence)
        found.append(sentence)
    return found


def _lead(sentence: str) -> str:
    """Return the yes or no with which an answer begins; empty where it begins otherwise."""
    lead = _LEAD.match(sentence)
    return lead[1][0] if lead else ""


def _clauses(sentences: list[str]) -> Iterator[str]:
    for sentence in sentences:
        if lead := _LEAD.match(sentence):
            sentence = sentence[lead.end() :]
        yield from _RELATIVE.findall(sentence)
        yield from filter(None, map(str.strip, _CLAUSE_ENDS.split(_RELATIVE.sub(" ", sentence))))


def _is_denied(
    reference: str, clauses: list[tuple[str, _Claims]], stems: frozenset[str], parts: Collection[str]
) -> bool:
    """Return whether the clauses that are nearest to one of the reference all deny it."""
    theirs = _claims(reference, stems)
    near = [part for part in parts if part in reference]
    scores = [
        (sum(part in clause for part in near), len(theirs.keys() & claims.keys()) if theirs else 1)
        for clause, claims in clauses
    ]
    best = max(scores, default=(0, 0))
    if not best[1]:
        return False
    nearest = [one for one, score in zip(clauses, scores, strict=True) if score == best]
    return all(_differ(reference, theirs, clause, claims) for clause, claims in nearest)


def _differ(reference: str, theirs: _Claims, clause: str, mine: _Claims) -> bool:
    """Return whether one of two clauses denies an odd number of the words that both have, and the other does not."""
    both = [stem for stem in mine if stem in theirs and len(mine[stem]) == len(theirs[stem]) == 1]
    my_tokens, their_tokens = set(_WORD.findall(clause)), set(_WORD.findall(reference))
    if ("only" in my_tokens) != ("only" in their_tokens):
        return False  # "not allowed without a lead" is "allowed only with a lead"
    for one, tokens, other in ((mine, my_tokens, their_tokens), (theirs, their_tokens, my_tokens)):
        added = (tokens - other) & _QUALIFIERS
        if added and not (_TIMES & tokens and _TIMES & other) and any(one[stem] == {False} for stem in both):
            return False
    return sum(mine[stem] != theirs[stem] for stem in both) % 2 == 1


def _claims(clause: str, stems: frozenset[str]) -> _Claims:
    """Return what a clause affirms and denies.

    Args:
        stems: those of both texts: "unlocked" denies "locked" where one of them has it.
    """
    found: _Claims = {}
    denied = False
    for word in _WORD.findall(clause):
        if word in NEGATIONS:
            denied = not denied
            continue
        stem, affirmed = _opposites().get(word) or _opposites().get(_stem(word)) or (_stem(word), True)
        if affirmed and word.startswith("un") and (plain := _stem(word[2:])) in stems:
            stem, affirmed = plain, False
        if word in _PASSED_OVER and word not in _opposites():
            continue
        found.setdefault(stem, set()).add(affirmed != denied)
        denied = False
    if denied or not found:  # "It is not.": what it denies is in the question
        found.setdefault("", set()).add(not denied)
    return found


@functools.lru_cache(4096)
def _stem(word: str) -> str:
    """Return a word without what differs between its forms: allow(ed), fe(e)d, clos(ing)."""
    word = re.sub(r"['’]s?\Z", "", word)
    for forms in (BASE_OF_THIRD_PERSON, BASE_OF_PARTICIPLE, BASE_OF_PAST):
        word = forms.get(word, word)
    if len(word) > 3:
        word = re.sub(r"(?<=[^su])s\Z", "", word)
    if len(word) > 4:
        word = re.sub(r"(?:([b-df-hj-np-rtv-z])\1)?(?:ing|ed)\Z", r"\1", word)
    return word[:-1] if len(word) > 3 and word.endswith("e") else word


@functools.cache
def _opposites() -> dict[str, tuple[str, bool]]:
    """Return for words that have an opposite the stem of the pair, and whether they affirm it."""
    found: dict[str, tuple[str, bool]] = {}
    for group in _OPPOSITES.split():
        first, *others = group.split(",")
        for word in (first, *others):
            found.setdefault(word, (_stem(first), word == first))
            found.setdefault(_stem(word), (_stem(first), word == first))
    return found
