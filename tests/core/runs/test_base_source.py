"""Where the base model of a run is found after its workspace was moved."""

import pytest

from garage_tui.core.runs.base_source import base_source
from garage_tui.core.runs.record import Manifest


@pytest.mark.parametrize(
    ("there", "name", "expected"),
    [(True, "smollm2-135m", "models/base"), (False, "smollm2-135m", "smollm2-135m"), (False, "", "models/base")],
    ids=["the folder is there", "the folder is gone", "the folder is gone and nothing has a name"],
)
def test_a_base_is_found_by_its_name_where_its_folder_is_gone(tmp_path, there, name, expected):
    folder = tmp_path / "models" / "base"
    if there:
        folder.mkdir(parents=True)
    base = {"name": name, "path": str(folder)}
    manifest = Manifest(id="20261123-2315-lora-a", kind="lora", created=1.0, recipe={}, base=base, dataset={})
    assert base_source(manifest).endswith(expected)
