"""A cache of a base model's own greedy answers, in the user's cache folder and shared by all runs.

A file holds the answers of one base model, each with the hidden states before its tokens. The base's probabilities are
computed from these without a forward pass; the KL term of a run and the drift of a report card need nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.base.phase import Say, silent
from garage_tui.core.base.write_errors import why_not_written
from garage_tui.core.models.base_models import BaseModel, read_record
from garage_tui.core.settings.settings import models_folder
from garage_tui.jobs.llm.chat_template import TokenizedExample
from garage_tui.jobs.llm.forward_pass import Model
from garage_tui.jobs.llm.greedy_decode import decode
from garage_tui.jobs.llm.shipped_answers import hidden_states, shipped_answers

MAX_CACHED = 1500
"""Answers in a file; the oldest are dropped first (6 KB each for a width of 576 and 24 tokens)."""
ASKING = "asking the base model"
"""The phase in which the base model's own answers are collected; its count is of questions."""
READING = "reading the base model's answers"
"""The phase in which answers that come with the project are read into the cache; its count is of answers."""
TEXT_TOKENS = 32
"""Tokens of a text whose loss counts for the perplexity."""


@dataclass(frozen=True)
class CachedAnswer:
    """One greedy answer of the base."""

    tokens: tuple[int, ...]
    ended: bool
    """False where it was truncated."""
    hidden: torch.Tensor
    """(labels, width) fp16 on the CPU: the last hidden state before each token, and before the end token."""


class BaseAnswerCache:
    """The answers of one base model; those that are not cached yet are generated.

    Args:
        base: what the model was loaded from.
        model: asked with its adapter switched off by the caller.
        most: most tokens of an answer.
    """

    def __init__(self, base: BaseModel, model: Model, most: int) -> None:
        self._model, self._most = model, most
        self.identity = f"{_identity(base, model)}-{most}"
        """Names the base's weights, precision and chat template, and the length of its answers."""
        self._path = models_folder().parent / "answers" / f"{self.identity}.safetensors"
        self._known, self._losses = _read(self._path)
        self.misses = 0
        """Questions that were neither in the cache nor among the answers that come with the project."""

    def __call__(self, questions: Sequence[str], say: Say = silent) -> list[CachedAnswer]:
        """Return the base's answer to each question."""
        missing = self._missing(questions)
        if missing and self._take_shipped(missing, say):
            missing = self._missing(questions)
        if missing:
            self.misses += len(missing)
            prompts = [self._model.chats.prompt(question) for question in missing]

            def report(done: int) -> None:
                say(ASKING, done, len(missing))

            report(0)
            answers = decode(self._model, prompts, self._most, on_progress=report)
            for question, one in zip(missing, answers, strict=True):
                self._known[self._key(question)] = CachedAnswer(
                    tuple(one.tokens), one.ended, torch.stack(one.states).half().cpu()
                )
            self._write()
        return [self._known[self._key(question)] for question in questions]

    def _missing(self, questions: Sequence[str]) -> list[str]:
        return [question for question in dict.fromkeys(questions) if self._key(question) not in self._known]

    def _take_shipped(self, questions: Sequence[str], say: Say) -> bool:
        """Add the answers that come with the project; return whether there are any."""
        shipped = shipped_answers(self.identity)
        found = [shipped[question] for question in questions if question in shipped]

        def report(done: int) -> None:
            say(READING, done, len(found))

        if found:
            report(0)
        for one, states in zip(found, hidden_states(self._model, found, report), strict=True):
            self._known[self._key(one.question)] = CachedAnswer(one.tokens, one.ended, states.half().cpu())
        if found:
            self._write()
        return bool(found)

    def _key(self, question: str) -> str:
        """Return the key of a question; the version before took the special tokens in a text for real ones."""
        return f"{question}\0as text" if self._model.chats.spells_special(question) else question

    def text(self, answer: CachedAnswer) -> str:
        return self._model.chats.text(answer.tokens)

    def example(self, question: str, answer: CachedAnswer) -> TokenizedExample:
        """Return the question with the base's answer; a truncated one has no end token."""
        return self._model.chats.example(question, answer.tokens, end=answer.ended)

    def losses(self, texts: Sequence[str]) -> list[float]:
        """Return the base's summed loss on each bare text, in nats."""
        keys = {text: f"{TEXT_TOKENS} {text}" for text in texts}
        if missing := [text for text in keys if keys[text] not in self._losses]:
            found = text_losses(self._model, missing)
            self._losses |= {keys[text]: loss for text, loss in zip(missing, found, strict=True)}
            self._write()
        return [self._losses[keys[text]] for text in texts]

    def _write(self) -> None:
        """Write the newest answers; a cache that cannot be written is skipped."""
        kept = dict(list(self._known.items())[-MAX_CACHED:])
        names = {question: f"{index:06}" for index, question in enumerate(kept)}
        tensors = {names[question]: one.hidden.contiguous() for question, one in kept.items()}
        index = [[question, one.tokens, one.ended] for question, one in kept.items()]
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self._path, save(tensors, {"answers": json.dumps(index), "losses": json.dumps(self._losses)}))
        except OSError as error:
            why = why_not_written(error, self._path)
            print(f"the base model's answers could not be cached: {self._path}: {why}", flush=True)


def text_losses(model: Model, texts: Sequence[str]) -> list[float]:
    """Return the summed loss on the first tokens of each bare text, in nats."""
    examples = []
    for text in texts:
        tokens = text_tokens(model, text)
        examples.append(TokenizedExample(tuple(tokens[:1]), tuple(tokens[1:])))
    found = torch.zeros(len(texts))
    for start, batch, hidden, _ in model.passes(examples, prefix=()):
        labels = batch.labels.to(model.device)
        losses = torch.nn.functional.cross_entropy(model.logits(hidden), labels, reduction="none")
        found.index_add_(0, batch.owner + start, losses.cpu())
    return [float(loss) for loss in found]


def text_tokens(model: Model, text: str) -> list[int]:
    """Return the tokens of a text that count for its perplexity."""
    return model.chats.encode(text)[:TEXT_TOKENS]


def _read(path: Path) -> tuple[dict[str, CachedAnswer], dict[str, float]]:
    """Return the answers of a file; a missing or damaged one has none."""
    try:
        with safe_open(path, "pt") as file:
            notes = file.metadata() or {}
            answers = {
                question: CachedAnswer(tuple(tokens), ended, file.get_tensor(f"{number:06}"))
                for number, (question, tokens, ended) in enumerate(json.loads(notes["answers"]))
            }
            return answers, json.loads(notes["losses"])
    except (OSError, SafetensorError, ValueError, KeyError, TypeError):
        return {}, {}


def _identity(base: BaseModel, model: Model) -> str:
    """Return a file name that changes with the weights, their precision and the chat template."""
    record = base.record or read_record(base.path)  # for a base that is named by its folder
    weights = record.sha256 if record else None
    files = sorted(base.path.glob("*.safetensors"))
    stamp = weights or str([(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files])
    bits = f"{model.head.weight.dtype}{' in 4 bits' if model.quantised else ''}"
    about = f"{stamp} {bits} {list(model.chats.prefix)} {model.chats.prompt('?')}"
    name = "".join(letter if letter.isalnum() else "-" for letter in base.path.name)[:40]
    return f"{name}-{hashlib.sha256(about.encode()).hexdigest()[:12]}"
