"""llama.cpp's own server on one GGUF, in a process of its own, for as long as its caller wants it.

    python -m garage_tui.jobs.export.gguf_server MODEL.gguf [--context N] [--slots N] [--threads N] [--lora FILE]

Listens on a free port of 127.0.0.1, prints its address as one line, and ends when its standard input does.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m garage_tui.jobs.export.gguf_server")
    parser.add_argument("model", type=Path)
    parser.add_argument("--context", type=int, default=4096, help="tokens of all conversations together")
    parser.add_argument("--slots", type=int, default=4, help="conversations at once")
    parser.add_argument("--threads", type=int, default=0, help="0: as many as there are cores")
    parser.add_argument("--lora", type=Path, help="a LoRA adapter as GGUF, put beside the model")
    args = parser.parse_args()
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(args.model)
    params.model_alias = {args.model.stem}
    params.n_ctx = args.context
    params.n_parallel = args.slots
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.warmup = False
    params.verbosity = 0
    if args.lora:
        params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(args.lora), 1.0)]
    if args.threads:
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = args.threads
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
