"""`garage train`: its options for each kind of run."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from garage_tui.cli import train_diffusion
from garage_tui.cli.train_lora import run_lora
from garage_tui.cli.train_options import add_usual

if TYPE_CHECKING:
    pass


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser("train", help="teach a model")
    kinds = parser.add_subparsers(metavar="KIND", required=True)
    lora = kinds.add_parser(
        "lora",
        help="teach facts to a language model",
        description="Teach the facts of a file to a language model. The run goes on when this shell ends.",
    )
    lora.add_argument("--facts", metavar="FILE", help="JSONL: one {question, answer} object a line")
    lora.add_argument("--like", metavar="RUN", help="begin with the recipe and the facts of this run")
    lora.add_argument("--base", metavar="MODEL", help="a name from `garage models`, a folder or a Hub id")
    lora.add_argument("--preset", metavar="NAME", help="default, quick, careful or story")
    lora.add_argument("--both", action="store_true", help="train default and story, then print what differs")
    lora.add_argument("--epochs", type=float, metavar="N", help="times that every row is seen")
    lora.add_argument("--lr", type=float, metavar="X", help="peak learning rate")
    lora.add_argument("--kl", type=float, metavar="X", help="how firmly the rest is held in place; 0 trains plainly")
    lora.add_argument(
        "--load-in-4bit",
        action=argparse.BooleanOptionalAction,
        help="the base in 4 bits, to save memory (default: from 7 billion parameters on, on a GPU)",
    )
    lora.add_argument(
        "--trainer", metavar="NAME", help="auto, unsloth or peft (default: auto, Unsloth where CUDA is and it imports)"
    )
    lora.add_argument(
        "--rank", type=int, metavar="N", help="rank of the adapter (default: 16; 32 for more than 30 rows)"
    )
    lora.add_argument("--alpha", type=int, metavar="N", help="the adapter counts alpha / rank")
    lora.add_argument("--batch-size", type=int, metavar="N", help="rows in one forward pass")
    lora.add_argument("--accumulation", type=int, metavar="N", help="forward passes in one step")
    lora.add_argument("--warmup-steps", type=int, metavar="N", help="steps until the peak learning rate")
    lora.add_argument("--max-length", type=int, metavar="N", help="tokens after which a row is cut")
    lora.add_argument("--seed", type=int, metavar="N", help="same seed, same run")
    add_usual(lora, "the file's")
    lora.set_defaults(run=run_lora)
    train_diffusion.add(kinds)
