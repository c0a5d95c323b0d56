"""A job that is told to leave has not failed, whatever the libraries make of it that were being imported."""

import pytest

from garage_tui.jobs.runtime.error_text import is_termination


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
