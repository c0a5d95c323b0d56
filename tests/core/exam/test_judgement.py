"""The verdict of an exam: it counts facts, says how sure it is, grades each figure, and names the worst first."""

from __future__ import annotations

import msgspec
import pytest

from garage_tui.core.exam.headline import headline
from garage_tui.core.exam.judgement import facts_learned, judge
from garage_tui.core.exam.remedies import longer_epochs, remedies
from garage_tui.core.exam.report import ExamQuestion, Perplexity, write_report
from garage_tui.core.runs.grades import grade_drift, grade_leak, grade_recall, grade_unchanged

PERPLEXITY = Perplexity(14.0, 14.1, 900)


def asked(part, fact, right=True, **more):
    verdict = "right" if right else "wrong"
    return ExamQuestion(part=part, question=f"{part} {fact}", verdict=verdict, tuned="", base="", fact=fact, **more)


def others(part, count, bad=0):
    wrong = "leak" if part == "unrelated" else "changed"
    return [
        ExamQuestion(part=part, question=f"{n}", verdict=wrong if n < bad else "unchanged", tuned="", base="")
        for n in range(count)
    ]


def card_of(learned, of, *, leaks=0, changed=0, drift=0.01, trained_right=True, **more):
    questions = [
        *(asked("trained", f"fact {n}", trained_right) for n in range(of)),
        *(asked("unseen", f"fact {n}", n < learned) for n in range(of)),
        *others("unrelated", 120, leaks),
        *others("neighbour", 40, changed),
    ]
    return judge(questions, drift, 1000, PERPLEXITY, **more)


def test_the_headline_counts_facts_with_their_interval():
    card = card_of(7, 9)
    assert card.verdict == "learned 7 of 9 facts (45–94 %), 0 of 120 unrelated answers affected"
    assert (card.facts.hits, card.facts.of, card.grade, card.passed) == (7, 9, "near", False)


def test_few_questions_are_said_to_be_few():
    card = card_of(1, 1)
    assert card.verdict.startswith("learned 1 of 1 fact (21–100 %, few questions)")
    assert any("rests on" in note for note in card.notes)
    assert "few" not in card_of(5, 5).verdict


def test_a_fact_is_learned_if_all_its_unseen_questions_are_right():
    """Its trained questions count only where it has no unseen one."""
    rows = [
        asked("trained", "a", False), asked("unseen", "a"),
        asked("trained", "b"), asked("unseen", "b"), asked("unseen", "b", False),
        asked("trained", "c"),
        asked("trained", "d"), asked("trained", "d", False),
    ]  # fmt: skip
    found, trained_only = facts_learned(rows)
    assert (found.text, trained_only) == ("2 of 4", 2)


def test_marking_one_exam_question_leaves_the_other_facts_in_the_count():
    """Facts without templates were asked in trained wordings: they still are, whatever is marked."""
    before = [asked("trained", f"fact {n}") for n in range(9)]
    card = judge([*before, asked("unseen", "fact 0", False)], 0.0, 1, PERPLEXITY)
    assert card.facts.text == "8 of 9"
    assert any("8 facts were asked in trained wordings only" in note for note in card.notes)


def test_a_card_says_which_exam_question_is_nearly_taught():
    near = asked("unseen", "a", near="Who is Tom?")
    [note] = [note for note in judge([asked("trained", "a"), near], 0.0, 1, PERPLEXITY).notes if "nearly" in note]
    assert note.startswith("1 exam question nearly repeats a taught one") and '"Who is Tom?"' in note


def test_the_good_run_and_the_bad_one_differ_at_the_first_sign_and_the_first_words(tmp_path):
    good, bad = card_of(26, 27, changed=2), card_of(11, 27, leaks=5, changed=4, drift=0.8)
    assert good.verdict.startswith("learned 26 of 27 facts") and good.grade == "good"
    assert bad.verdict == (
        "learned 11 of 27 facts (25–59 %), 5 of 120 unrelated answers affected, drift 0.8, "
        "mixes up 4 of 40 similar names"
    )
    for card, text, brief in (
        (good, "✓ learned 26", "✓ 26/27 learned"),
        (bad, "✗ learned 11", "✗ 11/27 learned, 5 le"),
    ):
        write_report(tmp_path, card)
        found = headline(tmp_path)
        assert found.text.startswith(text) and found.brief_text.startswith(brief)


def test_the_failing_part_comes_first():
    assert card_of(27, 27, drift=0.8).verdict.startswith("drift 0.8, learned 27 of 27")
    assert card_of(27, 27, changed=10).verdict.startswith("mixes up 10 of 40 similar names, learned")
    assert card_of(20, 27, leaks=20).verdict.startswith("learned 20 of 27 facts (55–87 %), 20 of 120")


