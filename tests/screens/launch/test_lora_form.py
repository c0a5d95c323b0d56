"""The launch form: what a run will cost is said before it starts, and what is wrong before anything happens."""

from __future__ import annotations

import contextlib
import textwrap
import threading

import msgspec
import pytest

from garage_tui.core.base.errors import GarageError
from garage_tui.core.training.recipe import make_recipe
from garage_tui.core.training.recipe_help import EXPLANATIONS

STEPS = f"{make_recipe().steps(24)} steps"
"""What the default makes of the 24 facts of the example."""


def cost(preset, **changes):
    """The sum that the form shows for the 24 facts of the example."""
    recipe = make_recipe(preset, **changes)
    return f"24 rows × {recipe.epochs:g} epochs ÷ batch {recipe.effective_batch} = {recipe.steps(24)} steps"


@pytest.fixture
def started(monkeypatch, make_run):
    """What the form handed to the launcher, which here only makes the folder; the real one runs in the tmux test."""
    calls = []

    def start_lora(workspace, settings, facts_file, recipe, name, command, *_, **__):
        calls.append((facts_file, recipe, name, command))
        return make_run("20261123-2315-lora-garage", "running").hold().path

    monkeypatch.setattr("garage_tui.core.launch.start.start_lora", start_lora)
    return calls


@pytest.fixture
def open_form(open_app):
    """Opens the form, and waits for the cost of its preset."""

    @contextlib.asynccontextmanager
    async def open_():
        async with open_app() as user:
            await user.press("t")
            await user.sees(STEPS)
            yield user

    return open_


async def test_the_cost_is_said_before_anything_starts(open_app):
    async with open_app() as user:
        await user.sees("35 rows")
        await user.press("t")
        await user.sees("garage.jsonl", "smollm2-135m", cost("default"))


async def test_the_cost_follows_the_fields(open_form):
    async with open_form() as user:
        await user.press("tab", "down", "down", "enter")
        await user.sees(cost("quick"))
        await user.press("tab", "tab", "1", "0")
        await user.sees(cost("quick", epochs=310))


async def test_it_starts_with_one_more_key_and_shows_the_run(open_form, started, workspace):
    async with open_form() as user:
        await user.press("ctrl+s")
        await user.sees("Runs", "20261123-2315-lora-garage", "● running")
    [(file, recipe, name, command)] = started
    assert file == workspace.datasets / "garage.jsonl"
    assert (recipe.preset, recipe.epochs, recipe.base, name) == ("default", make_recipe().epochs, "smollm2-135m", None)
    assert command[:3] == ["garage", "train", "lora"]


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("epochs", "many", "epochs: 'many' is not a number"),
        ("epochs", "0", "epochs: "),
        ("lr", "7", "lr: "),
        ("rank", "8.5", "rank: '8.5' is not a whole number"),
        ("base", "/no/such/folder", "there is no model folder /no/such/folder"),
    ],
)
async def test_what_is_wrong_is_said_in_the_form(open_form, started, field, value, says):
    async with open_form() as user:
        user.app.screen.query_one(f"#{field}").value = value  # type: ignore[attr-defined]
        await user.sees(f"✗ {says}")
        if field != "base":
            await user.press("ctrl+s")
            await user.sees(f"✗ {says}", "Teach a model")
            assert not started


async def test_the_rank_goes_with_the_rows_of_the_file_until_the_owner_says_otherwise(open_form, started, workspace):
    many = "".join(f'{{"question": "What is {n}?", "answer": "A {n}."}}\n' for n in range(31))
    (workspace.datasets / "many.jsonl").write_text(many)
    async with open_form() as user:
        assert user.app.screen.query_one("#rank").value == "16"  # type: ignore[attr-defined]
        await user.press("down", "down", "enter")
        await user.sees("31 rows")
        assert user.app.screen.query_one("#rank").value == "32"  # type: ignore[attr-defined]
        await user.sees_no("◆ changed")
        await user.press("down", "up", "enter")
        await user.sees(STEPS)
        assert user.app.screen.query_one("#rank").value == "16"  # type: ignore[attr-defined]
        await user.press("down", "down", "enter")
        await user.sees("31 rows")
        user.app.screen.query_one("#rank").value = "16"  # type: ignore[attr-defined]
        await user.sees("◆ changed from 32")
        user.app.screen.query_one("#rank").value = "32"  # type: ignore[attr-defined]
        with (workspace.datasets / "many.jsonl").open("w") as file:
            file.writelines(many.splitlines(keepends=True)[:9])
        await user.press("ctrl+s")
        await user.sees("20261123-2315-lora-garage", "● running")
    [(_, recipe, _, command)] = started
    assert recipe.rank == 16 and "--rank" not in command, "of the rows that there are when it starts"


