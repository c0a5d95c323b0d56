"""A GGUF is at its name when it is complete, and not before; a failure leaves what was there and says why."""

from __future__ import annotations

import resource

import numpy as np
import pytest
from gguf import GGUFReader

from garage_tui.core.base.errors import GarageError
from garage_tui.jobs.llm.gguf.gguf_file import new_gguf, write_head


def write(out, rows=10):
    with new_gguf(out, "llama") as writer:
        values = np.ones((rows, 100), np.float32)
        writer.add_tensor_info("one", values.shape, values.dtype, values.nbytes)
        write_head(writer)
        writer.write_tensor_data(values)
        assert rows != 13, "a failure in the middle"


def test_it_is_there_when_it_is_complete(tmp_path):
    write(tmp_path / "model.gguf")
    (tensor,) = GGUFReader(tmp_path / "model.gguf").tensors
    assert (tensor.name, tensor.data.shape, float(tensor.data.sum())) == ("one", (10, 100), 1000.0)
    assert [file.name for file in tmp_path.iterdir()] == ["model.gguf"]


def test_a_failure_leaves_the_file_that_was_there_and_no_half_one(tmp_path):
    out = tmp_path / "model.gguf"
    write(out)
    before = out.read_bytes()
    with pytest.raises(AssertionError):
        write(out, 13)
    assert out.read_bytes() == before and [file.name for file in tmp_path.iterdir()] == ["model.gguf"]


def test_what_a_killed_process_left_is_written_over(tmp_path):
    (tmp_path / ".model.gguf.part").write_bytes(b"half" * 100_000)
    write(tmp_path / "model.gguf")
    assert GGUFReader(tmp_path / "model.gguf").tensors[0].name == "one"
    assert [file.name for file in tmp_path.iterdir()] == ["model.gguf"]


def test_the_system_says_why_an_array_could_not_be_written(tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(GarageError, match=rf"{tmp_path} cannot be written: .*ulimit -f"):
            write(tmp_path / "model.gguf", 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_gone_is_named(tmp_path):
    with pytest.raises(GarageError, match=rf"{tmp_path / 'gone'} cannot be written: No such file or directory"):
        write(tmp_path / "gone" / "model.gguf")
