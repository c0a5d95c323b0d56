"""`garage export` and what belongs to it, as far as no model is loaded (tests/jobs/export/test_export.py has the
rest)."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from garage_tui.core.export import llama_cpp
from tests.support.exportable_run import make_run


@pytest.fixture
def garage(workspace):
    def run(*args, **environment):
        command = [sys.executable, "-m", "garage_tui", "--workspace", str(workspace.root), *map(str, args)]
        env = {**os.environ, "LLAMA_CPP": "", "PATH": "/usr/bin:/bin", **environment}
        return subprocess.run(command, capture_output=True, text=True, timeout=60, env=env)

    return run


def test_a_run_without_a_model_to_export_is_refused_in_one_line(garage, workspace):
    for kind, said in (("diffusion", "is a diffusion run"), ("lora", "has no finished adapter to export")):
        run = make_run(workspace, kind=kind, adapter=False)
        done = garage("export", run.id)
        assert done.returncode == 2 and said in done.stderr and len(done.stderr.splitlines()) == 1
        assert done.stdout == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing"], "no run 'nothing'"),
        (["last", "--as", "onnx"], "invalid choice"),
        (["last", "--as", "gguf", "--outtype", "q4_k_m"], "invalid choice"),
        (["last", "--outtype", "q8_0"], "--converter and --outtype are only for --as gguf"),
        (["last", "--converter", "/opt"], "--converter and --outtype are only for --as gguf"),
        (["last", "--as", "gguf", "--to", "model.bin"], "a name that ends in .gguf"),
        (["last", "--to", "/no/such/folder/here"], "its parent folder does not exist"),
        (["last", "--to", ""], "--to is empty"),
        (["last", "--to", "/"], "--to / is the root of all folders"),
        (["last", "--to", "x" * 252], "is too long: give a shorter one"),
        (["last", "--to", "ü" * 126], "is too long: give a shorter one"),
        (["last", "--as", "gguf", "--to", "x" * 250 + ".gguf"], "is too long: give a shorter one"),
    ],
)
def test_wrong_usage_is_said_with_exit_code_2(garage, workspace, words, said):
    make_run(workspace)
    done = garage("export", *words)
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("", "--to is empty: give ollama, llama.cpp, lmstudio, vllm, or a folder"),
        ("  ", "--to is empty"),
        ("my models", "or a folder such as './my models'"),
        ("/", "--to / is the root of all folders: name a folder in it"),
        ("/dev/null", "/dev/null is a device or a pipe: name another target"),
        ("./" + "x" * 252, "is too long: give a shorter one"),
    ],
)
def test_a_target_that_no_hand_over_can_have_is_refused_in_one_line(garage, workspace, to, said):
    make_run(workspace)
    done = garage("hand-over", "last", "--no-exam", f"--to={to}")
    assert done.returncode == 2 and said in done.stderr.splitlines()[-1], done.stderr


def test_the_choices_on_the_command_line_are_those_of_the_job():
    from garage_tui.cli.export import export as command
    from garage_tui.core.export import export_process

    assert command._FORMS == export_process.EXPORT_FORMATS and tuple(export_process.OUTTYPES) == command._OUTTYPES


def test_doctor_says_whether_a_gguf_can_be_made(garage, tmp_path):
    def finding(**environment):
        findings = json.loads(garage("doctor", "--json", **environment).stdout)["findings"]
        return next(one for one in findings if "convert" in one["text"] or "$LLAMA_CPP" in one["text"])

    missing = finding()
    assert missing["level"] == "note" and missing["mend"] == llama_cpp.GET_CONVERTER
    (tmp_path / llama_cpp.NAME).write_text("")
    (tmp_path / f"{llama_cpp.NEEDS}.py").write_text("")
    found = finding(LLAMA_CPP=str(tmp_path), PYTHONPATH=str(tmp_path), GARAGE_PYTHONPATH=str(tmp_path))
    assert found["level"] == "good" and str(tmp_path / llama_cpp.NAME) in found["text"]
    nowhere = finding(LLAMA_CPP=str(tmp_path / "nowhere"))
    assert nowhere["level"] == "bad" and "$LLAMA_CPP: there is no" in nowhere["text"]


def test_ask_takes_a_base_or_a_run_and_not_both(garage, workspace):
    make_run(workspace)
    done = garage("ask", "What?", "--base", "smollm2-135m", "--run", "last")
    assert done.returncode == 2 and "give only one of them" in done.stderr
