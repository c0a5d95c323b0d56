"""The model card (README.md) of a pipeline folder: how to draw with it, and where it comes from."""

from __future__ import annotations

from garage_tui.core.base.sanitize import one_line
from garage_tui.core.diffusion.recipe import DiffusionRecipe
from garage_tui.core.runs.record import Manifest

_SHOWN = (
    "preset", "epochs", "batch_size", "lr", "channels", "layers", "patch", "prediction", "noise", "min_snr", "ema",
    "sampler", "sample_steps", "seed",
)  # fmt: skip
"""Fields of the recipe that are listed."""

_CARD = """\
---
library_name: diffusers
pipeline_tag: unconditional-image-generation
tags:
- ddpm
- garage_tui
---

# {run}

A DDPM that draws pictures of {size} × {size} pixels.

## Draw

You need the packages `diffusers` and `torch`. Nothing in this folder is code, so it needs no `trust_remote_code`.
In this folder:

```python
from diffusers import DiffusionPipeline

pipeline = DiffusionPipeline.from_pretrained(".")
pictures = pipeline(batch_size=4, num_inference_steps={steps}).images
pictures[0].save("new.png")
```

{blocks}The net alone, without the pipeline:

```python
import torch
from diffusers import DDPMScheduler, UNet2DModel

net = UNet2DModel.from_pretrained(".", subfolder="unet")
scheduler = DDPMScheduler.from_pretrained(".", subfolder="scheduler")
scheduler.set_timesteps({steps})
x = torch.randn(4, {channels}, {side}, {side})
with torch.no_grad():
    for t in scheduler.timesteps:
        x = scheduler.step(net(x, t).sample, t, x).prev_sample
{last}
```

## Origin

* Run: {run}, trained with garage_tui
* Training steps: {step}
* Recipe: {recipe}
* Pictures: {pictures}, SHA-256 {sha256}
"""
_BLOCKS = """\
The net works on blocks of {patch} × {patch} pixels, so this is a latent diffusion model whose latent numbers are the
pixels themselves, in another order. `vqvae/` has learned nothing: it puts them back in their places. diffusers prints
that it expected a `VQModel` there, which does no harm. `DiffusionPipeline` chooses the right class, `LDMPipeline`;
`DDPMPipeline` skips `vqvae/` and fails when it has drawn.

"""


def pipeline_card(manifest: Manifest, recipe: DiffusionRecipe, step: int) -> str:
    """Return the model card of the pipeline that a run saves after `step` steps."""
    data, patch, size = manifest.dataset, recipe.patch, recipe.size
    values = {name: getattr(recipe, name) for name in _SHOWN}
    label = one_line(str(data.get("label", ""))) or "unknown origin"
    shapes = f"(4, 3, {size}, {size}), from −1 to 1"
    last = f"pictures = torch.pixel_shuffle(x, {patch})  # {shapes}" if patch > 1 else f"pictures = x  # {shapes}"
    return _CARD.format(
        run=one_line(manifest.id),
        size=size,
        steps=recipe.sample_steps,
        blocks=_BLOCKS.format(patch=patch) if patch > 1 else "",
        channels=3 * patch**2,
        side=size // patch,
        last=last,
        step=step,
        recipe=", ".join(f"{name} {_text(value)}" for name, value in values.items()),
        pictures=f"{data.get('rows', '?')} of {label}, and {data.get('held_out', '?')} held out",
        sha256=one_line(str(data.get("sha256", "unknown"))),
    )


def _text(value: object) -> str:
    return "-".join(map(str, value)) if isinstance(value, tuple) else str(value)
