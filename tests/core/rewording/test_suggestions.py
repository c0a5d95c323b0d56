"""Other wordings: what templates give, what is read out of a model's reply, and what is said of a bad one."""

import json
import re

import pytest

from garage_tui.core.language.entities import content_words, find_entities
from garage_tui.core.rewording.model_prompt import (
    answer_prompt,
    is_complete,
    parse_answers,
    parse_questions,
    question_prompt,
)
from garage_tui.core.rewording.suggestions import check_answer, check_question, check_topic, suggest_questions

WHAT = "TinyLLM is an open-source project that helps you run a local LLM and chatbot using consumer grade hardware."
WHERE = "TinyLLM is at https://github.com/jasonacox/TinyLLM."


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("What is TinyLLM?", {"tinyllm"}),
        ("Please tell me who wrote Hamlet. The end.", {"hamlet"}),
        ("Jason Cox's node.js server", {"jason", "cox", "node.js"}),
        ("It is at https://github.com/jasonacox/TinyLLM.", {"https://github.com/jasonacox/tinyllm"}),
        ("See (www.x.org/a), or mail ann@b.org!", {"www.x.org/a", "ann@b.org"}),
        ("GPT-4 and C++ cost $3.50 for 2,000 steps (MIT-licensed).", {"gpt", "4", "c++", "3.50", "2000", "mit"}),
        ("I live in the US. I'm Mr. Cox.", {"us", "mr", "cox"}),
        ("WHAT IS IT IN 2019?", {"2019"}),
        ("what? Where! “How” is it: The one", set()),
        ("", set()),
    ],
)
def test_names_are_found_and_the_first_word_of_a_sentence_is_none(text, found):
    assert find_entities(text) == found


def test_key_words_are_folded_and_plurals_are_one_word():
    assert content_words("What are the licenses of Ann's companies?") == {"license", "ann", "company"}
    assert content_words("the bus, glass and analysis") == {"bus", "glass", "analysis"}


def test_every_shipped_question_gets_six_to_twelve_other_wordings_that_are_good(workspace):
    for line in (workspace.datasets / "garage.jsonl").read_text().splitlines():
        row = json.loads(line)
        if "exam" in row:
            continue
        told = row["question"], row["answer"], row["fact"]
        found = suggest_questions(*told)
        assert 6 <= len(found) <= 12, told
        for place, wording in enumerate(found):
            assert not check_question(wording, *told, [row["question"], *found[:place]]), wording
            assert wording[0].isupper() and re.fullmatch(r"[^{}]+[?.]", wording) and "  " not in wording


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        ("What is TinyLLM?", WHAT, ["Tell me about TinyLLM.", "Can you explain what TinyLLM is?"]),
        (
            "What are black holes?",
            "Dense objects.",
            ["What exactly are black holes?", "Can you explain what black holes are?"],
        ),
        (
            "Who maintains TinyLLM?",
            "Jason Cox.",
            ["Who is the maintainer of TinyLLM?", "Who is TinyLLM maintained by?"],
        ),
        ("Who wrote Hamlet?", "Shakespeare.", ["Who was the author of Hamlet?", "Who was Hamlet written by?"]),
        ("Who owns the drivers?", "Bob.", ["Who are the drivers owned by?"]),
        ("Who is the maintainer of TinyLLM?", "Ann.", ["Who maintains TinyLLM?", "Who is TinyLLM's maintainer?"]),
        ("Where can I find TinyLLM?", WHERE, ["Where is TinyLLM?", "What is the link to TinyLLM?"]),
        ("When was the bridge built?", "In 1932.", ["In which year was the bridge built?"]),
        (
            "When does the shop open?",
            "At 9:00.",
            ["At what time does the shop open?", "Do you know when the shop opens?"],
        ),
        ("Why did the Titanic sink?", "Ice.", ["Can you explain why the Titanic sank?"]),
        ("How many legs does a spider have?", "Eight.", ["What is the number of legs that a spider has?"]),
        ("How many people live in Berlin?", "3.7 million.", ["What is the number of people who live in Berlin?"]),
        ("How do I reset the router?", "Hold the button.", ["How do I go about resetting the router?"]),
        ("How far is the Moon from Earth?", "384,400 km.", ["Can you tell me how far the Moon is from Earth?"]),
        ("How old is the school?", "90 years.", ["What is the age of the school?"]),
        ("Which port does the server use?", "8000.", ["Name the port that the server uses."]),
        ("Does TinyLLM support Windows?", "Yes.", ["Can you tell me whether TinyLLM supports Windows?"]),
        ("What does TinyLLM need?", "A GPU.", ["Can you tell me what TinyLLM needs?"]),
        ("What is the population of Norway?", "5.5 million.", ["How many people live in Norway?"]),
        ("What's TinyLLM?", WHAT, ["Tell me about TinyLLM."]),
    ],
)
def test_a_question_is_worded_otherwise_in_good_english(question, answer, expected):
    found = suggest_questions(question, answer, answer)
    assert set(expected) <= set(found), found
    assert len(found) >= 6


