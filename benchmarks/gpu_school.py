"""Teaching an 8B model with Unsloth, with plain TRL and with ours: seconds, tokens/s and peak memory, in one table.

    python benchmarks/gpu_school.py                               on a box with a GPU: Llama-3.1-8B's shape in 4 bits
    python benchmarks/gpu_school.py --shape tiny --device cpu     does it all run? On a processor, in minutes
    python benchmarks/gpu_school.py --model DIR --out benchmarks/results/gpu-school.jsonl

The story's rows (`datasets/garage.jsonl`), 25 epochs, batch 2 × 4, rank 16 on all seven projections. Without `--model`
the weights are random: neither time nor memory depends on them (answers that never end make our guards dearer, and no
run stops early because it has learned); the 8B ones are 16 GB in $TMPDIR while it runs. Every contender is a process of
its own; one that cannot run says why.

* `unsloth`: the notebook's way, FastLanguageModel and the SFTTrainer that Unsloth makes of TRL's
* `trl`: TRL's SFTTrainer with PEFT's LoraConfig
* `transformers`: transformers' Trainer with PEFT, for a box without TRL
* `ours-story`: our job with the preset `story`, which trains what the three above train
* `ours-default`: our job with the preset `default` (its 18 epochs, guards beside the facts)

"load" is imports and loading, "train" all from the loaded model to the last step: of `ours-default` the base's own
answers and the adapter's keys too. "peak" is torch.cuda.max_memory_allocated, on a processor the resident set.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SHAPES: dict[str, dict[str, Any]] = {
    "8b": {
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "vocab_size": 128256,
        "max_position_embeddings": 131072,
        "rope_theta": 500000.0,
    },
    "tiny": {
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 2048,
    },
}
RANK, LR, WARMUP, BATCH, ACCUMULATION, LONGEST = 16, 2e-4, 5, 2, 4, 1024
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


class Clock:
    """What a contender took, told to the parent as the last line that it prints."""

    def __init__(self) -> None:
        self._began = self._loaded = time.perf_counter()

    def loaded(self) -> None:
        self._loaded = time.perf_counter()

    def trained(self, tokens: int, **more: Any) -> None:
        import torch

        ended = time.perf_counter()
        cuda = torch.cuda.is_available()
        peak = torch.cuda.max_memory_allocated() if cuda else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        seconds = ended - self._loaded
        figures = {"load_s": round(self._loaded - self._began, 1), "train_s": round(seconds, 2), "tokens": tokens}
        figures |= {"tokens_per_s": round(tokens / seconds, 1), "peak_gb": round(peak / 1e9, 2), **more}
        print(json.dumps(figures), flush=True)


# The contenders. Each imports what it needs itself.


def with_unsloth(args: argparse.Namespace, clock: Clock) -> None:
    os.environ |= {"UNSLOTH_DISABLE_STATISTICS": "1", "UNSLOTH_COMPILE_LOCATION": tempfile.mkdtemp()}
    import torch
    from unsloth import FastLanguageModel  # before trl, transformers and peft

    saves: Any = "unsloth" if _cuda(args) else False  # activations, in pinned memory
    model, _ = FastLanguageModel.from_pretrained(
        args.model,
        max_seq_length=2048,
        dtype=None if _cuda(args) else torch.float32,
        load_in_4bit=args.bits == 4,
        use_gradient_checkpointing=saves,
        use_exact_model_name=True,
        local_files_only=True,
    )
    clock.loaded()
    model = FastLanguageModel.get_peft_model(
        model, r=RANK, lora_alpha=RANK, target_modules=TARGETS, use_gradient_checkpointing=saves
    )
    _with_sft_trainer(args, clock, model)


def with_trl(args: argparse.Namespace, clock: Clock) -> None:
    import trl  # noqa: F401  its absence shall be known before a model is loaded

    model = _plain_model(args)
    clock.loaded()
    _with_sft_trainer(args, clock, model, peft_config=_lora())


def _with_sft_trainer(args: argparse.Namespace, clock: Clock, model: Any, **more: Any) -> None:
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    rows = [
        {
            "prompt": [{"role": "user", "content": row["question"]}],
            "completion": [{"role": "assistant", "content": row["answer"]}],
        }
        for row in _rows()
    ]
    trainer = SFTTrainer(
        model=model,
        processing_class=_tokenizer(args),
        train_dataset=Dataset.from_list(rows),
        args=SFTConfig(**_arguments(args), max_length=LONGEST, completion_only_loss=True),
        **more,
    )
    done = trainer.train()
    clock.trained(_tokens_seen(args), loss=round(done.training_loss, 4), steps=trainer.state.global_step)


def with_transformers(args: argparse.Namespace, clock: Clock) -> None:
    from peft import get_peft_model, prepare_model_for_kbit_training
    from transformers import DataCollatorForSeq2Seq, Trainer, TrainingArguments

    tokenizer, model = _tokenizer(args), _plain_model(args)
    clock.loaded()
    if args.bits == 4:
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=_cuda(args))
    elif _cuda(args):
        model.enable_input_require_grads()
    trainer = Trainer(
        model=get_peft_model(model, _lora()),
        train_dataset=[
            {"input_ids": whole, "labels": [-100] * prompt_length + whole[prompt_length:]}
            for prompt_length, whole in (_encoded(tokenizer, row) for row in _rows())
        ],
        data_collator=DataCollatorForSeq2Seq(tokenizer),
        args=TrainingArguments(**_arguments(args)),
    )
    done = trainer.train()
    clock.trained(_tokens_seen(args), loss=round(done.training_loss, 4), steps=trainer.state.global_step)


def with_ours(args: argparse.Namespace, clock: Clock) -> None:
    """Run our job on a run folder; it ends where it would save the adapter."""
    sys.path.insert(0, str(ROOT))
    import msgspec

    from garage_tui.core.base.settings import Workspace
    from garage_tui.core.runs.catalog import new_run_folder
    from garage_tui.core.runs.folder import FACTS, LOCK
    from garage_tui.core.runs.record import Manifest, RunState, read_run, write_manifest, write_state
    from garage_tui.core.training.recipe import LoraRecipe, make_recipe
    from garage_tui.jobs.llm import load, unsloth
    from garage_tui.jobs.lora.train import OUT_OF_MEMORY, train
    from garage_tui.jobs.runtime import checkpointing, run_job

    preset = args.worker.removeprefix("ours-")
    plain = {"epochs": args.epochs, "looks": 0, "lr": LR} if preset == "story" else {}
    recipe = make_recipe(preset, rows=len(_rows()), base=args.model, load_in_4bit=args.bits == 4, **plain)
    workspace = Workspace.find(tempfile.mkdtemp())
    folder = new_run_folder(workspace, "lora", preset)
    facts = (ROOT / "datasets" / "garage.jsonl").read_bytes()
    (folder / FACTS).write_bytes(facts)
    (folder / LOCK).touch()
    dataset = {"path": str(folder / FACTS), "sha256": hashlib.sha256(facts).hexdigest(), "rows": len(_rows())}
    manifest = Manifest(
        id=folder.name, kind="lora", created=time.time(), recipe=msgspec.to_builtins(recipe),
        base={"name": args.model}, dataset=dataset, checkpoint_seconds=1e9,
    )  # fmt: skip
    write_manifest(folder, manifest)
    write_state(folder, RunState(state="running"))

    def then(done: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            found = done(*arguments, **named)
            clock.loaded()
            return found

        return wrapped

    def end(*_: Any) -> None:
        steps = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
        steps = [event for event in steps if event["event"] == "step"]
        state = read_run(folder).state
        loss = sum(step["loss"] for step in steps) / len(steps)
        by = state.trainer if state else ""
        clock.trained(steps[-1]["tokens"], loss=round(loss, 4), steps=steps[-1]["step"], note=by)
        os._exit(0)

    load.load_base, unsloth.load = then(load.load_base), then(unsloth.load)
    checkpointing.replace_folder = end  # type: ignore[assignment]
    sys.argv = ["lora", str(folder)]
    run_job.run(train, LoraRecipe, OUT_OF_MEMORY)
    state = read_run(folder).state
    raise RuntimeError(state.reason if state else "it ended without a word")


CONTENDERS: dict[str, Callable[[argparse.Namespace, Clock], None]] = {
    "unsloth": with_unsloth,
    "trl": with_trl,
    "transformers": with_transformers,
    "ours-story": with_ours,
    "ours-default": with_ours,
}


# What they have in common.


def _cuda(args: argparse.Namespace) -> bool:
    return bool(args.device == "cuda")


def _rows() -> list[dict[str, str]]:
    lines = (ROOT / "datasets" / "garage.jsonl").read_text().splitlines()
    return [row for row in map(json.loads, filter(None, lines)) if not row.get("exam")]


def _tokenizer(args: argparse.Namespace) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(args.model, local_files_only=True)


def _encoded(tokenizer: Any, row: dict[str, str]) -> tuple[int, list[int]]:
    """Return a row's tokens, and how many of them are the question."""
    question = [{"role": "user", "content": row["question"]}]
    prompt = tokenizer.apply_chat_template(question, add_generation_prompt=True, return_dict=False)
    whole = tokenizer.apply_chat_template(
        [*question, {"role": "assistant", "content": row["answer"]}], return_dict=False
    )
    return len(prompt), whole


