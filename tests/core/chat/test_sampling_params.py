"""Sampling parameters: the fields of a request, and the error of a field that is wrong."""

import pytest

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.chat import sampling_params as sampling
from garage_tui.core.chat.sampling_params import SamplingParams


def test_only_what_is_set_is_asked_of_a_server():
    assert SamplingParams().request_fields == {"max_tokens": 256, "temperature": 0.0}
    assert SamplingParams(0.7, 64, 0.9, 0).request_fields == {
        "max_tokens": 64,
        "temperature": 0.7,
        "top_p": 0.9,
        "seed": 0,
    }


def test_four_empty_fields_are_the_default_and_nothing_is_said_of_it():
    assert sampling.parse("", " ", "", "") == SamplingParams()
    assert SamplingParams().differences == []


def test_what_differs_from_the_default_is_said():
    read = sampling.parse("0,7", "0.95", "64", "0")
    assert read.differences == ["temperature 0.7", "top_p 0.95", "at most 64 tokens", "seed 0"]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (("warm", "", "", ""), "temperature: 'warm' is not a number"),
        (("2.1", "", "", ""), "temperature 2.1: give 0"),
        (("nan", "", "", ""), "temperature nan"),
        (("-1", "", "", ""), "temperature -1"),
        (("", "0", "", ""), "top_p 0: give more than 0"),
        (("", "1.5", "", ""), "top_p 1.5"),
        (("", "", "0", ""), "max tokens 0: give 1 to 1,000,000"),
        (("", "", "1.5", ""), "max tokens: '1.5' is not a whole number"),
        (("", "", "", "x"), "seed: 'x' is not a whole number"),
        (("", "", "", "9" * 30), "seed 999"),
        (("", "", "", "9" * 5000), "seed: '999"),
    ],
)
def test_a_field_that_cannot_be_is_a_sentence(fields, text):
    with pytest.raises(BadInputError, match=text.replace("(", r"\(")):
        sampling.parse(*fields)


def test_a_temperature_that_no_float_can_divide_by_is_asked_as_0():
    assert sampling.parse("1e-40", "", "", "").request_fields["temperature"] == 0.0
