"""What an answer looks like while it comes and afterwards: Markdown, loops, the state line, the columns."""

from __future__ import annotations

from tests.support.chat import RUN


async def test_markdown_is_rendered_and_copied_as_it_was_written(open_chat):
    written = "# Rooms\n\nThere are **two** rooms:\n\n- the `garage`\n- the loft &#27;[31m <b>x</b>\n"
    async with open_chat(list(written)) as (user, _):
        await user.press("x", "enter")
        text = await user.sees("7 tokens", "There are two rooms:", "• the garage", "• the loft &#27;[31m <b>x</b>")
        assert "**" not in text and "# Rooms" not in text and "\x1b" not in text
        await user.press("tab", "c")
        await user.sees("Copied the base model's answer")
        assert user.app.clipboard == written.strip()


async def test_a_model_that_repeats_itself_is_stopped_with_a_sentence(open_chat):
    async with open_chat(["I am a language model that helps people. "] * 500) as (user, _):
        await user.press("x", "enter")
        await user.sees("stopped: the model repeats itself")
        answer = user.app.pane.asker.turns[0].answers["base"]
        assert len(answer.text) < 500 and not answer.wrong


async def test_what_the_state_line_said_before_a_question_is_gone_when_it_is_asked(open_chat):
    async with open_chat(["half", " an answer"], hold=True) as (user, models):
        await user.press("ctrl+l")
        user.app.pane.notice.wrong("something went wrong before")
        await user.sees("something went wrong before")
        await user.press("x", "enter")
        await user.sees("half")
        assert "something went wrong before" not in user.screen
        models.hold.set()


async def test_at_80_columns_the_base_that_answers_is_seen_beside_its_open_book_where_there_is_no_tuned_model(
    open_chat,
):
    async with open_chat(["an answer"], size=(80, 24)) as (user, _):
        await user.press("x", "enter")
        await user.sees("an answer")
        await user.press("ctrl+o")
        await user.sees("Base · smollm2", "Open book ·", "an answer")
        await user.press("y", "enter")
        await user.sees("found no facts")
        assert "Tuned ·" not in user.screen


async def test_at_80_columns_a_tuned_model_that_fails_gives_its_place_to_the_base_that_answered(open_chat, make_run):
    make_run(RUN, "finished").adapter()  # for it the server breaks off
    async with open_chat(["an answer"], size=(80, 24)) as (user, _):
        await user.sees("Tuned · 2026")
        await user.press("ctrl+o")
        await user.sees("Open book ·", "Tuned ·")
        await user.press("x", "enter")
        await user.sees("Base · smollm2", "Open book ·", "an answer")


async def test_the_statistics_fit_into_a_column_of_80(open_chat):
    async with open_chat(["an", " answer"], ["an", " answer"], size=(80, 24)) as (user, _):
        await user.press("x", "enter")
        text = await user.sees("7 tokens")
        [line] = [line for line in text.splitlines() if line.count("7 tokens · ") == 2]
        assert line.count("first ") == 2
