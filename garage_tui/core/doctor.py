"""Checks of this machine: what works, what is missing, and the command that fixes it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.format import human_bytes
from garage_tui.core.base.install_command import cuda_command, install_command, repair_command
from garage_tui.core.export import llama_cpp
from garage_tui.core.hardware import gpus
from garage_tui.core.hardware.finding import Finding
from garage_tui.core.limits.run_limits import RunLimits
from garage_tui.core.models import base_models
from garage_tui.core.places.check import check_place
from garage_tui.core.runs.promotion import NotServedError, run_in_service, why_no_base
from garage_tui.core.runs.service import MEND, read_service, service_file
from garage_tui.core.school import suspend
from garage_tui.core.serving import engine_choice, llama_cpp_install, vllm_install
from garage_tui.core.serving.server_process import choose_slot
from garage_tui.core.settings.settings import Workspace, load_settings, user_settings_file
from garage_tui.core.settings.sources import settings_sources
from garage_tui.core.terminal.capabilities import is_utf8, why_ascii

_STACK = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "textual")
UNSLOTH = "2026.10.6"
"""The release of unsloth and unsloth_zoo in pyproject.toml."""
_UNSLOTH = ("unsloth", "unsloth_zoo")
_NEEDED_BYTES = 2 * 10**9  # the small base model, a run's checkpoints, and a reserve


def examine(workspace: Workspace) -> list[Finding]:
    """Return all findings, the machine first."""
    return [
        *_machine(),
        *_packages(),
        *_gpus(workspace),
        *_models(workspace),
        *_engine(workspace),
        *_converter(),
        *_service(workspace),
        *_sleep(workspace),
        *_places(workspace),
        *_folders(workspace),
        *_sessions(),
        *_settings(workspace),
    ]


def _machine() -> Iterator[Finding]:
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    level: Literal["good", "bad"] = "good" if memory > 4e9 else "bad"
    mend = "" if level == "good" else "training the small model needs about 4 GB: add memory or swap"
    yield Finding(
        level,
        f"{cores} CPU cores, {human_bytes(memory, binary=True, digits=0)} memory, Python {sys.version.split()[0]}",
        mend,
    )


def _packages() -> Iterator[Finding]:
    found, missing = [], []
    for package in _STACK:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            missing.append(package)
    yield Finding("good", ", ".join(found))
    if missing:
        yield Finding("bad", f"not installed: {', '.join(missing)}", repair_command(missing))


def _limits(workspace: Workspace) -> RunLimits:
    try:
        return RunLimits.from_settings(load_settings(workspace))
    except GarageError:  # reported with the settings
        return RunLimits()


def _gpus(workspace: Workspace) -> Iterator[Finding]:
    readings = gpus.read()
    run_limits = _limits(workspace)
    for reading in readings:
        total = f", {human_bytes(reading.memory_total, binary=True, digits=0)}" if reading.memory_total else ""
        limits = run_limits.heat(reading.slow_c)
        guard = (
            f", runs pause above {limits[0]:.0f} °C"
            if limits
            else ", but the GPU reports no limit: set max_temp_c in [heat]"
        )
        yield Finding("good", f"GPU {reading.index}: {reading.name}{total}{'' if reading.lost else guard}")
        if reading.note:
            yield Finding("bad" if reading.lost else "note", f"GPU {reading.index}: {reading.note}")
        if reading.persistent is False:
            why = "its driver is unloaded while it is idle, so that readings are slow and power limits are lost"
            yield Finding("note", f"GPU {reading.index}: {why}", "sudo nvidia-smi -pm 1")
    if not readings and Path("/dev/nvidiactl").exists():
        yield Finding(
            "bad", "there is an NVIDIA GPU, but its driver does not respond", "nvidia-smi  (shows the reason)"
        )
    elif not readings:
        yield Finding(
            "note", "no NVIDIA GPU found: training and chat use the CPU, which is enough for the small base model"
        )
    elif "+cpu" in _version("torch"):
        yield Finding("bad", "there is a GPU, but torch is a CPU build", cuda_command(_version("torch")))
    else:
        yield _unsloth()


def _unsloth() -> Finding:
    """Return whether Unsloth is installed, on a machine with CUDA; whether it can be imported is tested by each run."""
    have = {package: _version(package) for package in _UNSLOTH}
    missing = [package for package, there in have.items() if not there]
    mend = install_command(*(f"{package}=={UNSLOTH}" for package in _UNSLOTH))
    if missing:
        text = f"{' and '.join(missing)} not installed: runs train with TRL and PEFT, slower and with more memory"
        return Finding("note", text, mend)
    if other := [f"{name} {there}" for name, there in have.items() if there != UNSLOTH]:
        return Finding("note", f"{' and '.join(other)}: this program was tested with {UNSLOTH}", mend)
    return Finding("good", f"Unsloth {UNSLOTH}: runs on one GPU train with it")


def _models(workspace: Workspace) -> Iterator[Finding]:
    try:
        model = base_models.find(load_settings(workspace).base_model)
    except GarageError as error:
        yield Finding("bad", str(error))
        return
    if model.here:
        yield Finding("good", f"base model {model.name}: {model.source}, in {model.path}")
    else:
        fetch = f"garage models fetch {model.name}"
        yield Finding("note", f"base model {model.name} is not on this machine yet; the first run fetches it", fetch)


_ENGINES = {"llama.cpp": "llama.cpp", "auto": "llama.cpp", "embedded": "transformers"}


def _engine(workspace: Workspace) -> Iterator[Finding]:
    """Say which engine serves on this box and why, and what would be faster."""
    try:
        settings = load_settings(workspace).serve
        readings = gpus.usable()
        chosen = engine_choice.choose(settings, choose_slot(settings.gpu))
        why_not, mend = llama_cpp_install.why_not()
        if chosen.name == "llama.cpp" and why_not:  # by itself it is chosen only where it can run
            yield Finding("bad", f"llama.cpp cannot run: {why_not}", mend)
        elif chosen.name != "vllm":  # of which more is said below
            slower = chosen.name == "embedded"
            what = f"chat and server use {_ENGINES[chosen.name]}: {chosen.reason}"
            yield Finding("note" if slower else "good", what, mend if slower and not readings else "")
        if not settings.vllm_python:
            install = vllm_install.INSTALL if readings else vllm_install.INSTALL_CPU
            mend = f'{install}  (then write in {user_settings_file()}: [serve] vllm_python = "~/vllm/bin/python")'
            if chosen.name == "vllm":
                text = "chat and server cannot start: `engine` in [serve] is vllm, and `vllm_python` names no vLLM"
                yield Finding("bad", text, mend)
            elif readings:
                yield Finding("note", "vLLM is not set up: on a GPU it answers faster than transformers", mend)
            return
        found = vllm_install.probe(settings)
    except GarageError as error:
        yield Finding("bad", str(error))
        return
    if found.conflicts:
        yield Finding(
            "bad", f"vLLM {found.version} cannot start while {', '.join(found.conflicts)} is installed", found.repair
        )
    else:
        yield Finding("good", f"vLLM {found.version}{' for CPUs' if found.cpu else ''}, in {found.python}")


def _service(workspace: Workspace) -> Iterator[Finding]:
    service = read_service(workspace)
    try:
        run = run_in_service(workspace, service)
    except NotServedError as error:
        yield Finding("bad", str(error))
        return
    if run and (reason := why_no_base(run)):
        yield Finding("bad", f"the run in service cannot answer: {reason}", MEND)
    elif run:
        yield Finding("good", f"in service: {run.id}")
    if service.skipped:
        lines = ", ".join(map(str, service.skipped))
        yield Finding("note", f"{service_file(workspace.checkpoints)} has lines that cannot be read: {lines}")


def _sleep(workspace: Workspace) -> Iterator[Finding]:
    """Look for what the box needs to sleep after a night, if the settings ask for it."""
    with contextlib.suppress(GarageError):  # `_settings` reports it
        if load_settings(workspace).school.suspend:
            yield suspend.check_programs()


def _places(workspace: Workspace) -> Iterator[Finding]:
    """Check the places of the settings, if there are any."""
    with contextlib.suppress(GarageError):  # `_settings` reports it
        settings = load_settings(workspace)
        for name in settings.places:
            yield from check_place(settings, name)


def _converter() -> Iterator[Finding]:
    """Look for llama.cpp's converter, which is only needed for an export as GGUF."""
    try:
        found = llama_cpp.find_converter()
    except GarageError as error:
        yield Finding("bad", str(error))
        return
    if found is None:
        yield Finding(
            "note",
            f"llama.cpp's {llama_cpp.NAME} was not found: only bases of the common architectures can become GGUFs",
            llama_cpp.GET_CONVERTER,
        )
    elif find_spec(llama_cpp.NEEDS) is None:
        text = f"llama.cpp's converter {found} needs the package {llama_cpp.NEEDS}"
        yield Finding("note", text, install_command(llama_cpp.NEEDS))
    else:
        yield Finding("good", f"llama.cpp's converter: {found}, for exports as GGUF")


