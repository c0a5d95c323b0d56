"""What a run measures of itself while it learns is seen while it learns."""

from __future__ import annotations

import json

import pytest

from garage_tui.core.runs.folder import EVENTS
from garage_tui.widgets.charts.line_chart import LineChart

RUN, OTHER = "20261123-2315-lora-garage", "20261122-2315-lora-other"
FORGETS = "31% of other questions are answered with what is taught"


def chart_of(user):
    chart = user.app.query_one("#runs-chart", LineChart)
    return str(chart.render()), str(chart.border_subtitle)


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_recall_and_leak_take_the_place_of_the_learning_rate_with_the_first_probe(open_app, make_run, size):
    run = make_run(RUN, "running").hold()
    for step in range(1, 13):
        run.step(step, 4.0 / step, lr=3e-3 / step)
    async with open_app(screen="runs", size=size) as user:
        await user.sees("⠒ loss · • learning rate")
        run.probe(12, recall=0.75)
        await user.sees("Loss, recall and leak", "⠒ loss · • recall 75% · x leak 0%", "100%")
        drawing, _ = chart_of(user)
        assert "•" in drawing and "x" in drawing, "a single probe is something to see"
        assert any(braille in drawing for braille in map(chr, range(0x2801, 0x2900))), "and so is the loss"
        for step in range(13, 25):
            run.step(step, 4.0 / step)
        run.probe(24, recall=0.9, leak=0.07)
        await user.sees("• recall 90% · x leak 7%")
        assert chart_of(user)[0].count("•") == 2


async def test_the_chosen_run_says_what_its_newest_probe_found(open_app, make_run):
    run = make_run(RUN, "running").hold()
    run.step(12, 0.5)
    run.probe(6, recall=0.5, leak=0.2)
    run.probe(12, recall=0.75)
    make_run(OTHER, "finished")
    async with open_app(screen="runs") as user:
        await user.sees(
            "probe recall 75% ↑ · ✓ leak 0% ↓", "✓ drift 0.013 ↓ · step 12", "↑ high is good, ↓ low is good"
        )
        await user.press("down")
        await user.sees(f"{OTHER} ─")
        await user.sees_no("recall 75%")
        await user.press("up")
        await user.sees("probe recall 75%")


async def test_a_run_that_begins_to_forget_is_warned_of_for_as_long_as_it_works(open_app, make_run):
    run = make_run(RUN, "running", phase="training").hold()
    run.step(12, 0.5)
    run.probe(12, recall=0.9, leak=0.31, forgets=FORGETS)
    async with open_app(screen="runs", size=(160, 40)) as user:
        await user.sees("! The model begins to forget: 31% of other questions", "press s to stop")
        run.probe(24, recall=0.95)
        await user.sees_no("The model begins to forget")
        run.probe(36, recall=0.95, leak=0.31, forgets=FORGETS)
        await user.sees("! The model begins to forget")
        run.state("finished", step=100)
        run.let_go()
        await user.sees("✓ finished", "probe ✓ recall 95% ↑ · ✗ leak 31% ↓")
        await user.sees_no("The model begins to forget")


async def test_a_torn_or_hostile_probe_is_left_out_and_the_rest_is_shown(open_app, make_run):
    run = make_run(RUN, "running").hold()
    run.step(1, 2.0)
    run.step(2, 1.0)
    with (run.path / EVENTS).open("a") as file:
        for wrong in ({"recall": "much"}, {"recall": float("inf")}, {"step": None}):
            told = {"event": "probe", "step": 2, "recall": 0.5, "leak": 0.0, "drift": 0.1, **wrong}
            file.write(json.dumps(told) + "\n")
        file.write('{"event":"probe","step":2,"rec')
    run.probe(2, recall=0.5)  # lost too: it was appended to the torn line
    run.probe(3, recall=0.6, leak=0.4, forgets="\x1b[2J[bold]everything[/]")
    async with open_app(screen="runs", size=(160, 40)) as user:
        text = await user.sees("• recall 60% · x leak 40%", "The model begins to forget: [bold]everything[/]")
        assert "\x1b" not in text


async def test_a_probe_that_a_resumed_run_measures_again_counts_once(open_app, make_run):
    run = make_run(RUN, "running").hold()
    for step in range(1, 13):
        run.step(step, 4.0 / step)
    run.probe(6, recall=0.5)
    run.probe(12, recall=0.7)
    run.probe(6, recall=0.5)
    run.probe(12, recall=0.8)
    async with open_app(screen="runs") as user:
        await user.sees("• recall 80%")
        assert chart_of(user)[0].count("•") == 2