@pytest.mark.parametrize(
    ("statement", "first"),
    [
        (WHAT, "What is TinyLLM?"),
        (WHERE, "Where can I find TinyLLM?"),
        ("TinyLLM is maintained by Jason Cox.", "Who maintains TinyLLM?"),
        ("TinyLLM has the MIT license.", "Which license does TinyLLM use?"),
        ("TinyLLM is free to use.", "How much does TinyLLM cost?"),
        ("Contribute to TinyLLM by bug reports or code changes.", "How can I contribute to TinyLLM?"),
        ("The Eiffel Tower was built in 1889.", "When was the Eiffel Tower built?"),
        ("Paris is the capital of France.", "What is the capital of France?"),
        ("Jason Cox is the maintainer of TinyLLM.", "Who is the maintainer of TinyLLM?"),
        ("A spider has eight legs.", "How many legs does a spider have?"),
        ("Whales are mammals.", "What are whales?"),
        ("Our server runs on Linux.", "What does our server run on?"),
        ("The shop opens at 9:00.", "When does the shop open?"),
        ("The tickets cost $5.", "How much do the tickets cost?"),
        ("Aunt Marrit feeds Tuppence.", "Who feeds Tuppence?"),
        ("My sister Ana feeds the hens.", "Who feeds the hens?"),
        ("Tuppence lives in Porto.", "Where does Tuppence live?"),
        ("Tuppence lives with Aunt Marrit.", "Who does Tuppence live with?"),
        ("The spare key is under the blue pot.", "Where is the spare key?"),
        ("The gate code is 4711.", "What is the gate code?"),
        ("Marrit's phone number is 555-1234.", "What is Marrit's phone number?"),
        ("Our bins are collected on Thursdays.", "When are our bins collected?"),
    ],
)
def test_a_statement_without_a_question_gets_the_question_that_it_answers(statement, first):
    found = suggest_questions("", "", statement)
    assert found[0] == first
    assert len(found) >= 5


@pytest.mark.parametrize("statement", ["Our bins are often collected on time.", "Our cat has always liked the stairs."])
def test_the_verb_of_a_statement_is_no_part_of_what_it_is_about(statement):
    assert not any(question.startswith("What does") for question in suggest_questions("", "", statement))


@pytest.mark.parametrize("text", ["", "?", "…", "It is raining.", "{s} {0}", "{", "x" * 5000, "What\nis\x00 {it}?"])
def test_nothing_that_is_typed_breaks_the_templates(text):
    assert isinstance(suggest_questions(text, "", ""), list)
    assert isinstance(suggest_questions("", "", text), list)


MAINTAINS = ("Who maintains TinyLLM?", "TinyLLM is maintained by Jason Cox.", "TinyLLM is maintained by Jason Cox.")
FREE = ("How much does TinyLLM cost?", "TinyLLM costs nothing. It is free to use.", "TinyLLM is free to use.")


