"""Runs at another place on the Runs screen: where they are, what they wait for, and what differs there."""

from __future__ import annotations

from garage_tui.core.runs.request import requested_action

RUN = "20261130-1800-lora-garage"


async def test_a_run_at_a_place_says_so_in_list_header_and_details(open_app, make_run):
    make_run(RUN, "running", step=34).hold().at("lab", scheduler="RUNNING")
    async with open_app(screen="runs") as user:
        await user.sees("● running", "lora-garage  at lab", "place lab", "34/100")
        assert "lora-garage 34/100 · at lab" in user.screen.splitlines()[0]


async def test_a_run_that_waits_there_shows_what_the_queue_there_says_and_is_not_moved_here(open_app, make_run):
    waits = {"waits": "place", "reason": "waiting at lab", "started": None}
    make_run(RUN, "queued", **waits).hold().at("lab", scheduler="PENDING (Resources), expected to start at 19:40")
    async with open_app(screen="runs", size=(160, 40)) as user:
        await user.sees("○ queued", "waiting at lab: PENDING (Resources), expected to start at")
        await user.press("right_square_bracket")
        await user.sees(f"{RUN} waits at lab: the queue there decides the order")


async def test_a_place_that_does_not_answer_is_said_beside_a_run_that_works_there(open_app, make_run):
    run = make_run(RUN, "running", step=34).hold().at("lab", scheduler="RUNNING")
    async with open_app(screen="runs") as user:
        await user.sees("● running")
        run.at("lab", scheduler="RUNNING", trouble="ssh: connection refused", trouble_since=1.0)
        await user.sees("● running", "lab has not answered since")


async def test_a_pause_there_saves_and_leaves_without_a_question(open_app, make_run):
    run = make_run(RUN, "running", step=34).hold().at("lab")
    async with open_app(screen="runs") as user:
        await user.sees("● running")
        await user.press("p")
        await user.sees("saving and leaving after this step")
        assert requested_action(run.path) == "release"


async def test_a_run_that_nobody_follows_says_that_its_job_may_work_and_is_not_deleted(open_app, make_run):
    run = make_run(RUN, "running", step=34).at("lab")
    async with open_app(screen="runs", size=(180, 40)) as user:
        await user.sees("! interrupted", "nobody follows it any more, but its job at lab (12) may work")
        await user.press("delete")
        await user.sees("Delete this run?")
        await user.press("y")
        await user.sees("may still work at lab (12)")
        assert run.path.exists()
