"""Folders of finished models: complete and on the disk before they have their name."""

from __future__ import annotations

import os
from pathlib import Path

from garage_tui.core.base.atomic import sync_tree
from garage_tui.jobs.runtime.checkpointing import replace_folder
from tests.support.disk_calls import record_disk_calls


def test_a_finished_adapter_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    def save(part):
        (Path(part) / "tokenizer").mkdir(parents=True)
        (Path(part) / "adapter_model.safetensors").write_bytes(b"x" * 1000)
        (Path(part) / "tokenizer" / "vocab.json").write_text("{}")

    (tmp_path / "adapter").mkdir()
    calls = record_disk_calls(monkeypatch)
    replace_folder(tmp_path / "adapter", save)
    moved = calls.index(("rename", "adapter"))
    flushed = {name for kind, name in calls[:moved] if kind == "sync"}
    assert flushed == {"adapter_model.safetensors", "vocab.json", "tokenizer", ".adapter.part"}
    assert calls[moved + 1] == ("sync", tmp_path.name)
    assert [path.name for path in tmp_path.iterdir()] == ["adapter"]


def test_a_pipe_or_a_link_in_a_folder_does_not_block_its_flush(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "nowhere").symlink_to("absent")
    (tmp_path / "weights").write_bytes(b"x")
    calls = record_disk_calls(monkeypatch)
    sync_tree(tmp_path)
    assert calls == [("sync", "weights"), ("sync", tmp_path.name)]
