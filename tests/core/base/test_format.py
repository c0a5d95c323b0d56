"""Counts and sizes as people read them."""

from __future__ import annotations

import pytest

from garage_tui.core.base.format import human_bytes, plural


@pytest.mark.parametrize(("count", "text"), [(0, "0 runs"), (1, "1 run"), (2, "2 runs"), (1200, "1,200 runs")])
def test_a_count_has_its_noun_in_the_right_number(count, text):
    assert plural(count, "run") == text


def test_an_irregular_plural_is_given():
    assert plural(2, "query", "queries") == "2 queries" and plural(1, "query", "queries") == "1 query"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (12_400, "12 kB"),
        (783_600_000, "784 MB"),
        (1_250_000_000, "1.2 GB"),
        (23e9, "23.0 GB"),
    ],
)
def test_a_size_has_the_unit_that_fits_it(size, text):
    assert human_bytes(size) == text


@pytest.mark.parametrize(("size", "text"), [(2**30 * 24, "24.0 GiB"), (512 * 2**20, "512 MiB"), (2048, "2 KiB")])
def test_memory_is_counted_in_powers_of_1024(size, text):
    assert human_bytes(size, binary=True) == text


def test_decimals_can_be_left_out():
    assert human_bytes(23.6 * 2**30, binary=True, digits=0) == "24 GiB"
