"""Nobody waits for the import of a library that a job does without."""

import json
import sys
from importlib.util import find_spec

import pytest

from garage_tui.core.models import base_models
from garage_tui.jobs.runtime import blocked_imports

PACKED = {"quantization_config": {"quant_method": "bitsandbytes"}}


@pytest.fixture
def base(tmp_path, monkeypatch):
    for name in ("transformers", "bitsandbytes", "datasets"):
        monkeypatch.delitem(sys.modules, name, raising=False)

    def make(**config):
        (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama", **config}))
        return base_models.find(str(tmp_path))

    yield make
    for name in ("bitsandbytes", "datasets"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("config", "asked", "left_out"),
    [
        ({}, {}, {"bitsandbytes"}),
        ({}, {"datasets": False}, {"bitsandbytes", "datasets"}),
        ({}, {"four_bit": True, "datasets": False}, {"datasets"}),
        (PACKED, {}, set()),
    ],
)
def test_what_is_not_needed_is_not_found(base, config, asked, left_out):
    blocked_imports.block_imports(base(**config), **asked)
    assert {name for name in ("bitsandbytes", "datasets") if find_spec(name) is None} == left_out


def test_whoever_has_transformers_already_keeps_all(base, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", sys)
    blocked_imports.block_imports(base(), datasets=False)
    assert "bitsandbytes" not in sys.modules and "datasets" not in sys.modules
