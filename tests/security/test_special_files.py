"""A pipe, a device, a socket, a loop or an endless file in the place of a file hangs nothing and fills nothing."""

from __future__ import annotations

import os
import resource
import shutil
from pathlib import Path

import pytest

from garage_tui.core.base import safe_open
from garage_tui.core.base.errors import GarageError
from garage_tui.core.chat import transcripts
from garage_tui.core.exam.report import REPORT
from garage_tui.core.runs.catalog import list_runs
from garage_tui.core.runs.folder import EVENTS, FACTS, LOCK, LOG, MANIFEST, STATE
from garage_tui.core.serving import server_process, server_state
from tests.security.conftest import KINDS, put
from tests.support.app_user import RunFolder

# Whoever waits for a pipe waits for ever; the memory is looked at by a test of its own.
pytestmark = pytest.mark.timeout(60)

OF_A_RUN = (
    MANIFEST, STATE, EVENTS, LOG, LOCK, FACTS, REPORT, "request.json", "exam.txt", "adapter",
    "adapter/adapter_config.json", "adapter/adapter_model.safetensors", "samples/epoch-0004.png",
    "pipeline/unet/diffusion_pytorch_model.safetensors", "checkpoint-4/seal.json",
)  # fmt: skip
OF_A_SERVER = ("state.json", "key", "log.txt", "lock")


@pytest.fixture
def boxful(workspace):
    """A function that makes one run for each file of a run's, in which that file is something else."""

    def make(kind: str):
        for number, name in enumerate(OF_A_RUN, 10):
            run = RunFolder(workspace, f"202611{number}-1200-lora-some", "finished", ended=1.0).adapter()
            run.log("a line")
            (run.path / REPORT).write_text("{}")
            shutil.copy(workspace.datasets / "garage.jsonl", run.path / FACTS)
            put(kind, run.path / name)
        put(kind, workspace.checkpoints / "20261101-1200-lora-itself")
        put(kind, workspace.datasets / "other.jsonl")
        put(kind, workspace.datasets / "chats" / "20261101-1200-what.json")
        for name in OF_A_SERVER:
            put(kind, workspace.server / name)
        return workspace

    return make


@pytest.mark.parametrize("kind", KINDS)
def test_every_command_that_reads_answers_at_once_and_in_words(garage, boxful, kind):
    workspace = boxful(kind)
    commands = [
        ["runs"], ["runs", "--json"], ["serve", "--status"], ["serve", "--status", "--json"], ["gpu", "--line"],
        ["doctor"], ["models"], ["queue"], ["facts", "check", workspace.datasets / "other.jsonl"],
        ["facts", "check", workspace.datasets / "other.jsonl", "--json"],
        ["train", "lora", "--facts", workspace.datasets / "other.jsonl", "--detach"],
    ]  # fmt: skip
    for run in list_runs(workspace):
        if kind != "10 GB":  # a log may be as long as it is, and all of it was asked for
            commands += [["logs", run.id]]
        commands += [["stop", run.id], ["compare", run.id, "last"]]
        commands += [["export", run.id, "--to", workspace.root / "nowhere" / "out"]]
        if (run.path / REPORT).exists():  # without one it would be examined
            commands += [["report", run.id, "--json"]]
    before = sorted(workspace.checkpoints.iterdir())
    for words in commands:
        done = garage(*words)
        assert done.code in (0, 1, 2), (words, done)
        assert "Traceback" not in done.out + done.err, (words, done)
        if done.code:
            assert done.out or len(done.err.splitlines()) == 1, (words, done)
    assert sorted(workspace.checkpoints.iterdir()) == before, "nothing was started"


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_is_shown_whatever_one_of_its_files_is(boxful, kind):
    runs = {run.path.name: run for run in list_runs(boxful(kind))}
    assert len([name for name in runs if name.endswith("-some")]) == len(OF_A_RUN)
    for number, name in enumerate(OF_A_RUN, 10):
        run = runs[f"202611{number}-1200-lora-some"]
        assert (run.status == "broken") == (name in (MANIFEST, STATE)), (name, run)
        assert run.status != "broken" or name in run.reason


