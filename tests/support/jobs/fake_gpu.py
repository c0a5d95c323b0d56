"""An accelerator that is none: what a job mixes of its memory and the processor's is refused, as CUDA refuses it.

`install` makes the device `card` for torch (its backends in Python are an experiment of theirs): a tensor on it is a
`OnCard` that holds one of the processor and computes with it. Our own modules are told that there is CUDA, so they go
the way that they go on a GPU: weights and batches moved, layers computed twice to save memory. What it cannot show is
the arithmetic of a real card, its kernels, or how much memory is taken.
"""

from __future__ import annotations

import sys
import traceback
from typing import Any

import torch
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.backend_registration import _DummyBackendModule, _setup_privateuseone_for_python_backend

CARD = torch.device("cpu")  # until `install` has made it
_aten = torch.ops.aten
_MAY_MIX = {
    _aten.copy_.default, _aten._to_copy.default, _aten._foreach_copy_.default,
    _aten.index.Tensor, _aten.index_put.default, _aten.index_put_.default, _aten._index_put_impl_.default,
}  # fmt: skip
"""Copies, and indices that are on the processor; CUDA takes these too."""
_kept: list[Any] = []


class OnCard(torch.Tensor):
    """A tensor whose numbers are in `held`, on the processor."""

    held: torch.Tensor
    is_cuda = property(lambda self: True)  # type: ignore[assignment]

    @staticmethod
    def __new__(cls, held: torch.Tensor) -> OnCard:
        made = torch.Tensor._make_wrapper_subclass(
            cls, held.size(), strides=held.stride(), storage_offset=held.storage_offset(), dtype=held.dtype, device=CARD
        )
        made.held = held
        return made

    def __repr__(self, **_: Any) -> str:
        return f"OnCard({self.held})"

    def __deepcopy__(self, memo: Any) -> OnCard:
        return OnCard(self.held.clone()).requires_grad_(self.requires_grad)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return held_on_the_processor, (self.held.detach().clone(),)

    def tolist(self) -> Any:
        return self.held.tolist()

    def untyped_storage(self) -> torch.UntypedStorage:
        return self.held.untyped_storage()

    def data_ptr(self) -> int:
        return self.held.data_ptr()

    @classmethod
    def __torch_dispatch__(cls, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return compute(operation, args, kwargs or {})


def held_on_the_processor(held: torch.Tensor) -> torch.Tensor:
    """Return what a checkpoint keeps of a tensor of the card."""
    return held


def compute(operation: Any, args: Any, kwargs: Any) -> Any:
    """Do one of torch's operations on what the tensors hold.

    Raises:
        RuntimeError: tensors of the card and of the processor are mixed.
    """
    tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
    on_card = any(isinstance(tensor, OnCard) for tensor in tensors)
    others = [tensor for tensor in tensors if not isinstance(tensor, OnCard)]
    mixed = on_card and any(tensor.dim() for tensor in others) and operation not in _MAY_MIX
    if mixed or (on_card and operation is _aten.index.Tensor and not isinstance(args[0], OnCard)):
        print(f"{operation} mixes the card and the processor: {[tuple(t.shape) for t in tensors]}", file=sys.stderr)
        traceback.print_stack(limit=12)  # an error in a backward pass would end the process without a word
        raise RuntimeError(f"Expected all tensors to be on the same device ({operation})")
    if operation is _aten._fused_sdp_choice.default:
        return 0  # attention in plain products
    if operation is _aten.copy_.default:
        on_card = isinstance(args[0], OnCard)
    if kwargs.get("device") is not None:
        on_card = torch.device(kwargs["device"]).type == "card"
        kwargs = {**kwargs, "device": torch.device("cpu")}
    args_, kwargs_ = tree_map(lambda leaf: leaf.held if isinstance(leaf, OnCard) else leaf, (args, kwargs))
    with torch.no_grad():
        found = operation(*args_, **kwargs_)
    returned = operation._schema.returns
    if len(returned) == 1 and _is_written(returned[0]):
        named = dict(zip((spec.name for spec in operation._schema.arguments), args, strict=False)) | kwargs
        return named[next(spec.name for spec in operation._schema.arguments if _is_written(spec))]
    return tree_map(lambda leaf: OnCard(leaf) if on_card and type(leaf) is torch.Tensor else leaf, found)


def _is_written(spec: Any) -> bool:
    return spec.alias_info is not None and spec.alias_info.is_write


class _Backend(_DummyBackendModule):
    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        return [torch.bfloat16]

    def _is_in_bad_fork(self) -> bool:
        return False

    def manual_seed_all(self, seed: int) -> None: ...

    def get_rng_state(self, device: Any = None) -> torch.Tensor:
        return torch.get_rng_state()

    def set_rng_state(self, state: torch.Tensor, device: Any = None) -> None: ...


class _Generator(torch.Generator):
    def __new__(cls, device: Any = "cpu") -> _Generator:
        return super().__new__(cls, "cpu")


def install() -> None:
    """Make the card, and have our own modules and the trainers of others use it."""
    global CARD
    _setup_privateuseone_for_python_backend("card", _Backend())
    CARD = torch.device("card", 0)
    made = torch.library.Library("aten", "IMPL")
    for name in ("empty.memory_format", "empty_strided", "_to_copy"):
        made.impl(name, _maker(name), "PrivateUse1")
    every = torch.library.Library("_", "IMPL")
    every.fallback(compute, "PrivateUse1")
    _kept.extend((made, every))
    torch.serialization.add_safe_globals([held_on_the_processor])
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    torch.Generator = _Generator  # type: ignore[misc]
    torch.inference_mode = torch.no_grad  # type: ignore[misc,assignment]
    torch.nn.Module.to = _to  # type: ignore[method-assign,assignment]
    for name, answer in {
        "is_available": True,
        "is_bf16_supported": False,
        "device_count": 1,
        "empty_cache": None,
    }.items():
        setattr(torch.cuda, name, _for_us(getattr(torch.cuda, name), answer))
    torch.cuda.max_memory_reserved = lambda *_: 1 << 30

    import accelerate
    from accelerate.state import AcceleratorState, PartialState
    from transformers import TrainingArguments

    found = TrainingArguments.device.fget
    TrainingArguments.device = property(lambda self: (found(self), CARD)[1])
    for trainer in (PartialState, AcceleratorState, accelerate.Accelerator):
        trainer.device = property(lambda self: CARD, lambda self, _: None)


def _maker(name: str) -> Any:
    kind, _, overload = name.partition(".")
    operation = getattr(getattr(_aten, kind), overload or "default")
    return lambda *args, **kwargs: compute(operation, args, kwargs)


def _for_us(real: Any, answer: Any) -> Any:
    """Return a function of `torch.cuda` that answers our own modules otherwise than all others."""

    def asked(*args: Any, **kwargs: Any) -> Any:
        asker = sys._getframe(1).f_code.co_filename
        return answer if "/garage_tui/jobs/" in asker else real(*args, **kwargs)

    return asked


_module_to = torch.nn.Module.to


def _to(module: torch.nn.Module, *args: Any, **kwargs: Any) -> torch.nn.Module:
    """Move a module to the card where CUDA is meant; one that is there keeps its parameters, as on a real one."""
    device, dtype, _, _ = torch._C._nn._parse_to(*args, **kwargs)
    device = CARD if device is not None and device.type == "cuda" else device
    there = [*module.parameters(), *module.buffers()]
    stays = device is None or all(tensor.device.type == device.type for tensor in there)
    if stays and (dtype is None or all(tensor.dtype == dtype or not tensor.is_floating_point() for tensor in there)):
        return module
    return _module_to(module, device, dtype) if device is not None else _module_to(module, dtype)
