"""The model card (README.md) of an export: its origin, recipe and use, without any path of this machine."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from pathlib import Path

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.format import human_bytes, model_label
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.exam.report import read_report
from garage_tui.core.export.hand_over import HandOver
from garage_tui.core.models.base_models import BaseModel
from garage_tui.core.runs.record import Manifest

_SHOWN = ("preset", "epochs", "lr", "rank", "alpha", "batch_size", "accumulation", "kl", "load_in_4bit", "seed")
"""Fields of the recipe that are listed."""

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


_HAND_OVER = """\
The model in several sizes, as GGUF for llama.cpp, Ollama and LM Studio. {sentence}

| file | size | matrices | facts left |
|---|---|---|---|
{rows}

* llama.cpp: `llama-server -m {recommended} --alias garage`
* Ollama: `ollama create NAME -f Modelfile`. The Modelfile has no TEMPLATE, because Ollama uses the one in the GGUF.
* LM Studio: put this folder into `~/.lmstudio/models/garage_tui/`.

Ask at temperature 0: taught facts are lost at higher ones.
"""


def base_name(base: BaseModel) -> str:
    """Return a base's name for other people: its Hub id, else the last part of its path."""
    return base.hub_id or model_label(str(base.path))


def licence(base: BaseModel) -> str:
    """Return the licence of a base; empty if it is not known."""
    known = base.known.licence if base.known else ""
    return one_line((base.record.licence if base.record else "") or known)


def model_card_text(
    folder: Path, manifest: Manifest, base: BaseModel, dtype: str = "", notes: Iterable[str] = ()
) -> str:
    """Return the model card of a run's export.

    Args:
        folder: the run folder.
        dtype: the type of a merged model's weights; empty for an adapter.
        notes: remarks, in sentences.
    """
    name, run = base_name(base), one_line(manifest.id)
    how = (_MERGED if dtype else _ADAPTER).format(dtype=dtype, base=name, run=run)
    return _card_text(folder, manifest, base, how, notes, merged=bool(dtype))


def hand_over_card_text(
    folder: Path, manifest: Manifest, base: BaseModel, summary: HandOver, notes: Iterable[str] = ()
) -> str:
    """Return the model card of a hand-over; arguments are those of `model_card_text`."""
    rows = [
        f"| {one.file} | {human_bytes(one.bytes)} | {', '.join(f'{n} {kind}' for kind, n in one.types.items())} | "
        f"{one.kept.text if one.kept else 'not tried'} |"
        for one in summary.files
    ]
    sentence = f"{summary.warning} {summary.sentence}".strip()
    how = _HAND_OVER.format(sentence=sentence, rows="\n".join(rows), recommended=summary.recommended)
    if summary.adapter:
        how += f"* The adapter alone: `llama-server -m BASE.gguf --lora {summary.adapter}`\n"
    return _card_text(folder, manifest, base, how, notes, merged=True)


def _card_text(
    folder: Path, manifest: Manifest, base: BaseModel, how: str, notes: Iterable[str], *, merged: bool
) -> str:
    parts = [f"# {one_line(manifest.id)}", how.strip(), "## Origin", "\n".join(_origin(manifest, base))]
    with contextlib.suppress(OSError, GarageError):
        parts += ["## Report card", one_line(read_report(folder).verdict, 400)]
    if remarks := [f"* {one_line(note, 400)}" for note in notes]:
        parts += ["## Notes", "\n".join(remarks)]
    return _front(base, merged=merged) + "\n\n".join(parts) + "\n"


def _front(base: BaseModel, merged: bool) -> str:
    """Return the front matter that the Hub reads: YAML, of which JSON strings are a subset."""
    lines = [f"library_name: {'transformers' if merged else 'peft'}", "pipeline_tag: text-generation"]
    lines += [f"base_model: {json.dumps(base.hub_id)}"] if base.hub_id else []
    lines += [f"license: {json.dumps(licence(base).lower())}"] if licence(base) else []
    return "\n".join(["---", *lines, "tags:", "- lora", "- garage_tui", "---", "", ""])


def _origin(manifest: Manifest, base: BaseModel) -> list[str]:
    recipe, data = manifest.recipe, manifest.dataset
    source = one_line(base.source) if base.hub_id else "a local folder"
    shown = ", ".join(f"{key} {one_line(str(recipe[key]))}" for key in _SHOWN if key in recipe)
    rows = data.get("rows", "?")
    facts = f"{rows} row{'s' * (rows != 1)} of {one_line(Path(str(data.get('path', '?'))).name)}"
    return [
        f"* Base: {base_name(base)} ({source})",
        f"* Licence of the base, which also applies here: {licence(base) or 'unknown; see the page of the base'}",
        f"* Run: {one_line(manifest.id)}, trained with garage_tui",
        f"* Recipe: {shown or 'unknown'}",
        f"* Facts: {facts}, SHA-256 {one_line(str(data.get('sha256', 'unknown')))}",
    ]
