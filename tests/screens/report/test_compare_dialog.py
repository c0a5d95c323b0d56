"""Two runs side by side: what differs comes first, and their curves lie over one another."""

from __future__ import annotations

import msgspec
import pytest

from garage_tui.core.exam.compare_runs import compare
from garage_tui.core.exam.report import write_report
from garage_tui.core.runs.record import read_run
from garage_tui.core.training.recipe import make_recipe

ONE, TWO = "20261123-2315-lora-a", "20261122-2315-lora-b"


@pytest.fixture
def two_runs(make_run):
    one = make_run(ONE, "finished", step=100, loss=0.25, tokens_per_s=210.0, memory=2_700_000_000)
    two = make_run(TWO, "failed", step=50, loss=1.5, reason="the disk is full")
    for run, changes in ((one, {"rank": 32}), (two, {"lr": 1e-3})):
        for step in range(1, 40):
            run.step(step, 4.0 / step)
        manifest = msgspec.json.decode((run.path / "run.json").read_bytes())
        recipe = msgspec.to_builtins(make_recipe(**changes))
        (run.path / "run.json").write_bytes(msgspec.json.encode(manifest | {"recipe": recipe}))
        run.state("finished" if run is one else "failed")
    return one, two


def test_what_differs_is_found(two_runs, make_card):
    one, two = two_runs
    write_report(one.path, make_card())
    rows = {row.name: row for row in compare(read_run(one.path), read_run(two.path))}
    assert (rows["rank"].first, rows["rank"].second, rows["rank"].same) == ("32", "16", False)
    assert (rows["lr"].first, rows["lr"].second) == (f"{make_recipe().lr:g}", "0.001")
    assert rows["epochs"].same and rows["memory"].second == "–"
    assert (rows["efficacy"].title, rows["efficacy"].first, rows["efficacy"].second) == (
        "trained questions",
        "24 of 24",
        "–",
    )
    (two.path / "report.json").write_text("{")
    (row,) = [row for row in compare(read_run(one.path), read_run(two.path)) if row.name == "verdict"]
    assert row.first == "~ near its targets" and row.second.startswith("cannot be read")


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_their_report_cards_lie_side_by_side_in_words_before_everything_else(open_app, two_runs, make_card, size):
    for run, bad in zip(two_runs, (True, False), strict=True):
        write_report(run.path, make_card(bad=bad))
    async with open_app(screen="runs", size=size) as user:
        await user.sees("lora-a", "lora-b")
        await user.press("m", "down", "m")
        text = await user.sees(
            "Compare", "≠ unseen paraphrases  14 of 15", "≠ unrelated affected  ~ 1 of 60", "15 of 15"
        )
        assert "✓ meets every target" in text and "{" not in text


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_two_marked_runs_are_compared(open_app, two_runs, size):
    async with open_app(screen="runs", size=size) as user:
        await user.sees("lora-a", "lora-b")
        await user.press("m")
        await user.sees("is marked: m on another one compares them", "◆ ")
        await user.press("down", "m")
        await user.sees("Compare", "⠒ lora-a", "• lora-b", "recipe")
        await user.press("end")
        text = await user.sees("neither run has a report card", "  same: ")
        if size == (120, 40):
            assert "≠ rank" in text and "≠ lr" in text and "≠ epochs" not in text
        await user.press("a")
        await user.press("home")
        await user.sees("preset")
        await user.press("escape")
        await user.sees_no("neither run has a report card")
        assert "◆" not in user.screen


async def test_two_runs_of_the_same_name_are_told_apart_by_their_ids(open_app, make_run):
    for day in (22, 23):
        make_run(f"202611{day}-2315-lora-a", "finished").step(1, 2.0)
    async with open_app(screen="runs") as user:
        await user.sees("lora-a")
        await user.press("m", "down", "m")
        await user.sees("Compare", "⠒ 20261123-2315-lora-a", "• 20261122-2315-lora-a")


async def test_escape_takes_the_mark_off(open_app, two_runs):
    async with open_app(screen="runs") as user:
        await user.sees(ONE)
        await user.press("m")
        await user.sees("is marked")
        await user.press("escape")
        await user.sees_no("is marked")
        assert "◆" not in user.screen


@pytest.mark.parametrize("keys", [("m", "down", "m"), ("down", "m", "up", "m")])
async def test_the_newer_run_is_amber_and_the_older_one_blue_whichever_was_marked_first(open_app, two_runs, keys):
    async with open_app(screen="runs") as user:
        await user.sees("lora-a", "lora-b")
        await user.press(*keys)
        await user.sees("Compare", "recipe")
        chart = user.app.screen.query_one("#compare-chart")
        assert {series.name: series.colour for series in chart.series} == {"lora-a": "primary", "lora-b": "secondary"}
