"""What `garage serve` prints beside the address; the servers themselves are tested in `tests/jobs/serve`."""

from __future__ import annotations

import pytest

from garage_tui.cli.serve import example_model


@pytest.mark.parametrize(
    ("models", "in_service", "asked"),
    [
        (["garage", "smollm2-135m", "newer", "older"], False, "newer"),
        (["garage", "smollm2-135m", "newer", "older"], True, "garage"),
        (["smollm2-135m", "newer"], True, "newer"),
        (["garage", "smollm2-135m"], False, "smollm2-135m"),
    ],
)
def test_the_example_asks_what_is_in_service_or_else_the_newest_run(models, in_service, asked):
    assert example_model(models, "smollm2-135m", "garage", in_service=in_service) == asked
