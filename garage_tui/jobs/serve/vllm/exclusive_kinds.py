"""Keeps apart what vLLM for processors cannot have in one batch: a prompt that is scored, and an adapter.

It would score the prompt with the adapters of the whole batch, and its engine ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal

Kind = Literal["scored prompt", "adapter"]


class ExclusiveKinds:
    """Requests of one kind may be under way together, and wait until none of the other kind is."""

    def __init__(self) -> None:
        self._under_way: dict[Kind, int] = {"scored prompt": 0, "adapter": 0}
        self._changed = asyncio.Event()

    async def take(self, kind: Kind) -> Callable[[], None]:
        """Wait for a turn, and return the function that ends it; a second call of that does nothing."""
        other: Kind = "adapter" if kind == "scored prompt" else "scored prompt"
        while self._under_way[other]:
            self._changed.clear()
            await self._changed.wait()
        self._under_way[kind] += 1
        ended = False

        def end() -> None:
            nonlocal ended
            self._under_way[kind] -= not ended
            ended = True
            self._changed.set()

        return end
