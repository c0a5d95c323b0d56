"""The chat of an app whose model server answers as a test says."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence

import pytest

from tests.support.app_user import ModelServer, User

BASE = "smollm2-135m"
RUN, OLD = "20261123-2315-lora-garage", "20261122-2315-lora-old"


@pytest.fixture
def open_chat(open_app, make_run, model_server):
    """Opens the chat: `async with open_chat(["The base", " says."], ["The tuned model says."]) as (user, models)`.

    It takes the pieces of the base model's answers and of those of the run `RUN`, which there is only if it answers.
    With `hold` an answer stops after its first piece, until `models.hold.set()`.
    """

    @contextlib.asynccontextmanager
    async def open_(
        base: Sequence[str] = (), tuned: Sequence[str] = (), *, hold: bool = False, **arguments: object
    ) -> AsyncIterator[tuple[User, ModelServer]]:
        if tuned:
            make_run(RUN, "finished", step=100).adapter()
        async with model_server() as models, open_app(screen="chat", **arguments) as user:
            models.answers = {BASE: list(base)} | ({RUN: list(tuned)} if tuned else {})
            if hold:
                models.hold.clear()
            if tuned:
                await user.sees("Tuned · 2026")
            yield user, models

    return open_


async def ask(user: User, *questions: str) -> None:
    """Ask one question after the other, each when the answer to the one before is whole."""
    for question in questions:
        await user.types(question)
        await user.press("enter")
        await idle(user)


async def idle(user: User) -> None:
    """Wait until no answer is coming any more."""
    while user.app.pane.is_answering:  # type: ignore[attr-defined]
        await user.pilot.pause(0.02)
    await user.pilot.pause()
