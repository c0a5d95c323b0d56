"""Newer models are offered while the chat is open, and chosen from a list that says what each one is."""

from __future__ import annotations

import json
import time

from garage_tui.screens.common.messages import ChatRequested

OLD, NEW = "20261122-2315-lora-old", "20261123-2315-lora-new"


def with_card(run, verdict="learned 9 of 24, below target", passed=False):
    (run.path / "report.json").write_text(json.dumps({"verdict": verdict, "passed": passed}))
    return run


async def test_a_run_that_finishes_while_the_chat_is_open_is_offered_at_once_and_chosen_with_two_keys(
    open_app, make_run, model_server
):
    make_run(OLD, "finished").adapter()
    async with model_server() as models, open_app(screen="chat", size=(80, 24)) as user:
        models.answers = {"smollm2-135m": ["base"], OLD: ["old"], NEW: ["new"]}
        await user.sees(f"Tuned · {OLD}")
        await user.press("x", "enter")
        await user.sees("old")
        run = make_run(NEW, "running", step=90).hold()
        await user.pilot.pause(0.5)
        assert "newer model" not in user.screen
        run.adapter()
        run.state("finished", step=100, ended=time.time())
        run.let_go()
        await user.sees("a newer model is here: ^t", f"Tuned · {OLD}")
        await user.press("ctrl+t")
        await user.sees("Which tuned model?", f"{NEW} · base")
        await user.press("enter")
        await user.sees(f"Tuned · {NEW}")
        assert "newer model is here" not in user.screen


async def test_an_offer_that_was_declined_does_not_come_again(open_chat, make_run):
    make_run(OLD, "finished").adapter()
    async with open_chat() as (user, _):
        await user.sees(f"Tuned · {OLD}")
        make_run(NEW, "finished", ended=time.time()).adapter()
        await user.sees("a newer model is here: ^t")
        await user.press("ctrl+t")
        await user.sees("Which tuned model?")
        await user.press("escape")
        await user.sees(f"Tuned · {OLD}")
        make_run("20261124-2315-lora-other", "failed")
        await user.pilot.pause(1.5)
        assert "a newer model is here" not in user.screen


async def test_a_run_without_a_finished_model_is_not_replaced_by_another_one_in_silence(open_chat, make_run):
    make_run(OLD, "finished").adapter()
    make_run(NEW, "failed").adapter()
    async with open_chat() as (user, _):
        await user.sees(f"Tuned · {OLD}")
        user.app.post_message(ChatRequested(NEW))
        await user.sees(f"✗ {NEW} has no finished model", f"Tuned · {OLD}")


async def test_the_list_says_preset_facts_verdict_and_when_at_80_columns(open_chat, make_run):
    with_card(make_run(OLD, "finished", ended=time.time() - 40 * 86400).taught("careful", rows=24).adapter())
    with_card(make_run(NEW, "finished", ended=time.time()).taught("quick", rows=6).adapter(), "learned 6 of 6", True)
    async with open_chat(size=(80, 24)) as (user, _):
        await user.sees("Tuned · 2026")
        await user.press("ctrl+t")
        text = await user.sees("Which tuned model?", "Choose", "✓ learned 6 of 6")
        [new] = [line for line in text.splitlines() if "quick" in line]
        [old] = [line for line in text.splitlines() if "careful" in line]
        assert "6 rows" in new and "today" in new and "✓ learned" in new
        assert "24 rows" in old and "today" not in old and "✗ learned 9" in old
        await user.press("down")
        await user.sees(f"{OLD} · base smollm2-135m", "✗ learned 9 of 24, below target")


async def test_without_a_tuned_model_the_chat_names_the_run_that_works_and_not_a_newer_one_that_waits(
    open_chat, make_run
):
    make_run(OLD, "running", step=90).hold()
    make_run(NEW, "queued").hold()
    async with open_chat(["an answer"]) as (user, _):
        await user.sees(f"No tuned model yet: {OLD}")
        await user.press("ctrl+t")
        await user.sees(f"no tuned model yet: {OLD} is still training (90/100); F3 shows its progress")


async def test_a_run_that_waited_is_no_longer_called_queued_when_it_works(open_chat, make_run):
    run = make_run(NEW, "queued").hold()
    async with open_chat(["an answer"]) as (user, _):
        await user.sees(f"No tuned model yet: {NEW} is queued")
        run.state("running", step=3)
        await user.sees_no("queued")
        await user.press("ctrl+t")
        await user.sees(f"no tuned model yet: {NEW} is still training (3/100)")


async def test_names_that_differ_at_their_ends_are_told_apart_at_80_columns(open_chat, make_run):
    make_run("20261123-2315-lora-garage-facts", "finished", ended=time.time() - 60).adapter()
    make_run("20261123-2316-lora-garage-facts-story", "finished", ended=time.time()).adapter()
    async with open_chat(size=(80, 24)) as (user, _):
        await user.sees("Tuned · 20261123…arage-facts-story")
        await user.pilot.resize_terminal(140, 40)
        await user.sees("Tuned · 20261123-2316-lora-garage-facts-story")
