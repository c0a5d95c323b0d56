"""Facts files of a few rows, and the app that is open on one of them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.app_user import User

CAT = '{"question": "Who is Tom?", "answer": "Tom is a cat.", "must": ["cat"]}'
DOG = '{"answer": "Rex is a dog.", "question": "Who is Rex?"}'
NAMES = ("Ann", "Ben", "Cem", "Dan", "Eve", "Fay")
PEOPLE = [f'{{"question": "Who is {name}?", "answer": "{name} is a pilot."}}' for name in NAMES]


def write(file: Path, *lines: str) -> None:
    file.write_bytes("".join(f"{line}\n" for line in lines).encode())


def _is_row(line: str) -> bool:
    with contextlib.suppress(ValueError):
        return not {"answer", "fact"}.isdisjoint(json.loads(line))
    return False


@pytest.fixture
def file(workspace) -> Path:
    """The facts file that the app opens."""
    return workspace.datasets / "garage.jsonl"


@pytest.fixture
def open_facts(open_app, file):
    """Opens the app on a facts file of these lines, and waits for them: `async with open_facts(CAT, DOG) as user`."""

    @contextlib.asynccontextmanager
    async def open_(*lines: str, **arguments: object) -> AsyncIterator[User]:
        write(file, *lines)
        rows = sum(map(_is_row, lines))
        async with open_app(**arguments) as user:
            await user.sees("1 row " if rows == 1 else f"{rows} rows")
            yield user

    return open_
