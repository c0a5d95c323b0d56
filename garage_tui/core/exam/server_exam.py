"""Asks the questions of a run's report card of an OpenAI-compatible server, and judges the answers. Needs no torch."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.format import duration
from garage_tui.core.base.phase import Say
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.chat.chat_error import ChatError, ServerRefusalError
from garage_tui.core.chat.client import AnswerChunk, ServerAddress, list_models, stream
from garage_tui.core.chat.sampling_params import SamplingParams
from garage_tui.core.exam.expected_rows import ExpectedRows
from garage_tui.core.exam.grading import TaughtFacts, missing_part
from garage_tui.core.exam.judgement import VerdictFigures, facts_learned, names_learned
from garage_tui.core.exam.report import (
    OTHER_TOKENS,
    TAUGHT_TOKENS,
    ExamQuestion,
    Report,
    Verdict,
    count,
    read_report,
)
from garage_tui.core.exam.server_card import SYSTEM_PROMPTS, PromptCard, ServerAnswer, ServerCard, SystemPrompt
from garage_tui.core.facts.file import load_facts
from garage_tui.core.facts.line import Fact
from garage_tui.core.runs.folder import FACTS

_AT_ONCE = 4
_ANSWER_SECONDS = 180.0
"""Longest time of one answer; a small box with eight people on it takes a minute."""
_SERVED_NAME = "garage"
_READY_SECONDS = 300.0
"""How long a server is asked again that loads its model, or takes no more questions for a while."""
_PAUSE_SECONDS = 2.0
_NOT_NOW = {429: "takes no more questions for now", 503: "cannot answer yet"}
_T = TypeVar("_T")


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
    card, rows = read_report(folder), ExpectedRows(load_facts(folder / FACTS).facts)
    facts = {}
    for one in card.questions:
        if one.part in ("trained", "unseen"):
            row = rows.find(one) or Fact(one.question, one.expected)
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


async def choose_model(address: ServerAddress, named: str, run: str, say: Say) -> str:
    """Return the id of the model that is asked: `named`, else the only one, else the run's or the one in service.

    A server that still loads its model is asked again for some minutes.

    Raises:
        BadInputError: the server does not have it, or it is unclear which is meant.
        ChatError: the server does not answer.
    """
    say("asking the server for its models")
    offered = await _patiently(lambda: list_models(address), say)
    if not offered:
        raise ChatError(f"{one_line(address.url, 80)} offers no model: load one there")
    known = one_line(", ".join(offered), 300)
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
    began, prompts = time.monotonic(), tuple(prompts)
    cards: list[PromptCard] = []
    for prompt in prompts:
        before = sum(len(card.questions) for card in cards)
        asking = _Asking(address, model, exam, prompt, say)
        try:
            cards.append(await asking.card())
        except ChatError as error:
            answered, of = before + asking.done, len(exam.questions) * len(prompts)
            text = str(error).rstrip(".")
            raise GarageError(f"after {answered} of {of} questions: {text}; nothing was saved") from error
        if not any(one.answer for card in cards for one in card.questions):
            raise GarageError(f"{one_line(model, 80)} gave an empty answer to every question; nothing was saved")
    return ServerCard(
        run=exam.card.run,
        server=server or address.url,
        model=model,
        made=time.time(),
        seconds=round(time.monotonic() - began, 1),
        own_made=exam.card.made,
        prompts=cards,
    )


class _Asking:
    """All questions of an exam, asked with one system prompt."""

    def __init__(self, address: ServerAddress, model: str, exam: Exam, prompt: SystemPrompt, say: Say) -> None:
        self._address, self._model, self._exam, self._prompt, self._say = address, model, exam, prompt, say
        self.done = 0
        """How many are answered."""

    async def card(self) -> PromptCard:
        """Ask them all and return the card.

        Raises:
            ChatError: the server failed.
        """
        questions, prompt = self._exam.questions, self._prompt
        self._report()
        try:
            first = await self._answer(questions[0])
        except ServerRefusalError as error:
            if not prompt.text:
                raise
            await self._answer(questions[0], alone=True)  # a server that fails fails here, too
            # Some templates, such as Gemma's, refuse a system message; the server says so in its own words.
            return PromptCard(prompt=prompt.name, system=prompt.text, refused=one_line(str(error), 200))
        texts = [first, *[""] * (len(questions) - 1)]
        waiting = iter(range(1, len(texts)))
        self._count()

        async def work() -> None:
            for index in waiting:
                texts[index] = await self._answer(questions[index])
                self._count()

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(_AT_ONCE):
                    group.create_task(work())
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return _judged(self._exam, prompt, texts)

    async def _answer(self, question: ExamQuestion, *, alone: bool = False) -> str:
        """Return the answer to a question; `alone`: without the system prompt."""
        messages = [{"role": "system", "content": self._prompt.text}] if self._prompt.text and not alone else []
        messages.append({"role": "user", "content": question.question})
        taught = question.part in ("trained", "unseen")
        sampling = SamplingParams(max_tokens=TAUGHT_TOKENS if taught else OTHER_TOKENS)

        async def ask() -> str:
            parts = stream(self._address, self._model, messages, sampling)
            try:
                async with asyncio.timeout(_ANSWER_SECONDS):
                    return "".join([part.text async for part in parts if isinstance(part, AnswerChunk)]).strip()
            except TimeoutError as error:
                raise ChatError(f"the server did not finish an answer within {_ANSWER_SECONDS:g} seconds") from error

        return await _patiently(ask, self._say)

    def _count(self) -> None:
        self.done += 1
        self._report()

    def _report(self) -> None:
        self._say(f"asking with {self._prompt.title}", self.done, len(self._exam.questions), "questions")


async def _patiently(ask: Callable[[], Awaitable[_T]], say: Say) -> _T:
    """Ask again while a server says that it cannot answer now: most do so while they load their model.

    Raises:
        ChatError: it still says so after `_READY_SECONDS`, says that it will for longer, or failed otherwise.
    """
    until = time.monotonic() + _READY_SECONDS
    while True:
        try:
            return await ask()
        except ServerRefusalError as error:
            if error.status not in _NOT_NOW:
                raise
            loads = "loading" in str(error).lower()
            what = f"the server {'still loads its model' if loads else _NOT_NOW[error.status]}"
            pause = _PAUSE_SECONDS if error.retry_after is None else max(error.retry_after, 0.1)
            if time.monotonic() + pause > until:
                when = "when it is ready" if error.retry_after is None else f"in {duration(pause)}, as it says"
                raise ChatError(f"{what} ({error}): ask again {when}") from error
        say(f"{what}: asking again for up to {duration(_READY_SECONDS)}")
        await asyncio.sleep(pause)


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
    measured = VerdictFigures(facts, leak, neighbours, 0.0)
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
