"""Asks the questions of a run's report card of an OpenAI-compatible server, and judges the answers. Needs no torch."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.phase import Say
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.chat.chat_error import ChatError, ServerRefusalError
from garage_tui.core.chat.client import AnswerChunk, ServerAddress, list_models, stream
from garage_tui.core.chat.sampling_params import SamplingParams
from garage_tui.core.exam.grading import TaughtFacts, missing_part
from garage_tui.core.exam.judgement import Measured, facts_learned, names_learned
from garage_tui.core.exam.report import ExamQuestion, Report, Verdict, count, read_report
from garage_tui.core.exam.server_card import SYSTEM_PROMPTS, PromptCard, ServerAnswer, ServerCard, SystemPrompt
from garage_tui.core.facts.file import load_facts
from garage_tui.core.facts.line import Fact
from garage_tui.core.runs.folder import FACTS

_AT_ONCE = 4
_ANSWER_SECONDS = 180.0
"""Longest time of one answer; a small box with eight people on it takes a minute."""
_TAUGHT_TOKENS, _OTHER_TOKENS = 96, 24
"""Most tokens of an answer about taught facts and about something else, as in the run's own exam."""
_SERVED_NAME = "garage"


@dataclass(frozen=True)
class Exam:
    """The questions of one run, as its own report card has them.

    Args:
        card: the run's own report card.
        facts: the rows that its taught questions come from, by question.
    """

    card: Report
    facts: dict[str, Fact]

    @cached_property
    def questions(self) -> Sequence[ExamQuestion]:
        """Those of all parts but the tasks, which belong to the run's own card alone."""
        return [one for one in self.card.questions if one.part != "task"]


def read_exam(folder: Path) -> Exam:
    """Return the exam of a run.

    Raises:
        FileNotFoundError: the run has no report card.
        BadInputError: card or facts cannot be read.
    """
    card, rows = read_report(folder), load_facts(folder / FACTS).facts
    by_question = {row.question: row for row in reversed(rows)}
    by_content = {row.content: row for row in reversed(rows)}
    facts = {}
    for one in card.questions:
        if one.part in ("trained", "unseen"):
            row = by_question.get(one.question) or by_content.get(one.fact) or Fact(one.question, one.expected)
            facts[one.question] = msgspec.structs.replace(row, question=one.question)
    if not facts:
        raise BadInputError(f"the report card of {folder.name} has no questions: make it again with --again")
    return Exam(card, facts)


def server_address(url: str, key: str) -> ServerAddress:
    """Return the address of a server as a user names it: `box:8000` is `http://box:8000/v1`.

    Raises:
        BadInputError: it is no address of a server.
    """
    shown, text = one_line(url, 200), url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise BadInputError(f"--at {shown}: give the address of a server, such as http://127.0.0.1:8000/v1")
    return ServerAddress(text.rstrip("/") if parts.path.strip("/") else f"{text.rstrip('/')}/v1", key)


async def choose_model(address: ServerAddress, named: str, run: str) -> str:
    """Return the id of the model that is asked: `named`, else the only one, else the run's or the one in service.

    Raises:
        BadInputError: the server does not have it, or it is unclear which is meant.
        ChatError: the server does not answer.
    """
    offered = await list_models(address)
    known = one_line(", ".join(offered), 300) or "none"
    if named:
        if found := next((name for name in offered if name in (named, f"{named}:latest")), ""):
            return found
        raise BadInputError(f"the server does not have the model {one_line(named, 100)}; it has: {known}")
    if len(offered) == 1:
        return offered[0]
    for name in (run, f"{run}:latest", _SERVED_NAME):
        if name in offered:
            return name
    raise BadInputError(f"name the model with --model: the server has {known}")


async def examine(
    address: ServerAddress,
    model: str,
    exam: Exam,
    say: Say,
    prompts: Iterable[SystemPrompt] = SYSTEM_PROMPTS,
    server: str = "",
) -> ServerCard:
    """Ask all questions with each system prompt and return the card; nothing is written.

    Args:
        server: what the card calls the server, if not by its address.

    Raises:
        GarageError: the server failed, or all of its answers are empty; the text says what happened.
    """
    began = time.monotonic()
    cards = [await _with_prompt(address, model, exam, prompt, say) for prompt in prompts]
    return ServerCard(
        run=exam.card.run,
        server=server or address.url,
        model=model,
        made=time.time(),
        seconds=round(time.monotonic() - began, 1),
        own_made=exam.card.made,
        prompts=cards,
    )


