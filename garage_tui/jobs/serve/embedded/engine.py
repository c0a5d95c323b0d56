"""A base model with its LoRA adapters in memory; each row of a batch can use another adapter."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import torch
from jinja2 import TemplateError
from transformers import GenerationConfig, StoppingCriteria

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.models.base_models import BaseModel
from garage_tui.jobs.llm.adapters import BASE, Adapters
from garage_tui.jobs.llm.chat_encoder import ChatEncoder
from garage_tui.jobs.llm.load import end_tokens, load_base
from garage_tui.jobs.serve.embedded.sampler import Sampler, score_prompt
from garage_tui.jobs.serve.generation import GenerationOptions, GenerationRow
from garage_tui.jobs.serve.openai_api.context_length import ContextLengthError
from garage_tui.jobs.serve.openai_api.request_fields import BadFieldError

MAX_ROWS = 8
"""Most rows in one batch: with more, a small machine takes long to the first token."""
_DEFAULT_CONTEXT = 2048  # tokens, where the config names no limit


class Engine:
    """One base model with its tokenizer, and the adapters that were asked for.

    `encode` may be called from any thread; `answer` from one thread at a time.

    Args:
        base: a model that is on this box.
        say: called with sentences about the progress.

    Raises:
        GarageError: the folder holds no chat model with safetensors weights.
    """

    def __init__(self, base: BaseModel, say: Callable[[str], None]) -> None:
        self.base = base
        say(f"loading {base.path.name} onto the {'GPU' if torch.cuda.is_available() else 'CPU'}")
        self.tokenizer, model = load_base(base, f"{base.path.name} cannot be loaded")
        self._encoder, self._tokenizing = ChatEncoder(self.tokenizer), threading.Lock()
        self.end_tokens = end_tokens(self.tokenizer, model)
        self.context: int = getattr(model.config, "max_position_embeddings", None) or _DEFAULT_CONTEXT
        """Most tokens of prompt and answer together."""
        self.vocabulary: int = model.config.vocab_size
        # A model folder may bring sampling defaults of its own; here only the request counts.
        model.generation_config = GenerationConfig()
        self._adapters = Adapters(model.eval(), base)

    def encode(self, messages: Sequence[dict[str, str]]) -> list[int]:
        """Return the token ids of a chat, ending where the assistant's answer begins.

        Raises:
            BadInputError: the chat template refuses the messages, or leave no tokens for an answer.
        """
        try:
            with self._tokenizing:
                ids = self._encoder.encode(messages, ask=True)
        except TemplateError as error:
            raise BadInputError(
                f"the model's chat template rejects these messages: {one_line(str(error), 120)}"
            ) from error
        if len(ids) >= self.context:
            raise ContextLengthError(self.context, len(ids))
        return ids

    def encode_prompt(self, prompt: str | Sequence[int], echo: bool = False) -> list[int]:
        """Return the token ids of a prompt that the model goes on with; special tokens in it are real ones.

        Args:
            prompt: a text, or token ids.
            echo: True where the prompt may fill the whole context, because no answer has to follow.

        Raises:
            BadInputError: it has no tokens, tokens that are not in the vocabulary, or too many.
        """
        if isinstance(prompt, str):
            with self._tokenizing:
                ids: list[int] = self.tokenizer(prompt)["input_ids"]
        else:
            ids = list(prompt)
        if not ids:
            raise BadFieldError("prompt", "prompt: expected a text or tokens")
        if max(ids) >= self.vocabulary:
            raise BadFieldError("prompt", f"prompt: {max(ids)} is no token of this model, which has {self.vocabulary}")
        if len(ids) >= self.context + echo:
            raise ContextLengthError(self.context, len(ids), "prompt")
        return ids

    def check(self, options: GenerationOptions) -> None:
        """Check what of the options depends on the model.

        Raises:
            BadInputError: `logit_bias` names a token that is not in the vocabulary.
        """
        for token, _ in options.logit_bias:
            if token >= self.vocabulary:
                text = f"logit_bias: {token} is no token of this model, which has {self.vocabulary}"
                raise BadFieldError("logit_bias", text)

    def token_text(self, token: int) -> str:
        """Return a token as text; half characters are replaced."""
        return str(self.tokenizer.decode([token]))

    def answer(self, rows: Sequence[GenerationRow]) -> None:
        """Answer all rows in one batch; each row reports its own end, also where the batch fails.

        Raises:
            Exception: what torch raised (out of memory, for example); rows that had not ended are left as they are.
        """
        names, ready = [], []
        for row in rows:
            try:
                names.append(self._adapters.name_of(row.adapter))
                ready.append(row)
            except GarageError as error:
                row.fail(str(error))
        if ready:
            self._generate(ready, names)

    def _generate(self, rows: list[GenerationRow], names: list[str]) -> None:
        model = self._adapters.model
        plain = set(names) == {BASE} and not self._adapters.loaded
        for row, name in zip(rows, names, strict=True):
            if row.sampling.scores_prompt:
                row.prompt_scores = score_prompt(model, row, {} if plain else {"adapter_names": [name]})
            row.begin(self.tokenizer.backend_tokenizer, self.end_tokens, self.context)
        names = [name for row, name in zip(rows, names, strict=True) if not row.ended]
        rows = [row for row in rows if not row.ended]
        if not rows:
            return
        longest = max(len(row.read) for row in rows)
        pads = [longest - len(row.read) for row in rows]
        filler = min(self.end_tokens)
        ids = torch.tensor(
            [[filler] * pad + row.read for pad, row in zip(pads, rows, strict=True)], device=model.device
        )
        mask = torch.tensor([[0] * pad + [1] * (longest - pad) for pad in pads], device=model.device)
        model.generate(
            input_ids=ids,
            attention_mask=mask,
            generation_config=GenerationConfig(
                do_sample=False, max_new_tokens=max(row.max_tokens - row.tokens for row in rows), pad_token_id=filler
            ),
            logits_processor=[Sampler(rows, longest, model.device)],
            stopping_criteria=[_Stream(rows)],
            **({} if plain else {"adapter_names": names}),
        )


class _Stream(StoppingCriteria):
    """Passes each row its newest token and tells `generate` which rows have ended."""

    def __init__(self, rows: Sequence[GenerationRow]) -> None:
        self.rows = rows

    def __call__(self, input_ids: torch.Tensor, scores: object, **_: Any) -> torch.Tensor:
        """Return (rows,) bool for (rows, tokens so far) ids."""
        for row, token in zip(self.rows, input_ids[:, -1].tolist(), strict=True):
            row.push(token)
        return torch.tensor([row.ended for row in self.rows], device=input_ids.device)