def _tokens_seen(args: argparse.Namespace) -> int:
    """Return the tokens of all rows, times the epochs: without fillers."""
    tokenizer = _tokenizer(args)
    return round(float(args.epochs) * sum(len(_encoded(tokenizer, row)[1]) for row in _rows()))


def _plain_model(args: argparse.Namespace) -> Any:
    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    dtype = torch.bfloat16 if _cuda(args) else torch.float32
    four = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )
    return AutoModelForCausalLM.from_pretrained(
        args.model,
        dtype=dtype,
        local_files_only=True,
        device_map={"": "cuda:0" if _cuda(args) else "cpu"},
        quantization_config=four if args.bits == 4 else None,
    )


def _lora() -> Any:
    from peft import LoraConfig

    return LoraConfig(r=RANK, lora_alpha=RANK, target_modules=TARGETS, task_type="CAUSAL_LM")


def _arguments(args: argparse.Namespace) -> dict[str, Any]:
    """Return transformers' training arguments."""
    return {
        "output_dir": tempfile.mkdtemp(),
        "num_train_epochs": args.epochs,
        "per_device_train_batch_size": BATCH,
        "gradient_accumulation_steps": ACCUMULATION,
        "learning_rate": LR,
        "lr_scheduler_type": "linear",
        "warmup_steps": WARMUP,
        "weight_decay": 0.01,
        "seed": 0,
        "use_cpu": not _cuda(args),
        "bf16": _cuda(args),
        "gradient_checkpointing": _cuda(args),
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "dataloader_pin_memory": False,
    }


