"""Which inference engine serves, and why."""

from __future__ import annotations

from dataclasses import dataclass

from garage_tui.core.scheduling.slots import CPU
from garage_tui.core.serving import llama_cpp_install
from garage_tui.core.settings.settings import ServeSettings


@dataclass(frozen=True)
class EngineChoice:
    """An engine, as the server's option `--engine` names it."""

    name: str
    """`vllm`, `llama.cpp` or `embedded`; `auto` is llama.cpp, or transformers for a base that it cannot serve."""
    reason: str
    """For people: why this one."""


def choose(settings: ServeSettings, slot: str, engine: str | None = None) -> EngineChoice:
    """Return the engine of a server.

    Args:
        settings: `[serve]`.
        slot: where the model is loaded: `cpu`, or the index of a GPU.
        engine: an engine's name; by default the settings'.
    """
    requested = engine or settings.engine
    if requested == "auto" and settings.vllm_python:
        return EngineChoice("vllm", "`vllm_python` in [serve] names it")
    if requested != "auto":
        return EngineChoice(requested, "it is requested")
    if slot != CPU:
        return EngineChoice("embedded", f"GPU {slot} is used, and vLLM is not set up")
    why_not, mend = llama_cpp_install.why_not()
    if why_not:
        return EngineChoice("embedded", f"llama.cpp cannot run: {why_not}{f'; {mend}' if mend else ''}")
    return EngineChoice("auto", "no GPU is used")
