"""`garage train`: the options of each kind of run."""

from __future__ import annotations

import argparse
from typing import Any

from garage_tui.cli.train import diffusion
from garage_tui.cli.train.lora import run_lora
from garage_tui.cli.train.options import add_common


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser("train", help="start a run that teaches a model")
    kinds = parser.add_subparsers(metavar="KIND", required=True)
    lora = kinds.add_parser(
        "lora",
        help="teach facts to a language model",
        description="Teach the facts of a file to a language model. The run continues when this shell ends.",
    )
    lora.add_argument("--facts", metavar="FILE", help="facts to teach; JSONL: one {question, answer} object per line")
    lora.add_argument("--like", metavar="RUN", help="use the recipe and the facts of this run")
    lora.add_argument("--base", metavar="MODEL", help="a name from `garage models`, a folder or a Hub id")
    lora.add_argument("--preset", metavar="NAME", help="default, quick, careful or story")
    lora.add_argument("--both", action="store_true", help="train with the presets default and story, then compare")
    lora.add_argument("--epochs", type=float, metavar="N", help="how often every row is trained on")
    lora.add_argument("--lr", type=float, metavar="X", help="peak learning rate")
    lora.add_argument("--kl", type=float, metavar="X", help="how strongly other answers are kept; 0: plain LoRA")
    lora.add_argument(
        "--load-in-4bit",
        action=argparse.BooleanOptionalAction,
        help="load the base in 4 bits to save memory (default: on a GPU, from 7 billion parameters on)",
    )
    lora.add_argument(
        "--trainer",
        metavar="NAME",
        help="auto, unsloth or peft (default: auto, which is Unsloth if it can run here)",
    )
    lora.add_argument(
        "--rank", type=int, metavar="N", help="rank of the adapter (default: 16; 32 for more than 30 rows)"
    )
    lora.add_argument("--alpha", type=int, metavar="N", help="the adapter is scaled by alpha / rank")
    lora.add_argument("--batch-size", type=int, metavar="N", help="rows in one forward pass")
    lora.add_argument("--accumulation", type=int, metavar="N", help="forward passes per optimiser step")
    lora.add_argument("--warmup-steps", type=int, metavar="N", help="steps until the peak learning rate")
    lora.add_argument("--max-length", type=int, metavar="N", help="longest row in tokens; longer ones are cut")
    lora.add_argument("--seed", type=int, metavar="N", help="random seed; the same seed gives the same run")
    add_common(lora, "the name of the facts file", "several share the layers, for memory, not for speed")
    lora.set_defaults(run=run_lora)
    diffusion.add(kinds)
