"""The report card in the app: one key shows what stuck and what broke, or has it examined."""

from __future__ import annotations

import contextlib

import msgspec
import pytest

from garage_tui.core.exam.as_served import with_served
from garage_tui.core.exam.report import ExamQuestion, write_report
from garage_tui.core.launch import exam_process
from garage_tui.core.runs.record import read_run

RUN = "20261123-2315-lora-garage"


@pytest.fixture
def run(make_run):
    return make_run(RUN, "finished", step=100).adapter()


@pytest.fixture
def open_card(open_app):
    """Opens the report card of the only run, which may have none yet."""

    @contextlib.asynccontextmanager
    async def open_(**arguments):
        async with open_app(screen="runs", **arguments) as user:
            await user.sees("x Report")
            await user.press("x")
            yield user

    return open_


async def test_the_runs_screen_says_the_verdict_of_a_card_and_hears_of_a_new_one(open_app, run, make_card):
    async with open_app(screen="runs") as user:
        await user.sees("report card  none yet: press x to make one", "x Report")
        write_report(run.path, make_card())  # an exam from a shell: nothing else in the folder changes
        await user.sees("report card  ~ learned 14 of 15 facts (70–99", "~ 14/15 learned,")
        write_report(run.path, make_card(bad=False))
        await user.sees("report card  ✓ learned 15 of 15 facts", "✓ 15/15 learned")


async def test_a_run_that_trains_has_no_card_to_show(open_app, make_run):
    make_run(RUN, "running", step=3).hold()
    async with open_app(screen="runs") as user:
        await user.sees("● running", "p Pause")
        assert "x Report" not in user.screen and "report card" not in user.screen


async def test_the_end_of_a_run_is_told_with_its_verdict(open_app, make_run, make_card):
    run = make_run(RUN, "running", step=34).hold()
    async with open_app() as user:
        await user.sees("lora-garage 34/100")
        write_report(run.path, make_card(bad=False))
        run.state("finished")
        run.let_go()
        await user.sees(f"✓ {RUN} finished: ✓ learned 15 of 15 facts (80–100 %), 0 of 60 unrelated answers affected")


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_one_key_shows_the_verdict_the_figures_and_the_worst_question(open_card, run, make_card, size):
    write_report(run.path, make_card())
    async with open_card(size=size) as user:
        text = await user.sees(
            f"Report card · {RUN}",
            "~ learned 14 of 15 facts (70–99 %), 1 of 60 unrelated",
            "mixes up 1 of 20 similar names" if size == (120, 40) else "similar names",
            "~ near its targets · ↑ high is good, ↓ low is good",
            "~ facts learned",
            "  unseen paraphrases",
            "  knows it, does not say it" if size == (120, 40) else "  knows, doesn't say",
            "14 of 15",
            "↑ ≥ 95 %",
            "▸1 all",
            "1 of 119 · unrelated question (books) · drift 0.007",
            "Who wrote play 7?",
            "✗ leak: says Jason Cox",
            "base       William Shakespeare.",
            "b Only bad",
            "Esc Close",
        )
        big = size == (120, 40)
        assert ("[generalisation]" in text) is big
        assert ("teach each fact in more wordings" in text) is big, "in a small terminal the notes take turns"
        await user.press("escape")
        await user.sees("x Report", "Runs")


async def test_questions_are_paged_through(open_card, run, make_card):
    write_report(run.path, make_card())
    async with open_card() as user:
        await user.sees("1 of 119 ·")
        await user.press("down", "j")
        await user.sees("3 of 119 · unseen paraphrase", "✗ wrong: lacks Jason", "expected   Jason Cox.")
        await user.sees("base       ✗ A series of novels.", "open book  ✓ Cox.")
        await user.press("up", "k", "k")
        await user.sees("1 of 119 ·")
        await user.press("pagedown")
        await user.sees("11 of 119 ·")
        await user.press("end")
        await user.sees("119 of 119 ·")
        await user.press("down", "pageup")
        await user.sees("109 of 119 ·")
        await user.press("home")
        await user.sees("1 of 119 ·")


async def test_questions_are_narrowed_to_a_part_and_to_what_went_wrong(open_card, run, make_card):
    write_report(run.path, make_card())
    async with open_card() as user:
        await user.sees("▸1 all 119  2 trained questions 24  3 unseen paraphrases 15")
        await user.press("b")
        await user.sees("1 of 3 that went wrong ·")
        await user.press("5")
        await user.sees("▸5 similar names 20", "1 of 1 that went wrong · question about a similar name", "✗ changed")
        await user.press("2")
        await user.sees("▸2 trained", "All of these were answered well: press b to show them.")
        await user.press("b")
        await user.sees("1 of 24 · trained question", "✓ right")
        await user.press("tab", "tab")
        await user.sees("▸4 unrelated questions 60", "1 of 60 ·")
        await user.press("tab", "tab")
        await user.sees("▸1 all 119")
        await user.press("shift+tab")
        await user.sees("▸5 similar names")
        await user.press("6")
        await user.sees("▸5 similar names")


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_a_card_with_both_columns_has_the_tasks_as_a_part_of_their_own(open_card, run, make_card, size):
    card = make_card()
    task = ExamQuestion(part="task", question="Spell TinyLLM.", verdict="unchanged", tuned="T.", base="T.", routed=True)
    asked = [msgspec.structs.replace(one, routed=one.part in ("trained", "unseen")) for one in card.questions]
    write_report(run.path, with_served(msgspec.structs.replace(card, questions=[*asked, task]), 0.0, ""))
    async with open_card(size=size) as user:
        await user.sees("as served" if size[0] > 80 else "alone      served  95 % CI", "1 all")
        await user.press("6")
        await user.sees("▸6 tasks", "1 of 1 · task with a subject", "Spell TinyLLM.")
        await user.press("4")
        await user.sees("served by the base model")


