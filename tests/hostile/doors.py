"""Hypothesis strategies for what comes through a door of the program: words, names, files, settings, environments."""

from __future__ import annotations

import json
import math
import os
from typing import Any

from hypothesis import strategies as st

from garage_tui.core.settings.sources import setting_names
from tests.hostile.corpus import BAD_BYTES, SPECIMENS

PIECES = st.sampled_from(
    [
        *("\ud83d", "\ude00", "\udcff", "\udce9", "\0", "\x1b[2J", "\x1b]0;x\x07", "\r", "\n", "\t", "\x7f", "\x85"),
        *("\u2028", "\u202e", "\u200b", "\ufeff", "e\u0301" * 3, "😀", "'", '"', "\\", "%", "{", "[", "$(", "`", "--"),
        *("..", "/", "~", " ", "a", "Who is it?", "1e999", "NaN", "-1", "=", ",", ";", "#", "[x]", "x" * 300),
    ]
)
TEXT = st.lists(PIECES | st.text(max_size=4), max_size=5).map("".join)
"""Text as a program may hold it: control characters, half characters, quotes, mark-up."""
RAW = st.binary(max_size=8) | st.sampled_from([one.core.encode("utf-8", "surrogatepass") for one in SPECIMENS])
WORD = st.one_of(
    TEXT.map(lambda text: os.fsdecode(text.replace("\0", "").encode("utf-8", "surrogatepass"))),
    RAW.map(lambda data: os.fsdecode(data.replace(b"\0", b""))),
)
"""An argument or a variable, as the shell passes it on: any bytes but NUL, and Python's signs for what is no UTF-8."""
NAME = WORD.map(lambda word: os.fsdecode(os.fsencode(word.replace("/", "|"))[:200])).filter(
    lambda name: name.strip(". ") != ""
)
"""A name of a file."""

VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
_KEY = TEXT | st.sampled_from("question answer fact must exam instruction input output messages conversations".split())
ROW = st.fixed_dictionaries(
    {"question": TEXT | VALUE, "answer": TEXT | VALUE}, optional={"fact": VALUE, "must": VALUE, "exam": VALUE}
) | st.dictionaries(_KEY, VALUE, max_size=5)
FACTS = st.lists(
    ROW.map(lambda row: json.dumps(row).encode()) | st.sampled_from(BAD_BYTES) | RAW, min_size=1, max_size=4
).map(b"\n".join)
"""A facts file, perhaps."""
_CELL = TEXT.map(lambda text: text.encode(errors="replace"))
TABLE = st.lists(st.lists(_CELL | RAW, max_size=4).map(b",".join), max_size=4).map(
    lambda rows: b"\n".join([b"question,answer", *rows])
)
DOCUMENT = FACTS | TABLE | st.lists(ROW, max_size=3).map(lambda rows: json.dumps(rows, indent=1).encode()) | RAW
"""A file that is imported."""


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return "nan" if math.isnan(value) else f"{'-' * (value < 0)}inf" if math.isinf(value) else repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json.dumps(key)} = {_toml(one)}' for key, one in value.items())}}}"
    return json.dumps(value) if isinstance(value, str) else str(value)


_SETTING = st.sampled_from(setting_names())
_ODD = st.one_of(
    st.booleans(),
    st.integers(),
    st.floats(),
    TEXT,
    st.lists(TEXT | st.integers(), max_size=3),
    st.dictionaries(TEXT, st.integers(), max_size=2),
    st.lists(st.lists(TEXT, max_size=2), max_size=2),
).map(_toml) | st.sampled_from(
    ["1979-05-27T07:32:00Z", "07:32:00", "1979-05-27", "9" * 400, "0x10", "1_000", "'''a\nb'''"]
)
SETTINGS = st.lists(st.tuples(_SETTING | TEXT.map(json.dumps), _ODD), max_size=4).map(
    lambda pairs: "".join(f"{name} = {value}\n" for name, value in pairs).encode(errors="replace")
) | st.lists(RAW | st.sampled_from(BAD_BYTES), max_size=3).map(b"\n".join)
"""A garage.toml: real settings with values of every type, and what is no TOML at all."""

VARIABLES = (
    *(
        "EDITOR",
        "VISUAL",
        "PAGER",
        "TERM",
        "COLORTERM",
        "LANG",
        "LC_ALL",
        "NO_COLOR",
        "TMUX",
        "TMUX_PANE",
        "STY",
        "USER",
    ),
    *("GARAGE_PICTURES", "GARAGE_WORKSPACE", "GARAGE_CACHE", "GARAGE_API_KEY", "HF_HUB_OFFLINE", "SSH_CONNECTION"),
    *("ALL_PROXY", "http_proxy", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "COLUMNS", "LINES"),
    *("CUDA_VISIBLE_DEVICES", "HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "LLAMA_CPP", "TMPDIR", "PATH", "LESS"),
    *("OMP_NUM_THREADS", "PYTHONPATH", "TERM_PROGRAM", "KITTY_WINDOW_ID", "WORLD_SIZE", "RANK"),
)
ENVIRONMENT = st.dictionaries(
    st.sampled_from(VARIABLES),
    WORD
    | st.sampled_from(["", "socks5://127.0.0.1:9", "/nowhere/ca.pem", "a 'b", 'c "', "-1", "xterm", "dumb", "C", "~x"]),
    max_size=4,
)
