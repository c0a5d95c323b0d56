"""A whole book as a question: it is sent whole, and the screen shows its beginning."""

from textual.widgets import Static

from garage_tui.widgets.turn_view import MAX_QUESTION, TurnView
from tests.screens.chat.test_external_server import named

__all__ = ["named"]


async def test_a_question_of_half_a_megabyte_is_sent_whole_and_its_beginning_shown(open_app, model_server, named):
    question = ("The garage has a butterfly on its door. " * 13_000)[:500_000].strip()
    async with model_server() as models:
        models.answers = {"m": ["Yes."]}
        async with open_app(screen="chat", settings=named(models.url, base="m", tuned="m")) as user:
            await user.sees("Base · m")
            field = user.pilot.app.query_one("#chat-input")
            field.value = question
            await user.press("enter")
            await user.sees("Yes.")
            views = list(user.pilot.app.query(TurnView))
            assert views and all(view.question == question for view in views), "what is copied or edited is whole"
            painted = [str(view.query(Static).first().render()) for view in views]
            assert all(f"… and {len(question) - MAX_QUESTION:,} more characters" in text for text in painted)
            assert all(len(text) < 2 * MAX_QUESTION for text in painted), "so that no repaint wraps all of it"
    assert all(request["messages"][-1]["content"] == question for request in models.heard)