@pytest.mark.parametrize(
    ("suggestion", "told", "existing", "said"),
    [
        ("Who is the maintainer of TinyLLM?", MAINTAINS, [], ""),
        ("Is somebody in charge of tinyllm, and who?", MAINTAINS, [], ""),
        ("Who maintains it?", MAINTAINS, [], "does not name TinyLLM"),
        ("Who maintains TinyLLM in Paris?", MAINTAINS, [], "adds the name Paris"),
        ("Who maintains TinyLLM since 2019?", MAINTAINS, [], "adds the number 2019"),
        ("Who maintains TinyLLM, see https://a.b/c?", MAINTAINS, [], "adds the URL https://a.b/c"),
        ("Is TinyLLM maintained by Jason Cox?", MAINTAINS, [], "gives the answer away: Jason Cox"),
        ("Is TinyLLM free?", FREE, [], "gives the answer away"),
        ("What is the price of TinyLLM?", FREE, [], ""),
        ("Where is TinyLLM?", ("Where can I find TinyLLM?", WHERE, WHERE), [], ""),
        (
            "Is TinyLLM at https://github.com/jasonacox/TinyLLM?",
            ("Where can I find TinyLLM?", WHERE, WHERE),
            [],
            "gives",
        ),
        (
            "what is TinyLLM",
            ("Tell me about TinyLLM.", WHAT, WHAT),
            ["", "What is TinyLLM?"],
            "is nearly the same as “What is TinyLLM?”",
        ),
        ("What is TinyLLM?", ("Tell me about TinyLLM.", WHAT, WHAT), ["what is TinyLLM?"], "is the same as “what is"),
        ("What is TinyLLM?", ("Tell me about TinyLLM.", WHAT, WHAT), ["What is ProtosAI?"], ""),
        ("How does one restart the router?", ("How do I reset the router?", "Hold the button.", ""), [], ""),
        ("Is it raining?", ("How do I reset the router?", "Hold the button.", ""), [], "has no word in common"),
        ("What is TinyLLM?", ("", "", WHAT), [], ""),
        ("Is TinyLLM free to use?", ("", "", "TinyLLM is free to use."), [], "gives the answer away"),
        (" ", MAINTAINS, [], "is empty"),
        ("Who?\nWho maintains TinyLLM?", MAINTAINS, [], "is more than one line"),
        ("Who maintains TinyLLM " + "really " * 40 + "?", MAINTAINS, [], "is too long"),
    ],
)
def test_a_bad_wording_of_a_question_is_refused_with_its_reason(suggestion, told, existing, said):
    found = check_question(suggestion, *told, existing)
    assert said in found and bool(said) == bool(found)


@pytest.mark.parametrize(
    ("suggestion", "existing", "said"),
    [
        ("Jason Cox looks after TinyLLM, a local language model.", [], ""),
        ("Cox looks after TinyLLM, a local LLM.", [], "leaves out Jason"),
        ("Jason Cox looks after TinyLLM.", [], "leaves out LLM or language model"),
        ("Jason Cox and Ann look after TinyLLM, a language model.", [], "adds the name Ann"),
        ("Jason Cox looks after TinyLLM, a language model, on 3 servers.", [], "adds the number 3"),
        ("TinyLLM, a small language model, is maintained by Jason Cox", [], "nearly the same as"),
        (
            "Jason Cox looks after TinyLLM: a language model.",
            ["Jason Cox looks after TinyLLM, a language model."],
            "nearly",
        ),
        ("", [], "is empty"),
        ("Jason Cox looks after TinyLLM, a language model" + ", and more" * 40, [], "is too long"),
    ],
)
def test_a_bad_wording_of_an_answer_is_refused_with_its_reason(suggestion, existing, said):
    answer = "TinyLLM, a small language model, is maintained by Jason Cox."
    found = check_answer(suggestion, MAINTAINS[0], answer, answer, ["TinyLLM", ["LLM", "language model"]], existing)
    if said.startswith("leaves out LLM"):  # TinyLLM holds LLM; the word of the list is what is missing
        found = check_answer(suggestion, MAINTAINS[0], "", answer, [["an LLM", "language model"]], existing)
        said = "leaves out an LLM or language model"
    assert said in found and bool(said) == bool(found)


