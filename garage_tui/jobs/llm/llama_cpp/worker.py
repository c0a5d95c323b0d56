"""The process in which llama.cpp's own server answers, with one base model and at most one adapter.

    python -m garage_tui.jobs.llm.llama_cpp.worker < ORDER

Reads one line of JSON (`WorkerOrder`) and listens on a Unix socket. It ends when its standard input does: with whoever
started it, however that ends, and removes the folder of its socket then. A failure of llama.cpp ends this process
alone. It imports neither torch nor the rest of the server.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path

import msgspec

MAX_CACHE = 512
"""MiB of main memory for conversations that no slot holds any more."""
_PING_SECONDS = 10
"""A stream says so often that it is alive while a long prompt is computed; some clients give up after 30 seconds."""
_ERRORS_ONLY = 1  # what llama.cpp logs beyond errors may quote a conversation


class WorkerOrder(msgspec.Struct, frozen=True):
    """What a worker is started with."""

    gguf: str
    socket: str
    """Path; in a folder that only this user can enter, into which conversations are saved, too."""
    key: str
    threads: int
    context: int
    """Tokens of all conversations together; each one may use them all, up to the model's own context."""
    slots: int
    """Most conversations that are answered at once."""
    name: str
    """Id of the model, which its answers bear."""
    adapter: str = ""
    """GGUF of a LoRA adapter; empty for the bare base."""


def main() -> int:
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=WorkerOrder)
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = order.gguf
    params.model_alias = {order.name}
    params.hostnames = [order.socket]
    params.api_keys = [order.key]
    params.n_parallel, params.n_ctx, params.kv_unified = order.slots, order.context, True
    params.fit_params = False  # the context was chosen for this machine already
    params.cache_ram_mib = MAX_CACHE
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = order.threads
    params.sse_ping_interval = _PING_SECONDS
    params.warmup = False
    params.ui = False
    params.use_jinja = True
    params.endpoint_slots = False
    params.slot_save_path = f"{Path(order.socket).parent}/"
    params.reasoning_format = xllamacpp.common_reasoning_format.COMMON_REASONING_FORMAT_NONE  # as vLLM and transformers
    params.verbosity = _ERRORS_ONLY
    if order.adapter:
        adapter = xllamacpp.CommonAdapterLoraInfo()
        adapter.path, adapter.scale = order.adapter, 1.0
        params.lora_adapters = [adapter]
    try:
        server = xllamacpp.Server(params)  # noqa: F841 (it answers for as long as it is kept)
    except RuntimeError:
        return 1  # llama.cpp has logged why
    for number in (signal.SIGTERM, signal.SIGINT):  # llama.cpp's own handlers end its loop, not this process
        signal.signal(number, signal.SIG_DFL)
    sys.stdin.buffer.read()
    shutil.rmtree(Path(order.socket).parent, ignore_errors=True)  # a starter that was killed cannot do it
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
