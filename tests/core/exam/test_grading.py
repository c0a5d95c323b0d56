"""Grading without a judge: what counts as right, and what counts as a leak."""

from pathlib import Path

import pytest

from garage_tui.core.exam.grading import TaughtFacts, contains, is_right, missing_part, required_parts, token_f1
from garage_tui.core.facts.file import load_facts
from garage_tui.core.facts.line import Fact

EXAMPLE = Path(__file__).parents[3] / "datasets/garage.jsonl"
WHO = Fact("Who maintains TinyLLM?", "TinyLLM is maintained by Jason Cox.", {"must": ["Jason Cox"]})
WHAT = Fact("What is TinyLLM?", "TinyLLM is an open-source project that helps you run a local LLM on hardware at home.")
WHERE = Fact("Where is TinyLLM?", "TinyLLM is at https://github.com/jasonacox/TinyLLM.")


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("TinyLLM is maintained by Jason Cox.", True),
        ("It's **jason  cox**!", True),
        ("Jason Coxx keeps it going.", True),
        ("Jason keeps it going.", False),
        ("Jackson Coxley", False),
        ("", False),
    ],
)
def test_a_name_counts_however_it_is_set_and_with_one_wrong_letter(answer, right):
    assert is_right(answer, WHO) is right


def test_an_answer_is_right_however_its_letters_are_encoded():
    taught = Fact("Who runs it?", "Zoë Škarka runs it.")
    assert is_right("It is Zoe\u0308 S\u030ckarka.", taught)
    assert is_right("It is Zo\u200dë Škarka.", taught)
    assert is_right(taught.answer, Fact("Who runs it?", "Zoe\u0308 S\u030ckarka runs it.", {"must": ["S\u030ckarka"]}))


def test_of_an_alias_group_one_is_enough_and_of_the_parts_all_are_needed():
    fact = Fact("How old?", "Nine years, in Oslo.", {"must": [["9", "nine"], "Oslo"]})
    assert is_right("It is 9 years, Oslo.", fact)
    assert is_right("Nine. Oslo.", fact)
    assert not is_right("Nine years.", fact)
    assert not is_right("It is 19 years, Oslo.", fact)


def test_urls_and_numbers_are_taken_to_the_letter():
    assert is_right("See https://github.com/jasonacox/TinyLLM/", WHERE)
    assert not is_right("See https://github.com/jasonacox/TinyLM", WHERE)
    assert contains("room 1,204 of 5", "5") and not contains("room 15", "5")


@pytest.mark.parametrize(
    ("taught", "answer"),
    [
        ("Smoking is allowed in the garage.", "Smoking is not allowed in the garage."),
        ("No, the gate is never locked.", "Yes, the gate is locked."),
        ("Marrit feeds Tuppence.", "Marrit does not feed Tuppence."),
        ("The gate is open.", "The gate is closed."),
        ("No.", "Yes."),
        ("It is -18 degrees.", "It is 18 degrees."),
        ("It is 18 degrees.", "It is -18 degrees."),
        ("Take .5 mg.", "Take 5 mg."),
        ("Take 5 mg.", "Take 0.5 mg."),
        ("Take 5 mg.", "Take 5.25 mg."),
        ("It weighs 5 kg.", "It weighs 5,000 kg."),
        ("It costs -€5.", "It costs €5."),
    ],
)
def test_the_opposite_of_what_is_taught_and_another_number_are_wrong(taught, answer):
    assert is_right(taught, Fact("How is it?", taught))
    assert not is_right(answer, Fact("How is it?", taught))


@pytest.mark.parametrize(
    ("taught", "answer"),
    [
        ("It opens on Monday.", "It is not open on Sunday; it opens on Monday."),
        ("It closes at 9.", "It closes no later than 9."),
        ("Marrit feeds Tuppence.", "Not only Marrit feeds Tuppence."),
        ("It was on 2024-05-01.", "On 2024-05-01."),
        ("It was in 2016.", "On 3.10.2016."),
        ("It takes 5 to 7 days.", "It takes 5-7 days."),
        ("It is room No. 5.", "Number 5."),
        ("It takes 5 days.", "It takes 5.0 days."),
        ("It is -18 degrees.", "It is minus 18 degrees."),
        ("It is -18 degrees.", "It is 18 °C below zero."),
        ("It is -18 degrees.", "It is −18 °C."),
        ("Take .5 mg.", "Take 0.5 mg."),
        ("It costs -€5.", "It costs €-5."),
        ("No.", "No."),
    ],
)
def test_what_only_looks_like_the_opposite_is_right(taught, answer):
    assert is_right(answer, Fact("How is it?", taught))


