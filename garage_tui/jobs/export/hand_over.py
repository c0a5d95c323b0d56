"""Makes the folder of a hand-over: a merged model as GGUFs in several sizes, each asked the run's exam questions."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.json_text import struct_document
from garage_tui.core.base.phase import Say, with_counts
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.write_errors import why_not_written
from garage_tui.core.exam import server_card, server_exam
from garage_tui.core.exam.judgement import measured
from garage_tui.core.exam.server_card import ServerCard
from garage_tui.core.export import hand_over, ollama
from garage_tui.core.export.hand_over import HandedFile, HandOver
from garage_tui.jobs.llm.llama_cpp.process import LlamaCppProcess

_QUANTISER = "garage_tui.jobs.export.gguf_quantise"
_CONTEXT, _AT_ONCE = 4096, 4
"""Tokens of all conversations of an exam together, and how many of its questions are asked at once."""


def make(
    run: Path,
    full: Path,
    made: Path,
    sizes: Sequence[str],
    say: Callable[[str], None],
    adapter: Path | None = None,
    *,
    exam: bool,
) -> tuple[HandOver, list[ServerCard]]:
    """Make the sizes of a 16-bit GGUF in a new folder, try each, and describe them; return that and their cards.

    Args:
        run: the run folder, whose exam is asked.
        full: the GGUF in 16 bits.
        made: the folder to be made.
        adapter: the adapter alone as a GGUF, which is moved into the folder.
        exam: ask each size the questions of the run's report card.

    Raises:
        GarageError: a file cannot be made, or llama.cpp cannot answer with it.
    """
    ends = _ends(full)
    made.mkdir()
    files = [_quantised(run.name, full, made, size, say) for size in sizes]
    own, cards = None, []
    if exam:
        questions = read_exam(run)
        own = measured(questions.card).facts
        tried = [_tried(made, file, questions, say) for file in files]
        files, cards = [file for file, _ in tried], [card for _, card in tried]
    found = hand_over.recommend(run.name, files, own)
    if adapter:
        adapter.rename(made / adapter.name)
        found = msgspec.structs.replace(found, adapter=adapter.name)
    (made / ollama.MODELFILE).write_text(ollama.modelfile(found.recommended, ends))
    (made / hand_over.SUMMARY).write_bytes(struct_document(found))
    return found, cards


def save_cards(run: Path, cards: Sequence[ServerCard], target: Path) -> None:
    """Save the cards of the sizes in the run folder, once the files are where they belong.

    Raises:
        GarageError: they cannot be saved; the files are complete all the same.
    """
    try:
        for card in cards:
            server_card.add_card(run, card)
    except (OSError, GarageError) as error:
        why = why_not_written(error, run) if isinstance(error, OSError) else str(error)
        raise GarageError(f"the files in {target} are complete, but their cards were not saved: {why}") from error


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
        [sys.executable, "-P", "-m", _QUANTISER, str(full), str(out), size],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="surrogateescape",
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
    """Ask one size the questions of the run's exam; return its figures and its card.

    Raises:
        GarageError: llama.cpp cannot load the file, ended in the middle, or gave no usable answer.
    """
    say(f"starting llama.cpp with {file.size}")
    gguf = made / file.file
    process = LlamaCppProcess(gguf, None, gguf.stem, threads=os.cpu_count() or 1, context=_CONTEXT, slots=_AT_ONCE)
    try:
        process.wait_until_ready()
        card = _ask(process, file, exam, with_counts(lambda text: say(f"{file.size}: {text}")))
    finally:
        process.end()
    (figures,) = card.prompts
    known = {"facts": figures.facts, "kept": figures.kept, "leak": figures.leak, "grade": figures.grade}
    return msgspec.structs.replace(file, **known), card


def _ask(process: LlamaCppProcess, file: HandedFile, exam: server_exam.Exam, say: Say) -> ServerCard:
    prompts = server_card.SYSTEM_PROMPTS[:1]
    try:
        return asyncio.run(
            server_exam.examine(process.address, Path(file.file).stem, exam, say, prompts, server=file.file)
        )
    except GarageError as error:
        if process.ends_within(1.0):
            raise GarageError(f"llama.cpp ended with {file.file}: {process.why_it_ended()}") from error
        raise


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
