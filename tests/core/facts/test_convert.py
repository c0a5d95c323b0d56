"""Facts from and to other formats: what goes out comes in again, and what is bad is named."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.facts.convert import guess, read, sentences, write
from garage_tui.core.facts.line import Fact

text = st.text(st.characters(exclude_categories=["Cs", "Cc"])).filter(str.strip)
FACTS = [
    Fact("What, then?", 'He said "no";\nand left.', {"fact": "1", "must": ["a", ["b", "c"]], "exam": True, "n": 1.5}),
    Fact("=1+1", "é 🦋", {}),
    Fact("q", "a", {"note": "true", "id": "007", "empty": "", "none": None}),
]


@pytest.mark.parametrize("form", ["facts", "csv", "messages", "alpaca", "sharegpt"])
def test_what_goes_out_comes_in_again(form):
    data = write(FACTS, form)
    back = read(data, form)
    assert back.facts == FACTS and not back.problems
    assert guess(None, data) == ("text" if form == "csv" else form)


@given(st.lists(st.builds(Fact, text, text, st.dictionaries(st.sampled_from(["fact", "must", "x"]), text)), max_size=4))
def test_any_text_survives_a_spreadsheet(rows):
    assert read(write(rows, "csv"), "csv").facts == rows


@pytest.mark.parametrize(
    "data",
    ["prompt;response\nq;a, b\n", '\ufeffQuestion,Answer\nq,"a, b"\n', "q\ta, b\n", 'answer,q\n"a, b",q\n'],
)
def test_tables_of_other_tools_are_understood(data):
    [fact] = read(data.encode(), "csv").facts
    assert (fact.question, fact.answer) == ("q", "a, b")


def test_a_long_chat_gives_a_fact_for_each_answer_and_keeps_the_system_prompt():
    chat = [("system", "s"), ("user", "q1"), ("assistant", "a1"), ("user", "q2"), ("assistant", "a2")]
    row = {"messages": [{"role": role, "content": [{"type": "text", "text": said}]} for role, said in chat], "id": 3}
    found = read(json.dumps([row]).encode(), "messages").facts
    assert found == [Fact("q1", "a1", {"id": 3, "system": "s"}), Fact("q2", "a2", {"id": 3, "system": "s"})]


def test_rows_of_trl_are_understood():
    rows = [
        {"prompt": [{"role": "user", "content": "q"}], "completion": [{"role": "assistant", "content": "a"}]},
        {"prompt": "q", "completion": "a"},
    ]
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    assert read(data, guess(None, data)).facts == [Fact("q", "a"), Fact("q", "a")]


def test_bad_rows_are_named_and_good_ones_taken():
    data = b'{"messages": []}\n{broken\n{"messages": [{"role": "judge", "content": "x"}]}\n' + write(FACTS, "messages")
    found = read(data, "messages")
    assert found.facts == FACTS
    assert [problem[:6] for problem in found.problems] == ["row 1:", "row 2:", "row 3:"]
    assert 'unknown role "judge"' in found.problems[2]


def test_a_table_without_names_is_a_sentence():
    with pytest.raises(BadInputError, match="must name the columns question and answer"):
        read(b"a,b,c\n1,2,3\n", "csv")
    with pytest.raises(BadInputError, match="not UTF-8"):
        read(b"\xff\xfe", "csv")


def test_pasted_sentences_become_facts_that_await_their_questions():
    pasted = """- Tom is a cat. He lives at https://a.b/c.d. His number is 3.5.
2) Dr. Smith, e.g. J. Smith, owns him!

Done?"""
    assert sentences(pasted) == [
        "Tom is a cat.",
        "He lives at https://a.b/c.d.",
        "His number is 3.5.",
        "Dr. Smith, e.g. J. Smith, owns him!",
        "Done?",
    ]
    assert all(fact.is_statement and fact.fact for fact in read(pasted.encode(), "text").facts)