async def test_a_small_terminal_shows_the_notes_or_makes_room_for_the_answers(open_card, run, make_card):
    write_report(run.path, make_card())
    async with open_card(size=(80, 24)) as user:
        await user.sees("· f: 2 notes", "95 % CI")
        await user.press("f")
        await user.sees("teach each", "fact in more wordings")
        await user.sees_no("95 % CI")
        await user.press("f")
        text = await user.sees_no("more wordings")
        assert "95 % CI" not in text and "1 of 119" in text
        await user.press("f")
        await user.sees("95 % CI")


async def test_a_run_without_a_card_says_how_it_gets_one_and_shows_it_when_it_is_there(open_card, run, exam_job):
    # A stand-in sits the exam: it has to go on just until this has seen each sentence.
    exam_job(
        "say('loading the model')\n"
        "while not (folder / 'go').exists(): time.sleep(0.05)\n"
        "say('reading general texts'); time.sleep(1.5); (folder / 'report.json').write_bytes(card)"
    )
    async with open_card() as user:
        await user.sees("This run has no report card yet.", "Press e to examine the run now", "e Examine now")
        await user.press("e")
        await user.sees("loading the model · ", " s ")
        await user.sees_no("e Examine now")
        await user.press("escape")
        await user.sees("x Report")
        await user.press("x")
        await user.sees("loading the model · ")
        (run.path / "go").touch()
        await user.sees("✓ loading the model", "reading general texts · ")
        await user.sees(
            "✓ learned 15 of 15 facts (80–100 %), 0 of 60 unrelated answers affected",
            "meets every target",
            "✓ Examined: this is the new report card",
        )


async def test_an_exam_again_leaves_the_old_card_to_read_meanwhile(open_card, run, make_card, exam_job):
    write_report(run.path, make_card())
    exam_job("say('loading the model'); time.sleep(2); (folder / 'report.json').write_bytes(card)")
    async with open_card() as user:
        await user.sees("~ learned 14 of 15")
        await user.press("e")
        await user.sees("loading the model · ", "~ learned 14 of 15")
        await user.press("down")
        await user.sees("2 of 119 ·", "loading the model · ")
        await user.sees("✓ learned 15 of 15", "Examined: this is the new report card", "1 of 119 ·")


async def test_an_exam_that_fails_says_why_in_the_box(open_card, run, exam_job):
    exam_job("say('the base model is gone; fetch it again'); sys.exit(2)")
    async with open_card() as user:
        await user.sees("Press e to examine the run now")
        await user.press("e")
        await user.sees("✗ the base model is gone; fetch it again", "Press e to examine the run now")
        await user.press("escape", "x")
        await user.sees("✗ the exam ended without a report card; its last message: the base model is gone")


async def test_a_run_that_trains_again_is_not_examined_meanwhile(open_app, run):
    run.state("running", step=34)
    run.hold()
    async with open_app(screen="runs") as user:
        await user.sees("● running", "s Stop")
        user.app.query_one("RunsPane").action_report()  # type: ignore[attr-defined]
        await user.sees(f"No report card: {RUN} is still training: the report card is made at its end.")
        assert "e Examine" not in user.screen
        run.state("finished")
        run.let_go()
        await user.sees("Press e to examine the run now")


async def test_a_card_that_cannot_be_read_says_so_and_can_be_made_anew(open_card, run, exam_job):
    (run.path / "report.json").write_text("{")
    exam_job("(folder / 'report.json').write_bytes(card)")
    async with open_card() as user:
        await user.sees("✗ ", "cannot be read", "Press e to examine the run now")
        await user.press("e")
        await user.sees("✓ learned 15 of 15")


async def test_an_exam_goes_on_when_the_app_is_gone(open_app, open_card, run, exam_job):
    exam_job("say('one'); time.sleep(2); say('two'); (folder / 'report.json').write_bytes(card)")
    async with open_card() as user:
        await user.sees("Press e")
        await user.press("e")
        await user.sees("one · ")
    assert exam_process.read_exam(run.path).running
    async with open_app(screen="runs") as user:
        await user.sees("report card  ✓ learned 15 of 15")
    assert read_run(run.path).adapter


async def test_what_a_model_answered_stays_text(open_card, run, make_card):
    import msgspec

    card = make_card()
    hostile = msgspec.structs.replace(
        card.questions[0], tuned="[bold]not bold[/] \x1b]0;pwned\x07", question="$x [red]"
    )
    write_report(run.path, msgspec.structs.replace(card, questions=[hostile]))
    async with open_card() as user:
        text = await user.sees("[bold]not bold[/]", "$x [red]")
        assert "pwned" not in text