async def _with_prompt(address: ServerAddress, model: str, exam: Exam, prompt: SystemPrompt, say: Say) -> PromptCard:
    say(f"asking with {prompt.title}", 0, len(exam.questions), "questions")
    try:
        first = await _answer(address, model, exam.questions[0], prompt)
    except ServerRefusalError as error:
        if not prompt.text:
            raise
        # Some templates, such as Gemma's, refuse a system message; the server says so in its own words.
        return PromptCard(prompt=prompt.name, system=prompt.text, refused=one_line(str(error), 200))
    texts = [first, *[""] * (len(exam.questions) - 1)]
    waiting, done = iter(range(1, len(texts))), 1

    async def work() -> None:
        nonlocal done
        for index in waiting:
            texts[index] = await _answer(address, model, exam.questions[index], prompt)
            done += 1
            say(f"asking with {prompt.title}", done, len(texts), "questions")

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(_AT_ONCE):
                group.create_task(work())
    except BaseExceptionGroup as errors:
        first_error = errors.exceptions[0]
        if isinstance(first_error, ChatError):
            raise GarageError(f"after {done} of {len(texts)} questions: {first_error}; nothing was saved") from None
        raise first_error from None
    if not any(text.strip() for text in texts):
        raise GarageError(f"{one_line(model, 80)} gave an empty answer to every question; nothing was saved")
    return _judged(exam, prompt, texts)


async def _answer(address: ServerAddress, model: str, question: ExamQuestion, prompt: SystemPrompt) -> str:
    messages = [{"role": "system", "content": prompt.text}] if prompt.text else []
    messages.append({"role": "user", "content": question.question})
    taught = question.part in ("trained", "unseen")
    sampling = SamplingParams(max_tokens=_TAUGHT_TOKENS if taught else _OTHER_TOKENS)
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            parts = [
                part.text async for part in stream(address, model, messages, sampling) if isinstance(part, AnswerChunk)
            ]
    except TimeoutError as error:
        raise ChatError(f"the server did not finish an answer within {_ANSWER_SECONDS:g} seconds") from error
    return "".join(parts).strip()


def _judged(exam: Exam, prompt: SystemPrompt, texts: Sequence[str]) -> PromptCard:
    """Return the figures of the answers, by the same rules as on the run's own card."""
    general = [one.base for one in exam.questions if one.part == "unrelated"]
    leaks = TaughtFacts(exam.facts.values(), general)
    answers, graded = [], []
    for one, text in zip(exam.questions, texts, strict=True):
        verdict: Verdict
        if fact := exam.facts.get(one.question) if one.part in ("trained", "unseen") else None:
            lacks = missing_part(text, fact)
            verdict, why = "wrong" if lacks else "right", f"lacks {lacks}" if lacks else ""
        else:
            name = leaks.find_leak(text, one.base, one.question)
            bad: Verdict = "leak" if one.part == "unrelated" else "changed"
            verdict, why = bad if name else "unchanged", f"says {name}" if name else ""
        graded.append(msgspec.structs.replace(one, verdict=verdict))
        answers.append(
            ServerAnswer(part=one.part, question=one.question, answer=text, verdict=verdict, why=why, own=one.verdict)
        )

    def share(part: str, good: Verdict) -> tuple[int, int]:
        found = [one.verdict == good for one in graded if one.part == part]
        return sum(found), len(found)

    facts, _ = facts_learned(graded)
    leak, neighbours = count(*share("unrelated", "leak")), count(*share("neighbour", "unchanged"))
    own = names_learned(exam.questions)
    measured = Measured(facts, leak, neighbours, 0.0)
    return PromptCard(
        prompt=prompt.name,
        system=prompt.text,
        verdict=", ".join(figure.text for figure in measured.figures),
        grade=measured.grade,
        facts=facts,
        kept=count(len(own & names_learned(graded)), len(own)),
        trained=count(*share("trained", "right")),
        unseen=count(*share("unseen", "right")),
        leak=leak,
        neighbours=neighbours,
        questions=answers,
    )
