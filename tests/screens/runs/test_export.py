"""The export of a run by one key: a choice, words while it works, and the path at its end."""

from __future__ import annotations

import sys

import pytest

from garage_tui.core.export import export_process as export
from garage_tui.core.export import gguf_support, llama_cpp

RUN = "20261123-2315-lora-garage"

# Answers as `garage_tui.jobs.export` does, as long as the file `go` is not there.
JOB = """
import json, os, pathlib, sys, time
folder, words = pathlib.Path(sys.argv[1]), sys.argv[2:]
(folder / "asked").write_text(" ".join(words))
print(json.dumps({"words": "writing the GGUF (f16): 40 %"}), flush=True)
while (folder / "count").exists():
    time.sleep(0.02)
print(json.dumps({"words": "merging the adapter into it"}), flush=True)
while not (folder / "go").exists():
    time.sleep(0.02)
if (folder / "go").read_text() == "fail":
    sys.exit("the disk is full; free some space")
print(json.dumps({"path": str(folder / "export" / "it"), "bytes": 270_000_000, "replaced": True}), flush=True)
"""


@pytest.fixture
def job(tmp_path, monkeypatch):
    (tmp_path / "job.py").write_text(JOB)
    command = [sys.executable, tmp_path / "job.py"]
    monkeypatch.setattr(export, "export", lambda *a, real=export.export: real(*a, command))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.delenv("LLAMA_CPP", raising=False)


async def test_a_run_is_exported_with_words_on_the_way_and_its_path_at_the_end(open_app, make_run, job, monkeypatch):
    monkeypatch.setattr(gguf_support, "architecture_of", lambda config: None)
    run = make_run(RUN, "finished", step=100).adapter()
    (run.path / "count").write_text("")
    async with open_app(screen="runs", size=(80, 24)) as user:
        await user.sees("✓ finished")
        await user.press("X")
        text = await user.sees("Export lora-garage", "Merged: one model in 16 bits", "Adapter: the LoRA weights alone")
        assert "GGUF in" not in text and "A GGUF of this base needs" in text
        await user.press("enter")
        await user.sees("━━━━────── exporting lora-garage: writing the GGUF (f16):")
        (run.path / "count").unlink()
        screen = await user.sees("exporting lora-garage: merging the adapter into it", "Esc cancels")
        assert "────── exporting" not in screen, "what is not counted has no bar"
        await user.press("X")
        await user.sees(f"{RUN} is being exported: press Esc to cancel")
        await user.sees("merging the adapter into it")
        (run.path / "go").write_text("")
        await user.sees("✓ Exported in", "270 MB, replacing an earlier one:", "export/it")
        assert (run.path / "asked").read_text() == "--as merged --outtype f16"


async def test_a_gguf_of_another_base_is_offered_where_the_converter_is(open_app, make_run, job, tmp_path, monkeypatch):
    monkeypatch.setattr(gguf_support, "architecture_of", lambda config: None)
    run = make_run(RUN, "stopped", step=100).adapter()
    (tmp_path / llama_cpp.NAME).write_text("")
    monkeypatch.setenv("LLAMA_CPP", str(tmp_path))
    (run.path / "go").write_text("")
    async with open_app(screen="runs") as user:
        await user.sees("■ stopped")
        await user.press("X")
        await user.sees("GGUF in 16 bits", "GGUF in 8 bits (q8_0)")
        await user.press("down", "down", "down", "enter")
        await user.sees("✓ Exported in")
        assert (run.path / "asked").read_text() == "--as gguf --outtype q8_0"


async def test_esc_cancels_and_the_run_cannot_be_deleted_meanwhile(open_app, make_run, job):
    make_run(RUN, "finished", step=100).adapter()
    async with open_app(screen="runs") as user:
        await user.sees("✓ finished")
        await user.press("X", "down", "enter")
        await user.sees("merging the adapter into it")
        await user.press("d")
        assert "Delete this run?" not in user.screen
        await user.press("escape")
        await user.sees(f"The export of {RUN} was cancelled; its files were removed")
        await user.press("d")
        await user.sees("Delete this run?")


async def test_what_goes_wrong_is_said_in_words(open_app, make_run, job):
    run = make_run(RUN, "finished", step=100).adapter()
    (run.path / "go").write_text("fail")
    async with open_app(screen="runs") as user:
        await user.sees("✓ finished")
        await user.press("X", "enter")
        await user.sees(f"✗ {RUN} was not exported: the disk is full; free some space")


async def test_only_a_run_with_a_finished_adapter_has_the_key(open_app, make_run, job):
    make_run(RUN, "failed", step=3)
    async with open_app(screen="runs") as user:
        await user.sees("✗ failed")
        await user.press("X")
        assert "Export" not in user.screen


async def test_the_exports_go_with_a_run_that_is_deleted_and_that_is_said(open_app, make_run, job):
    run = make_run(RUN, "finished", step=100).adapter()
    (run.path / "export").mkdir()
    (run.path / "export" / "it.gguf").write_text("")
    async with open_app(screen="runs") as user:
        await user.sees("✓ finished")
        await user.press("d")
        await user.sees("This deletes its adapter, its exports, its")