@pytest.mark.parametrize("kind", ["pipe", "socket", "folder", "endless device", "link to itself", "10 GB"])
def test_a_server_that_finds_something_else_in_its_folder_says_so(workspace, tiny_model, kind):
    from garage_tui.core.settings.settings import Settings

    for name in OF_A_SERVER:
        shutil.rmtree(workspace.server, ignore_errors=True)
        put(kind, workspace.server / name)
        if (name, kind) in [("lock", "pipe"), ("lock", "10 GB")] or name == "key":
            continue  # a lock can be held on these, and a key is written anew
        if kind == "10 GB" or name == "state.json":
            assert server_state.inspect(workspace).status == "off"
            continue
        with pytest.raises(GarageError, match="cannot be started") as refusal:
            server_process.start(workspace, Settings(), str(tiny_model))
        assert "\n" not in str(refusal.value)


def test_a_log_is_never_written_through_a_link(workspace, tiny_model, tmp_path):
    from garage_tui.core.settings.settings import Settings

    mine = tmp_path / "thesis.txt"
    mine.write_text("years of work")
    workspace.server.mkdir()
    (workspace.server / LOG).symlink_to(mine)
    with pytest.raises(GarageError, match="cannot be started"):
        server_process.start(workspace, Settings(), str(tiny_model))
    assert mine.read_text() == "years of work"


def test_a_servers_folder_that_is_a_link_is_refused(workspace, tiny_model, tmp_path):
    from garage_tui.core.settings.settings import Settings

    (tmp_path / "elsewhere").mkdir()
    workspace.server.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(GarageError, match="is a link"):
        server_process.start(workspace, Settings(), str(tiny_model))
    assert not any((tmp_path / "elsewhere").iterdir())


def test_a_file_of_10_gb_is_not_read_into_memory(boxful):
    """The address space that is left would not hold it; an attempt to read it is an error, not a slow machine."""
    workspace = boxful("10 GB")
    limits = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (used + 2_000_000_000, limits[1]))
    try:
        broken = [run for run in list_runs(workspace) if run.status == "broken"]
        assert [run.reason for run in broken] == [
            "state.json cannot be read: it is larger than 64 MB",
            "run.json cannot be read: it is larger than 64 MB",
        ]
        (listed,) = transcripts.list_transcripts(workspace.datasets / "chats")
        assert "larger than 32 MB" in listed.label
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)


@pytest.mark.parametrize(
    ("kind", "words"),
    [("pipe", "a pipe"), ("endless device", "a device"), ("socket", "a socket"), ("folder", "a folder")],
)
def test_the_reader_says_what_it_found_instead_of_a_file(tmp_path, kind, words):
    put(kind, tmp_path / "thing")
    for read in (safe_open.check_regular, safe_open.open_regular, safe_open.read_regular):
        with pytest.raises(safe_open.IrregularFileError) as refusal:
            read(tmp_path / "thing")
        assert str(refusal.value) == f"it is not a file but {words}"


def test_a_link_to_a_file_and_a_file_are_read_alike(tmp_path):
    (tmp_path / "file").write_bytes(b"facts")
    (tmp_path / "link").symlink_to("file")
    assert safe_open.read_regular(tmp_path / "link") == safe_open.read_regular(tmp_path / "file") == b"facts"


@pytest.mark.parametrize("kind", ["pipe", "endless device", "socket", "folder", "link to itself", "link to nothing"])
def test_a_folder_of_pictures_leaves_out_what_is_none(garage, tmp_path, kind):
    from PIL import Image

    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(12):
        Image.new("RGB", (40, 40), (number * 20, 90, 200 - number * 9)).save(folder / f"{number}.png")
    put(kind, folder / "thing.png")
    done = garage("images", folder, "--size", "32")
    assert "Traceback" not in done.out + done.err, done


@pytest.mark.parametrize("kind", ["pipe", "10 GB"])
async def test_the_app_opens_on_all_of_them_and_goes_from_screen_to_screen(boxful, open_app, kind):
    boxful(kind)
    async with open_app(screen="runs") as user:
        await user.sees("20261124")
        for _ in OF_A_RUN:  # what is below the list is of the run under the cursor
            await user.press("down")
        await user.sees("broken", "20261110")
        await user.press("f2")
        await user.sees("garage.jsonl", "What is TinyLLM?")
        await user.press("f4", "f5", "f6", "f3", "home")
        await user.sees("20261124")
