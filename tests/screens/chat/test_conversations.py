"""Saved chats: each answer is on disk, earlier ones come back whole, damaged ones are a sentence."""

from __future__ import annotations

import json

import pytest

from tests.support.chat import BASE, OLD, RUN, ask


@pytest.fixture
def folder(workspace):
    return workspace.datasets / "chats"


async def saved_chats(user, folder, count=1):
    """Wait until there are so many whole files, and return what they hold, the oldest first."""
    for _ in range(500):
        files = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns) if folder.exists() else []
        if len(files) == count and all(path.stat().st_size for path in files):
            return [json.loads(path.read_text()) for path in files]
        await user.pilot.pause(0.02)
    raise AssertionError(f"{list(folder.glob('*'))}")


async def test_an_answer_is_on_disk_as_soon_as_it_is_whole(open_chat, folder):
    async with open_chat(["base says"], ["tuned says"]) as (user, _):
        await ask(user, "one")
        [chat] = await saved_chats(user, folder)
        assert (chat["run"], chat["base"]) == (RUN, BASE)
        [turn] = chat["turns"]
        assert {side: answer["text"] for side, answer in turn["answers"].items()} == {
            "base": "base says",
            "tuned": "tuned says",
        }
        await ask(user, "two")
        for _ in range(100):
            [chat] = await saved_chats(user, folder)
            if len(chat["turns"]) == 2:
                break
    assert [turn["question"] for turn in chat["turns"]] == ["one", "two"]


async def test_what_had_come_of_an_answer_is_kept_when_the_app_is_left(open_chat, folder):
    async with open_chat(["half an answer", " and the rest"], hold=True) as (user, models):
        await user.press("x", "enter")
        await user.sees("half an answer")
        user.app.exit(0)
        await user.pilot.pause()
    models.hold.set()
    [path] = folder.glob("*.json")
    [turn] = json.loads(path.read_text())["turns"]
    assert turn["answers"]["base"] == {"text": "half an answer", "foot": "stopped"}


async def test_an_earlier_chat_comes_back_with_all_that_belongs_to_it(open_app, make_run, model_server, folder):
    make_run(RUN, "finished").adapter()
    make_run(OLD, "finished").adapter()
    async with model_server() as models:
        models.answers = {BASE: ["base says"], RUN: ["new says"], OLD: ["old says"]}
        async with open_app(screen="chat", size=(150, 40)) as user:
            await user.sees(f"Tuned · {RUN}")
            await user.press("ctrl+t")
            await user.sees("Which tuned model?")
            await user.press("down", "enter")
            await user.sees(f"Tuned · {OLD}")
            await user.press("ctrl+o", "ctrl+g")
            await user.sees("Sampling and system prompt")
            user.app.screen.query_one("#temperature").value = "0.5"
            user.app.screen.query_one("#system").text = "Be brief."
            await user.press("ctrl+s")
            await ask(user, "Who maintains TinyLLM?")
            await saved_chats(user, folder)
        async with open_app(screen="chat", size=(150, 40)) as user:
            await user.sees(f"Tuned · {RUN}")
            await user.press("ctrl+y")
            await user.sees("Which chat?", "Who maintains TinyLLM? · 1 question · lora-old")
            await user.press("enter")
            await user.sees("Continuing chats/", f"Tuned · {OLD}", "old says", "found 1 fact (row 10)")
            await user.sees("temperature 0.5 · system: Be brief.")
            await user.press("up")
            assert user.app.screen.focused.value == "Who maintains TinyLLM?"
            user.app.screen.focused.value = ""
            await ask(user, "more")
            await saved_chats(user, folder)
        request = next(one for one in reversed(models.heard) if one["model"] == OLD)
    contents = [message["content"] for message in request["messages"]]
    assert contents == ["Be brief.", "Who maintains TinyLLM?", "old says", "more"]
    assert request["temperature"] == 0.5


async def test_the_run_of_an_earlier_chat_may_be_gone(open_chat, folder):
    folder.mkdir()
    turn = {"question": "one", "answers": {"tuned": {"text": "it said"}}}
    (folder / "a.json").write_text(json.dumps({"run": OLD, "turns": [turn]}))
    async with open_chat(["base says"]) as (user, models):
        await user.press("ctrl+y")
        await user.sees("Which chat?")
        await user.press("enter")
        await user.sees("it said", f"Tuned · missing: {OLD}", f"its run {OLD} is missing, ^t chooses another")
        await ask(user, "two")
        await user.sees("base says")
    assert len(models.heard) == 1