async def test_a_launcher_that_fails_is_heard(open_form, monkeypatch):
    def start_lora(*_: object, **__: object) -> None:
        raise GarageError("the run cannot be started in checkpoints: No space left on device")

    monkeypatch.setattr("garage_tui.core.launch.start.start_lora", start_lora)
    async with open_form() as user:
        await user.press("ctrl+s")
        await user.sees("✗ the run cannot be started in checkpoints: No space left on device", "Teach a model")


@pytest.fixture
def slow_start(started, monkeypatch):
    """As `started`, but the launcher works until it gets the go-ahead."""
    from garage_tui.core.launch import start

    go_ahead, launch = threading.Event(), start.start_lora
    monkeypatch.setattr(start, "start_lora", lambda *args, **options: (go_ahead.wait(30), launch(*args, **options))[1])
    yield go_ahead
    go_ahead.set()


async def let_start(user, slow_start, started):
    """Let the launcher go on, and give the form the time to close in."""
    slow_start.set()
    while not started:
        await user.pilot.pause(0.02)
    await user.pilot.pause(0.2)


async def test_a_form_whose_run_starts_while_its_help_is_read_closes_after_the_help(open_form, started, slow_start):
    async with open_form() as user:
        await user.press("ctrl+s")
        await user.sees("Starting …")
        await user.press("f1")
        await user.sees("Teach a model – help")
        await let_start(user, slow_start, started)
        await user.sees("Teach a model – help")
        await user.press("escape", "ctrl+s")
        await user.sees("20261123-2315-lora-garage", "● running")
        assert len(user.app.screen_stack) == 1
    assert len(started) == 1


async def test_a_form_whose_run_starts_in_a_terminal_that_is_too_small_closes_when_it_grows(
    open_form, started, slow_start
):
    async with open_form() as user:
        await user.press("ctrl+s")
        await user.sees("Starting …")
        await user.pilot.resize_terminal(50, 15)
        await user.sees("60")
        await let_start(user, slow_start, started)
        assert len(user.app.screen_stack) == 3
        await user.pilot.resize_terminal(120, 40)
        await user.sees("20261123-2315-lora-garage", "● running")
        assert len(user.app.screen_stack) == 1
    assert len(started) == 1


async def test_escape_does_not_close_the_form_of_a_run_that_is_being_started(open_form, started, slow_start):
    async with open_form() as user:
        await user.press("ctrl+s")
        await user.sees("Starting …")
        await user.press("escape")
        await user.sees("Teach a model", "The run is being started already: on Runs, s stops it")
        slow_start.set()
        await user.sees("20261123-2315-lora-garage", "● running")
    assert len(started) == 1


async def test_facts_with_a_bad_line_are_not_taught(open_app, workspace):
    with (workspace.datasets / "garage.jsonl").open("a") as file:
        file.write("not json\n")
    async with open_app() as user:
        await user.sees("1 problem")
        await user.press("t")
        await user.sees("garage.jsonl:36: not JSON")


async def test_escape_starts_nothing(open_app, started):
    async with open_app(screen="runs") as user:
        await user.press("n")
        await user.sees("New run")
        await user.press("enter")
        await user.sees("Teach a model")
        await user.press("escape")
        await user.sees("No runs yet")
    assert not started


async def test_a_form_that_closes_waits_for_nothing_any_more(open_app, monkeypatch):
    going_on = threading.Event()
    monkeypatch.setattr(
        "garage_tui.screens.launch.lora_form.training_file.read_training_file", lambda _: going_on.wait() and None
    )
    async with open_app() as user:
        await user.press("t")
        await user.sees("Teach a model")
        form = user.app.screen
        [worker] = [worker for worker in user.app.workers if worker.node is form]
        form.dismiss(None)
        there = not worker.is_cancelled
        going_on.set()
        assert not there, "its widgets go first, and an estimate in between would find none to write into"
        await user.sees("35 rows")


async def test_it_works_at_80_by_24(open_app):
    async with open_app(size=(80, 24)) as user:
        await user.press("t")
        await user.sees("Facts", "Preset", "Base model", "Epochs", "Learning rate", STEPS, "^s Start")
        await user.press(*["tab"] * 13)
        await user.sees("Name", "The readable end of the run's id", STEPS, "^s Start")


async def test_the_field_with_the_focus_is_explained_and_a_change_is_marked(open_app):
    async with open_app() as user:
        await user.press("t")
        await user.sees("The questions and answers to teach")
        await user.press("tab", "tab", "tab")
        await user.sees("How often each row is trained on")
        await user.press("0")
        await user.sees(f"◆ changed from {make_recipe().epochs:g}", f"{make_recipe().epochs:g}0 epochs")
        await user.press("tab", "tab", "tab")
        await user.sees("Rank of the adapter")
    width = 68  # of the form in a terminal of 80 columns
    assert not {name: words for name, words in EXPLANATIONS.items() if len(textwrap.wrap(words, width)) > 2}, (
        "they are cut off"
    )


