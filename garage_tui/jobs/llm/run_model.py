"""The model of a run: its base model with its adapter, or without it."""

from __future__ import annotations

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.phase import Say
from garage_tui.core.models.base_models import BaseModel
from garage_tui.core.runs.base_source import base_source
from garage_tui.core.runs.record import Run
from garage_tui.jobs.llm import fetch
from garage_tui.jobs.llm.adapters import Adapters
from garage_tui.jobs.llm.forward_pass import Model
from garage_tui.jobs.llm.load import chat_template_of, load_base


def load_run_model(run: Run, say: Say, *, tuned: bool = True) -> tuple[Model, BaseModel]:
    """Return the model of a run in evaluation mode, and what its base model was loaded from.

    Args:
        tuned: with the adapter of the run; else the base model alone.

    Raises:
        GarageError: the run cannot be read or has no adapter, or its base model or adapter cannot be used.
    """
    if run.manifest is None or (tuned and run.adapter is None):
        raise BadInputError(f"{run.id} has no adapter to examine ({run.status})")
    base = fetch.fetch_if_missing(base_source(run.manifest), say)
    say("loading the model")
    four_bit = bool(run.manifest.recipe.get("load_in_4bit"))
    tokenizer, bare = load_base(base, f"{base.path} cannot be loaded as a model", four_bit=four_bit)
    chats = chat_template_of(tokenizer, bare)
    adapters = Adapters(bare.eval(), base)
    if tuned:
        name = adapters.name_of(run.adapter)
        adapters.model.set_adapter(name)
    return Model(adapters.model, chats), base