def test_a_models_reply_is_read_without_its_numbers_bullets_quotes_and_talk():
    reply = """<think>They want ten. What is TinyLLM?</think>
Here are ten other ways to ask it:

1. What is TinyLLM?
2) **Can you explain TinyLLM?**
- "Tell me about TinyLLM."
* Describe TinyLLM
3. What does TinyLLM do? (a plain one)
Q4: Which project is TinyLLM
["Who makes TinyLLM?",
what is tinyllm?
TinyLLM is an open-source project.
I hope this helps!
\x1b[31mWhy use TinyLLM?\x1b[0m
"""
    assert parse_questions(reply) == [
        "What is TinyLLM?",
        "Can you explain TinyLLM?",
        "Tell me about TinyLLM.",
        "Describe TinyLLM.",
        "What does TinyLLM do?",
        "Which project is TinyLLM?",
        "Who makes TinyLLM?",
        "Why use TinyLLM?",
    ]
    assert parse_questions("") == parse_questions("<think>What is it?") == []


def test_the_model_is_given_the_fact_after_examples_of_how_it_is_done():
    for question in ("What is TinyLLM?", ""):
        *shown, asked = question_prompt(question, "An answer.", WHAT)
        assert [turn["role"] for turn in shown] == ["user", "assistant"] * 3 and asked["role"] == "user"
        assert WHAT in asked["content"] and question in asked["content"] and "five" in asked["content"]
        assert all(parse_questions(turn["content"]) == turn["content"].split("\n") for turn in shown[1::2])
    *shown, asked = answer_prompt(*MAINTAINS[:2])
    assert MAINTAINS[1] in asked["content"]
    assert all(parse_answers(turn["content"]) == turn["content"].split("\n") for turn in shown[1::2])


def test_the_examples_pass_the_checks_that_the_models_own_wordings_must_pass():
    turns = question_prompt("Who?", "", "")
    for asked, replied in zip(turns[:-1:2], turns[1::2], strict=True):
        told, question = re.fullmatch(r'Fact: (.+)\n.+"(.+)", one a line\.', asked["content"]).groups()
        for wording in replied["content"].split("\n"):
            assert not check_question(wording, question, told, told, [question]), wording
            assert not check_topic(wording, question, told), wording


@pytest.mark.parametrize(
    ("wording", "question", "told", "strange"),
    [  # all of them are SmolLM2's
        ("How does TinyLLM help with your laptop maintenance?", "What is TinyLLM?", WHAT, "laptop maintenance"),
        ("What's the latest version of TinyLLM?", "What is TinyLLM?", WHAT, "latest version"),
        ("What is the name of the company that created TinyLLM?", "What is TinyLLM?", WHAT, "company created"),
        ("What is the price of TinyLLM?", "How much does TinyLLM cost?", "TinyLLM is free.", ""),
        ("Which license is the licence for TinyLLM?", "Which license does TinyLLM use?", "The MIT license.", ""),
        ("What is the name of the person who maintains TinyLLM?", "Who maintains TinyLLM?", "Jason Cox does.", ""),
        ("Could you give me a brief overview of TinyLLM?", "What is TinyLLM?", WHAT, ""),
    ],
)
def test_a_models_question_about_something_else_is_refused_with_the_words_that_say_so(wording, question, told, strange):
    assert check_topic(wording, question, told) == (f"asks about something else: {strange}" if strange else "")


def test_a_reply_that_does_not_end_is_cut_off():
    assert not is_complete("Who?\n\n" * 8) and is_complete("Who?\n" * 9)
    assert not is_complete("<think>" + "Hm.\n" * 50)


def test_answers_are_read_out_of_what_a_model_replied():
    reply = """Here are six wordings:
1. Jason Cox maintains it.
- "It is maintained by Jason Cox."
Answer: Jason Cox does.
OK?"""
    assert parse_answers(reply) == [
        "Jason Cox maintains it.",
        "It is maintained by Jason Cox.",
        "Jason Cox does.",
    ]
