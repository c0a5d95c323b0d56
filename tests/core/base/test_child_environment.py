"""What a shell has left over from other programs reaches none of our processes: real ones say what they were given."""

from __future__ import annotations

import asyncio
import json
import os
import site
import subprocess
import sys
import time
from pathlib import Path

import pytest

from garage_tui.core.base import child_environment, child_process
from garage_tui.core.base.child_environment import environment
from garage_tui.core.base.errors import GarageError
from garage_tui.core.facts.line import Fact
from garage_tui.core.launch import exam_process, start
from garage_tui.core.runs.catalog import new_run_folder
from garage_tui.core.runs.record import Manifest, RunState, read_run, write_manifest, write_state
from garage_tui.core.serving import server_process
from garage_tui.core.settings.settings import Settings
from garage_tui.core.training import token_preview
from tests.support.repository import REPOSITORY
from tests.support.run_folders import kill

LEFT_OVER = {
    "WORLD_SIZE": "2", "RANK": "1", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2", "NODE_RANK": "0", "GROUP_RANK": "0",
    "MASTER_ADDR": "10.0.0.9", "MASTER_PORT": "29500", "TORCHELASTIC_RUN_ID": "none", "ACCELERATE_USE_FSDP": "true",
    "ACCELERATE_MIXED_PRECISION": "fp16", "FSDP_VERSION": "2", "OMPI_COMM_WORLD_SIZE": "2", "PMI_SIZE": "2",
    "PMIX_RANK": "1", "MV2_COMM_WORLD_SIZE": "2", "SLURM_PROCID": "1", "SLURM_NTASKS": "2", "SLURM_JOB_ID": "7",
    "PYTHONSTARTUP": "/nowhere.py", "PYTHONOPTIMIZE": "2", "PYTHONWARNINGS": "error", "PYTHONIOENCODING": "ascii",
}  # fmt: skip
JOB = """
import json, os
from pathlib import Path
target = Path(os.environ["GIVEN"])
target.with_suffix(".part").write_text(json.dumps(dict(os.environ)))
target.with_suffix(".part").rename(target)
"""