async def test_a_damaged_chat_is_a_sentence_with_its_name_and_the_one_before_stays(open_chat, folder):
    folder.mkdir()
    (folder / "bad.json").write_text("{")
    async with open_chat(["base says"]) as (user, _):
        await ask(user, "one")
        while len(list(folder.iterdir())) < 2:
            await user.pilot.pause(0.02)
        await user.press("ctrl+y")
        await user.sees("Which chat?", "✗ bad.json is damaged")
        await user.press("down", "enter")
        await user.sees("✗ bad.json is damaged", "base says")


async def test_escape_sequences_of_a_file_do_not_reach_the_screen(open_chat, folder):
    folder.mkdir()
    evil = "a\x1b]0;owned\x07b [bold]c[/]"
    turn = {"question": evil, "answers": {"base": {"text": evil, "foot": evil}}}
    (folder / "evil.json").write_text(json.dumps({"run": evil, "turns": [turn]}))
    async with open_chat() as (user, _):
        await user.press("ctrl+y")
        await user.sees("Which chat?", "ab [bold]c[/]")
        await user.press("enter")
        text = await user.sees("› ab [bold]c[/]", "a␛]0;owned␇b", "Continuing chats/")
        assert "\x1b" not in text


async def test_without_an_earlier_chat_it_says_where_they_will_be(open_chat):
    async with open_chat() as (user, _):
        await user.press("ctrl+y")
        await user.sees("No earlier chats yet", "datasets/chats")


async def test_editing_and_clearing_lose_no_answer_on_disk(open_chat, folder):
    async with open_chat(["base says"]) as (user, _):
        await ask(user, "one")
        await saved_chats(user, folder)
        await user.press("alt+e")
        await ask(user, "x")
        await saved_chats(user, folder, 2)
        await user.press("ctrl+l")
        await user.sees("The one before is saved in chats/")
        await ask(user, "new")
        chats = await saved_chats(user, folder, 3)
    assert [turn["question"] for chat in chats for turn in chat["turns"]] == ["one", "onex", "new"]


async def test_another_tuned_model_begins_a_new_chat_and_the_old_one_stays_whole(
    open_app, make_run, model_server, folder
):
    make_run(RUN, "finished").adapter()
    make_run(OLD, "finished").adapter()
    async with model_server() as models, open_app(screen="chat") as user:
        models.answers = {BASE: ["base says"], RUN: ["new says"], OLD: ["old says"]}
        await user.sees(f"Tuned · {RUN}")
        await ask(user, "one")
        await saved_chats(user, folder)
        await user.press("ctrl+t")
        await user.sees("Which tuned model?")
        await user.press("down", "enter")
        await user.sees(f"Tuned · {OLD}")
        assert "new says" not in user.screen
        await ask(user, "two")
        chats = await saved_chats(user, folder, 2)
    assert [chat["run"] for chat in chats] == [RUN, OLD]


async def test_a_chat_that_another_app_went_on_with_is_not_overwritten(open_chat, folder):
    async with open_chat(["base says"]) as (user, _):
        await ask(user, "one")
        await saved_chats(user, folder)
        [path] = folder.glob("*.json")
        path.write_text('{"turns": [{"question": "theirs"}]}')
        await ask(user, "two")
        chats = await saved_chats(user, folder, 2)
    assert [[turn["question"] for turn in chat["turns"]] for chat in chats] == [["theirs"], ["one", "two"]]


async def test_a_chat_that_is_deleted_while_an_answer_streams_does_not_come_back(open_chat, folder):
    async with open_chat(["base", " says"]) as (user, models):
        await ask(user, "one")
        await saved_chats(user, folder)
        models.hold.clear()
        await user.press("x", "enter")
        await user.sees("› x")
        await user.press("ctrl+y")
        await user.sees("Which chat?")
        await user.press("d")
        await user.sees("Delete this chat?")
        await user.press("y")
        await user.sees("was deleted")
        await user.pilot.pause(0.5)
        assert not list(folder.glob("*.json"))
        models.hold.set()


