"""The runs screen: every run in words, the chosen one with its curve and its log."""

from __future__ import annotations

import shutil
import time

from garage_tui.core.runs.request import REQUEST, requested_action
from garage_tui.core.scheduling import queue

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
        assert "the disk is full" in text and "run.json is missing" in text and "its processes" in text
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


async def test_a_key_that_does_nothing_for_the_chosen_run_says_why(open_app, make_run):
    make_run(RUN, "running", step=12)
    async with open_app(screen="runs") as user:
        await user.sees("! interrupted")
        await user.press("x")
        await user.sees(f"{RUN} is interrupted and has no model: ")
        await user.press("s")
        await user.sees(f"{RUN} is interrupted: only a run that works or waits can be stopped")
        await user.press("slash", "x", "z")
        await user.sees("No run contains “xz”")
        assert "cannot" not in user.screen and "has no model" not in user.screen


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
        while "the newest line" not in user.app.query_one("LogFileView").lines:  # type: ignore[attr-defined]
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


async def test_an_empty_log_says_so_and_offers_no_keys_for_long_lines(open_app, make_run):
    make_run("20261122-2315-lora-a", "finished").log("x" * 300)
    make_run("20261123-2315-lora-b", "queued").hold()
    async with open_app(screen="runs", size=(80, 24)) as user:
        await user.sees("lora-a", "No lines yet: the run waits")
        await user.press("down")
        await user.sees("xxxx", "→ or w: long lines")
        await user.press("up")
        await user.sees("No lines yet: the run waits")
        await user.sees_no("→ or w: long lines")


async def test_an_empty_log_of_a_run_that_has_ended_promises_no_lines(open_app, make_run):
    make_run("20261123-2315-lora-b", "failed")
    async with open_app(screen="runs", size=(80, 24)) as user:
        await user.sees("The run wrote no log.")
        await user.sees_no("No lines yet")


async def test_one_epoch_is_one_epoch(open_app, make_run):
    make_run("20261123-2315-lora-b", "finished").taught("default", rows=1, epochs=1)
    async with open_app(screen="runs", size=(120, 40)) as user:
        await user.sees("1 row · 1 epoch · batch 12")


async def test_a_run_of_one_step_is_not_said_to_have_taken_none(open_app, make_run):
    run = make_run(RUN, "running")
    run.step(1, 2.998)
    run.state("finished", step=1, total_steps=1)
    async with open_app(screen="runs") as user:
        await user.sees("A curve needs two steps.", "1/1")


async def test_a_hostile_log_stays_text(open_app, make_run):
    run = make_run(RUN, "running").hold()
    run.log("\x1b]0;pwned\x07 [bold]not bold[/] \x1b[2Jleft", "10%\r50%\r100%")
    async with open_app(screen="runs") as user:
        text = await user.sees("[bold]not bold[/] left", "100%")
        assert "\x1b" not in text and "pwned" not in text and "50%" not in text


async def test_after_a_flood_its_end_is_there_and_every_line_of_it_can_be_reached(open_app, make_run):
    run = make_run(RUN, "running").hold()
    async with open_app(screen="runs") as user:
        await user.sees("● running")
        run.log(*(f"line {number} of a flood that nobody reads" for number in range(100_000)), "the last word")
        await user.sees("the last word")
        log = user.app.query_one("LogFileView")
        assert len(log.lines) < 20_000, "not all of it was read"  # type: ignore[attr-defined]
        await user.press("l", "home")
        await user.sees("line 0 of", "held still at 0%")
        await user.press("end")
        await user.sees("the last word")
        await user.sees_no("held still")


async def test_stop_asks_then_leaves_word_and_says_when_it_is_saved(open_app, make_run):
    run = make_run(RUN, "running", step=34).hold()
    async with open_app(screen="runs") as user:
        await user.sees("s Stop")
        await user.press("s")
        await user.sees("Stop this run?", "saves what it has learned", "y Save and stop")
        await user.press("escape")
        assert not (run.path / REQUEST).exists()
        await user.press("s", "y")
        await user.sees("saving and stopping after this step", "◐ stopping")
        assert (run.path / REQUEST).exists()
        run.adapter()
        run.state("stopped", step=35)
        await user.sees("has stopped; its adapter is saved", "■ stopped")  # its processes exit only now
        run.let_go()
        await user.sees_no("s Stop")


