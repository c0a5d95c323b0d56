"""The default and the story by one key, and their report cards side by side."""

from __future__ import annotations

import contextlib
import shutil

import msgspec
import pytest

from garage_tui.core.base.errors import GarageError
from garage_tui.core.exam.report import write_report
from garage_tui.core.launch.rerun import command_of

DEFAULT, STORY = "20261123-2315-lora-garage-default", "20261123-2315-lora-garage-story"
SIDE_BY_SIDE = "the report cards open side by side when both are done"


@pytest.fixture
def started(monkeypatch, make_run):
    """What was handed to the launcher, which here makes folders: the first works, those behind it wait."""
    calls = []

    def start_lora(workspace, settings, facts_file, recipe, name, command, *_, **__):
        calls.append((facts_file, recipe, name, command))
        run = make_run(f"20261123-2315-lora-{name}", "queued" if len(calls) > 1 else "running").hold()
        return run.taught(recipe.preset, base=recipe.base, seed=recipe.seed).path

    monkeypatch.setattr("garage_tui.core.launch.start.start_lora", start_lora)
    return calls


@pytest.fixture
def pair(make_run):
    """Both recipes at work on the same facts: the first trains, the second waits."""
    first = make_run(DEFAULT, "running", step=3).taught("default").hold()
    second = make_run(STORY, "queued").taught("story").hold()
    return first, second


@pytest.fixture
def open_pair(open_app, pair):
    """Opens the Runs screen, which knows both runs of the pair."""

    @contextlib.asynccontextmanager
    async def open_():
        async with open_app(screen="runs") as user:
            await user.sees("garage-story is queued")
            yield user, *pair

    return open_


@pytest.fixture
def finish(make_card):
    """Has a run end as a job does: its adapter, its card, its last word."""

    def finish_(run, bad=False, card=True):
        run.adapter()
        if card:
            write_report(run.path, make_card(bad=bad))
        run.state("finished", step=100)
        run.let_go()

    return finish_


async def test_one_key_trains_both_on_what_the_chosen_run_taught(open_app, make_run, started, workspace):
    old = make_run("20261122-2315-lora-garage", "finished", step=100)
    shutil.copy(workspace.datasets / "garage.jsonl", old.path / "facts.jsonl")
    old.taught("careful", base="some/model", seed=7)
    async with open_app(screen="runs") as user:
        await user.sees("✓ finished")
        await user.press("b")
        await user.sees(
            "Train default and story?", "default: 24 rows × 30 epochs", "story: 24 rows × 25 epochs", "time"
        )
        assert not started, "it asks first"
        await user.press("y")
        await user.sees(f"started {DEFAULT} and {STORY}", SIDE_BY_SIDE[:20], f"{DEFAULT} ─", "○ queued")
        await user.press("b")
        await user.sees("garage-default is running, lora-garage-story is queued")
    assert len(started) == 2, "what works already is not started again"
    for (file, recipe, name, command), preset in zip(started, ("default", "story"), strict=True):
        assert file == old.path / "facts.jsonl", "the original has other bytes by now"
        assert (recipe.preset, recipe.base, recipe.seed, name) == (preset, "some/model", 7, f"garage-{preset}")
        assert command == command_of(file, 24, recipe, name, ())


@pytest.mark.parametrize(("rows", "rank"), [(24, 16), (31, 32)])
async def test_a_half_that_is_there_is_not_trained_again(open_app, make_run, started, finish, rows, rank):
    old = make_run("20261122-2315-lora-garage", "running").taught("default", rows=rows, rank=rank)
    finish(old)
    async with open_app(screen="runs") as user:
        await user.sees("✓ finished")
        await user.press("b")
        await user.sees(
            "Train the other half of the pair?", "default: 20261122-2315-lora-garage exists already", "story: "
        )
        await user.press("y")
        await user.sees(f"started {STORY} to compare with 20261122-2315-lora-garage")
    assert [recipe.preset for _, recipe, _, _ in started] == ["story"]


async def test_a_half_is_recognised_although_its_run_decided_about_4_bits(open_app, make_run, started, finish):
    """A job writes `load_in_4bit` into the recipe of its run; the preset leaves it open."""
    half = make_run("20261122-2315-lora-garage", "running").taught("default", base="smollm2-135m", load_in_4bit=False)
    finish(half)
    make_run("20261122-2330-lora-careful", "finished", step=100).taught("careful", base="smollm2-135m")
    async with open_app(screen="runs") as user:
        await user.sees("lora-careful")
        await user.press("b")  # on the newest run, which is no half itself
        await user.sees("Train the other half of the pair?", "default: 20261122-2315-lora-garage exists already")
        await user.press("escape")
        await user.sees_no("Train the other half")
    assert not started


async def test_a_default_of_another_rank_is_no_half(open_app, make_run, started, finish):
    finish(make_run("20261122-2315-lora-garage", "running").taught("default", rows=31, rank=16))
    async with open_app(screen="runs") as user:
        await user.sees("✓ finished")
        await user.press("b")
        await user.sees("Train default and story?")
        await user.press("y")
        await user.sees(f"started {DEFAULT} and {STORY}")


async def test_impatience_starts_nothing_twice(open_app, make_run, started):
    make_run("20261122-2315-lora-garage", "finished", step=100).taught("careful")
    async with open_app(screen="runs") as user:
        await user.sees("✓ finished")
        await user.press("b", "b", "b", "b")
        await user.sees("Train default and story?")
        await user.press("b", "y")
        await user.sees("lora-garage-default", "lora-garage-story", "side by side")
        await user.press("b")
    assert len(started) == 2


