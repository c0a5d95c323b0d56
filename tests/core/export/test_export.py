"""What can be exported and where it goes; and the process that does it, by ones that behave as it does, or worse."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys

import pytest

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.export import export_process, llama_cpp
from garage_tui.core.export.export_process import ExportEvent, ExportRequest
from garage_tui.core.export.target import replaces, staging_folder, target_path
from garage_tui.core.runs.record import read_run
from tests.support.exportable_run import make_run

# Answers as `garage_tui.jobs.export` does; the run's name says how it goes.
JOB = """
import json, os, signal, sys, time
folder = sys.argv[1]
run = os.path.basename(folder)
part = os.path.join(folder, "export", f".{run}-merged.part")
os.makedirs(part)
open(folder + ".pid", "w").write(str(os.getpid()))
print("a library's word", flush=True)
print(json.dumps({"words": "merging"}), flush=True)
if "broken" in run:
    sys.exit("Traceback ...\\nno \\x1b[31madapter in it")
if "refused" in run:
    print("it is there already", file=sys.stderr)
    sys.exit(2)
if "killed" in run:
    os.kill(os.getpid(), 9)
if "stubborn" in run:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print(json.dumps({"words": "busy"}), flush=True)
    time.sleep(60)
os.rmdir(part)
if "mute" not in run:
    print(json.dumps({"path": " ".join(sys.argv[2:]), "bytes": 7, "notes": ["so it is"]}), flush=True)
