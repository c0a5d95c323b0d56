"""The LoRA adapters of a base model: checked, then loaded when they are first used.

A batch with several adapters is correct only while every adapter leaves the base's own weights unchanged, so anything
but plain LoRA (changed embeddings, biases, PiSSA-like initialisation …) is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peft import LoraConfig, PeftModel, get_peft_model, set_peft_model_state_dict
from safetensors import SafetensorError
from safetensors.torch import load_file

from garage_tui.core.base.errors import GarageError, reason_of
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.models.base_models import BaseModel
from garage_tui.jobs.llm.adapter_safety import WEIGHTS, check, stamp

BASE = "__base__"
"""PEFT's name for "no adapter" in a mixed batch."""
MAX_LOADED = 16
"""Adapters kept in memory: more than a batch can use; the least recently used one is dropped first."""


@dataclass(frozen=True)
class _Loaded:
    """An adapter that is in memory."""

    name: str
    stamp: tuple[int, int]
    """Modification time and size of the weights, which change when a run is resumed."""


class Adapters:
    """The adapters of one base model.

    Args:
        model: a transformers model on its device, in evaluation mode.
        base: what it was loaded from.
    """

    def __init__(self, model: Any, base: BaseModel) -> None:
        self.model = model
        self._base = base
        self._loaded: dict[Path, _Loaded] = {}
        self._count = 0

    @property
    def loaded(self) -> bool:
        return bool(self._loaded)

    def name_of(self, folder: Path | None) -> str:
        """Return PEFT's name for the adapter in `folder`, which is loaded first if needed; None is the bare base.

        Raises:
            GarageError: it is no plain LoRA adapter of this base in safetensors; the text says why.
        """
        if folder is None:
            return BASE
        now = stamp(folder)
        known = self._loaded.pop(folder, None)
        if known is not None and known.stamp != now:
            self._drop(known)
            known = None
        if known is None:
            while len(self._loaded) >= MAX_LOADED:
                self._drop(self._loaded.pop(next(iter(self._loaded))))
            known = _Loaded(self._load(folder), now)
        self._loaded[folder] = known  # the dict is in order of use
        return known.name

    def _load(self, folder: Path) -> str:
        config, weights = read_adapter(folder, self._base)
        self._count += 1
        name = f"adapter{self._count}"  # a run id may hold characters that a module name may not
        try:
            if isinstance(self.model, PeftModel):
                self.model.add_adapter(name, config)
            else:
                self.model = get_peft_model(self.model, config, adapter_name=name)
            result = set_peft_model_state_dict(self.model, weights, adapter_name=name)
            missing = [key for key in result.missing_keys if f".{name}." in key]
            if missing or result.unexpected_keys:
                raise ValueError(f"{len(missing)} weights are missing, {len(result.unexpected_keys)} are unknown")
        except (ValueError, RuntimeError, KeyError) as error:
            self._drop(_Loaded(name, (0, 0)))
            if "out of memory" in str(error):
                raise
            raise GarageError(
                f"the adapter of {folder.parent.name} does not fit the base: {one_line(str(error), 160)}"
            ) from error
        self.model.eval()
        return name

    def _drop(self, loaded: _Loaded) -> None:
        if not isinstance(self.model, PeftModel):
            return
        if set(self.model.peft_config) <= {loaded.name}:
            self.model = self.model.unload()
        elif loaded.name in self.model.peft_config:
            self.model.delete_adapter(loaded.name)


def read_adapter(folder: Path, base: BaseModel) -> tuple[LoraConfig, dict[str, Any]]:
    """Return configuration and weights of a plain LoRA adapter.

    Raises:
        GarageError: it is something else, was trained on another base, or is damaged.
    """
    check(folder, base)
    try:
        return LoraConfig.from_pretrained(str(folder), inference_mode=True), load_file(folder / WEIGHTS)
    except (OSError, TypeError, ValueError, SafetensorError) as error:
        raise GarageError(f"the adapter of {folder.parent.name} cannot be read: {reason_of(error, 160)}") from error
