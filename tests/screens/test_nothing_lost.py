"""Nothing is lost by one key: what destroys asks first, what was written is thrown away by the second Esc only."""

from __future__ import annotations

RUN = "20261123-2315-lora-garage"
BASE = "smollm2-135m"


async def ask(user, folder, question, count):
    """Ask, and wait until so many chats are on disk, this one among them."""
    await user.types(question)
    await user.press("enter")
    for _ in range(2000):
        files = list(folder.glob("*.json")) if folder.exists() else []
        if len(files) == count and any(path.stat().st_size and path.stem.endswith(f"-{question}") for path in files):
            break
        await user.pilot.pause(0.02)
    await user.sees("tuned says")


async def test_an_earlier_chat_is_deleted_after_a_question_and_the_open_one_is_cleared_with_it(
    open_app, make_run, model_server, workspace
):
    make_run(RUN, "finished").adapter()
    folder = workspace.datasets / "chats"
    async with model_server() as models, open_app(screen="chat", size=(80, 24)) as user:
        models.answers = {BASE: ["base says"], RUN: ["tuned says"]}
        await user.sees(f"Tuned · {RUN}")
        await ask(user, folder, "one", 1)
        await user.press("ctrl+l")
        await user.sees("New conversation. The one before is saved", "This model learned 24 rows")
        await ask(user, folder, "two", 2)
        await user.press("ctrl+y")
        await user.sees("Which chat?", "one · 1 question", "two · 1 question", "⏎ Choose", "d Delete")
        await user.press("d")
        await user.sees("Delete this chat?", "two · 1 question", "This cannot be undone")
        await user.press("escape")
        await user.sees("Which chat?", "two · 1 question")
        assert len(list(folder.iterdir())) == 2
        await user.press("d")
        await user.sees("Delete this chat?")
        await user.press("y")
        await user.sees("Which chat?", "one · 1 question")
        assert "two · 1 question" not in user.screen
        await user.press("d")
        await user.sees("Delete this chat?")
        await user.press("y")
        await user.sees("was deleted", "This model learned 24 rows")
        assert not list(folder.iterdir())
        await ask(user, folder, "three", 1)


async def test_what_was_typed_into_a_form_is_thrown_away_by_the_second_escape_only(open_app, make_run, model_server):
    make_run(RUN, "finished").adapter()
    async with model_server() as models, open_app(size=(80, 24)) as user:
        models.answers = {BASE: ["base says"], RUN: ["tuned says"]}
        await user.sees("35 rows")
        await user.press("t")
        await user.sees("Teach a model", "Ctrl+S starts the run")
        await user.press("escape")  # nothing was typed
        await user.sees_no("Teach a model")
        await user.press("t")
        await user.sees("Teach a model", "Ctrl+S starts the run")
        user.app.screen.query_one("#epochs").focus()
        await user.press("end", "7", "escape")
        await user.sees("Not started yet: Ctrl+S starts it", "Esc again")
        await user.press("7", "escape")  # what is written anew is asked about anew
        await user.sees("Teach a model", "Not started yet")
        await user.press("escape")
        await user.sees_no("Teach a model")
        await user.press("f4", "ctrl+g")
        await user.sees("System prompt")
        user.app.screen.query_one("#system").focus()
        await user.types("be brief")
        await user.press("escape")
        await user.sees("Not applied yet: Ctrl+S applies it, Esc again discards it")
        await user.press("escape")
        await user.sees_no("Sampling and system prompt")
        models.hold.clear()
        await user.types("who")
        await user.press("enter")
        await user.sees("tuned says", "Esc Stop")
        await user.press("ctrl+r")
        await user.sees("An answer is still coming. Restart the server?", "Let it answer")
        await user.press("escape")
        models.hold.set()
        await user.sees_no("Esc Stop")
        await user.sees("tuned says", "7 tokens")
        await user.press("alt+a")
        await user.sees("The answer that you want")
        await user.types("It is me")
        await user.press("escape")
        await user.sees("Not added yet: Ctrl+S adds it, Esc again discards it")
        await user.press("escape")
        await user.sees_no("The answer that you want")
        assert not user.app.pane.is_answering