async def test_a_finished_run_is_talked_to_with_one_key(open_app, make_run):
    make_run(RUN, "finished", step=100).adapter()
    async with open_app(screen="runs") as user:
        await user.sees("c Chat")
        await user.press("c")
        await user.sees(f"Tuned · {RUN}", "This model learned 24 rows")


async def test_it_works_at_80_by_24(open_app, make_run):
    run = make_run(RUN, "running").hold()
    for step in range(1, 35):
        run.step(step, 4.0 / step)
    async with open_app(screen="runs", size=(80, 24)) as user:
        await user.sees("● running", RUN, "34/100", "2 min left", "step 34/100", "Loss", "n New run")


async def test_a_pause_asks_which_one_and_resume_takes_its_place(open_app, make_run):
    run = make_run(RUN, "running", step=34).hold()
    async with open_app(screen="runs") as user:
        await user.sees("p Pause")
        await user.press("p")
        await user.sees("Pause this run", "Wait in memory", "Save and leave")
        await user.press("enter")
        await user.sees(f"{RUN}: pausing after this step", "◐ pausing")
        assert requested_action(run.path) == "pause"
        run.state("paused", reason="by you at step 34; it waits in memory, and is saved")
        await user.sees("‖ paused", "it waits in memory", "p Resume", "‖ lora-garage 34/100 · paused")
        await user.press("p")
        await user.sees(f"{RUN} resumed")
        assert requested_action(run.path) is None
        run.state("running", reason="")
        await user.sees("p Pause")
        await user.press("p", "down", "enter")
        await user.sees("saving and leaving after this step")
        assert requested_action(run.path) == "release"


async def test_interrupted_runs_are_offered_for_resume_in_one_key(open_app, make_run, monkeypatch):
    first, second = make_run("20261123-2315-lora-a", "running", step=3), make_run("20261122-2315-lora-b", "queued")
    resumed = []
    monkeypatch.setattr(
        "garage_tui.core.launch.run_control.spawn", lambda module, folder, slots: resumed.append(folder)
    )
    async with open_app(screen="runs") as user:
        await user.sees("2 runs were interrupted: press R to resume them", "R Resume all", "q Quit")
        await user.press("R")
        await user.sees("resumed: ")
    assert resumed == [first.path, second.path], "those that worked before those that waited"


async def test_the_queue_is_shown_and_its_order_changed_with_brackets(open_app, make_run):
    make_run("20261123-2315-lora-a", "running", step=3).hold()
    one, two = (make_run(f"20261122-231{n}-lora-b", "queued").hold() for n in (5, 6))
    queue.enter([queue.QueueEntry(str(one.path)), queue.QueueEntry(str(two.path))])
    async with open_app(screen="runs") as user:
        await user.sees("next in the queue", "2nd in the queue")
        user.app.query_one("RunsPane").choose(two.path.name)  # type: ignore[attr-defined]
        await user.press("left_square_bracket")
        await user.sees(f"{two.path.name} moved up: 1st of 2 in the queue")
        await user.press("left_square_bracket")
        await user.sees(f"{two.path.name} stays where it is: 1st of 2 in the queue")
        assert queue.order() == (two.path, one.path)
        await user.press("s")
        await user.sees("was removed from the queue")
        assert requested_action(two.path) == "stop"


async def test_a_run_is_deleted_after_a_question_that_says_what_is_lost(open_app, make_run):
    run = make_run(RUN, "finished", step=100).adapter()
    alive = make_run("20261120-2315-lora-b", "running").hold()
    async with open_app(screen="runs") as user:
        await user.sees("✓ finished")
        user.app.query_one("RunsPane").choose(RUN)  # type: ignore[attr-defined]
        await user.press("d")
        await user.sees("Delete this run?", RUN, "This deletes its adapter, its checkpoints", "cannot be undone.")
        await user.press("escape")
        assert run.path.exists()
        await user.press("d", "y")
        await user.sees("was deleted")
        await user.sees_no("✓ finished")
        assert not run.path.exists()
        await user.press("d")
        assert "Delete this run?" not in user.screen
    assert alive.path.exists()


