"""The arguments and environment variables that vLLM is started with, and its share of a GPU's memory."""

from __future__ import annotations

import psutil

from garage_tui.core.base.errors import GarageError
from garage_tui.core.hardware import gpus
from garage_tui.core.models.base_models import BaseModel
from garage_tui.core.models.weight_size import weight_bytes
from garage_tui.core.serving.vllm_install import VllmInstall
from garage_tui.core.settings.settings import ServeSettings

_AT_ONCE = 4
"""Adapters in one batch."""
_KEPT = 16
"""Adapters kept in main memory; vLLM drops the least recently used one."""
_SPARE = 0.6e9  # bytes of the GPU left to others: a CUDA context takes that much before anything is reserved
_OVERHEAD = 1.5e9  # bytes beside the weights: activations, CUDA graphs and a little cache


def arguments(base: BaseModel, vllm: VllmInstall, settings: ServeSettings, rank: int, slot: str) -> list[str]:
    """Return the arguments of vLLM's server, without those of its address.

    Args:
        rank: of the largest adapter that will be used.
        slot: `cpu`, or the index of a GPU.

    Raises:
        GarageError: the model does not fit into what is free.
    """
    found = ["--model", str(base.path), "--served-model-name", base.name]
    found += ["--enable-lora", "--max-lora-rank", str(rank)]
    found += ["--max-loras", str(_AT_ONCE), "--max-cpu-loras", str(_KEPT)]
    # A model folder may bring sampling defaults of its own; here only the request counts.
    found += ["--generation-config", "vllm", "--disable-uvicorn-access-log"]
    if vllm.cpu:
        found += ["--enforce-eager", "--dtype", "float32"]
    else:
        share = gpu_memory_share(base, settings.vllm_memory, slot)
        found += ["--max-model-len", "auto", "--gpu-memory-utilization", f"{share:.3f}", "--enable-sleep-mode"]
    return [*found, *settings.vllm_args]


def environment(vllm: VllmInstall) -> dict[str, str]:
    """Return the environment variables that vLLM needs."""
    found = {
        "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1",
        "VLLM_SERVER_DEV_MODE": "1",  # /sleep and /wake_up, on a socket that only this user can reach
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "HF_HUB_OFFLINE": "1",  # the model is a folder here
    }
    if vllm.cpu:
        # Threads bound to cores would leave none to a run, and a small machine has memory for a small cache only.
        cache = max(1, min(4, psutil.virtual_memory().total // 2**33))
        found |= {"VLLM_CPU_OMP_THREADS_BIND": "nobind", "OMP_NUM_THREADS": "1", "VLLM_CPU_KVCACHE_SPACE": str(cache)}
    return found


def gpu_memory_share(base: BaseModel, most: float, slot: str) -> float:
    """Return the share of the GPU's memory that vLLM may take: `most`, or less where less is free.

    Raises:
        GarageError: the model does not fit into that.
    """
    for reading in gpus.read():
        if str(reading.index) != slot or not reading.memory_total:
            continue
        free = reading.memory_total - (reading.memory_used or 0)
        share = max(0.0, min(most, (free - _SPARE) / reading.memory_total))
        needs, has = weight_bytes(base.path) + _OVERHEAD, share * reading.memory_total
        if has < needs:
            raise GarageError(
                f"{base.path.name} needs about {needs / 1e9:.1f} GB on GPU {slot}, and may use {has / 1e9:.1f} GB: "
                "stop other programs on this GPU, raise `vllm_memory` in [serve], or use a smaller base"
            )
        return share
    return most