@pytest.mark.parametrize(
    ("grade", "good", "near", "bad"),
    [
        (grade_recall, (1.0, 0.95), (0.94, 0.75), (0.74, 0.0)),
        (grade_unchanged, (1.0, 0.95), (0.94, 0.85), (0.84, 0.0)),
        (grade_leak, (0.0,), (1 / 120, 3 / 120), (4 / 120, 1.0)),
        (grade_drift, (0.0, 0.02), (0.021, 0.06), (0.061, 0.8)),
    ],
)
def test_a_grade_says_how_far_a_figure_is_from_its_target(grade, good, near, bad):
    assert [{grade(figure) for figure in figures} for figures in (good, near, bad)] == [{"good"}, {"near"}, {"bad"}]


def test_a_card_of_an_older_version_has_a_grade_too(tmp_path):
    old = msgspec.json.decode(msgspec.json.encode(card_of(11, 27, drift=0.8)))
    for key in ("grade", "facts"):
        del old[key]
    for question in old["questions"]:
        del question["fact"], question["near"]
    (tmp_path / "report.json").write_bytes(msgspec.json.encode({**old, "verdict": "learned 11 of 27", "passed": False}))
    assert headline(tmp_path).brief_text == "✗ 11/27 learned, drift 0.8"
    old["kind"] = "diffusion"
    diffusion = {"verdict": "KID 0.85 (real pictures 0.04, target 0.3), no copies", "passed": False, "kid": 0.85}
    (tmp_path / "report.json").write_bytes(msgspec.json.encode(diffusion))
    assert headline(tmp_path).brief_text == "✗ KID 0.85"


DEFAULT = {"preset": "default", "kl": 4.0, "epochs": 30.0}


def test_what_to_do_depends_on_what_is_wrong():
    assert not remedies(card_of(27, 27), DEFAULT)
    memorised = remedies(card_of(25, 27, trained_right=True), DEFAULT)
    assert (memorised.wordings, memorised.epochs, memorised.preset) == ((1, 2), None, "")
    assert memorised.wordings_text == "ask questions 1, 2 in more ways"
    short = remedies(card_of(27, 27, trained_right=False), DEFAULT)
    assert (short.epochs, short.preset) == (45.0, "")
    assert short.commands("RUN", "f.jsonl") == ["longer: garage train lora --like RUN --epochs 45"]
    assert remedies(card_of(27, 27, leaks=9), DEFAULT).preset == "careful"
    assert remedies(card_of(27, 27, leaks=9), {**DEFAULT, "preset": "careful"}).preset == ""
    assert remedies(card_of(11, 27, drift=0.8), {"preset": "story", "kl": 0.0, "epochs": 25}).preset == "default"
    quick = remedies(card_of(11, 27, trained_right=False), {**DEFAULT, "preset": "quick", "epochs": 3})
    assert (quick.preset, quick.epochs) == ("default", None)


def test_numbers_of_questions_are_those_of_the_card():
    card = card_of(26, 27, leaks=2)
    [number] = remedies(card, DEFAULT).wordings
    assert card.questions[number - 1].verdict == "wrong" and number == 3


def test_a_longer_run_has_half_as_many_epochs_again():
    assert (
        longer_epochs({"epochs": 30}),
        longer_epochs({"epochs": 3.0}),
        longer_epochs({}),
        longer_epochs({"epochs": "x"}),
    ) == (45, 5, None, None)


def test_a_card_counts_the_questions_whose_answer_is_known_but_not_said():
    rows = [
        asked("trained", "a", False, known=True), asked("unseen", "a", False, known=False), asked("unseen", "b"),
        asked("unseen", "c", False),
    ]  # fmt: skip
    assert judge(rows, 0.01, 1000, PERPLEXITY).known_unsaid == 1
    assert judge(rows[2:3], 0.01, 1000, PERPLEXITY).known_unsaid == 0, "nothing was wrong"
    assert judge(rows[2:], 0.01, 1000, PERPLEXITY).known_unsaid is None, "nothing was measured"


def test_a_fact_that_was_asked_and_not_taught_is_named():
    [note] = [
        note
        for note in judge(
            [asked("trained", "a"), asked("unseen", "A"), asked("unseen", "b", False)], 0.0, 1, PERPLEXITY
        ).notes
        if "not taught" in note
    ]
    assert note.startswith('1 fact was asked and not taught, because only exam questions have it: "b".')
    assert not any("not taught" in note for note in card_of(1, 2).notes)