async def test_the_log_is_searched_from_its_end_backwards(open_app, make_run):
    run = make_run(RUN, "running").hold()
    run.log(*(f"line {number} {'ERROR here' if number % 50 == 7 else ''}" for number in range(300)))
    async with open_app(screen="runs") as user:
        await user.sees("line 299")
        await user.press("l", "slash")
        await user.types("error")
        await user.sees("line 257 ERROR here", "match 6 of 6", "held still")
        await user.press("up")
        await user.sees("line 207 ERROR here", "match 5 of 6")
        await user.press("down", "down")
        await user.sees("line 7 ERROR here", "match 1 of 6")
        await user.press("x")
        await user.sees("no match")
        await user.press("escape")
        await user.sees_no("no match")
        await user.press("end")
        await user.sees("line 299")


async def test_the_log_is_held_still_and_long_lines_are_wrapped(open_app, make_run):
    run = make_run(RUN, "running").hold()
    run.log("first", "word " * 60 + "the end of the long line")
    async with open_app(screen="runs") as user:
        await user.sees("first", "word word")
        assert "the end of the long line" not in user.screen
        await user.press("w")
        await user.sees("the end of the long line", "wrapped")
        await user.press("f")
        await user.sees("held still")
        run.log(*(f"line {number}" for number in range(100)))
        while "line 99" not in user.app.query_one("LogFileView").lines:  # type: ignore[attr-defined]
            await user.pilot.pause(0.02)
        assert "line 99" not in user.screen
        await user.press("f")
        await user.sees("line 99")


async def test_the_ends_of_long_lines_are_reached_by_scrolling_and_by_searching(open_app, make_run):
    make_run(RUN, "finished").log("short", "word " * 60 + "the end of the long line")
    async with open_app(screen="runs", size=(80, 24)) as user:
        await user.sees("word word", "→ or w: long lines")
        assert "the end" not in user.screen
        for _ in range(8):
            await user.press("right")
        await user.sees("the end of the long line", "← back")
        for _ in range(8):
            await user.press("left")
        await user.sees("short", "→ or w: long lines")
        await user.press("l", "slash")
        await user.types("the end")
        await user.sees("the end of the long")


async def test_the_end_of_a_run_is_said_on_every_screen(open_app, make_run):
    run = make_run(RUN, "running", step=34).hold()
    make_run("20261120-2315-lora-b", "failed", reason="long ago")
    async with open_app() as user:
        await user.sees("lora-garage 34/100")
        run.state("failed", reason="the disk is full")
        run.let_go()
        text = await user.sees(f"✗ {RUN} failed: the disk is full")
        assert "long ago" not in text


async def test_a_key_right_after_the_cursor_moved_means_the_run_that_it_is_on(open_app, make_run):
    make_run("20261123-2315-lora-a", "finished")
    make_run("20261122-2315-lora-b", "finished")
    async with open_app(screen="runs") as user:
        await user.sees("lora-b")
        table = user.app.query_one("RunsPane Table")
        table.cursor = 1  # type: ignore[attr-defined]
        user.app.query_one("RunsPane").action_compare()  # type: ignore[attr-defined]
        await user.sees("◆ lora-b")
        await user.press("d")
        await user.sees("Delete this run?", "20261122-2315-lora-b", "This deletes its checkpoints")


async def test_enter_opens_the_report_card_of_a_run_and_the_log_of_one_that_has_none(open_app, make_run):
    with_card = make_run("20261124-2315-lora-card", "finished").adapter()
    (with_card.path / "report.json").write_text('{"verdict": "learned 1 of 2", "passed": false}')
    make_run(RUN, "running").hold().log("step one")
    async with open_app(screen="runs") as user:
        await user.sees("learned 1 of 2", "step one")
        await user.press("enter")
        assert user.app.pane.has_class("-log")
        await user.press("escape", "up")
        await user.sees("20261124-2315-lora-card ─")
        await user.press("enter")
        await user.sees("Report card")


