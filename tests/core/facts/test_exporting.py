"""Facts in other formats: what goes out comes in again, and what came in goes out as it was."""

import csv
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.facts.exporting import write
from garage_tui.core.facts.formats.other_keys import STRUCTURE
from garage_tui.core.facts.importing import read
from garage_tui.core.facts.line import Fact, make_line

text = st.text(st.characters(exclude_categories=["Cs", "Cc"])).filter(str.strip)
value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(text, inner, max_size=2),
    max_leaves=4,
)
names = st.sampled_from([*sorted(STRUCTURE - {"history", "other_keys"}), "fact", "must", "exam", "x", "id", "Answer"])
PICTURE = re.compile("<|!|data:")
FORMS = ["facts", "csv", "messages", "alpaca", "sharegpt"]
OURS = ("fact", "must", "exam")
FACTS = [
    Fact("What, then?", 'He said "no";\nand left.', {"fact": "1", "must": ["a", ["b", "c"]], "exam": True, "n": 1.5}),
    Fact("=1+1", "é 🦋", {}),
    Fact("q", "a", {"note": "true", "id": "007", "empty": "", "none": None, "quoted": '"x"', "list": ["a", 1]}),
]


def with_values(keys):
    """Return keys without those of ours that have no value."""
    return {key: one for key, one in keys.items() if one is not None or key.strip().casefold() not in OURS}


@pytest.mark.parametrize("form", FORMS)
def test_what_goes_out_comes_in_again(form):
    data = write(FACTS, form)
    back = read(data, form=form)
    assert back.facts == FACTS and not back.problems
    assert read(data).facts == FACTS, "its format is detected"


@pytest.mark.parametrize("form", FORMS)
def test_no_row_of_ours_is_left_out_when_it_comes_back_whatever_its_other_keys_say(form):
    marks = [
        *({"label": "negative"}, {"good": False}, {"rating": 1}, {"rating": 5}, {"Rating ": "2/5"}, {"bad": True}),
        *({"image": "a.png"}, {"audio": ["a.wav"]}, {"tool_calls": [1]}, {"correct": False}, {"score": -1}),
        *({"label": False}, {"vote": "👎", "n": 1}, {"rejected": True}),
    ]
    rows = [Fact(f"q{number}", "a", {"fact": "f", **extra}) for number, extra in enumerate(marks)]
    for again in (read(write(rows, form)), read(write(rows, form), form=form)):
        assert again.facts == rows and not again.problems
    if form != "facts":
        bare = [Fact(f"q{number}", "a", extra) for number, extra in enumerate(marks)]
        assert read(write(bare, form)).facts == bare


@pytest.mark.parametrize("form", FORMS)
def test_facts_about_html_come_back(form):
    rows = [
        Fact("What does <img> do?", "The <img> tag shows a picture, as <video> shows a film.", {}),
        Fact("<audio> is what?", "<image> is no tag, and <audio> is one.", {}),
        Fact("Which tag is for films?", "It is <video>", {}),
    ]
    again = read(write(rows, form))
    assert again.facts == rows and not again.problems


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=40)
@given(
    rows=st.lists(
        st.builds(
            Fact,
            text,
            text,
            st.dictionaries(names.filter(lambda key: key not in ("question", "answer")), value, max_size=4).map(
                with_values
            ),
        ),
        max_size=3,
        unique_by=lambda row: row.question,
    )
)
def test_any_keys_of_a_row_survive_another_format(form, rows):
    rows = [
        row
        for row in rows
        if (row.question, row.answer) != ("question", "answer") and not PICTURE.search(row.question + row.answer)
    ]
    data = write(rows, form)
    if not rows:
        return
    back = read(data, form=form)
    assert not back.problems
    assert [_sorted(row) for row in back.facts] == [_sorted(row) for row in rows]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("key", ["note", "fact", "must", "system", "other_keys", "a\0b"])
@pytest.mark.parametrize("odd", ["a\0b", ["a\0b"], "\0"])
def test_a_nul_beside_question_and_answer_comes_in_again(form, key, odd):
    facts = [Fact("q", "a", {key: odd}), Fact("r", "b")]
    data = write(facts, form)
    assert b"\0" not in data
    assert read(data, form=form).facts == facts