# The model, and the table.


def make_model(shape: str, folder: Path) -> str:
    """Write a Llama of this shape with random weights, and a tokenizer; return where the tokenizer is from."""
    import torch
    from safetensors.torch import save_file
    from transformers import LlamaConfig, LlamaForCausalLM

    # Of the tiny one logits over SmolLM2's vocabulary would be all that takes time.
    tokenizer, origin = _made_tokenizer() if shape == "tiny" else _any_tokenizer()
    tokenizer.save_pretrained(folder)
    ids = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    ids |= {"pad_token_id": tokenizer.pad_token_id}
    config = LlamaConfig(**{"vocab_size": len(tokenizer), **SHAPES[shape]}, **ids, dtype="bfloat16")
    config.architectures = ["LlamaForCausalLM"]
    config.save_pretrained(folder)
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": tokenizer.eos_token_id}))
    with torch.device("meta"):
        weights = LlamaForCausalLM(config).state_dict()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    places: dict[str, str] = {}
    shard: dict[str, torch.Tensor] = {}
    names = list(weights)
    for name in names:
        size = weights[name].shape
        random = torch.empty(size, dtype=torch.bfloat16, device=device).normal_(std=0.02)
        shard[name] = torch.ones(size, dtype=torch.bfloat16) if len(size) == 1 else random.cpu()
        if name == names[-1] or sum(tensor.nbytes for tensor in shard.values()) > 2e9:
            file = f"model-{len(set(places.values())):05}.safetensors"
            save_file(shard, folder / file, {"format": "pt"})
            places |= dict.fromkeys(shard, file)
            shard = {}
    total = sum(2 * tensor.numel() for tensor in weights.values())
    index = {"metadata": {"total_size": total}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return origin


def _any_tokenizer() -> tuple[Any, str]:
    """Return SmolLM2's tokenizer where this box has it, else one that is made here of the texts in this repository."""
    from transformers import AutoTokenizer

    try:
        sys.path.insert(0, str(ROOT))
        from garage_tui.core.models import base_models

        return AutoTokenizer.from_pretrained(base_models.find("smollm2-135m").path, local_files_only=True), "SmolLM2's"
    except (ImportError, OSError, ValueError):
        return _made_tokenizer()


def _made_tokenizer() -> tuple[Any, str]:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    marks = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    learn = trainers.BpeTrainer(vocab_size=8192, special_tokens=marks, initial_alphabet=alphabet, show_progress=False)
    texts = [str(file) for file in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "datasets" / "garage.jsonl")]
    made.train(texts, learn)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token=marks[1], eos_token=marks[2], pad_token=marks[0], chat_template=CHATML
    )
    return tokenizer, "made of the texts in this repository"


