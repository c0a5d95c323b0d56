"""Other wordings of a question: from templates, from a model's reply; and what is wrong with one."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence

from garage_tui.core.leaks import near
from garage_tui.core.names import key_words, spelled, words
from garage_tui.core.text import plain
from garage_tui.core.wordings import LONGEST, questions_for, reworded

MOST = 12
"""Suggestions for one question: as many as one reads."""


def from_templates(question: str, answer: str, fact: str) -> list[str]:
    """Return other wordings of a question, the best first; of a statement without one, questions for it."""
    asked = [question] if question else questions_for(fact or answer)
    lists = [([] if question else [seed]) + list(reworded(seed, f"{answer} {fact}")) for seed in asked]
    found: list[str] = []
    for row in itertools.zip_longest(*lists):
        for wording in filter(None, row):
            if len(found) < MOST and not check(wording, question, answer, fact, [question, *found]):
                found.append(wording)
    return found


def prompt(question: str, answer: str, fact: str) -> list[dict[str, str]]:
    """Return the messages that ask a model for other wordings of a question."""
    task = f'ways to ask "{question}"' if question else "questions that this fact answers"
    text = f"""Fact: {fact or answer}
{f"Answer: {answer}" if answer and answer != fact else ""}
Write ten other {task}, one a line, and nothing else.
The fact must answer each of them, and none may give the answer away. Use different words and different beginnings.
Keep every name exactly as it is written, and add no other names, numbers or links."""
    return [{"role": "user", "content": text.replace("\n\n", "\n")}]


def answer_prompt(question: str, answer: str, fact: str) -> list[dict[str, str]]:
    """Return the messages that ask a model for other wordings of an answer."""
    text = f"""Fact: {fact or answer}
Question: {question}
Answer: {answer}
Write six other wordings of this answer, one a line, and nothing else. Each is one full sentence that says the same.
Keep every name, number and link exactly as it is written, and add no others."""
    return [{"role": "user", "content": text}]


_MARK = re.compile(r"^(?:[-*•–+>]\s+|\(?(?:Q(?:uestion)? ?)?\d{1,2}\s*[.):]\s*|[a-z][.)]\s+|Q:\s*|[\"“”'‘’*_`\[,]+)+")
_ASKING = re.compile(
    r"(?:wh(?:at|o|om|ose|en|ere|y|ich)|how|is|are|was|were|do|does|did|can|could|will|would|should|has|have)\b", re.I
)
_TELLING = re.compile(
    r"(?:tell|describe|explain|give|name|list|say|state|show|identify|define|summari[sz]e|please|share|introduce|outline"
    r"|provide|i(?:'d| would| want| need|'m (?:looking|curious)| am (?:looking|curious)))\b",
    re.IGNORECASE,
)


def from_reply(text: str) -> list[str]:
    """Return the questions, and the instructions that ask for an answer, out of what a model replied."""
    found: dict[str, str] = {}
    for line in _lines(text):
        if "?" in line and not line.endswith(("?", ".")):
            line = line[: line.rindex("?") + 1]
        line = line.rstrip("\"“”'‘’*_`], ")
        if line.endswith((":", "!")) or len(line.split()) < 2:
            continue
        if not line.endswith(("?", ".")):
            line += "?" if _ASKING.match(line) else "."
        if line.endswith("?") or (_TELLING.match(line)):
            found.setdefault(line.casefold(), line)
    return list(found.values())


def answers_from_reply(text: str) -> list[str]:
    """Return the sentences that tell something out of what a model replied."""
    found: dict[str, str] = {}
    for line in _lines(text):
        line = re.sub(r"^(?:A(?:nswer)?|Wording)(?: ?\d+)?:\s*", "", line).rstrip('"“”‘*_`], ')
        if len(line.split()) > 1 and not line.endswith((":", "?")):
            found.setdefault(line.casefold(), line)
    return list(found.values())


def _lines(text: str) -> list[str]:
    """Return the lines of a model's reply without what it thought, and without list marks and quotes."""
    lines = re.sub(r"<think>.*?(?:</think>|\Z)", "", plain(text), flags=re.DOTALL).splitlines()
    return [_MARK.sub("", " ".join(line.split())) for line in lines]


def check(suggestion: str, question: str, answer: str, fact: str, existing: Iterable[str]) -> str:
    """Return what is wrong with another wording of a question, in a few words; nothing where it is good."""
    if wrong := _shape(suggestion, max(LONGEST, 2 * len(question))):
        return wrong
    told = f"{answer}\n{fact}"
    held = words(suggestion)
    subject = spelled(question)
    if wrong := _listed("does not name", [name for folded, name in subject.items() if folded not in held]):
        return wrong
    about = key_words(question) or key_words(told)
    if about and not subject and not key_words(suggestion) & (about | key_words(told)):
        return "has no word in common with the " + ("question" if question else "fact")
    known = words(f"{question}\n{told}")
    if wrong := _adds(suggestion, known):
        return wrong
    asked = words(question)
    secret = {folded: name for folded, name in spelled(told).items() if folded not in asked and question}
    if wrong := _listed("gives the answer away:", [name for folded, name in secret.items() if folded in held]):
        return wrong
    if not question and (about <= key_words(suggestion) or any("://" in name for name in spelled(suggestion))):
        return "gives the answer away"
    kept = key_words(answer or fact) - key_words(question) if question else frozenset()
    if kept and 2 * len(kept & key_words(suggestion)) >= len(kept) + len(secret):
        return "gives the answer away"
    return _near(suggestion, existing)


def check_answer(
    suggestion: str,
    question: str,
    answer: str,
    fact: str,
    must: Sequence[str | Sequence[str]],
    existing: Iterable[str],
) -> str:
    """Return what is wrong with another wording of an answer; nothing where it is good.

    Args:
        must: what the answer has to hold; of a list within it, one is enough.
    """
    if wrong := _shape(suggestion, max(LONGEST, 3 * len(answer))):
        return wrong
    held, text = words(suggestion), suggestion.casefold()
    if wrong := _listed("leaves out", [name for folded, name in spelled(answer).items() if folded not in held]):
        return wrong
    for part in must:
        choices = [part] if isinstance(part, str) else part
        if not any(choice.casefold() in text for choice in choices):
            return "leaves out " + " or ".join(choices)
    return _adds(suggestion, words(f"{question}\n{answer}\n{fact}")) or _near(suggestion, [answer, *existing])


def _shape(text: str, longest: int) -> str:
    if not text.strip():
        return "is empty"
    if "\n" in text.strip():
        return "is more than one line"
    return "is too long" if len(text) > longest else ""


def _adds(suggestion: str, known: frozenset[str]) -> str:
    for folded, name in spelled(suggestion).items():
        if folded not in known:
            what = "URL" if "://" in name or "www." in folded else "number" if name[0].isdigit() else "name"
            return f"adds the {what} {name}"
    return ""


def _near(suggestion: str, existing: Iterable[str]) -> str:
    others = [text for text in existing if text]
    found = near(suggestion, others)
    return f'nearly the same as "{others[found[0]]}"' if found else ""


def _listed(what: str, found: Sequence[str]) -> str:
    return f"{what} {' '.join(found)}" if found else ""