async def test_a_notice_ends_by_itself_and_moves_nothing(open_app, make_run, monkeypatch):
    monkeypatch.setattr("garage_tui.widgets.notice._READING_SECONDS", 0.2)
    monkeypatch.setattr("garage_tui.widgets.notice._CHARACTERS_PER_SECOND", 1000)
    make_run(RUN, "finished")
    async with open_app(screen="runs", size=(80, 24)) as user:
        await user.sees("lora-garage")
        pane = user.app.query_one("RunsPane")
        before = [(part.id, part.region) for part in pane.children if part.id]
        pane.notice.note("a long notice " * 12)
        await user.sees("a long notice")
        assert [(part.id, part.region) for part in pane.children if part.id] == before
        await user.sees_no("a long notice")


async def test_a_notice_about_a_run_that_is_gone_ends(open_app, make_run):
    run = make_run(RUN, "finished")
    make_run("20261122-2315-lora-b", "finished")
    async with open_app(screen="runs") as user:
        await user.sees("lora-garage")
        await user.press("m")
        await user.sees(f"{RUN} is marked")
        shutil.rmtree(run.path)
        await user.sees_no(f"{RUN} is marked")


async def test_a_pause_is_said_when_it_has_come(open_app, make_run):
    run = make_run(RUN, "running", step=3).hold()
    async with open_app(screen="runs") as user:
        await user.sees("● running")
        await user.press("p", "enter")
        await user.sees("pausing after this step")
        run.state("paused", step=4)
        await user.sees(f"{RUN} is paused: press p to resume it")
        assert "pausing after this step" not in user.screen


async def test_a_wait_has_a_count_a_time_and_a_bar_in_list_header_and_details(open_app, make_run):
    wait = {"phase": "asking the base model", "phase_done": 40, "phase_total": 224, "phase_started": time.time() - 12}
    make_run(RUN, "running", step=0, **wait).hold()
    async with open_app(screen="runs", size=(160, 40)) as user:
        await user.sees(
            "asking the base model · ", "━─── 40 of 224", "lora-garage · asking the base model: 40 of 224 · "
        )
        await user.sees("running: asking the base model", "━━━━──────────────── 40 of 224", " left")
        first = user.app.header.run_lines[0].plain
        assert "━" in first and "asking the base model: 40 of 224" in first
        brief, shortest = user.app.header.run_lines[-2:]
        assert brief.plain == "● lora-garage · 40 of 224" and shortest.plain == "● 40 of 224"
    async with open_app(screen="runs", size=(80, 24)) as user:
        await user.sees("━─── 40 of 224")


async def test_a_pause_that_waits_for_the_first_step_shows_that_wait_and_can_be_taken_back(open_app, make_run):
    wait = {"phase": "asking the base model", "phase_done": 40, "phase_total": 224, "phase_started": time.time() - 12}
    run = make_run(RUN, "running", step=0, **wait).hold()
    async with open_app(screen="runs", size=(160, 40)) as user:
        await user.sees("━─── 40 of 224")
        await user.press("p", "enter")
        await user.sees(f"{RUN}: pausing after its first step", "◐ pausing", "p Resume", "s Stop")
        await user.sees("━─── 40 of 224", "pausing: asking the base model", "━━━━──────────────── 40 of 224")
        await user.press("p")
        await user.sees("● running", f"{RUN} resumed", "p Pause")
        assert requested_action(run.path) is None


async def test_a_run_that_finishes_before_it_could_pause_is_not_offered_for_resume(open_app, make_run):
    run = make_run(RUN, "running", step=99).hold()
    async with open_app(screen="runs") as user:
        await user.sees("● running")
        await user.press("p", "enter")
        await user.sees("pausing after this step")
        run.state("finished", step=100, ended=time.time())
        run.let_go()
        screen = await user.sees(f"{RUN} is finished")
        assert "press p" not in screen


async def test_a_run_that_is_to_leave_cannot_be_called_back_while_it_saves(open_app, make_run):
    run = make_run(RUN, "running", step=3).hold()
    async with open_app(screen="runs") as user:
        await user.sees("● running")
        await user.press("p", "down", "enter")
        await user.sees("saving and leaving after this step", "◐ pausing")
        await user.press("p")
        assert "p Resume" not in user.screen and requested_action(run.path) == "release"