def _folders(workspace: Workspace) -> Iterator[Finding]:
    free = shutil.disk_usage(workspace.root).free
    writable = os.access(workspace.root, os.W_OK)
    text = f"workspace {workspace.root}: {human_bytes(free, digits=0)} free"
    if not writable:
        yield Finding("bad", f"{text}, but it is not writable", "choose another with --workspace")
    else:
        mend = "" if free > _NEEDED_BYTES else "free some space: a run keeps two checkpoints"
        yield Finding("good" if free > _NEEDED_BYTES else "bad", text, mend)


def _sessions() -> Iterator[Finding]:
    tmux = shutil.which("tmux")
    if tmux:
        yield Finding("good", f"{_output([tmux, '-V'])}{' (you are in it)' if os.environ.get('TMUX') else ''}")
    else:
        yield Finding(
            "note", "tmux is not installed: runs survive a lost connection, but the app does not", "apt install tmux"
        )
    if why := why_ascii(os.environ):
        yield Finding(
            "note", f"the app uses ASCII characters only: {why}", "" if is_utf8(os.environ) else "export LANG=C.UTF-8"
        )
    elif tmux and os.environ.get("TMUX") and _output([tmux, "display-message", "-p", "#{client_utf8}"]) == "0":
        yield Finding(
            "note", "tmux shows _ for most signs, because it assumes a terminal without UTF-8", "tmux -u attach"
        )
    # logind may kill all processes of a user who logs out, also detached ones.
    kills = _output(["busctl", "get-property", "org.freedesktop.login1", "/org/freedesktop/login1",
                     "org.freedesktop.login1.Manager", "KillUserProcesses"])  # fmt: skip
    if kills == "b true":
        user = os.environ.get("USER", "")
        if "yes" not in _output(["loginctl", "show-user", user, "--property=Linger"]):
            mend = f"loginctl enable-linger {user}"
            yield Finding("bad", "this system kills your processes, including runs, when you log out", mend)


def _settings(workspace: Workspace) -> Iterator[Finding]:
    try:
        sources = settings_sources(workspace)
        RunLimits.from_settings(load_settings(workspace))  # invalid hours, contradictory limits
    except GarageError as error:
        yield Finding("bad", str(error))
        return
    changed = [f"{name} from {file}" for name, file in sources.items() if file != "default"]
    yield Finding("good", f"settings: {', '.join(changed) if changed else 'all at their defaults'}")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _output(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
