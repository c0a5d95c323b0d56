"""The report card: counts that say how sure they are, a verdict in words, and a file that can be read again."""

from __future__ import annotations

import json

import msgspec
import pytest

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.exam.as_served import with_served
from garage_tui.core.exam.headline import headline
from garage_tui.core.exam.judgement import judge, worst_first
from garage_tui.core.exam.report import ExamQuestion, count, read_report, write_report
from garage_tui.core.exam.report_markdown import markdown
from garage_tui.core.exam.report_table import figures, table
from garage_tui.core.exam.report_text import answers, part_text, read_clean, served_text, side_by_side, verdict_text


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [  # Newcombe 1998 (Statistics in Medicine 17, 857–872), table I, method 3; and the rule at the ends: n/(n + z²)
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
    ],
)
def test_a_count_has_the_interval_of_the_literature(hits, of, low, high):
    found = count(hits, of)
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.0001)
    assert found.text == f"{hits} of {of}"


def test_of_nothing_nothing_is_known():
    found = count(0, 0)
    assert (found.low, found.high, found.share, found.interval) == (0.0, 1.0, 0.0, "")


def test_percents_have_a_decimal_only_where_a_little_is_much():
    assert count(0, 120).interval == "0–3.1 %"
    assert count(14, 15).interval == "70–99 %"
    assert count(24, 24).interval == "86–100 %"
    assert count(19, 20).interval == "76–99.1 %"


def test_a_good_run_passes_and_says_so_in_a_line(make_card):
    card = make_card(bad=False, unrelated=120)
    assert card.passed and card.verdict == "learned 15 of 15 facts (80–100 %), 0 of 120 unrelated answers affected"
    assert card.notes == []


def test_a_bad_run_says_what_is_wrong_with_it(make_card):
    card = make_card(drift=0.31)
    assert not card.passed
    assert card.verdict == (
        "drift 0.31, learned 14 of 15 facts (70–99 %), 1 of 60 unrelated answers affected, "
        "mixes up 1 of 20 similar names"
    )
    notes = " ".join(card.notes)
    assert "more wordings" in notes and "where they do not belong" in notes and "0.31 nats per token" in notes
    # A run that was held already is told what holds more.
    held = judge(card.questions, 0.31, card.drift_tokens, card.perplexity, guarded=True).notes
    assert any("careful" in note for note in held) and not any("careful" in note for note in card.notes)


@pytest.mark.parametrize("worse", [{"drift": 0.021}, {"bad": True}])
def test_one_figure_below_the_bar_is_enough_to_fall_short(make_card, worse):
    assert make_card(bad=False).passed and not make_card(**{"bad": False, **worse}).passed


def test_without_exam_questions_the_trained_ones_have_to_reach_the_bar(make_card):
    card = make_card(bad=False)
    asked = [question for question in card.questions if question.part != "unseen"]
    card = judge(asked, card.drift, card.drift_tokens, card.perplexity)
    assert card.passed and card.verdict.startswith("learned 15 of 15 facts")
    assert "mark some rows as exam" in " ".join(card.notes)
    learned, trained, unseen, *_ = figures(card)
    assert (learned.target, learned.grade) == ("↑ ≥ 95 %", "good")
    assert (trained.target, trained.grade) == ("↑", None)
    assert (unseen.tuned, unseen.target, unseen.grade) == ("none asked", "↑", None)


def test_the_worst_come_first(make_card):
    card = make_card()
    assert [asked.verdict for asked in card.questions[:4]] == ["leak", "changed", "wrong", "unchanged"]
    good = [asked.drift for asked in make_card(bad=False).questions if asked.part == "unrelated"]
    assert good == sorted(good, reverse=True), "where nothing is wrong, what drifted most"
    one, two = (ExamQuestion(part="unseen", question=text, verdict="right", tuned="", base="") for text in "ab")
    assert worst_first([two, one]) == [two, one], "what is alike keeps its order"


def test_what_is_written_is_read_again(tmp_path, make_card):
    card = make_card()
    write_report(tmp_path, card)
    assert read_report(tmp_path) == card
    assert json.loads((tmp_path / "report.json").read_bytes())["verdict"] == card.verdict
    assert headline(tmp_path).text == f"~ {card.verdict}"