async def test_what_cannot_be_kept_is_said_and_the_chat_goes_on(open_chat, folder):
    folder.write_text("")
    async with open_chat(["base says"]) as (user, _):
        await ask(user, "one")
        await user.sees("✗ this chat cannot be saved", "base says")


async def test_settings_are_checked_in_words_and_hold_from_the_next_question_on(open_chat):
    async with open_chat(["base says"], size=(80, 24)) as (user, models):
        await ask(user, "one")
        await user.press("ctrl+g")
        await user.sees("Temperature", "Top p", "Max tokens", "Seed", "System prompt", "^s Apply")
        screen = user.app.screen
        screen.query_one("#temperature").value = "hot"
        await user.press("ctrl+s")
        await user.sees("✗ temperature: 'hot' is not a number", "^s Apply")
        for name, value in {"temperature": "0.5", "top_p": "0.9", "max_tokens": "32", "seed": "4"}.items():
            screen.query_one(f"#{name}").value = value
        await user.press("enter")
        await user.sees("temperature 0.5 · top_p 0.9 · at most 32 tokens · seed 4")
        await ask(user, "two")
        await user.press("ctrl+g")
        await user.sees("Sampling and system prompt")
        await user.press("ctrl+r", "ctrl+s")
        await user.sees_no("temperature 0.5")
    first, second = models.heard
    assert (first["temperature"], first["max_tokens"]) == (0.0, 256) and "seed" not in first and "top_p" not in first
    assert [second[name] for name in ("temperature", "top_p", "max_tokens", "seed")] == [0.5, 0.9, 32, 4]


async def test_the_chat_opens_with_the_run_that_was_named(open_chat, make_run):
    make_run(RUN, "finished").adapter()
    make_run(OLD, "finished").adapter()
    async with open_chat(talk_to=OLD) as (user, _):
        await user.sees(f"Tuned · {OLD}")


async def test_of_a_long_chat_the_newest_turns_are_shown_and_the_others_are_a_key_away(open_chat, folder):
    folder.mkdir()
    turns = [{"question": f"question {n}", "answers": {"base": {"text": f"answer {n}"}}} for n in range(100)]
    (folder / "long.json").write_text(json.dumps({"turns": turns}))
    async with open_chat(["new answer"]) as (user, models):
        await user.press("ctrl+y")
        await user.sees("Which chat?", "100 questions")
        await user.press("enter")
        await user.sees("› question 99", "answer 99")
        await user.press("tab", *["up"] * 40)
        await user.sees("▸ question 59", "answer 59")
        await user.press(*["down"] * 45)
        await user.sees("▸ question 99")
        await user.press("tab")
        await ask(user, "more")
        await user.sees("› more", "new answer")
    contents = [message["content"] for message in models.heard[-1]["messages"]]
    assert len(contents) == 201 and contents[-1] == "more"


async def test_the_first_of_the_turns_that_are_shown_says_how_many_are_above(open_chat, folder):
    folder.mkdir()
    turns = [{"question": f"q{n}", "answers": {"base": {"text": f"a{n}"}}} for n in range(35)]
    (folder / "long.json").write_text(json.dumps({"turns": turns}))
    async with open_chat() as (user, _):
        await user.press("ctrl+y")
        await user.sees("Which chat?")
        await user.press("enter")
        await user.sees("› q34")
        await user.press(*["pageup"] * 6)
        await user.sees("↑ 5 earlier", "› q5")


async def test_the_keys_of_a_shell_act_on_the_whole_system_prompt(open_app):
    async with open_app(screen="chat", size=(80, 24)) as user:
        await user.sees("Ask a question below")
        await user.press("ctrl+g")
        await user.sees("Sampling and system prompt")
        area = user.app.screen.query_one("#system")
        area.focus()
        await user.types("Answer in one short sentence, and in the language of the question, whatever it is. Be kind.")
        await user.press("ctrl+a", "O", "k", "comma", "space", "ctrl+k", "ctrl+y", "ctrl+w", "ctrl+w")
        assert area.text == "Ok, Answer in one short sentence, and in the language of the question, whatever it is. "
        await user.press("ctrl+u", "ctrl+s")
        await user.sees_no("Sampling and system prompt")
        await user.sees_no("system:")