async def test_without_a_run_the_key_says_what_to_press(open_app, started):
    async with open_app(screen="runs") as user:
        await user.sees("No runs yet")
        await user.press("b")
        await user.sees("press n for the form, then ctrl+t to train the presets default and story")
    assert not started


async def test_what_goes_wrong_at_the_start_is_said(open_app, make_run, monkeypatch):
    make_run("20261122-2315-lora-garage", "finished", step=100).taught("careful")

    def start_lora(*_: object, **__: object) -> None:
        raise GarageError("the run cannot be started in checkpoints: No space left on device")

    monkeypatch.setattr("garage_tui.core.launch.start.start_lora", start_lora)
    async with open_app(screen="runs") as user:
        await user.sees("✓ finished")
        await user.press("b")
        await user.sees("Train default and story?")
        await user.press("y")
        await user.sees("✗ the run cannot be started in checkpoints: No space left on device")


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_the_comparison_opens_by_itself_when_the_second_one_is_done(open_app, pair, finish, size):
    first, second = pair
    async with open_app(screen="runs", size=size) as user:
        await user.sees("garage-default is running, lora-garage-story is queued", "side by side")
        finish(first)
        second.state("running", step=3)
        await user.sees(f"✓ {DEFAULT} finished")
        await user.press("b")
        await user.sees("garage-default is done, lora-garage-story is running")
        finish(second, bad=True)
        text = await user.sees("Compare", "report card", "✓ meets every target", "~ near its targets")
        assert "rage-default" in text and "garage-story" in text, "their names are told apart"
        if size == (120, 40):
            assert "≠ unrelated affected  ✓ 0 of 60" in text
        await user.press("escape")
        await user.sees_no("Compare")
        await user.press("b")
        await user.sees("Compare", "✓ meets every target")


async def test_nothing_opens_over_another_screen_or_a_question(open_pair, finish):
    async with open_pair() as (user, first, second):
        finish(first)
        await user.press("f2")
        await user.sees("35 rows")
        finish(second)
        await user.sees(f"✓ {STORY} finished")
        assert "meets every target" not in user.screen
        await user.press("f3")
        await user.sees("press b on one of them to see both report cards")
        await user.press("b")
        await user.sees("Compare", "✓ meets every target")


async def test_a_dialog_is_not_interrupted(open_pair, finish):
    async with open_pair() as (user, first, second):
        finish(first)
        await user.press("f1")
        await user.sees("Runs – help")
        finish(second)
        await user.pilot.pause(1.5)
        assert "Runs – help" in user.screen and "Compare" not in user.screen.split("\n")[1]
        await user.press("escape")
        await user.sees("press b on one of them to see both report cards")


async def test_a_half_without_a_card_says_what_mends_it(open_pair, finish):
    async with open_pair() as (user, first, second):
        finish(first)
        await user.sees(f"✓ {DEFAULT} finished")
        second.state("failed", reason="the disk is full")
        second.let_go()
        await user.sees(f"✗ {STORY} failed: the disk is full")
        await user.press("b")
        await user.sees(f"{STORY} (failed) has no report card yet: press p on it to resume it")
        assert "Compare" not in user.screen
        finish(second, card=False)
        await user.sees_no("✗ failed")
        await user.press("b")
        await user.sees("(finished) has no report card yet: press x on it to make one")


async def test_a_half_that_was_stopped_is_not_waited_for_without_saying_how_it_gets_its_card(open_pair, finish):
    async with open_pair() as (user, first, _):
        first.state("stopped", step=3)
        first.let_go()
        await user.sees("■ stopped")
        await user.press("b")
        await user.sees("garage-story is queued, lora-garage-default is stopped and has no report card: press ")
        finish(first)
        await user.sees("✓ finished")
        await user.press("b")
        await user.sees("their report cards open side by side when both are done")


async def test_the_form_trains_both_with_one_key_and_says_before_what_that_costs(open_app, started, workspace):
    async with open_app(base_model="smollm2-135m") as user:
        await user.press("t")
        await user.sees("^t trains both default and story", "^t Both")
        user.app.screen.query_one("#seed").value = "3"  # type: ignore[attr-defined]
        user.app.screen.query_one("#epochs").value = "99"  # type: ignore[attr-defined]
        await user.press("ctrl+t")
        await user.sees("Runs", f"{DEFAULT} ─", "garage-story is queued")
    for (file, recipe, name, _), preset in zip(started, ("default", "story"), strict=True):
        assert file == workspace.datasets / "garage.jsonl" and name == f"garage-{preset}"
        assert (recipe.preset, recipe.seed) == (preset, 3) and recipe.epochs != 99, "the presets are as they are"


async def test_a_value_that_is_none_is_said_in_the_form_by_both_keys(open_app, started):
    async with open_app() as user:
        await user.press("t")
        await user.sees("^t Both")
        user.app.screen.query_one("#seed").value = "-1"  # type: ignore[attr-defined]
        await user.press("ctrl+t")
        await user.sees("✗ seed: ", "Teach a model")
    assert not started


async def test_names_do_not_grow_when_both_are_trained_again(open_app, make_run, started):
    make_run("20261122-2315-lora-garage-story", "finished", step=100).taught("story")
    async with open_app(screen="runs") as user:
        await user.sees("✓ finished")
        await user.press("y")
        await user.sees("^t Both")
        await user.press("ctrl+t")
        await user.sees("Runs", "lora-garage-default", "garage-story is queued")
    assert [name for _, _, name, _ in started] == ["garage-default", "garage-story"]
    assert msgspec.to_builtins(started[1][1])["kl"] == 0