def test_a_missing_card_and_a_damaged_one_are_told_apart(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_report(tmp_path)
    assert headline(tmp_path) is None
    (tmp_path / "report.json").write_text('{"verdict": 7}')
    with pytest.raises(BadInputError, match=r"cannot be read: .* `garage report .* --again` makes a new one"):
        read_report(tmp_path)
    assert headline(tmp_path) is None


def test_the_table_fits_a_small_terminal_and_names_the_terms_in_a_big_one(make_card):
    small, big = (table(make_card(unrelated=120), width) for width in (69, 110))
    assert max(len(line) for _, line in small) <= 69
    assert [grade for grade, _ in small] == [None, "near", None, None, None, "near", "good", "good", None]
    text = "\n".join(line for _, line in big)
    for word in ("[efficacy]", "[generalisation]", "[leak]", "[neighbours]", "95 % interval", "≤ 0.02", "× 1.010"):
        assert word in text
    assert "~ facts learned [all of a fact's questions]  14 of 15     70–99 %                         ↑ ≥ 95 %" in text
    assert "  unseen paraphrases [generalisation]        14 of 15     70–99 %        0     15         ↑" in text


def test_what_a_model_says_cannot_reach_the_terminal(tmp_path, make_card):
    card = make_card(run="\x1b[2Jrun")
    hostile = ExamQuestion(
        part="unseen", question="a\x1b]0;pwned\x07b", verdict="wrong", tuned="one\ntwo\x9b2J", base="", why="\u202e"
    )
    write_report(tmp_path, msgspec.structs.replace(card, questions=[hostile]))
    (asked,) = read_clean(tmp_path).questions
    assert (asked.question, asked.tuned, asked.why) == ("ab", "one two", "�")
    assert answers(asked) == [("tuned", "one two"), ("base", "(empty answer)")]
    assert read_clean(tmp_path).run == "run"


def test_every_verdict_is_a_sign_and_a_word(make_card):
    said = {verdict_text(asked) for asked in make_card().questions}
    assert said == {
        "✓ right",
        "✗ wrong: lacks Jason; knows it, does not say it",
        "✗ leak: says Jason Cox",
        "✗ changed: says local LLM",
        "✓ unchanged: contains no taught facts",
    }


def test_a_card_beside_another_one_is_a_few_short_lines(make_card):
    assert side_by_side(make_card()) == {
        "verdict": ("verdict", "~ near its targets"),
        "facts": ("facts learned", "~ 14 of 15"),
        "efficacy": ("trained questions", "24 of 24"),
        "generalisation": ("unseen paraphrases", "14 of 15"),
        "known_unsaid": ("knows, doesn't say", "1 of 1"),
        "leak": ("unrelated affected", "~ 1 of 60"),
        "neighbours": ("similar names kept", "✓ 19 of 20"),
        "drift": ("drift, nats/token", "✓ 0.012"),
        "perplexity": ("perplexity", "× 1.010 (14.2 → 14.3)"),
    }


def test_a_card_of_an_older_version_keeps_its_verdict_and_its_notes(tmp_path, make_card):
    old = {"verdict": "learned 14 of 15, leaks on 1 of 60, says it of 1 of 20 other names", "notes": ["It is small."]}
    write_report(tmp_path, msgspec.structs.replace(make_card(), **old))
    assert headline(tmp_path).text == f"~ {old['verdict']}"
    assert (read_clean(tmp_path).verdict, read_clean(tmp_path).notes) == (old["verdict"], old["notes"])


def test_a_card_says_how_often_the_model_knows_better_than_it_answers(make_card, tmp_path):
    card = make_card()
    [line] = [line for _, line in table(card, 100) if "knows it" in line]
    assert "knows it, does not say it [ranked first]" in line and "1 of 1" in line
    [question] = [one for one in card.questions if one.known]
    assert verdict_text(question) == "✗ wrong: lacks Jason; knows it, does not say it"
    assert side_by_side(card)["known_unsaid"] == ("knows, doesn't say", "1 of 1")
    write_report(tmp_path, card)
    assert read_report(tmp_path).known_unsaid == 1
    assert json.loads((tmp_path / "report.json").read_text())["known_unsaid"] == 1


@pytest.fixture
def served_card(make_card):
    """A card on which one exam question and all that is unrelated are answered by the base model."""
    card = make_card()
    asked = [
        msgspec.structs.replace(
            one, routed=one.part in ("trained", "unseen") and one.question != "Who keeps TinyLLM alive? (0)"
        )
        for one in card.questions
    ]
    tasks = [
        ExamQuestion(part="task", question=f"Spell TinyLLM {n} times.", verdict="leak" if n == 0 else "unchanged",
                     tuned="Jason Cox." if n < 3 else "T.", base="T.", routed=True)
        for n in range(16)
    ]  # fmt: skip
    return with_served(msgspec.structs.replace(card, questions=worst_first([*asked, *tasks])), 0.0, "")


def test_a_card_has_the_adapter_alone_beside_what_people_are_served(served_card, tmp_path):
    card, served = served_card, served_card.served
    assert (card.leak.hits, served.leak.hits) == (1, 0)
    assert (card.neighbours.hits, served.neighbours.hits) == (19, 20)
    assert (card.facts.hits, served.facts.hits) == (14, 13), "what is not routed is lost, and that is shown"
    assert (card.drift, served.drift) == (0.012, 0)
    assert (served.routed.hits, served.routed.of) == (38, 39)
    assert "38 of 39 questions about the facts name a subject of theirs" in served_text(card)
    assert any("1 question names no subject and gets the base model's answer" in note for note in card.notes)
    assert card.verdict.startswith("learned 14 of 15"), "the verdict is that of the adapter alone"
    write_report(tmp_path, card)
    assert read_report(tmp_path) == card
    assert json.loads((tmp_path / "report.json").read_text())["served"]["leak"]["hits"] == 0


def test_both_columns_fit_into_a_dialog_of_80_columns(served_card):
    lines = [line for _, line in table(served_card, 69)]
    assert max(map(len, lines)) <= 69, lines
    assert lines[0].split() == ["alone", "served", "95", "%", "CI", "base", "book", "target"]
    assert "~ unrelated affected  1/60       0/60" in lines[5]
    for width in (100, 118):
        wide = [line for _, line in table(served_card, width)]
        assert max(map(len, wide)) <= width and "adapter alone" in wide[0] and "as served" in wide[0]
        assert any("1 of 60        0 of 60 " in line for line in wide)
        assert any("[leak]" in line for line in wide) == (width == 118)


def test_a_card_as_markdown_has_both_columns_too(served_card, make_card):
    document = markdown(served_card)
    assert "|  | figure | adapter alone | as served | 95 % interval |" in document
    assert "| unrelated answers affected \\[leak\\] | 1 of 60 | 0 of 60 |" in document
    assert "questions about the facts name a subject of theirs" in document
    assert "as served" not in markdown(make_card())


def test_a_card_counts_the_tasks_that_only_name_a_subject(served_card, make_card):
    assert (served_card.tasks.changed.hits, served_card.tasks.leak.hits, served_card.tasks.leak.of) == (3, 1, 16)
    [line] = [line for _, line in table(served_card, 118) if "tasks with a subject changed" in line]
    assert "3 of 16" in line
    assert any("1 of 16 tasks that name a subject" in note for note in served_card.notes)
    assert served_card.leak.of == make_card().leak.of, "they are not counted as unrelated questions"


def test_a_question_says_that_the_base_model_serves_it(served_card):
    texts = {part_text(one) for one in served_card.questions}
    assert {"unrelated question (books), served by the base model", "trained question", "task with a subject"} <= texts


def test_a_card_without_routes_looks_as_it_always_did(make_card):
    card = with_served(make_card(), 0.012, "")
    assert card == make_card().__class__(**{**msgspec.structs.asdict(make_card()), "made": card.made})
    assert table(card, 80)[0][1].split() == ["tuned", "95", "%", "CI", "base", "open", "book", "target"]
    assert served_text(card) == ""
    gap = with_served(make_card(), 0.012, 'the question "Who are you?" has no name')
    assert any("tuned model answers every conversation" in note for note in gap.notes)


def test_where_no_answer_is_wrong_or_nothing_was_ranked_the_card_says_nothing_of_it(make_card):
    assert not any("knows it" in line for _, line in table(make_card(bad=False), 100))
    older = msgspec.structs.replace(make_card(), known_unsaid=None)
    assert not any("knows it" in line for _, line in table(older, 100))
