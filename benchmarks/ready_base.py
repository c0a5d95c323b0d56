"""The base model of a benchmark: fetched before anything is measured, so that no download counts as work."""

from __future__ import annotations

import sys

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.phase import with_counts
from garage_tui.core.models.base_models import BaseModel
from garage_tui.core.training.recipe import LoraRecipe
from garage_tui.jobs.llm import fetch


def ready_base(name: str = LoraRecipe().base) -> BaseModel:
    """Return the base model of this name, by default that of all presets; it is fetched if it is not on this box.

    Raises:
        SystemExit: it cannot be had; the text says why.
    """
    try:
        return fetch.fetch_if_missing(name, with_counts(lambda text: print(text, file=sys.stderr, flush=True)))
    except GarageError as error:
        raise SystemExit(f"this benchmark needs the base model {name}: {error}") from error