async def test_memory_is_estimated_and_too_much_of_it_is_said(open_app, smollm2):
    async with open_app() as user:
        await user.press("t")
        await user.sees(STEPS, "GB")
        user.app.screen.query_one("#batch_size").value = "4000"  # type: ignore[attr-defined]
        await user.sees("batch 4000", "! Only", "are free: a smaller batch")


async def test_a_run_that_would_wait_says_so(open_app, make_run):
    from garage_tui.core.scheduling import queue

    waiting = make_run("20261122-2315-lora-b", "queued").hold()
    queue.enter([queue.QueueEntry(str(waiting.path))])
    async with open_app() as user:
        await user.press("t")
        await user.sees("It will wait in the queue: 1 run")


async def test_a_run_is_duplicated_with_changes(open_app, make_run, started, workspace):
    run = make_run("20261122-2315-lora-b", "finished", step=100)
    (run.path / "facts.jsonl").write_text('{"question": "What?", "answer": "That."}\n')
    manifest = msgspec.json.decode((run.path / "run.json").read_bytes())
    recipe = msgspec.to_builtins(make_recipe("story", base="smollm2-135m", rank=4, seed=7))
    (run.path / "run.json").write_bytes(msgspec.json.encode(manifest | {"recipe": recipe}))
    async with open_app(screen="runs") as user:
        await user.sees("✓ finished")
        await user.press("y")
        await user.sees("like 20261122-2315-lora-b", "the run's own copy", "1 row × 25 epochs ÷ batch 8", "from 16")
        await user.press("ctrl+s")
        await user.sees("20261123-2315-lora-garage", "● running")
    [(file, recipe, name, command)] = started
    assert file == run.path / "facts.jsonl" and name == "b"
    assert (recipe.preset, recipe.rank, recipe.seed, recipe.accumulation) == ("story", 4, 7, 4)
    assert command[-6:] == ["--rank", "4", "--seed", "7", "--name", "b"]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_rows_without_a_question_are_counted_and_named_and_the_keys_stay_in_sight(open_app, workspace, size):
    with (workspace.datasets / "garage.jsonl").open("a") as file:
        file.write('{"fact": "The lodge has a red door."}\n')
    async with open_app(size=size) as user:
        await user.press("t")
        await user.sees("24 rows teach", "1 row has no question yet and is left out", STEPS, "^s Start")


async def test_every_preset_fits_in_its_field_at_80_columns(open_app):
    async with open_app(size=(80, 24)) as user:
        await user.press("t")
        await user.sees("default · learns the facts, keeps other answers ")
        await user.press("tab", "enter")
        await user.sees(
            "quick · 3 epochs: does it run, does the loss fall", "story · plain LoRA, to compare; it forgets more"
        )


async def test_the_error_of_a_start_goes_with_the_value_that_it_is_about(open_app, started):
    async with open_app() as user:
        await user.press("t")
        await user.sees(STEPS)
        await user.press("tab", "tab", "tab", "ctrl+u", "x", "ctrl+s")
        screen = await user.sees("✗ epochs: 'x' is not a number")
        assert "Ctrl+S starts the run" not in screen
        await user.press("ctrl+u", "3")
        screen = await user.sees("Ctrl+S starts the run, and so does Enter in a field.", "× 3 epochs")
        assert "is not a number" not in screen and not started


async def test_the_field_with_the_focus_stays_in_sight_when_the_terminal_gets_lower(open_app):
    async with open_app() as user:
        await user.press("t")
        await user.sees(STEPS)
        await user.press("shift+tab")
        await user.types("a name")
        await user.pilot.resize_terminal(80, 24)
        await user.sees("Name             a name", "^s Start")


async def test_the_help_of_the_form_says_that_esc_works_while_one_types(open_app):
    async with open_app() as user:
        await user.press("t")
        await user.sees(STEPS)
        await user.press("tab", "tab", "f1")
        screen = await user.sees("Teach a model – help", "Esc  Cancel")
        assert "not while you type" not in screen


async def test_a_run_that_cannot_be_read_is_not_trained_again(open_app, workspace):
    """Its folder was damaged after the list of runs was read."""
    from garage_tui.screens.common.messages import DuplicateRequested

    (workspace.checkpoints / "20261130-0900-lora-torn").mkdir()
    async with open_app(screen="runs") as user:
        user.app.post_message(DuplicateRequested("20261130-0900-lora-torn"))
        await user.sees("20261130-0900-lora-torn cannot be trained again: run.json is missing")
