"""Questions and statements that are not understood without their document: they point at it, or name no subject."""

from __future__ import annotations

import re
from itertools import pairwise

from garage_tui.core.language.entities import SENTENCE_OPENERS, STOP_WORDS, entity_spellings
from garage_tui.core.proposals.normal_text import unify
from garage_tui.core.proposals.pointing_words import find_pointing

_PRONOUN = re.compile(
    r"\b(?:it|its|itself|they|them|their|theirs|themselves|he|him|his|himself|she|her|hers|herself|we|us|our|ours"
    r"|ourselves|i|me|my|mine|there(?=['’]s| (?:does|do|did|has|have)))\b",
    re.I,
)
_PERSONAL = {"we", "us", "our", "ours", "ourselves", "i", "me", "my", "mine"}
_EMPTY_IT = re.compile(
    r"\b(?:does|did|do|will|would|can|should|must) it (?:take|cost|matter|rain|happen|mean|make sense"
    r"|help)\b(?= (?:to|that|if|for|when)\b)"
    r"|\b(?:is|was|will|would) it (?:be )?(?:\w+ly )?(?:possible|necessary|allowed|required|recommended|permitted"
    r"|forbidden"
    r"|legal|safe|important|useful|true|known|wise|best|better|good|bad|hard|easy|difficult|common|ok|okay)\b"
    r"|\b(?:mak(?:e|es|ing)|made|find|found|consider|keep) it \w+ (?:to|for|that)\b"
    r"|\bit is (?:\w+ly )?(?:possible|necessary|allowed|required|recommended|safe|important|useful|true|known"
    r"|best|better|good|bad|hard"
    r"|easy|difficult|common|likely|wise|enough|time|clear|worth|customary|forbidden|up) (?:to|that)\b"
    r"|\bit takes\b|\b(?:is|was) it that\b|\bis it (?:by|to|of|in) wh\w+|\bwhat time is it\b",
    re.I,
)
_GENERIC = frozenset(
    """
    everything anything something nothing everyone anyone someone action activity advantage amount answer area aspect
    author basis benefit case category cause change choice class
    component concept condition content date default description detail difference effect element entry example fact
    feature figure file form format function goal group idea important information issue item kind language length
    level limit list main manner meaning means method mode name need new number object one option order part people
    person place point position possible problem procedure process product program project property purpose quantity
    question reason recommended requirement result role rule section set size software source standard state statement
    status step subject system task term text thing time title topic total type unit usage use user value version way
    what work year add added allow allowed apply available called change changed come consist contain contained create
    created define defined describe described do done exist find found get give given go happen happen help include
    included keep known leave live look made maintain make mean mention mentioned need needed offer provide provided
    publish put refer release released require required run say see serve show start stop take tell use used using want
    work write written exactly long large many much often old big small high low current first last next purposes two
    must should may can shall know explain newcomer tell talk question questions reading read thing short argument
    parameter
    second third fourth error exit exception call caller input output name reader writer understand call mean""".split()
)
"""Words that say nothing about which thing is meant."""
_CODE = re.compile(
    r"[\w.]*[/_@~$\\][\w./@~$-]+|\w+[.:]\w[\w.:-]*|(?<!\w)--?\w[\w-]+|\b[a-z]*[a-z]\d\w*\b"
    r"|\b(?!(?:non|pre|post|re|un|high|low|multi|self|well|co|sub|single|two|three|so|long|short|read|user|real|full|built|open|up"
    r"|out|in|on|off|cross|inter|end|hard|free|much|newly|freshly|first|second|third|one|most|least|all|mid|over|under)-)"
    r"[a-z]+-[a-z][\w-]*\b"
)
_QUOTED = re.compile(r"\"[^\"]{2,60}\"|(?<!\w)'[^']{2,60}'(?!\w)|`[^`]{2,60}`")
_BEFORE_KIND = frozenset(
    "a an every each any no all run use install build of in on at for with without by from about under into via".split()
)
"""Words before a thing that needs no article: "run apt without root"."""
MIN_WORDS = 2
"""Words that say which thing is meant, which a question without a name needs."""


def why_no_subject(text: str, *, statement: bool = False) -> str:
    """Return why a question is not understood by somebody who does not have the document; empty if it is.

    Args:
        statement: the text is no question but a sentence, which may begin with a subject that has no name.
    """
    text = unify(" ".join(text.split()))
    if pointing := find_pointing(text):
        return pointing
    if pronoun := _loose_pronoun(text):
        return f"“{pronoun}” does not say who or what"
    if has_subject(text) or (statement and _begins_with_name(text)):
        return ""
    return "it names no subject"


def has_subject(text: str) -> bool:
    """Return whether a text says what it is about: by a name, code, quoted words, or several specific words."""
    text = unify(text)
    if _QUOTED.search(text) or any(not name.isdigit() for name in _names(text)):
        return True
    plain = [word for word in re.findall(r"[^\W\d_][\w'-]*", text.casefold()) if word not in STOP_WORDS]
    if any(re.search(r"[A-Za-z]", code[0]) for code in _CODE.finditer(text)):
        return True
    found = [word for word in dict.fromkeys(plain) if not _is_generic(word)]
    return len(found) >= MIN_WORDS and _says_which(text, frozenset(found))


