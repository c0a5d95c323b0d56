"""A new workspace begins with the example facts; one that was used before is left as it is."""

from __future__ import annotations

import pytest

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.workspace import Workspace
from garage_tui.core.facts import example
from garage_tui.core.facts.file import load_facts
from tests.support.repository import REPOSITORY


def test_an_empty_folder_gets_the_example_and_a_sentence_says_so(tmp_path):
    workspace = Workspace(tmp_path)
    assert "example facts" in example.begin(workspace)
    file = load_facts(workspace.datasets / "garage.jsonl")
    assert len(file.facts) == 35 and not file.problems
    assert example.begin(workspace) == ""


@pytest.mark.parametrize("there", ["datasets", "checkpoints", "garage.toml"])
def test_a_workspace_that_was_used_before_is_left_alone(tmp_path, there):
    (tmp_path / there).touch() if "." in there else (tmp_path / there).mkdir()
    assert example.begin(Workspace(tmp_path)) == ""
    assert [path.name for path in tmp_path.iterdir()] == [there]


def test_a_file_is_never_replaced_not_even_a_link_to_nowhere(tmp_path):
    (tmp_path / "mine.jsonl").write_text("{}\n")
    (tmp_path / "link.jsonl").symlink_to("nowhere")
    for name in ("mine.jsonl", "link.jsonl"):
        with pytest.raises(BadInputError, match="is there already; name another file"):
            example.write(tmp_path / name)
    assert (tmp_path / "mine.jsonl").read_text() == "{}\n"


def test_a_folder_that_cannot_be_written_is_an_error_of_the_command_and_none_of_the_app(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(GarageError, match="cannot be written: "):
        example.write(tmp_path / "file" / "facts.jsonl")
    assert example.begin(Workspace(tmp_path / "file" / "gone")) == ""


def test_the_example_of_a_checkout_is_the_one_in_the_package():
    checkout = REPOSITORY / "datasets" / "garage.jsonl"
    if not checkout.exists():
        pytest.skip("this is no checkout: an sdist has no folder of somebody's facts")
    assert checkout.read_bytes() == (REPOSITORY / "garage_tui" / "data" / "example_facts.jsonl").read_bytes()
