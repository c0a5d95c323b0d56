"""What is flushed to the disk and renamed, in its order."""

from __future__ import annotations

import os
from pathlib import Path


def record_disk_calls(monkeypatch) -> list[tuple[str, str]]:
    """Return the list that each fsync and each rename from now on is added to, with the name of the file."""
    calls: list[tuple[str, str]] = []
    fsync, rename = os.fsync, Path.rename

    def recorded_fsync(fd):
        calls.append(("sync", Path(os.readlink(f"/proc/self/fd/{fd}")).name))  # noqa: PTH115
        fsync(fd)

    def recorded_rename(self, target):
        calls.append(("rename", Path(target).name))
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", recorded_fsync)
    monkeypatch.setattr(Path, "rename", recorded_rename)
    return calls
