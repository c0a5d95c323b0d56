"""The recipe of a run in a few lines: base or net, data, adapter, learning rate."""

from __future__ import annotations

from textual.content import Content

from garage_tui.core.base.format import model_label
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.runs.record import Manifest

Values = dict[str, object]


def labelled(label: str, *values: str) -> Content:
    """Return a line of the details: a label, then the values that are not empty."""
    return Content.assemble((f"{label:<5} ", "$muted"), one_line(" · ".join(filter(None, values)), 300))


def lines(manifest: Manifest, parameters: int | None = None) -> list[Content]:
    """Return the recipe of a run.

    Args:
        parameters: of the net of a diffusion run, if known.
    """
    if manifest.kind == "diffusion":
        return _diffusion(manifest.recipe, manifest.dataset, parameters)
    return _lora(manifest.recipe, manifest.base, manifest.dataset)


def _lora(recipe: Values, base: Values, dataset: Values) -> list[Content]:
    name = one_line(str(base.get("name", "")), 200)
    batch = recipe.get("batch_size", "?")
    if recipe.get("accumulation", 1) != 1:
        batch = f"{batch} × {recipe['accumulation']}"
    rows, targets = dataset.get("rows", "?"), recipe.get("targets")
    layers = f"{len(targets)} projections" if isinstance(targets, list | tuple) else ""
    return [
        labelled("base", model_label(name)),
        labelled("data", _count(rows, "row"), _count(_plain(recipe.get("epochs")), "epoch"), f"batch {batch}"),
        labelled("lora", f"rank {recipe.get('rank', '?')}", f"alpha {recipe.get('alpha', '?')}", layers),
        labelled("rate", _plain(recipe.get("lr")), str(recipe.get("schedule", "")), f"seed {recipe.get('seed', '?')}"),
    ]


def _diffusion(recipe: Values, dataset: Values, parameters: int | None) -> list[Content]:
    # Before the run has read its pictures, only where they come from is known.
    rows, source = dataset.get("rows"), model_label(str(dataset.get("label") or dataset.get("path", "?")))
    held_out = dataset.get("held_out")
    channels = recipe.get("channels")
    levels = "-".join(map(str, channels)) if isinstance(channels, list | tuple) else "?"
    learns_from = f"{rows:,} {source}" if isinstance(rows, int) else source
    epochs, batch, size = (recipe.get(name, "?") for name in ("epochs", "batch_size", "size"))
    schedule, prediction, seed = (str(recipe.get(name, "?")) for name in ("schedule", "prediction", "seed"))
    return [
        labelled("data", learns_from, f"{held_out} held out" if held_out else ""),
        labelled("net", f"levels {levels}", f"{parameters / 1e6:.1f} M parameters" if parameters else ""),
        labelled("train", _count(epochs, "epoch"), f"batch {batch}", f"{size} px", f"seed {seed}"),
        labelled("rate", _plain(recipe.get("lr")), schedule, prediction),
    ]


def _count(number: object, noun: str) -> str:
    return f"{number} {noun}{'' if str(number) == '1' else 's'}"


def _plain(number: object) -> str:
    return f"{number:g}" if isinstance(number, int | float) else "?"
