"""Things that are no files, put where files are expected; and the command line, as a shell user meets it."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import socket
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.jobs.conftest import finished_run as finished_run
from tests.support.app_user import open_app as open_app

ENDLESS = 10_000_000_000
"""Bytes of a file that takes none on the disk."""


class Said(NamedTuple):
    code: int
    out: str
    err: str


def put(kind: str, path: Path) -> None:
    """Put something at `path`, in the place of what is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "endless device":
            path.symlink_to("/dev/zero")
        case "silent device":
            path.symlink_to("/dev/ptmx")  # opening it does something, and reading from it waits
        case "socket":
            here = Path.cwd()
            os.chdir(path.parent)  # a socket's path has 107 bytes at most
            try:
                with socket.socket(socket.AF_UNIX) as bound:
                    bound.bind(path.name)
            finally:
                os.chdir(here)
        case "folder":
            path.mkdir()
        case "link to itself":
            path.symlink_to(path.name)
        case "link to nothing":
            path.symlink_to("nothing")
        case "kernel's file":
            path.symlink_to("/proc/kmsg")  # a regular file, says stat(2), and reading it waits
        case "empty file":
            path.touch()
        case "10 GB":
            with path.open("wb") as file:
                file.truncate(ENDLESS)
        case "unreadable file":
            path.touch(mode=0)
        case _:
            raise AssertionError(kind)


KINDS = [
    "pipe", "endless device", "silent device", "socket", "folder", "link to itself", "link to nothing",
    "kernel's file", "empty file", "10 GB",
    pytest.param("unreadable file", marks=pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")),
]  # fmt: skip


@pytest.fixture
def garage(workspace):
    """Run a command of `garage` in the workspace, in this process: hundreds of them would take minutes to start."""
    from garage_tui.__main__ import main

    def run(*words: object) -> Said:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = main(["--workspace", str(workspace.root), *map(str, words)])
            except SystemExit as stopped:
                code = int(stopped.code or 0)
        return Said(code, out.getvalue(), err.getvalue())

    return run
