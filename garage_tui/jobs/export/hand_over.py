"""Makes the folder of a hand-over: a merged model as GGUFs in several sizes, each asked the run's exam questions."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.json_text import struct_json
from garage_tui.core.base.phase import with_counts
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.chat.client import ServerAddress
from garage_tui.core.exam import server_card, server_exam
from garage_tui.core.exam.judgement import measured
from garage_tui.core.exam.server_card import ServerCard
from garage_tui.core.export import hand_over, ollama
from garage_tui.core.export.hand_over import HandedFile, HandOver

_JOBS = "garage_tui.jobs.export"
_STARTS = 120.0
"""Seconds within which llama.cpp's server must be ready."""


def make(
    run: Path, full: Path, made: Path, sizes: Sequence[str], say: Callable[[str], None], *, exam: bool
) -> HandOver:
    """Make the sizes of a 16-bit GGUF in a new folder, try each, and describe them.

    Args:
        run: the run folder, in which the card of each size is saved.
        full: the GGUF in 16 bits.
        made: the folder to be made.
        exam: ask each size the questions of the run's report card.

    Raises:
        GarageError: a file cannot be made, or llama.cpp cannot answer with it.
    """
    ends = _ends(full)
    made.mkdir()
    files = [_quantised(run.name, full, made, size, say) for size in sizes]
    own = None
    if exam:
        questions = read_exam(run)
        own = measured(questions.card).facts
        tried = [_tried(made, file, questions, say) for file in files]
        files = [file for file, _ in tried]
        for _, card in tried:  # all or none
            server_card.add_card(run, card)
    found = hand_over.recommend(run.name, files, own)
    (made / ollama.MODELFILE).write_text(ollama.modelfile(found.recommended, ends))
    _write_summary(made, found)
    return found


def with_adapter(made: Path, summary: HandOver, name: str) -> HandOver:
    """Return the summary of a folder that holds the adapter alone too, and write it there."""
    found = msgspec.structs.replace(summary, adapter=name)
    _write_summary(made, found)
    return found


def _write_summary(made: Path, summary: HandOver) -> None:
    (made / hand_over.SUMMARY).write_bytes(msgspec.json.format(struct_json(summary), indent=1) + b"\n")


def read_exam(run: Path) -> server_exam.Exam:
    """Return the exam of a run, which is read before anything is made.

    Raises:
        BadInputError: it has no report card, or one that cannot be read.
    """
    try:
        return server_exam.read_exam(run)
    except FileNotFoundError as error:
        raise BadInputError(
            f"{run.name} has no report card to compare with: make one with `garage report {run.name}`, or leave the "
            "exam out with --no-exam"
        ) from error


def _quantised(run: str, full: Path, made: Path, size: str, say: Callable[[str], None]) -> HandedFile:
    """Write one size in a process of its own, which a crash of the library ends alone."""
    from gguf import GGUFReader

    out = made / f"{run}-{size}.gguf"
    say(f"quantising to {size}")
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", f"{_JOBS}.gguf_quantise", str(full), str(out), size],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    try:
        assert process.stdout and process.stderr
        for line in process.stdout:
            if line.strip().endswith("%"):
                say(f"quantising to {size}: {line.strip()}")
        why, code = process.stderr.read(), process.wait()
    finally:
        process.kill()  # it ends with this job
        process.wait()
    if code or not out.exists():
        last = (why.strip().splitlines() or [""])[-1] if code == 1 else f"llama.cpp's library ended with code {code}"
        raise GarageError(one_line(last, 400) or f"{size} could not be made")
    types = Counter(tensor.tensor_type.name for tensor in GGUFReader(out).tensors if len(tensor.shape) > 1)
    return HandedFile(size=size, file=out.name, bytes=out.stat().st_size, types=dict(types))


def _tried(
    made: Path, file: HandedFile, exam: server_exam.Exam, say: Callable[[str], None]
) -> tuple[HandedFile, ServerCard]:
    """Ask one size the questions of the run's exam; return its figures and its card."""
    say(f"starting llama.cpp with {file.size}")
    with server_on(made / file.file) as url:
        card = asyncio.run(
            server_exam.examine(
                ServerAddress(f"{url}/v1"),
                (made / file.file).stem,
                exam,
                with_counts(lambda text: say(f"{file.size}: {text}")),
                server_card.SYSTEM_PROMPTS[:1],
                server=file.file,
            )
        )
    (figures,) = card.prompts
    known = {"facts": figures.facts, "kept": figures.kept, "leak": figures.leak, "grade": figures.grade}
    return msgspec.structs.replace(file, **known), card


@contextmanager
def server_on(model: Path) -> Iterator[str]:
    """Start llama.cpp's server on a GGUF and give its address; it ends with the context, or with this process.

    Raises:
        GarageError: it does not start.
    """
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", f"{_JOBS}.gguf_server", str(model)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdin and process.stdout
        address = next((line.strip() for line in process.stdout if line.startswith("http://")), "")
        if not address:
            raise GarageError(f"llama.cpp cannot start with {model.name} (code {process.wait(_STARTS)})")
        yield address
    finally:
        process.kill()
        process.wait()


def _ends(gguf: Path) -> tuple[str, ...]:
    """Return the text of the tokens that end an answer.

    Raises:
        GarageError: the file has no chat template, so that every program would guess one.
    """
    from gguf import GGUFReader

    fields = GGUFReader(gguf).fields
    if "tokenizer.chat_template" not in fields:
        raise GarageError("the model has no chat template, so other programs would guess one: use an instruct base")
    tokens = fields["tokenizer.ggml.tokens"].contents()
    keys = [f"tokenizer.ggml.{name}_token_id" for name in ("eos", "eot", "eom")]
    return tuple(dict.fromkeys(str(tokens[fields[key].contents()]) for key in keys if key in fields))