@pytest.fixture
def given(tmp_path, monkeypatch):
    """Has a shell full of leftovers, and returns what the process that writes its environment down was given."""
    for name, value in LEFT_OVER.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "env_job.py").write_text(JOB)
    (tmp_path / "shell").mkdir()
    (tmp_path / "shell" / "msgspec.py").write_text("raise SystemExit('the msgspec of another project')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "shell"))
    monkeypatch.setenv("GARAGE_PYTHONPATH", str(tmp_path / "modules"))
    monkeypatch.setenv("GARAGE_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("GIVEN", str(tmp_path / "given.json"))

    def wait() -> dict[str, str]:
        end = time.monotonic() + 30
        while not (tmp_path / "given.json").exists():
            assert time.monotonic() < end, "the process wrote nothing"
            time.sleep(0.05)
        return json.loads((tmp_path / "given.json").read_text())

    return wait


def run_folder(workspace) -> Path:
    folder = new_run_folder(workspace, "lora", "env")
    write_manifest(folder, Manifest(id=folder.name, kind="lora", created=0, recipe={}, base={}, dataset={}))
    write_state(folder, RunState(state="queued", created=time.time()))
    return folder


def start_run(workspace, monkeypatch):
    folder = run_folder(workspace)
    start.spawn("env_job", folder)
    end = time.monotonic() + 30
    while read_run(folder).alive and time.monotonic() < end:
        time.sleep(0.05)
    kill(folder)


def start_exam(workspace, monkeypatch):
    monkeypatch.setattr(exam_process, "JOB", "env_job")
    folder = run_folder(workspace)
    (folder / "adapter").mkdir()
    (folder / "adapter" / "adapter_config.json").write_text("{}")
    process = exam_process.start(read_run(folder))
    assert process is not None
    process.wait(30)


def start_server(workspace, monkeypatch):
    monkeypatch.setattr(server_process, "_JOB", "env_job")
    server_process.start(workspace, Settings(), port=0)


def show_tokens(workspace, monkeypatch):
    monkeypatch.setattr(token_preview, "_JOB", "env_job")
    (workspace.root / "model").mkdir()
    (workspace.root / "model" / "config.json").write_text("{}")
    with pytest.raises(GarageError):  # it answers nothing
        token_preview.tokenize_rows(str(workspace.root / "model"), [Fact("q", "a")])


def start_child(workspace, monkeypatch):
    async def run():
        process = await child_process.start([sys.executable, "-P", "-m", "env_job"], "it")
        await process.wait()

    asyncio.run(run())


@pytest.mark.parametrize("start", [start_run, start_exam, start_server, show_tokens, start_child])
def test_no_process_that_we_start_gets_the_leftovers_of_the_shell(workspace, monkeypatch, given, tmp_path, start):
    start(workspace, monkeypatch)
    found = given()
    assert found.keys() & LEFT_OVER.keys() == {"PYTHONWARNINGS"} and found["PYTHONWARNINGS"] != "error", "ours"
    assert found["PYTHONPATH"].split(os.pathsep) == [str(REPOSITORY), str(tmp_path / "modules")]
    assert found["HOME"] == os.environ["HOME"], "and everything else"


def test_the_package_of_a_checkout_that_only_pythonpath_makes_importable_is_importable_in_a_child(tmp_path):
    code = """
import json, subprocess, sys
from garage_tui.core.base.child_environment import environment
command = [sys.executable, "-P", "-S", "-c", "import garage_tui; print(garage_tui.__file__)"]
print(subprocess.run(command, env=environment(), capture_output=True, text=True, check=True, cwd="/").stdout, end="")
"""
    shell = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run([sys.executable, "-S", "-c", code], env=shell, capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.strip() == str(REPOSITORY / "garage_tui" / "__init__.py"), done.stderr


def test_what_libraries_tell_programmers_is_in_no_log_and_other_warnings_are():
    code = "import warnings; warnings.warn('old name', FutureWarning); warnings.warn('the file was cut', UserWarning)"
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True)
    assert "old name" not in done.stderr and "the file was cut" in done.stderr


def test_what_a_user_sets_for_the_machine_stays(monkeypatch):
    kept = {"CUDA_VISIBLE_DEVICES": "1", "OMP_NUM_THREADS": "3", "NCCL_SOCKET_IFNAME": "eth0", "HF_TOKEN": "t"}
    for name, value in kept.items():
        monkeypatch.setenv(name, value)
    found = environment()
    assert {name: found[name] for name in kept} == kept


PRINTS = """
import json
from garage_tui.core.base.child_environment import owners_environment
print(json.dumps(owners_environment()))
"""
STARTS = """
import subprocess, sys
from garage_tui.core.base.child_environment import environment
subprocess.run([sys.executable, "-c", sys.argv[1]], env=environment(), check=True)
"""


@pytest.mark.parametrize("shell", ["/home/jo/lib", None])
def test_a_command_of_the_owner_gets_the_modules_of_the_owners_shell_and_none_of_ours(monkeypatch, shell):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    if shell:
        monkeypatch.setenv("PYTHONPATH", shell)
    in_app = child_environment.owners_environment()
    # As a supervisor starts the process that notifies: both are ours.
    command = [sys.executable, "-c", STARTS, PRINTS]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)
    for found in (in_app, json.loads(done.stdout)):
        assert found.get("PYTHONPATH") == shell
        assert "PYTHONUNBUFFERED" not in found and "PYTHONWARNINGS" not in found
        assert found["HOME"] == os.environ["HOME"]


def test_an_installed_package_is_not_put_in_front_of_pythons_own_library(monkeypatch, tmp_path):
    monkeypatch.delenv("GARAGE_PYTHONPATH", raising=False)
    monkeypatch.setattr(child_environment, "PACKAGE", Path(site.getsitepackages()[0]).resolve() / "garage_tui")
    assert "PYTHONPATH" not in environment()
    monkeypatch.setenv("GARAGE_PYTHONPATH", str(tmp_path))
    assert environment()["PYTHONPATH"] == str(tmp_path)