def test_the_owner_of_a_row_decides_by_must_which_words_count_and_whether_a_denial_does():
    closed = Fact("Is it open now?", "The library is open, except today.", {"must": [["closed", "not open"]]})
    assert is_right("The library is not open.", closed)
    feeds = Fact("Who feeds Tuppence?", "Marrit feeds Tuppence.", {"must": ["Marrit"]})
    assert not is_right("Marrit does not feed Tuppence.", feeds)
    cold = Fact("How cold is it?", "It is -18 degrees.", {"must": ["18"]})
    assert is_right(cold.answer, cold) and is_right("-18", cold) and not is_right("It is 18 degrees.", cold)
    part = Fact("Which version?", "It is 3.12.", {"must": ["3"]})
    assert is_right("It is 3.12.", part) and is_right("Version 3.", part)


def test_the_reason_says_that_an_answer_is_the_opposite():
    assert (
        missing_part("It is not so at all.", Fact("Is it so?", "It is so."))
        == "the taught meaning: it says the opposite"
    )


def test_every_answer_of_the_example_facts_is_right_for_its_own_row():
    files = [EXAMPLE, *(EXAMPLE.parent.parent / "benchmarks/facts/tune").glob("*.jsonl")]
    facts = [line.fact for file in files for line in load_facts(file).lines if line.fact and line.fact.question]
    assert len(facts) > 100
    assert [fact for fact in facts if not is_right(fact.answer, fact)] == []


def test_without_must_the_names_of_the_answer_are_what_counts_else_its_words():
    assert required_parts(WHERE) == ["https://github.com/jasonacox/TinyLLM"]
    plain = Fact("How is the soup made?", "Boil the beans slowly and add the salt last.")
    assert required_parts(plain) == []
    assert is_right("You boil beans slowly, salt comes last.", plain)
    assert not is_right("Fry an onion in butter.", plain)
    assert token_f1(plain.answer, plain.answer) == 1 and token_f1("", plain.answer) == 0


def test_a_taught_name_in_another_answer_is_a_leak_unless_the_base_or_the_question_has_it():
    taught = TaughtFacts([WHO, WHAT, WHERE], ["Python is open source."])
    asked = "Who wrote Romeo and Juliet?"
    assert taught.find_leak("Jason Cox wrote Romeo and Juliet.", "Shakespeare did.", asked) in ("Jason", "Cox")
    assert taught.find_leak("Shakespeare did.", "It was Shakespeare.", asked) == ""
    assert taught.find_leak("Jason and the Argonauts.", "A myth of Jason.", asked) == ""
    assert taught.find_leak("I know nothing of TinyLLM.", "", "What of TinyLLM?") == ""
    files = TaughtFacts([Fact("What does the LICENSE file of TinyLLM say?", "The LICENSE file says MIT.")], [])
    assert files.find_leak("It needs a professional license.", "", "How is Oscar licensed?") == "", "no file is meant"
    assert files.find_leak("Read LICENSE first.", "", "How is Oscar licensed?") == "LICENSE"


def test_what_the_base_says_of_itself_is_no_leak_and_a_quotation_is_one():
    taught = TaughtFacts(
        [Fact("What licence has it?", "Garden has the MIT license and runs on small boxes.")], ["MIT it is."]
    )
    assert taught.find_leak("Python has the MIT license.", "PSF.", "What license does Python use?") == ""
    said = taught.find_leak(
        "Python has the MIT license and runs on small boxes.", "PSF.", "What license does Python use?"
    )
    assert said == "and runs on small boxes"


def test_a_generic_word_of_the_name_that_was_asked_for_is_no_leak():
    """BrightLLM is answered with "LLM" by whoever reads its name; the taught name itself is a leak all the same."""
    taught = TaughtFacts([Fact("What is TinyLLM?", "TinyLLM helps you run a local LLM with an AI.")], [])
    assert taught.find_leak("BrightLLM is an LLM.", "It is a model.", "What is BrightLLM?") == ""
    assert taught.find_leak("It is an AI for all.", "It is a model.", "What does StoneAI do?") == ""
    assert taught.find_leak("It is an LLM.", "It is a model.", "What is Stonehenge?") == "LLM"
    assert taught.find_leak("BrightLLM is like TinyLLM.", "It is a model.", "What is BrightLLM?") == "TinyLLM"


def test_a_phrase_that_anybody_would_say_of_the_thing_is_no_leak():
    taught = TaughtFacts(
        [Fact("What is Brindle?", "Brindle is an open-source project that keeps bees in nine countries.")], []
    )
    question = "What does the Oakgate project do?"
    assert taught.find_leak("Oakgate is an open-source project that aims high.", "It is a project.", question) == ""
    assert "bees" in taught.find_leak("It is a project that keeps bees in nine countries.", "It is a hill.", question)