"""


@pytest.fixture
def job(tmp_path) -> list[str]:
    (tmp_path / "job.py").write_text(JOB)
    return [sys.executable, str(tmp_path / "job.py")]


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({}, ""),
        ({"state": "stopped"}, ""),
        ({"kind": "diffusion", "adapter": False}, "is a diffusion run"),
        ({"adapter": False}, "has no finished adapter to export (finished)"),
        ({"state": "failed"}, "(failed); resume it with `garage resume"),
        ({"state": "running"}, "(interrupted); resume it with `garage resume"),
    ],
)
def test_only_a_run_that_has_ended_with_an_adapter_is_exported(workspace, how, said):
    refusal = export_process.refusal(make_run(workspace, **how))
    assert said in refusal and bool(said) == bool(refusal)


def test_a_run_that_cannot_be_read_is_refused_in_words(workspace):
    (workspace.checkpoints / "20261126-1200-lora-x").mkdir()
    refusal = export_process.refusal(read_run(workspace.checkpoints / "20261126-1200-lora-x"))
    assert refusal == "20261126-1200-lora-x cannot be read: run.json is missing"


def test_by_default_it_goes_into_the_runs_folder_under_a_name_that_tells_what_it_is(tmp_path):
    run = tmp_path / "20261126-1200-lora-x"
    assert target_path(run, "merged", "f16") == run / "export" / "20261126-1200-lora-x-merged"
    assert target_path(run, "adapter", "f16") == run / "export" / "20261126-1200-lora-x-adapter"
    assert target_path(run, "gguf", "q8_0") == run / "export" / "20261126-1200-lora-x-q8_0.gguf"
    assert target_path(run, "gguf", "f16", str(tmp_path)) == tmp_path / "20261126-1200-lora-x-f16.gguf"
    for form, to in (("gguf", "model.bin"), ("merged", "model.gguf")):
        with pytest.raises(BadInputError):
            target_path(run, form, "f16", str(tmp_path / to))


def test_an_empty_folder_may_be_filled(tmp_path):
    assert replaces(tmp_path, "run", "merged") is False


def test_what_a_power_cut_has_left_is_cleared_away_and_the_folder_with_it(tmp_path):
    target = tmp_path / "export" / "run-merged"
    left = tmp_path / "export" / ".run-merged.part"
    (left / "run-merged").mkdir(parents=True)
    (left / "run-merged" / "half").write_text("half")
    with staging_folder(target) as workshop:
        assert list(workshop.iterdir()) == []
    assert not left.exists()


def test_weights_are_counted_by_the_headers_of_their_files(tmp_path):
    header = b'{"__metadata__":{"format":"pt"},"a":{"dtype":"BF16","shape":[3,4],"data_offsets":[0,24]}}'
    for number in range(2):
        (tmp_path / f"model-{number}.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    assert export_process.count_weights(tmp_path) == 24
    (tmp_path / "model-1.safetensors").write_bytes(b"\xff" * 30)
    with pytest.raises(GarageError, match=r"model-1\.safetensors is damaged"):
        export_process.count_weights(tmp_path)


def test_a_gguf_needs_room_for_the_merged_model_too():
    assert export_process.needed_bytes("merged", 8_000_000_000, "f16") > 16e9
    both = export_process.needed_bytes("gguf", 8_000_000_000, "q8_0")
    assert 24e9 < both < export_process.needed_bytes("gguf", 8_000_000_000, "f16") < 34e9


def test_the_converter_is_looked_for_where_one_says_then_in_the_variable_then_on_the_path(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.delenv("LLAMA_CPP", raising=False)
    assert llama_cpp.find_converter() is None
    with pytest.raises(GarageError, match="git clone"):
        llama_cpp.require_converter()
    found = {}
    for name in ("path", "variable", "asked"):
        (tmp_path / name).mkdir()
        found[name] = tmp_path / name / llama_cpp.NAME
        found[name].write_text("")
    monkeypatch.setenv("PATH", f"/usr/bin:{tmp_path / 'path'}")
    assert llama_cpp.find_converter() == found["path"]
    monkeypatch.setenv("LLAMA_CPP", str(tmp_path / "variable"))
    assert llama_cpp.find_converter() == found["variable"]
    assert (
        llama_cpp.find_converter(str(tmp_path / "asked"))
        == llama_cpp.find_converter(str(found["asked"]))
        == found["asked"]
    )
    with pytest.raises(BadInputError, match=r"--converter: there is no .*nowhere; get"):
        llama_cpp.find_converter(str(tmp_path / "nowhere"))


async def test_it_says_how_far_it_is_and_where_the_export_is(workspace, job):
    run = make_run(workspace)
    wanted = ExportRequest("gguf", "/tmp/x.gguf", "q8_0", "/opt/llama.cpp")
    told = [one async for one in export_process.export(run.path, wanted, job)]
    words = "--as gguf --outtype q8_0 --to /tmp/x.gguf --converter /opt/llama.cpp"
    assert told == [ExportEvent("merging"), ExportEvent(path=words, bytes=7, notes=("so it is",))]
    assert export_process.command(run.path, ExportRequest())[1:] == [
        "-P", "-m", "garage_tui.jobs.export", str(run.path), "--as", "merged", "--outtype", "f16"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("how", "error", "why"),
    [
        ("broken", GarageError, "no adapter in it"),
        ("refused", BadInputError, "it is there already"),
        ("killed", GarageError, "killed by SIGKILL"),
        ("mute", GarageError, "nothing was exported: its process ended without a message"),
    ],
)
async def test_a_failure_is_told_in_a_line_and_nothing_half_done_is_left(workspace, job, how, error, why):
    run = make_run(workspace, how)
    with pytest.raises(GarageError, match=why) as caught:
        async for _ in export_process.export(run.path, ExportRequest(), job):
            pass
    assert type(caught.value) is error
    assert "\n" not in str(caught.value) and "\x1b" not in str(caught.value)
    assert export_process.list_exports(run.path) == [] and not list(run.path.rglob(".*.part"))


async def test_cancelled_it_ends_even_a_process_that_does_not_listen_and_clears_after_it(workspace, job, monkeypatch):
    monkeypatch.setattr("garage_tui.core.base.child_process._GRACE_SECONDS", 0.2)
    run = make_run(workspace, "stubborn")
    pid_file = run.path.with_name(f"{run.path.name}.pid")
    async with contextlib.aclosing(export_process.export(run.path, ExportRequest(), job)) as telling:
        async for told in telling:
            if told.text == "busy":
                break
    pid = int(pid_file.read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not list(run.path.rglob(".*.part"))


async def test_a_program_that_is_not_there_is_a_failure_too(workspace):
    with pytest.raises(GarageError, match="nothing can be exported"):
        async with asyncio.timeout(20):
            async for _ in export_process.export(make_run(workspace).path, ExportRequest(), ["/no/such/program"]):
                pass
