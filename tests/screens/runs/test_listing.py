"""The list of runs: filtered, in another order, and with the names that people give to runs."""

from __future__ import annotations

import json

from garage_tui.core.runs.label import LABEL, Label, label_of, write_label

RUN, OTHER = "20261123-2315-lora-garage", "20261122-2315-lora-garden"


def card(run, passed: bool, verdict: str) -> None:
    (run.path / "report.json").write_text(json.dumps({"verdict": verdict, "passed": passed}))


def listed(user) -> list[str]:
    """Return the ids of the runs in the list, from the top."""
    return [run.id for run in user.app.query_one("RunsPane").listing.shown]


async def test_the_list_is_filtered_while_one_types(open_app, make_run):
    make_run(RUN, "finished")
    make_run(OTHER, "failed", reason="the disk is full")
    async with open_app(screen="runs") as user:
        await user.sees("lora-garage", "lora-garden")
        await user.sees("▸")
        await user.press("slash")
        await user.types("disk fail")
        await user.sees("1 of 2 shown")
        assert listed(user) == [OTHER]
        await user.press("enter")
        await user.sees(f"{OTHER} ─")  # what the keys act on is what is shown
        await user.press("escape")
        await user.sees_no("1 of 2 shown")
        assert listed(user) == [RUN, OTHER]
        assert "No runs yet" not in user.screen


async def test_a_filter_that_finds_nothing_says_how_to_end_it(open_app, make_run):
    make_run(RUN, "finished")
    async with open_app(screen="runs") as user:
        await user.sees("▸")
        await user.press("slash")
        await user.types("zzz")
        await user.sees("No run contains “zzz”. Esc shows all runs again.")
        assert user.app.query_one("RunsPane").chosen is None  # no key acts on a run that is not shown
        await user.press("escape")
        await user.sees("lora-garage")


async def test_words_of_preset_facts_file_note_and_verdict_are_found(open_app, make_run):
    run, other = make_run(RUN, "finished"), make_run(OTHER, "finished")
    run.taught("careful")
    card(run, True, "learned 24 of 24")
    write_label(other.path, Label(name="night", note="more rows about Ottoline"))
    async with open_app(screen="runs") as user:
        await user.sees("night", "careful")
        pane = user.app.query_one("RunsPane")
        for text, found in (("careful", RUN), ("24 of 24", RUN), ("OTTOLINE night", OTHER)):
            pane.listing.filter(text)
            assert listed(user) == [found], text


async def test_a_run_that_is_opened_elsewhere_ends_the_filter_that_hides_it(open_app, make_run):
    make_run(RUN, "finished")
    make_run(OTHER, "finished")
    async with open_app(screen="runs") as user:
        await user.sees("▸")
        await user.press("slash")
        await user.types("lora-garage")
        await user.sees("1 of 2 shown")
        user.app.query_one("RunsPane").choose(OTHER)
        await user.sees(f"{OTHER} ─")
        assert listed(user) == [RUN, OTHER]


async def test_o_changes_the_order(open_app, make_run):
    runs = [make_run(f"2026112{day}-2315-lora-{name}", "finished") for day, name in ((3, "b"), (2, "c"), (1, "a"))]
    card(runs[1], True, "learned 24 of 24")
    card(runs[0], False, "learned 2 of 24")
    newest = [run.path.name for run in runs]
    async with open_app(screen="runs") as user:
        await user.sees("lora-b", "learned 24 of 24", "learned 2 of 24")
        assert listed(user) == newest
        await user.press("o")
        await user.sees("order: best verdict first")
        assert listed(user) == [newest[1], newest[0], newest[2]]
        await user.press("o")
        await user.sees("order: by name")
        assert listed(user) == [newest[2], newest[0], newest[1]]
        await user.press("o")
        await user.sees("order: newest first")
        assert listed(user) == newest


async def test_e_gives_a_run_a_name_and_a_note(open_app, make_run):
    run = make_run(RUN, "finished")
    async with open_app(screen="runs") as user:
        await user.sees("lora-garage")
        await user.press("e")
        await user.sees("Name and note", RUN)
        await user.types("the good one")
        await user.press("tab")
        await user.types("40 more rows")
        await user.press("enter")
        await user.sees("is called the good one now")
        await user.sees("▸ ✓ finished     the good one", "note  40 more rows", f"run   {RUN}")
    assert label_of(run.path) == Label(name="the good one", note="40 more rows")


async def test_a_half_typed_name_is_not_thrown_away_by_one_esc(open_app, make_run):
    make_run(RUN, "finished")
    async with open_app(screen="runs") as user:
        await user.sees("lora-garage")
        await user.press("e")
        await user.types("half")
        await user.press("escape")
        await user.sees("Enter saves it")
        await user.press("escape")
        await user.sees_no("Name and note")


async def test_a_name_that_is_taken_or_means_something_else_is_refused(open_app, make_run):
    make_run(RUN, "finished")
    write_label(make_run(OTHER, "finished").path, Label(name="night"))
    async with open_app(screen="runs") as user:
        await user.sees("lora-garage", "night")
        await user.press("e")
        await user.types("Night")
        await user.press("enter")
        await user.sees("✗", "choose another one")
        await user.press("e")
        await user.types("last")
        await user.press("enter")
        await user.sees("choose another name")


async def test_a_damaged_label_is_said_and_the_run_stays_usable(open_app, make_run):
    run = make_run(RUN, "finished")
    (run.path / LABEL).write_text("{")
    async with open_app(screen="runs") as user:
        await user.sees("lora-garage", "label.json")
