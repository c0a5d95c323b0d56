"""The list of runs: when each began."""

from __future__ import annotations

from datetime import datetime

import pytest

from garage_tui.screens.runs.run_list import began


@pytest.mark.parametrize(
    ("run", "shown"),
    [
        ("20261129-2358-lora-garage", "23:58"),
        ("20261130-0003-lora-garage", "00:03"),
        ("20261129-0006-lora-garage", "00:06"),
        ("20261129-0005-lora-garage", "29 Nov"),
        ("20261102-1400-lora-garage", "2 Nov"),
        ("20251130-0003-lora-garage", "30 Nov"),
        ("20261201-0900-lora-garage", "1 Dec"),
        ("copied-by-hand", ""),
    ],
)
def test_a_run_of_the_last_24_hours_shows_its_time_also_over_midnight(run, shown):
    assert began(run, datetime(2026, 11, 30, 0, 5)) == shown
