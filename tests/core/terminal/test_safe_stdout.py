"""What a command prints where the terminal knows fewer characters than UTF-8 has."""

from __future__ import annotations

import io

import pytest

from garage_tui.core.terminal.safe_stdout import SafeStdout


@pytest.mark.parametrize(
    ("encoding", "printed"),
    [
        ("utf-8", "✗ learned 2 of 3 · caf⟨0xE9⟩ · Müller · ↑ ≥ 95 % · 日"),
        ("latin-1", "X learned 2 of 3 | caf<0xE9> | Müller | ^ > 95 % | ?"),
        ("ascii", "X learned 2 of 3 | caf<0xE9> | M?ller | ^ > 95 % | ?"),
    ],
)
def test_signs_keep_their_meaning_in_every_encoding(encoding, printed):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)
    SafeStdout(stream).write("✗ learned 2 of 3 · caf\udce9 · Müller · ↑ ≥ 95 % · 日")
    assert stream.buffer.getvalue().decode(encoding) == printed
