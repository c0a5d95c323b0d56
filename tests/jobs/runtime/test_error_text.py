"""A job that is told to leave has not failed, whatever the libraries make of it that were being imported."""

import subprocess

import pytest

from garage_tui.jobs.runtime.error_text import describe_error, is_termination


class Asked:
    def __set_name__(self, *_):
        raise SystemExit(0)


def imported_lazily():
    """As transformers does it: what fails within is a module that is missing."""
    try:
        try:
            type("Anything", (), {"part": Asked()})
        except SystemExit as error:  # from Python 3.12 on it comes out as it is
            raise RuntimeError("Error calling __set_name__") from error
    except RuntimeError as error:
        raise ModuleNotFoundError("Could not import module 'AutoModel'") from error


def test_a_signal_within_an_import_is_no_missing_package():
    with pytest.raises(ModuleNotFoundError) as failed:
        imported_lazily()
    assert is_termination(failed.value)


def test_a_package_that_is_missing_is_a_failure():
    with pytest.raises(ModuleNotFoundError) as failed:
        import a_package_that_is_nowhere  # noqa: F401
    assert not is_termination(failed.value)


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 2 MB."""
    disk = tmp_path / "small"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("this user may not mount a small disk to fill")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_is_said_whichever_library_writes(small_disk):
    import numpy as np
    import torch
    from safetensors.torch import save_file

    weights = {"a": torch.zeros(2_000_000)}

    def wrapped():
        try:
            torch.save(weights, small_disk / "x")
        except RuntimeError as error:
            raise ValueError("the checkpoint failed") from error

    for write in (
        lambda: torch.save(weights, small_disk / "x"),
        lambda: torch.save(weights, small_disk / "x", _use_new_zipfile_serialization=False),
        lambda: save_file(weights, small_disk / "x"),
        lambda: np.save(small_disk / "x.npy", np.zeros(2_000_000)),
        lambda: (small_disk / "x").write_bytes(bytes(8_000_000)),
        wrapped,
    ):
        with pytest.raises(Exception) as failed:
            write()
        text = describe_error(failed.value, folder=small_disk, full_disk="free some space", out_of_memory="")
        assert text.startswith("the disk is full: only "), failed.value
        assert text.endswith(f" free on {small_disk}; free some space")
        for left in small_disk.iterdir():
            left.unlink()


def test_a_used_up_quota_and_a_file_size_limit_are_not_called_a_full_disk(tmp_path):
    for number, text in (
        (122, "your disk quota is used up on "),
        (27, "a file would be longer than this shell allows"),
    ):
        error = OSError(number, "…", str(tmp_path / "x"))
        assert describe_error(error, folder=tmp_path, full_disk="free some space", out_of_memory="").startswith(text)


@pytest.mark.parametrize(
    ("advice", "remedy"),
    [
        ("free some space and resume the run", "raise the limit and resume the run"),
        ("free some space, or name another target with --to", "raise the limit"),
    ],
)
def test_the_remedy_for_a_file_size_limit_is_the_limit(tmp_path, advice, remedy):
    error = OSError(27, "…", str(tmp_path / "x"))
    text = describe_error(error, folder=tmp_path, full_disk=advice, out_of_memory="")
    assert text == f"a file would be longer than this shell allows (`ulimit -f`): {remedy}"
