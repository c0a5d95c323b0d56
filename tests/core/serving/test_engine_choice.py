"""Which engine serves on which box."""

from __future__ import annotations

import pytest

from garage_tui.core.serving import engine_choice, llama_cpp_install
from garage_tui.core.serving.engine_choice import choose
from garage_tui.core.settings.settings import ServeSettings


@pytest.fixture
def runs(monkeypatch):
    """llama.cpp can run on this box."""
    monkeypatch.setattr(llama_cpp_install, "why_not", lambda: ("", ""))


@pytest.mark.parametrize(
    ("settings", "slot", "requested", "engine"),
    [
        (ServeSettings(), "cpu", None, "auto"),
        (ServeSettings(), "0", None, "embedded"),
        (ServeSettings(vllm_python="x"), "0", None, "vllm"),
        (ServeSettings(vllm_python="x"), "cpu", None, "vllm"),
        (ServeSettings(vllm_python="x", engine="embedded"), "cpu", None, "embedded"),
        (ServeSettings(vllm_python="x"), "cpu", "llama.cpp", "llama.cpp"),
        (ServeSettings(engine="llama.cpp"), "cpu", "vllm", "vllm"),
    ],
)
def test_the_engine_is_the_requested_one_else_what_suits_the_box(runs, settings, slot, requested, engine):
    assert choose(settings, slot, requested).name == engine


def test_without_xllamacpp_transformers_serve_and_the_reason_says_what_to_install(monkeypatch):
    monkeypatch.setattr(llama_cpp_install, "installed_version", lambda: "")
    found = engine_choice.choose(ServeSettings(), "cpu")
    assert found.name == "embedded"
    assert "xllamacpp is not installed" in found.reason
    assert "pip install xllamacpp" in found.reason


def test_an_old_processor_is_told_what_it_lacks(monkeypatch, tmp_path):
    monkeypatch.setattr(llama_cpp_install, "installed_version", lambda: "1")
    monkeypatch.setattr(llama_cpp_install, "_missing_instructions", lambda: ["avx2", "fma"])
    assert "this processor lacks avx2, fma" in choose(ServeSettings(), "cpu").reason
