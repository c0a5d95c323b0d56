"""The pipeline folder of a diffusion run: plain diffusers classes, which `DiffusionPipeline.from_pretrained` loads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from diffusers import DDPMPipeline, DDPMScheduler, LDMPipeline, UNet2DModel
from diffusers.utils.logging import disable_progress_bar

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.base.errors import GarageError, reason_of
from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import check_regular, read_regular
from garage_tui.core.base.sanitize import one_line
from garage_tui.jobs.diffusion.block_coder import block_coder
from garage_tui.jobs.diffusion.unet import PatchUNet, ready

WEIGHTS = "diffusion_pytorch_model.safetensors"
CARD = "README.md"
OLD_MODULE = "garage_tui.jobs.unet"
"""The module that pipeline folders of version 0.1 name as the home of `PatchUNet`; those of today name none of ours."""

disable_progress_bar()  # one of diffusers' own for two files


def save_pipeline(net: Any, noise_schedule: DDPMScheduler, folder: str, card: str) -> None:
    """Write the pipeline folder, its weights as safetensors.

    A net on blocks of pixels is saved as a latent diffusion model: the UNet2DModel in it, and a `block_coder`.

    Args:
        card: the text of its model card.
    """
    if isinstance(net, PatchUNet):
        pipeline: Any = LDMPipeline(vqvae=block_coder(net.config.patch), unet=net.unet, scheduler=noise_schedule)
    else:
        pipeline = DDPMPipeline(unet=net, scheduler=noise_schedule)
    pipeline.save_pretrained(folder)
    write_atomic(Path(folder) / CARD, card.encode())


def load_pipeline(folder: Path) -> tuple[Any, Any]:
    """Return the net and its noise schedule, also from a folder that version 0.1 wrote.

    Raises:
        GarageError: it names other code than this package's and diffusers', its weights are not safetensors, or they
            are not those of its net.
    """
    try:
        parts = msgspec.json.decode(read_regular(folder / "model_index.json"), type=dict[str, object])
        for path in folder.rglob("*"):
            if not path.is_dir():
                check_regular(path)
    except UNREADABLE as error:
        raise GarageError(f"{folder} cannot be read: {reason_of(error)}") from error
    modules = {str(part[0]) for part in parts.values() if isinstance(part, list) and part}
    # Nothing here imports what a file names; whoever opens the folder with diffusers should know it all the same.
    if foreign := modules - {"diffusers", OLD_MODULE}:
        raise GarageError(f"{folder / 'model_index.json'} names code of {one_line(min(foreign), 80)}, so it is refused")
    if not (folder / "unet" / WEIGHTS).exists():
        raise GarageError(
            f"{folder / 'unet'} has no {WEIGHTS}: weights in other formats can carry code and are refused; train again"
        )
    net = _load_net(folder / "unet", PatchUNet if OLD_MODULE in modules else UNet2DModel)
    if not isinstance(net, PatchUNet) and net.config.in_channels > 3:
        net = PatchUNet.around(net)
    return ready(net), DDPMScheduler.from_pretrained(str(folder / "scheduler"), local_files_only=True)


def _load_net(folder: Path, kind: Any) -> Any:
    net, about = kind.from_pretrained(
        str(folder), use_safetensors=True, local_files_only=True, output_loading_info=True
    )
    # diffusers warns and leaves random weights where the file has none.
    if about["missing_keys"] or about["unexpected_keys"]:
        raise GarageError(
            f"{folder / WEIGHTS} has the weights of another net than {folder / 'config.json'}: train again"
        )
    return net
