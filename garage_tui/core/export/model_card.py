"""The README.md of an export: what it is, made from what, and how it is loaded. No path of this box is in it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from pathlib import Path

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.format import model_label
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.exam.report import read_report
from garage_tui.core.models.base_models import BaseModel
from garage_tui.core.runs.record import Manifest

_SHOWN = ("preset", "epochs", "lr", "rank", "alpha", "batch_size", "accumulation", "kl", "load_in_4bit", "seed")
"""Of the recipe."""

_MERGED = """\
A whole model: the adapter is merged into the base's weights ({dtype}).

```python
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("THIS FOLDER")
model = AutoModelForCausalLM.from_pretrained("THIS FOLDER")
```

`vllm serve THIS-FOLDER` serves it; `garage ask QUESTION --base THIS-FOLDER` asks it.
"""
_ADAPTER = """\
A LoRA adapter in PEFT's format; it needs its base.

```python
from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("{base}")
model = PeftModel.from_pretrained(base, "THIS FOLDER")
```

`vllm serve {base} --enable-lora --lora-modules {run}=THIS-FOLDER` serves it.
"""


def base_name(base: BaseModel) -> str:
    """Return a base's name as it is of use to others: its Hub id, else the last part of its path."""
    return base.hub_id or model_label(str(base.path))


def licence(base: BaseModel) -> str:
    """Return the licence of a base, as far as this box knows it."""
    known = base.known.licence if base.known else ""
    return one_line((base.record.licence if base.record else "") or known)


def model_card_text(
    folder: Path, manifest: Manifest, base: BaseModel, dtype: str = "", notes: Iterable[str] = ()
) -> str:
    """Return the card of a run's export.

    Args:
        folder: the run's.
        dtype: of a merged model's weights; empty for an adapter.
        notes: what else to know; sentences.
    """
    name, run = base_name(base), one_line(manifest.id)
    how = (_MERGED if dtype else _ADAPTER).format(dtype=dtype, base=name, run=run)
    parts = [f"# {run}", how.strip(), "## What it is made of", "\n".join(_origin(manifest, base))]
    with contextlib.suppress(OSError, GarageError):
        parts += ["## Report card", one_line(read_report(folder).verdict, 400)]
    if said := [f"* {one_line(note, 400)}" for note in notes]:
        parts += ["## To know", "\n".join(said)]
    return _front(base, merged=bool(dtype)) + "\n\n".join(parts) + "\n"


def _front(base: BaseModel, merged: bool) -> str:
    """Return what the Hub reads of a card: YAML, of which JSON strings are a part."""
    lines = [f"library_name: {'transformers' if merged else 'peft'}", "pipeline_tag: text-generation"]
    lines += [f"base_model: {json.dumps(base.hub_id)}"] if base.hub_id else []
    lines += [f"license: {json.dumps(licence(base).lower())}"] if licence(base) else []
    return "\n".join(["---", *lines, "tags:", "- lora", "- garage_tui", "---", "", ""])


def _origin(manifest: Manifest, base: BaseModel) -> list[str]:
    recipe, data = manifest.recipe, manifest.dataset
    source = one_line(base.source) if base.hub_id else "a folder of its owner"
    shown = ", ".join(f"{key} {one_line(str(recipe[key]))}" for key in _SHOWN if key in recipe)
    rows = data.get("rows", "?")
    facts = f"{rows} row{'s' * (rows != 1)} of {one_line(Path(str(data.get('path', '?'))).name)}"
    return [
        f"* Base: {base_name(base)} ({source})",
        f"* Licence of the base, which holds for this too: {licence(base) or 'not known here; its own page says it'}",
        f"* Run: {one_line(manifest.id)}, trained with garage_tui",
        f"* Recipe: {shown or 'not known'}",
        f"* Facts: {facts}, SHA-256 {one_line(str(data.get('sha256', 'not known')))}",
    ]