def with_subject(question: str, subject: str, document: str = "") -> str:
    """Return a question with its subject in place of what points at it, where exactly one thing can be meant.

    Args:
        subject: what the quoted sentence is about, as it names it: `The Hurd`; empty where it names nothing.
        document: the title of the document, for "this document"; empty where it is not known.

    The question comes back as it is where nothing can be replaced safely.
    """
    if " " in document and not re.search(r"\.\w{1,5}$", document):  # a file name is no title
        pointing = re.compile(
            rf"\b(?:this|the present|the) (?:{'|'.join(_document_nouns(document))})\b(?! (?:of|for|about|called) )"
            r"(?! (?-i:[A-Z]))",
            re.I,
        )
        question = pointing.sub(lambda match: _in_case(document, match), question, count=1)
    if not subject or not _loose_pronoun(unify(question)):
        return question
    pronouns = [match for match in _PRONOUN.finditer(question) if match[0].casefold() not in _PERSONAL]
    if len(pronouns) != 1 or _EMPTY_IT.search(question) or has_name(question):
        return question
    match, folded = pronouns[0], pronouns[0][0].casefold()
    plain = subject if question.startswith(match[0]) else _within(subject)
    if folded in ("it", "they", "them", "he", "she", "him"):
        new = plain
    elif folded in ("its", "their", "his"):
        new = f"{plain}'" if plain.endswith("s") else f"{plain}'s"
    else:
        return question
    return question[: match.start()] + new + question[match.end() :]


def has_name(text: str) -> bool:
    """Return whether a text names something by a name, not only by words."""
    return any(not name[0].isdigit() for name in _names(unify(text)))


def _names(text: str) -> list[str]:
    """Return the names of a text; its first word is none only because it begins it."""
    first = re.match(r"\W*([\w'-]+)", text)
    begins = first[1] if first else ""
    return [
        name
        for folded, name in entity_spellings(text).items()
        if not (name == begins and name.istitle() and (folded in SENTENCE_OPENERS or text.count(name) == 1))
        or (name == begins and not name.istitle())
    ]


def _begins_with_name(text: str) -> bool:
    """Return whether a sentence may begin with a name: "Debian is free." does, "Everything is free." does not."""
    first = re.match(r"[\w'-]+", text)
    return first is not None and first[0][:1].isupper() and first[0].casefold() not in SENTENCE_OPENERS | _GENERIC


def _loose_pronoun(text: str) -> str:
    """Return a pronoun that stands for nothing in the text; empty where each has what it stands for."""
    rest = _EMPTY_IT.sub(lambda match: re.sub(r"\bit\b", "xx", match[0], flags=re.I), text)
    for match in _PRONOUN.finditer(rest):
        folded = match[0].casefold()
        if folded == "i" and match[0] != "I":
            continue
        if match[0] == "US" or match[0] == "IT":
            continue
        before = rest[: match.start()]
        if folded in _PERSONAL:
            if folded in ("i", "me", "my") and re.search(
                r"\?|\b(?:can|do|should|could|must|may|tell|give)\b", rest, re.I
            ):
                continue  # whoever asks speaks of himself: "How do I install dpkg?"
            return match[0]
        if not has_subject(before) and not _names_something(before):
            return match[0]
    return ""


def _names_something(before: str) -> bool:
    """Return whether there is a noun before a pronoun that it can stand for: "when a package loses its maintainer"."""
    return bool(
        re.search(
            r"\b(?:an?|the|each|every|no|any|some)\s+(?:[\w'-]+\s+){0,2}?(?!is|was|does|do)[a-z][\w'-]+\s", before
        )
    )


def _is_generic(word: str) -> bool:
    return word in _GENERIC or (word.endswith("s") and word[:-1] in _GENERIC) or len(word) < 3


def _says_which(text: str, specific: frozenset[str]) -> bool:
    """Return whether a text without a name has words that belong together, or speaks of any thing of a kind.

    "The package name" and "a package" say what is meant; "the package" does not say which.
    """
    tokens = re.findall(r"[^\W\d_][\w'-]*|[^\w\s]", text.casefold())
    for word, after in pairwise(tokens):
        if word in specific and after in specific and not after.endswith(("ed", "ing", "ly")):
            return True
        if word in _BEFORE_KIND and after in specific:
            return True
    return False


def _document_nouns(title: str) -> list[str]:
    """Return the nouns by which a document can be meant: `manual` for the Debian Policy Manual, and `document`."""
    known = {"manual", "guide", "policy", "faq", "handbook", "tutorial", "reference", "report", "specification", "book"}
    return ["document", *sorted(known & set(re.findall(r"[a-z]+", title.casefold())))]


def _within(subject: str) -> str:
    """Return a subject as it stands inside a sentence: "the Hurd"."""
    return re.sub(r"^(?:The|A|An|Every|Each|All|Some)\b", lambda match: match[0].casefold(), subject)


def _in_case(title: str, match: re.Match[str]) -> str:
    article = "" if re.match(r"(?:the|an?|my|our) ", title, re.I) else "the "
    return (article.capitalize() if match.start() == 0 else article) + title
