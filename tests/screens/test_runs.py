"""The runs screen: every run in words, the chosen one with its curve and its log."""

from __future__ import annotations

from garage_tui.core.runs import REQUEST

RUN = "20261123-2315-lora-garage"


async def test_every_state_is_a_word_and_the_bad_ones_have_a_reason(open_app, make_run, workspace):
    make_run("20261123-2315-lora-a", "running", step=34, loss=2.1, seconds_left=120.0).hold()
    make_run("20261122-2315-lora-b", "running", step=12)
    make_run("20261121-2315-lora-c", "failed", reason="the disk is full")
    make_run("20261120-2315-lora-d", "finished", step=100, loss=0.25)
    make_run("20261119-2315-lora-e", "stopped", step=50)
    make_run("20261118-2315-lora-f", "queued").hold()
    (workspace.checkpoints / "20261117-2315-lora-g").mkdir()
    async with open_app(screen="runs") as user:
        text = await user.sees(
            "● running", "! interrupted", "✗ failed", "✓ finished", "■ stopped", "○ queued", "? broken"
        )
        assert "34/100" in text and "2.100" in text and "2 min left" in text
        assert "the disk is full" in text and "run.json is missing" in text and "its processes ended" in text
        await user.press("down", "down")
        await user.sees("20261121-2315-lora-c ─", "✗ failed")


async def test_the_details_say_what_the_run_does_with_which_recipe(open_app, make_run):
    make_run(RUN, "running", phase="training", step=34, epoch=8.5, loss=2.1, tokens_per_s=210.0).hold()
    async with open_app(screen="runs") as user:
        await user.sees("running: training", "34/100 · epoch 8.5", "2.1000 · 210 tokens/s", "smollm2-135m")
        await user.sees("24 rows · 25 epochs · batch 8", "rank 16 · alpha 16", "0.0005 · linear")


async def test_log_and_loss_move_while_the_run_goes_on(open_app, make_run):
    run = make_run(RUN, "running").hold()
    run.log("loading the base model")
    async with open_app(screen="runs") as user:
        await user.sees("loading the base model", "The curve begins")
        for step in range(1, 21):
            run.step(step, 4.0 / step)
        text = await user.sees("step 20/100", "20/100", "0.200")
        await user.sees_no("The curve begins")
        assert any(braille in text for braille in map(chr, range(0x2801, 0x2900)))
        run.state("finished", step=20)
        run.let_go()
        await user.sees("✓ finished")


async def test_a_run_started_elsewhere_appears_by_itself(open_app, make_run):
    async with open_app(screen="runs") as user:
        await user.sees("No runs yet")
        make_run(RUN, "running").hold()
        await user.sees(RUN, "● running")
        await user.sees_no("No runs yet")


async def test_the_log_follows_its_end_until_the_reader_scrolls_up(open_app, make_run):
    run = make_run(RUN, "running").hold()
    run.log(*(f"line {number}." for number in range(200)))
    async with open_app(screen="runs") as user:
        await user.sees("line 199.")
        await user.press("l")
        await user.sees_no("Loss")
        await user.press("pageup", "pageup")
        await user.sees("held still · End follows again", "line 110.")
        run.log("the newest line")
        while "the newest line" not in user.app.query_one("LogView").lines:  # type: ignore[attr-defined]
            await user.pilot.pause(0.02)
        assert "the newest line" not in user.screen
        await user.press("end")
        await user.sees("the newest line")
        await user.sees_no("held still")
        await user.press("l")
        await user.sees("Loss")


async def test_another_run_brings_its_own_log_and_curve(open_app, make_run):
    first, second = make_run("20261123-2315-lora-a", "finished"), make_run("20261122-2315-lora-b", "failed")
    first.log("words of the first")
    second.log("words of the second")
    async with open_app(screen="runs") as user:
        await user.sees("words of the first")
        await user.press("down")
        text = await user.sees("words of the second", "No steps were taken")
        assert "words of the first" not in text


async def test_a_hostile_log_stays_text(open_app, make_run):
    run = make_run(RUN, "running").hold()
    run.log("\x1b]0;pwned\x07 [bold]not bold[/] \x1b[2Jleft", "10%\r50%\r100%")
    async with open_app(screen="runs") as user:
        text = await user.sees("[bold]not bold[/] left", "100%")
        assert "\x1b" not in text and "pwned" not in text and "50%" not in text


async def test_a_flood_in_the_log_is_cut_short_and_its_end_is_there(open_app, make_run):
    run = make_run(RUN, "running").hold()
    async with open_app(screen="runs") as user:
        await user.sees("● running")
        run.log(*(f"line {number} of a flood that nobody reads" for number in range(100_000)), "the last word")
        await user.sees("the last word")
        assert any("KB left out here" in line for line in user.app.query_one("LogView").lines)  # type: ignore[attr-defined]


async def test_stop_asks_then_leaves_word_and_says_when_it_is_saved(open_app, make_run):
    run = make_run(RUN, "running", step=34).hold()
    async with open_app(screen="runs") as user:
        await user.sees("s Stop")
        await user.press("s")
        await user.sees("Stop this run?", "saves what it has learnt", "y Save and stop")
        await user.press("escape")
        assert not (run.path / REQUEST).exists()
        await user.press("s", "y")
        await user.sees("was asked to stop; it is saving", "◐ stopping")
        assert (run.path / REQUEST).exists()
        run.adapter()
        run.state("stopped", step=35)
        run.let_go()
        await user.sees("has stopped; its adapter is saved", "■ stopped")
        await user.sees_no("s Stop")


async def test_a_finished_run_is_talked_to_with_one_key(open_app, make_run):
    make_run(RUN, "finished", step=100).adapter()
    async with open_app(screen="runs") as user:
        await user.sees("c Chat")
        await user.press("c")
        await user.sees(f"Tuned · {RUN}", "This model learnt 24 rows")


async def test_it_works_at_80_by_24(open_app, make_run):
    run = make_run(RUN, "running").hold()
    for step in range(1, 35):
        run.step(step, 4.0 / step)
    async with open_app(screen="runs", size=(80, 24)) as user:
        await user.sees("● running", RUN, "34/100", "2 min left", "step 34/100", "Loss", "n New run")
