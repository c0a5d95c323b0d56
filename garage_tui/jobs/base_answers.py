"""What a base model answers by itself: asked once, kept in the user's cache folder, and used by every run after it.

A file holds the greedy answers of one base model, each with the hidden states before its tokens, out of which the
base's probabilities come back without a forward pass: that is all that the KL term of a run and the drift of a report
card need of the base.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from garage_tui.core.atomic import write_atomic
from garage_tui.core.models import BaseModel
from garage_tui.core.settings import models_folder
from garage_tui.jobs.forward import Model
from garage_tui.jobs.packing import Example

MOST_KEPT = 1500
"""Answers in a file; the oldest go first (6 KB each for a width of 576 and 24 tokens)."""
TEXT_TOKENS = 48
"""Tokens of a text whose loss counts for the perplexity."""


@dataclass(frozen=True)
class Answer:
    """One greedy answer of the base."""

    tokens: tuple[int, ...]
    ended: bool
    """False where it was cut."""
    hidden: torch.Tensor
    """(labels, width) fp16 on the CPU: the last hidden state before each token, and before the end token."""


class BaseAnswers:
    """The answers of one base model, some of them in the cache.

    Args:
        base: what the model was loaded from.
        model: asked with its adapter switched off by the caller.
        most: tokens of an answer.
    """

    def __init__(self, base: BaseModel, model: Model, most: int) -> None:
        self._model, self._most = model, most
        self._path = models_folder().parent / "answers" / f"{_identity(base, model)}-{most}.safetensors"
        self._known, self._losses = _read(self._path)
        self.asked = 0
        """Questions that were not in the cache."""

    def __call__(self, questions: Sequence[str], say: Callable[[str], None] = lambda _: None) -> list[Answer]:
        """Return the base's answer to each question."""
        missing = [question for question in dict.fromkeys(questions) if question not in self._known]
        if missing:
            say(f"the base answers {len(missing)} question{'s' * (len(missing) != 1)}")
            self.asked += len(missing)
            prompts = [self._model.chats.prompt(question) for question in missing]
            for question, (tokens, ended, hidden) in zip(missing, self._model.answer(prompts, self._most), strict=True):
                self._known[question] = Answer(tuple(tokens), ended, hidden.half().cpu())
            self._write()
        return [self._known[question] for question in questions]

    def text(self, answer: Answer) -> str:
        return self._model.chats.text(answer.tokens)

    def example(self, question: str, answer: Answer) -> Example:
        """Return the question with the base's answer; one that was cut does not end."""
        return self._model.chats.example(question, answer.tokens, end=answer.ended)

    def losses(self, texts: Sequence[str]) -> list[float]:
        """Return the base's summed loss on each bare text, in nats."""
        if missing := [text for text in texts if text not in self._losses]:
            self._losses |= dict(zip(missing, text_losses(self._model, missing), strict=True))
            self._write()
        return [self._losses[text] for text in texts]

    def _write(self) -> None:
        """Keep the newest answers; a cache that cannot be written is none."""
        kept = dict(list(self._known.items())[-MOST_KEPT:])
        names = {question: f"{index:06}" for index, question in enumerate(kept)}
        tensors = {names[question]: answer.hidden.contiguous() for question, answer in kept.items()}
        index = [[question, answer.tokens, answer.ended] for question, answer in kept.items()]
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self._path, save(tensors, {"answers": json.dumps(index), "losses": json.dumps(self._losses)}))
        except OSError as error:
            print(f"the base's answers are not kept: {self._path}: {error.strerror or error}", flush=True)


def text_losses(model: Model, texts: Sequence[str]) -> list[float]:
    """Return the summed loss on the first tokens of each bare text, in nats."""
    examples = []
    for text in texts:
        tokens = text_tokens(model, text)
        examples.append(Example(tuple(tokens[:1]), tuple(tokens[1:])))
    found = torch.zeros(len(texts))
    for start, batch, hidden in model.batches(examples, prefix=()):
        labels = batch.labels.to(model.device)
        losses = torch.nn.functional.cross_entropy(model.logits(hidden), labels, reduction="none")
        found.index_add_(0, batch.owner + start, losses.cpu())
    return [float(loss) for loss in found]


def text_tokens(model: Model, text: str) -> list[int]:
    """Return the tokens of a text that count for its perplexity."""
    return model.chats.encode(text)[:TEXT_TOKENS]


def _read(path: Path) -> tuple[dict[str, Answer], dict[str, float]]:
    """Return the answers of a file; one that is missing or damaged has none, and is written anew."""
    try:
        with safe_open(path, "pt") as file:
            notes = file.metadata() or {}
            answers = {
                question: Answer(tuple(tokens), ended, file.get_tensor(f"{number:06}"))
                for number, (question, tokens, ended) in enumerate(json.loads(notes["answers"]))
            }
            return answers, json.loads(notes["losses"])
    except (OSError, SafetensorError, ValueError, KeyError, TypeError):
        return {}, {}


def _identity(base: BaseModel, model: Model) -> str:
    """Return a file name that changes with the weights, their precision and the chat template."""
    weights = base.record.sha256 if base.record else None
    files = sorted(base.path.glob("*.safetensors"))
    stamp = weights or str([(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files])
    about = f"{stamp} {model.head.weight.dtype} {list(model.chats.prefix)} {model.chats.prompt('?')}"
    name = "".join(letter if letter.isalnum() else "-" for letter in base.path.name)[:40]
    return f"{name}-{hashlib.sha256(about.encode()).hexdigest()[:12]}"