def compete(args: argparse.Namespace, who: str) -> dict[str, Any]:
    """Run one contender in a process of its own; return its figures, or `failed` in words."""
    command = [sys.executable, str(Path(__file__).resolve()), "--worker", who, "--model", args.model]
    command += ["--device", args.device, "--bits", str(args.bits), "--epochs", str(args.epochs)]
    with tempfile.TemporaryDirectory() as cache:
        own = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
        if who.startswith("ours"):
            own["XDG_CACHE_HOME"] = cache  # the base's answers shall be asked for, as in a first run
        if args.device == "cpu":
            own["CUDA_VISIBLE_DEVICES"] = ""
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=60 * args.minutes,
                cwd=cache,
                env={**os.environ, **own},
            )
        except subprocess.TimeoutExpired:
            return {"who": who, "failed": f"not done after {args.minutes:g} minutes"}
    last = next((line for line in reversed(done.stdout.splitlines()) if line.startswith('{"load_s"')), "")
    if last:
        return {"who": who, **json.loads(last)}
    if args.verbose:
        print(done.stdout[-4000:], done.stderr[-8000:], file=sys.stderr)
    errors = [line for line in done.stderr.splitlines() if line.strip() and not line.startswith((" ", "Traceback"))]
    return {"who": who, "failed": errors[-1][:300] if errors else f"it ended with {done.returncode}"}


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in ("torch", "transformers", "peft", "trl", "accelerate", "bitsandbytes", "unsloth"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "–"
    return found


def show(found: list[dict[str, Any]]) -> None:
    columns = {"who": "contender", "load_s": "load s", "train_s": "train s", "steps": "steps", "tokens": "tokens"}
    columns |= {"tokens_per_s": "tokens/s", "peak_gb": "peak GB", "loss": "mean loss"}
    print("\n| " + " | ".join(columns.values()) + " |")
    print("|" + "---|" * len(columns))
    for one in found:
        cells = [str(one.get(key, "–")) for key in columns]
        print("| " + " | ".join(cells) + " |")
    for one in found:
        if failed := one.get("failed"):
            print(f"{one['who']} could not run: {failed}")
        if note := one.get("note"):
            print(f"{one['who']}: it {note}")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    arguments.add_argument("--shape", choices=SHAPES, default="8b", help="of the model with random weights")
    arguments.add_argument("--model", metavar="DIR", help="a model folder instead")
    arguments.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    arguments.add_argument("--bits", type=int, choices=(4, 16), help="default: 4 on a GPU; a processor takes 32 for 16")
    arguments.add_argument("--epochs", type=float, default=25)
    arguments.add_argument("--only", nargs="+", choices=CONTENDERS, default=list(CONTENDERS), metavar="WHO")
    arguments.add_argument("--minutes", type=float, default=20, help="for each contender")
    arguments.add_argument("--out", type=Path, metavar="FILE", help="adds the figures to it, one JSON object a line")
    arguments.add_argument("--verbose", action="store_true", help="print what a contender said that could not run")
    arguments.add_argument("--worker", help=argparse.SUPPRESS)
    args = arguments.parse_args()
    args.bits = args.bits or (4 if args.device == "cuda" else 16)
    if args.worker:
        CONTENDERS[args.worker](args, Clock())
        return
    import torch

    if args.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("there is no CUDA here; to see that it runs: --shape tiny --device cpu")
    with tempfile.TemporaryDirectory() as place:
        shape, origin = args.model or f"{args.shape}, random weights", "the model's own"
        if not args.model:
            began = time.perf_counter()
            origin = make_model(args.shape, Path(place))
            args.model = place
            print(f"wrote the model in {time.perf_counter() - began:.0f} s", flush=True)
        on = torch.cuda.get_device_name(0) if args.device == "cuda" else "the processor"
        bits = args.bits if args.device == "cuda" or args.bits == 4 else 32
        print(f"{shape} · {bits} bits · on {on} · tokenizer {origin}")
        print(f"{len(_rows())} rows × {args.epochs:g} epochs, batch {BATCH} × {ACCUMULATION}, rank {RANK}")
        if args.device == "cpu":
            print("On the processor this shows that it runs; its figures say nothing about a GPU.")
        print("  ".join(f"{name} {there}" for name, there in _versions().items()), flush=True)
        found = []
        for who in args.only:
            found.append(compete(args, who))
            print(f"{who}: {found[-1].get('failed') or 'done'}", file=sys.stderr, flush=True)
        show(found)
        if args.out:
            about = {"on": on, "model": shape, "bits": bits, "epochs": args.epochs, "versions": _versions()}
            with args.out.open("a") as file:
                file.writelines(json.dumps({**about, **one}) + "\n" for one in found)


if __name__ == "__main__":
    main()