@pytest.mark.parametrize("row", [Fact("Who\0?", "a\0"), Fact("Who\0?", "\0a")])
def test_a_row_that_a_csv_file_cannot_hold_is_named(row):
    why = r'the row "Who.*" contains the control character NUL, which no CSV file can hold: take it out, or export'
    with pytest.raises(BadInputError, match=why):
        write([Fact("q", "a"), row], "csv")
    assert read(write([row], "messages")).facts == [row]


def _sorted(row: Fact) -> str:
    return json.dumps([row.question, row.answer, row.extra], sort_keys=True)


FOREIGN = {
    "messages": lambda q, a: {"messages": [{"role": "user", "content": q}, {"role": "assistant", "content": a}]},
    "sharegpt": lambda q, a: {"conversations": [{"from": "human", "value": q}, {"from": "gpt", "value": a}]},
    "alpaca": lambda q, a: {"instruction": q, "input": "", "output": a},
    "facts": lambda q, a: {"question": q, "answer": a},
}


@pytest.mark.parametrize("form", FOREIGN)
@settings(max_examples=60)
@given(question=text, answer=text, others=st.dictionaries(names, value, max_size=4).map(with_values))
def test_a_row_that_came_in_goes_out_as_it_was(form, question, answer, others):
    own = FOREIGN[form](question, answer)
    row = {**{key: one for key, one in others.items() if key != "context"}, **own}
    if PICTURE.search(question + answer) or others.get("rejected") in (True, "true"):
        return  # such a row is left out, by name
    found = read((json.dumps(row) + "\n").encode(), form=form)
    [fact] = found.facts
    assert (fact.question, fact.answer) == (question, answer)
    assert json.loads(make_line(fact).raw)["question"] == question, "no other key wins in the facts file"
    assert json.loads(make_line(fact).raw)["answer"] == answer
    assert json.loads(write([fact], form)) == row


def test_a_table_keeps_its_columns():
    table = 'question,answer,prompt,note\nWho?,Rex,"p, q",00123\nWhat?,Oslo,,1e5\n'
    back = write(read(table.encode(), "a.csv").facts, "csv").decode()
    assert list(csv.DictReader(back.splitlines())) == list(csv.DictReader(table.splitlines()))


@pytest.mark.parametrize("stale", ["instruction", "output", "messages", "prompt", "completion", "conversations"])
@pytest.mark.parametrize("form", FORMS)
def test_a_stale_key_of_a_facts_row_wins_over_nothing(form, stale):
    old = [{"role": "user", "content": "old?"}] if stale in ("messages", "conversations") else "old"
    fact = Fact("new?", "new", {stale: old})
    data = write([fact], form)
    if form != "csv":
        row = json.loads(data)
        own = {
            "facts": ["new?", "new"],
            "alpaca": [row.get("instruction"), row.get("output")],
            "messages": [turn["content"] for turn in row.get("messages", ())] if form == "messages" else [],
            "sharegpt": [turn["value"] for turn in row.get("conversations", ())] if form == "sharegpt" else [],
        }[form]
        assert own == ["new?", "new"]
    assert read(data).facts == [fact]


def test_the_input_of_an_instruction_comes_back_as_it_was():
    rows = [{"instruction": "Add", "input": more, "output": "3"} for more in ("1 and 2", [1, 2], {"a": 1, "b": 2})]
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    found = read(data)
    assert [fact.question for fact in found.facts] == ["Add\n\n1 and 2", "Add\n\n1\n2", "Add\n\na: 1\nb: 2"]
    assert write(found.facts, "alpaca") == data
    edited = Fact("Add up 1 and 2", "3", found.facts[0].extra)
    assert json.loads(write([edited], "alpaca"))["instruction"] == "Add up 1 and 2", "an edited question goes out whole"


def test_what_stands_beside_a_message_comes_back():
    turns = [{"role": "user", "content": "Who?", "name": "Bo"}, {"role": "assistant", "content": "Rex", "id": 7}]
    data = (json.dumps({"messages": turns}) + "\n").encode()
    [fact] = read(data).facts
    assert write([fact], "messages") == data
    changed = json.loads(write([Fact("Who?", "Tom", fact.extra)], "messages"))
    assert changed["messages"][1] == {"role": "assistant", "content": "Tom"}, "stale messages never win"
