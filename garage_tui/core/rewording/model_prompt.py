"""Prompts that ask a model for other wordings, and the parsing of its replies."""

from __future__ import annotations

import re

from garage_tui.core.base.sanitize import plain

TEMPERATURE = 0.8
"""Sampling temperature: high enough for other wordings each time, since the likeliest one repeats the fact."""
MAX_LINES = 8
"""Lines of a reply that are read; a small model that does not stop by itself repeats itself after that."""

# Few-shot examples, as earlier messages of the chat: without them a small model repeats the fact.
_EXAMPLES = (
    (
        "The Mary Celeste was found adrift in December 1872.",
        "When was the Mary Celeste found?",
        (
            "In which year was the Mary Celeste found?",
            "Do you know when the Mary Celeste was discovered?",
            "Tell me the date on which people found the Mary Celeste.",
            "How long ago did somebody find the Mary Celeste?",
            "What was the year in which the Mary Celeste turned up?",
        ),
        (
            "It was in December 1872 that the Mary Celeste was found adrift.",
            "People found the Mary Celeste adrift in December 1872.",
            "In December 1872 the Mary Celeste was discovered adrift.",
        ),
    ),
    (
        "Lake Baikal is the deepest lake on Earth.",
        "What is Lake Baikal?",
        (
            "Can you describe Lake Baikal?",
            "What is special about Lake Baikal?",
            "Please explain what Lake Baikal is.",
            "What should I know about Lake Baikal?",
            "Why do people know Lake Baikal?",
        ),
        (
            "No lake on Earth is deeper than Lake Baikal.",
            "The deepest lake on Earth is Lake Baikal.",
            "Lake Baikal is deeper than every other lake on Earth.",
        ),
    ),
    (
        "Ada Byron wrote the first program.",
        "Who wrote the first program?",
        (
            "Who is the author of the first program?",
            "Name the person who wrote the first program.",
            "By whom was the first program written?",
            "Whose work is the first program?",
            "Do you know who came up with the first program?",
        ),
        (
            "The first program was written by Ada Byron.",
            "It was Ada Byron who wrote the first program.",
            "The author of the first program is Ada Byron.",
        ),
    ),
)


def question_prompt(question: str, answer: str, fact: str) -> list[dict[str, str]]:
    """Return chat messages that ask a model to paraphrase a question; without one, to write questions for a fact."""
    messages = []
    for statement, first, others, _ in _EXAMPLES:
        reply = others if question else (first, *others[:4])
        messages += _example(_question_request(first if question else "", statement), reply)
    return [*messages, {"role": "user", "content": _question_request(question, fact or answer)}]


def _question_request(question: str, statement: str) -> str:
    if not question:
        return f"Fact: {statement}\nWrite five questions that this fact answers, one a line."
    return f'Fact: {statement}\nWrite five other ways to ask "{question}", one a line.'


def answer_prompt(question: str, answer: str) -> list[dict[str, str]]:
    """Return chat messages that ask a model to paraphrase an answer."""
    messages = []
    for statement, first, _, answers in _EXAMPLES:
        messages += _example(_answer_request(first, statement), answers)
    return [*messages, {"role": "user", "content": _answer_request(question, answer)}]


def _answer_request(question: str, answer: str) -> str:
    return f"Question: {question}\nAnswer: {answer}\nSay this answer in three other ways, one a line."


def _example(request: str, lines: tuple[str, ...]) -> list[dict[str, str]]:
    return [{"role": "user", "content": request}, {"role": "assistant", "content": "\n".join(lines)}]


_MARK = re.compile(r"^(?:[-*•–+>]\s+|\(?(?:Q(?:uestion)? ?)?\d{1,2}\s*[.):]\s*|[a-z][.)]\s+|Q:\s*|[\"“”'‘’*_`\[,]+)+")
_ASKING = re.compile(
    r"(?:wh(?:at|o|om|ose|en|ere|y|ich)|how|is|are|was|were|do|does|did|can|could|will|would|should|has|have)\b", re.I
)
_TELLING = re.compile(
    r"(?:tell|describe|explain|give|name|list|say|state|show|identify|define|summari[sz]e|please|share|introduce|outline"
    r"|provide|i(?:'d| would| want| need|'m (?:looking|curious)| am (?:looking|curious)))\b",
    re.IGNORECASE,
)


def parse_questions(text: str) -> list[str]:
    """Return the questions, and the instructions that ask for an answer, in a model's reply."""
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


def parse_answers(text: str) -> list[str]:
    """Return the statements in a model's reply."""
    found: dict[str, str] = {}
    for line in _lines(text):
        line = re.sub(r"^(?:A(?:nswer)?|Wording)(?: ?\d+)?:\s*", "", line).rstrip('"“”‘*_`], ')
        if len(line.split()) > 1 and not line.endswith((":", "?")):
            found.setdefault(line.casefold(), line)
    return list(found.values())


def is_complete(text: str) -> bool:
    """Return whether a reply has as many lines as are read, so that it can be stopped."""
    return sum(bool(line) for line in _lines(text)) > MAX_LINES


def _lines(text: str) -> list[str]:
    """Return the lines of a reply without its <think> block, list marks and quotes."""
    lines = re.sub(r"<think>.*?(?:</think>|\Z)", "", plain(text), flags=re.DOTALL).splitlines()
    return [_MARK.sub("", " ".join(line.split())) for line in lines]
