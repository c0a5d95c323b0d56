"""Whatever is in a file, its reader takes it or says in words what is wrong with it, and loses none of it."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.hostile.corpus import BAD_BYTES, SPECIMENS
from tests.hostile.fuzz import EXAMPLES
from tests.hostile.parsers import PARSERS

PIECES = [one.core.encode("utf-8", "surrogatepass") for one in SPECIMENS] + [*BAD_BYTES, *EXAMPLES]
KEYS = st.sampled_from(
    "question answer fact must exam id kind state reason step t event turns draft text base run version answers new "
    "old at recipe dataset created \x1b]0;x\x07".split()
)
HOSTILE_TEXT = st.one_of(st.text(), st.sampled_from([one.text for one in SPECIMENS]))
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), HOSTILE_TEXT),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(KEYS, HOSTILE_TEXT), inner, max_size=6)
    ),
    max_leaves=12,
)
DATA = st.one_of(
    st.binary(),
    st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=8)), max_size=6).map(b"".join),
    st.lists(JSON.map(lambda value: json.dumps(value).encode()), max_size=4).map(b"\n".join),
    st.dictionaries(KEYS, JSON, max_size=8).map(
        lambda value: json.dumps(value, ensure_ascii=False).encode(errors="replace")
    ),
)


@pytest.mark.parametrize("name", PARSERS)
def test_a_reader_takes_anything(name):
    @given(DATA)
    @settings(max_examples=25)
    @example(b"[" * 100_000)
    @example(b'{"a":' * 20_000)
    @example(b'{"question": "a", "answer": ' + b"[" * 5_000)
    @example(b'{"state": "\xff"}')
    @example(b'{"t": 0, "at": 0, "old": [null], "new": [], "what": ""}')
    @example(b'{"t": 0, "draft": {"text": 5, "column": "question", "raw": ""}}')
    @example(b'{"t": 0, "draft": {"text": "a", "column": null, "raw": "", "place": "b"}}')
    @example(b'{"t": 0, "at": 1e400, "old": [], "new": [], "what": ""}')
    def reads(data: bytes) -> None:
        PARSERS[name](data)

    reads()


@pytest.mark.long
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("name", PARSERS)
def test_a_reader_takes_anything_for_long(name):
    settings(max_examples=20_000)(given(DATA)(PARSERS[name]))()


@pytest.mark.parametrize("name", PARSERS)
def test_each_specimen_alone(name):
    for one in SPECIMENS:
        PARSERS[name](one.text.encode("utf-8", "surrogatepass"))
