"""Facts that are told come into the file once, are checked against it, and nothing that others wrote is lost."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.workspace import journals_folder
from garage_tui.core.facts.coverage import Coverage
from garage_tui.core.facts.file import load_facts
from garage_tui.core.facts.journal import find_leftovers
from garage_tui.core.facts.line import Fact
from garage_tui.core.facts.store import FactsStore
from garage_tui.core.school.fact_input import read_fact
from garage_tui.core.school.remember import facts_file, remember
from garage_tui.core.settings.settings import Settings, load_settings

FEEDS = {"question": "Who feeds Tuppence?", "answer": "Aunt Marrit feeds Tuppence."}
EXAM = {"question": "Which animal is Rex?", "answer": "Rex is a dog.", "exam": True}


@pytest.fixture
def file(tmp_path):
    return tmp_path / "datasets" / "family.jsonl"


@pytest.fixture
def tell(file):
    """Tells a fact by the command's door."""

    def tell_(text="", question="", answer="", *, replace=False):
        return remember(file, read_fact(text, question, answer), "command", replace=replace)

    return tell_


def write(file, *rows):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def rows(file):
    """Return the rows without where they came from and when."""
    found = [json.loads(line) for line in file.read_text().splitlines()]
    return [{key: value for key, value in row.items() if key not in ("source", "added")} for row in found]


# Adding


def test_a_sentence_gets_the_question_that_a_template_makes(file, tell):
    done = tell("Aunt Marrit feeds Tuppence.")
    assert (done.outcome, done.lines, done.questions) == ("added", (1,), ("Who feeds Tuppence?",))
    assert done.sentence == (
        "Added to family.jsonl, line 1: “Who feeds Tuppence?” → “Aunt Marrit feeds Tuppence.”"
    )  # fmt: skip
    assert rows(file) == [{**FEEDS, "fact": "Aunt Marrit feeds Tuppence."}]


def test_a_row_says_where_it_came_from_and_when(file, tell):
    tell("Who is Rex? A dog.")
    row = json.loads(file.read_text())
    assert row["source"] == "command"
    assert timedelta() <= datetime.now(UTC) - datetime.fromisoformat(row["added"]) < timedelta(minutes=1)
    assert row["added"].endswith("+00:00")


def test_a_sentence_that_no_template_fits_waits_for_its_question_and_takes_it_later(file, tell):
    done = tell("We meet at the Red Lion at eight.")
    assert done.outcome == "added" and done.questions == ()
    assert "no question asks for it, so no run teaches it: tell it once more as a question" in done.sentence
    assert rows(file) == [{"fact": "We meet at the Red Lion at eight."}]
    assert "no question asks for it" in tell("we meet at the red lion at eight").sentence
    done = tell("When do we meet? / We meet at the Red Lion at eight.")
    assert (done.outcome, done.lines, done.lacks) == ("added", (1,), "")
    sentence = "We meet at the Red Lion at eight."
    assert rows(file) == [{"fact": sentence, "question": "When do we meet?", "answer": sentence}]


def test_a_question_that_asks_for_everything_about_a_thing_is_not_taught_with_one_fact_about_it(file, tell):
    assert tell("Our bins are green.").questions == ()


def test_another_question_for_a_fact_is_one_more_row_of_it(file, tell):
    write(file, FEEDS)
    assert tell("Whose job is it to feed Tuppence? / Aunt Marrit feeds Tuppence.").outcome == "added"
    coverage = Coverage(load_facts(file).lines)
    assert (coverage.rows, coverage.facts) == (2, 1)


@pytest.mark.parametrize(
    "text",
    [
        "Aunt Marrit feeds Tuppence.",
        "aunt  marrit feeds tuppence",
        "Who feeds Tuppence? Aunt Marrit.",
        "who feeds tuppence? / aunt marrit feeds tuppence",
    ],
)
def test_what_is_there_is_not_written_again(file, tell, text):
    write(file, FEEDS)
    before = file.read_bytes()
    done = tell(text)
    assert (done.outcome, done.lines, done.answer) == ("already there", (1,), FEEDS["answer"])
    assert file.read_bytes() == before


def test_every_other_byte_of_the_file_stays_and_so_does_the_version_from_before_the_session(file, tell):
    file.parent.mkdir()
    before = b'{"answer" : "A dog.",  "question": "Who is Rex?", "mine": 1.50}\r\n\r\n{"broken\r\n'
    file.write_bytes(before)
    backup = file.with_name(file.name + ".bak")
    backup.write_text("from before the session")
    done = tell("Who is Tom? A cat.")
    assert file.read_bytes().startswith(before) and file.read_bytes().count(b"\n") == 4
    assert backup.read_text() == "from before the session"
    assert done.unreadable == (3,) and "Line 3 of" in done.warning and "garage facts check" in done.warning


# Contradictions


@pytest.mark.parametrize(
    "text",
    [
        "Uncle Bo feeds Tuppence.",
        "Who feeds Tuppence? Uncle Bo.",
        "who  feeds TUPPENCE? / Nobody",
        "Please tell me: who feeds Tuppence? / Uncle Bo.",
        "Who is feeding Tuppence? / Uncle Bo.",
    ],
)
def test_what_contradicts_a_row_is_not_written(file, tell, text):
    write(
        file, {"question": "Who is Tom?", "answer": "A cat."}, FEEDS, {**FEEDS, "question": "Who is feeding Tuppence?"}
    )
    before = file.read_bytes()
    done = tell(text)
    assert done.outcome == "contradicts" and not done.is_written and done.lines == ()
    assert "says “Aunt Marrit feeds Tuppence.”" in done.sentence
    assert {one.line for one in done.contradictions} <= {2, 3}
    assert file.read_bytes() == before


@pytest.mark.parametrize("question", ["Who runs the Cafe\u0301 Zoe\u0308?", "Who runs the Ca\u200dfé Zoë?"])
def test_a_question_is_the_same_however_its_letters_are_encoded(file, tell, question):
    write(file, {"question": "Who runs the Café Zoë?", "answer": "Bo runs it."})
    assert tell(question=question, answer="Marrit runs it.").outcome == "contradicts"


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("It is 5 degrees.", "It is -5 degrees."),
        ("He may come.", "He may not come."),
        ("Porto", "Porto Alegre"),
        ("4711", "4712"),
        ("C", "C++"),
        ("5", "5 %"),
        ("The password is tuppence7.", "The password is Tuppence7."),
        ("It needs 5 mW.", "It needs 5 MW."),
        ("Take .5 mg.", "Take 5 mg."),
        (".env", "env"),
        ("It opens.", "It opens in."),
    ],
)
def test_an_answer_that_says_more_or_less_is_another_one(file, tell, before, now):
    write(file, {"question": "What is it?", "answer": before})
    assert tell(question="What is it?", answer=now).outcome == "contradicts"


def test_rows_that_the_file_calls_one_fact_may_be_worded_otherwise(file, tell):
    write(file, {"question": "Who is Rex?", "answer": "A dog.", "fact": "Rex is our dog."})
    assert tell("Who is Rex? / Rex is our dog.").outcome == "already there"


def test_replacing_changes_every_row_of_the_old_fact_in_its_place(file, tell):
    fed = {"question": "Which person gives Tuppence her food?", "answer": FEEDS["answer"], "exam": True, "mine": 1}
    tom = {"question": "Who is Tom?", "answer": "A cat."}
    write(file, {**FEEDS, "must": ["Marrit"]}, tom, fed)
    done = tell("Uncle Bo feeds Tuppence.", replace=True)
    assert (done.outcome, done.lines, done.changed, done.removed) == ("replaced", (1, 3), 2, 0)
    new = "Uncle Bo feeds Tuppence."
    assert rows(file) == [{**FEEDS, "answer": new}, tom, {**fed, "answer": new}]
    assert "before: “Aunt Marrit feeds Tuppence.”" in done.sentence
    assert file.with_name(file.name + ".bak").exists()


def test_replacing_removes_a_question_that_takes_the_old_answer_for_granted(file, tell):
    write(file, FEEDS, {**FEEDS, "question": "What does Aunt Marrit feed?"})
    done = tell("Uncle Bo feeds Tuppence.", replace=True)
    assert (done.changed, done.removed) == (1, 1)
    assert [row["question"] for row in rows(file)] == ["Who feeds Tuppence?"]


@pytest.mark.parametrize(
    ("name", "now"),
    [("tuppence-food", "tuppence-food"), ("Aunt Marrit feeds Tuppence.", "Uncle Bo feeds Tuppence.")],
)
def test_replacing_keeps_the_name_of_a_fact_unless_it_says_how_it_was(file, tell, name, now):
    write(file, {**FEEDS, "fact": name})
    tell("Who feeds Tuppence? / Uncle Bo feeds Tuppence.", replace=True)
    tell("Whose job is it to feed Tuppence? / Uncle Bo feeds Tuppence.")
    assert [row["fact"] for row in rows(file)] == [now, now]
    assert Coverage(load_facts(file).lines).facts == 1


def test_replacing_leaves_other_facts_alone_that_have_the_same_mere_name(file, tell):
    age = {"question": "How old is Tuppence?", "answer": "Tuppence is nine.", "fact": "Tuppence"}
    colour = {"question": "What colour is Tuppence?", "answer": "Grey.", "fact": "Tuppence"}
    walks = {"question": "Who walks Tuppence?", "answer": "Aunt Marrit walks Tuppence.", "fact": "Tuppence"}
    aunt = {"question": "Who is Marrit?", "answer": "Marrit lives next door to Tuppence.", "fact": "Tuppence"}
    feeds = {**FEEDS, "fact": "Tuppence"}
    asks = {**feeds, "question": "Whom does Aunt Marrit feed?", "answer": "Aunt Marrit feeds Tuppence, the dog."}
    again = {**feeds, "question": "Which person feeds Tuppence?", "answer": "Aunt Marrit.", "exam": True}
    write(file, age, feeds, colour, walks, aunt, again)
    done = tell("Who feeds Tuppence? / Bo feeds Tuppence.", replace=True)
    assert (done.changed, done.removed) == (2, 0)
    new = "Bo feeds Tuppence."
    assert rows(file) == [age, {**feeds, "answer": new}, colour, walks, aunt, {**again, "answer": new}]
    write(file, age, feeds, asks)
    assert tell("Who feeds Tuppence? / Bo feeds Tuppence.", replace=True).removed == 1


def test_replacing_changes_every_wording_of_a_fact_whose_name_says_it(file, tell):
    name = "Aunt Marrit feeds Tuppence."
    other = {"question": "Whose job is her dinner?", "answer": "That is the aunt's, every day.", "fact": name}
    write(file, {**FEEDS, "fact": name}, other)
    tell("Who feeds Tuppence? / Bo feeds Tuppence.", replace=True)
    assert {row["answer"] for row in rows(file)} == {row["fact"] for row in rows(file)} == {"Bo feeds Tuppence."}


@pytest.mark.parametrize(
    ("question", "other", "answer", "now"),
    [
        ("Who is Bo?", "Who is Ann?", "A pilot.", "A baker."),
        ("Is Tom free?", "Is Rex big?", "Yes.", "No."),
        ("What colour is the gate?", "What colour is the shed?", "Green.", "Red."),
        ("When is Alpha open?", "When is Beta open?", "It is open from Monday to Friday.", "Never, it burned down."),
    ],
)
def test_replacing_leaves_other_facts_alone_that_have_the_same_answer(file, tell, question, other, answer, now):
    write(file, {"question": question, "answer": answer}, {"question": other, "answer": answer})
    done = tell(question=question, answer=now, replace=True)
    assert (done.changed, done.removed) == (1, 0)
    assert [row["answer"] for row in rows(file)] == [now, answer]


@pytest.mark.parametrize(
    ("there", "asked"),
    [
        ("Who feeds Tuppence?", "Who feeds Tuppence, the dog of Pinder Lodge?"),
        ("Who feeds Tuppence, the dog of Pinder Lodge?", "Who feeds Tuppence?"),
        ("Who feeds Tuppence?", "Who feeds our old dog Tuppence?"),
    ],
)
def test_who_describes_the_subject_besides_asks_the_same(file, tell, there, asked):
    write(file, {"question": there, "answer": "Aunt Marrit feeds Tuppence."})
    assert tell(question=asked, answer="Pia feeds Tuppence.").outcome == "contradicts"
    assert tell(question=asked, answer="Aunt Marrit.").outcome == "added"
    done = tell(question=asked, answer="Pia feeds Tuppence.", replace=True)
    assert done.outcome == "replaced"
    assert {row["answer"] for row in rows(file)} == {"Pia feeds Tuppence."}


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("The password is tuppence7.", "The password is Tuppence7."),
        ("Take .5 mg.", "Take 5 mg."),
        ("The owner is jason cox.", "The owner is Jason Cox."),
        ("It is allowed.", "It is not allowed."),
    ],
)
def test_replacing_corrects_a_capital_or_a_sign_too(file, tell, before, now):
    write(file, {"question": "What is it, allowed or not allowed?", "answer": before})
    assert tell(question="What is it, allowed or not allowed?", answer=now, replace=True).outcome == "replaced"
    assert [row["answer"] for row in rows(file)] == [now]
    assert tell(question="what is it, allowed or not allowed?", answer=now, replace=True).outcome == "already there"


def test_replacing_where_nothing_contradicts_is_adding(file, tell):
    assert tell("Uncle Bo feeds Tuppence.", replace=True).outcome == "added"


def test_after_replacing_nothing_contradicts(file, tell):
    write(file, FEEDS)
    tell("Uncle Bo feeds Tuppence.", replace=True)
    assert tell("Uncle Bo feeds Tuppence.").outcome == "already there"
    assert not load_facts(file).problems


# The exam


def test_the_wording_of_an_exam_question_is_not_taught(file, tell):
    write(file, {"question": "Who is Rex?", "answer": EXAM["answer"]}, EXAM)
    with pytest.raises(BadInputError, match="line 2 is an exam question that asks this, “Which animal is Rex"):
        tell("Which animal is Rex? / Rex is a dog.")
    assert len(rows(file)) == 2


def test_a_fact_that_contradicts_the_exam_is_asked_about(file, tell):
    write(file, {"question": "Who is Rex?", "answer": EXAM["answer"]}, EXAM)
    assert tell("Which animal is Rex? / Rex is a wolf.").contradictions[0].line == 2
    tell("Which animal is Rex? / Rex is a wolf.", replace=True)
    assert [row["answer"] for row in rows(file)] == ["Rex is a wolf."] * 2


def test_a_fact_that_only_the_exam_asks_for_cannot_be_replaced(file, tell):
    write(file, EXAM)
    before = file.read_bytes()
    with pytest.raises(BadInputError, match="only the exam asks this, on line 1"):
        tell("Which animal is Rex? / Rex is a wolf.", replace=True)
    assert file.read_bytes() == before


def test_a_template_that_makes_an_exam_question_is_not_used(file, tell):
    write(file, {**FEEDS, "exam": True})
    done = tell("Aunt Marrit feeds Tuppence.")
    assert (done.outcome, done.questions) == ("added", ())


# Files that cannot be


@pytest.mark.parametrize(
    "data", [b"<html></html>\n", b"\x00\x01\x02", b"question,answer\nWho?,Me\n", b'[{"question": "a", "answer": "b"}]']
)
def test_a_file_that_has_no_facts_is_left_alone(file, tell, data):
    file.parent.mkdir()
    file.write_bytes(data)
    with pytest.raises(BadInputError, match="is no facts file"):
        tell("Rex barks.")
    assert file.read_bytes() == data


def test_a_folder_is_no_file(file, tell):
    file.mkdir(parents=True)
    with pytest.raises(GarageError):
        tell("Rex barks.")


def test_a_file_that_cannot_be_written_says_that_nothing_was_added(file, tell):
    write(file, FEEDS)
    before = file.read_bytes()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, limit[1]))
    try:
        with pytest.raises(GarageError, match=r"family.jsonl cannot be saved: .*nothing was added") as error:
            tell("Rex barks.")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert "\n" not in str(error.value)
    assert file.read_bytes() == before
    assert find_leftovers(journals_folder(), file) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_read_only_says_that_nothing_was_added(file, tell):
    write(file, FEEDS)
    file.parent.chmod(0o500)
    try:
        with pytest.raises(GarageError, match=r"Permission denied.*nothing was added"):
            tell("Rex barks.")
    finally:
        file.parent.chmod(0o700)


# At once


TELL = """
import sys
from pathlib import Path
from garage_tui.core.school.fact_input import read_fact
from garage_tui.core.school.remember import remember
file, name = Path(sys.argv[1]), sys.argv[2]
for number in range(15):
    print(remember(file, read_fact(f"What is in box {number}{name}? / Number {number}."), "api").outcome)
print(remember(file, read_fact(f"Who feeds Tuppence? / {name}."), "api").outcome)
"""


def test_two_processes_that_tell_at_once_lose_nothing_and_do_not_contradict_each_other(file):
    write(file, {"question": "Who is Tom?", "answer": "A cat."})
    command = [sys.executable, "-c", TELL, str(file)]
    both = [subprocess.Popen([*command, name], stdout=subprocess.PIPE, text=True) for name in ("a", "b")]
    outcomes = [process.communicate(timeout=120)[0].split() for process in both]
    assert [found[:-1] for found in outcomes] == [["added"] * 15] * 2
    assert sorted(found[-1] for found in outcomes) == ["added", "contradicts"]
    questions = [row["question"] for row in rows(file)]
    assert len(questions) == len(set(questions)) == 32
    assert not load_facts(file).problems


def test_what_the_open_app_has_not_saved_is_merged_with_what_is_told(file, tell):
    write(file, FEEDS, {"question": "Who is Tom?", "answer": "A cat."})
    app = FactsStore(file, journals_folder())
    app.edit(app.document.lines[1], {"answer": "A grey cat."}, "editing a row")
    app.insert(2, [Fact("Who is Ann?", "A pilot.")], "adding a row")
    tell("Who is Rex? A dog.")
    change = app.save()
    assert change is not None and not change.clashes
    app.accept(change)
    assert app.save() is None
    app.close()
    assert {row["question"]: row["answer"] for row in rows(file)} == {
        FEEDS["question"]: FEEDS["answer"],
        "Who is Tom?": "A grey cat.",
        "Who is Ann?": "A pilot.",
        "Who is Rex?": "A dog.",
    }


# Which file


def test_facts_go_to_the_file_that_the_app_opens(workspace):
    assert facts_file(workspace, Settings()) == workspace.datasets / "garage.jsonl"
    (workspace.datasets / "garage.jsonl").unlink()
    assert facts_file(workspace, Settings()) == workspace.datasets / "garage.jsonl"
    (workspace.datasets / "family.jsonl").write_text("")
    assert facts_file(workspace, Settings()) == workspace.datasets / "family.jsonl"


def test_a_setting_names_another_file(workspace):
    workspace.settings_file.write_text('[school]\nfacts = "datasets/family.jsonl"\n')
    assert facts_file(workspace, load_settings(workspace)) == workspace.datasets / "family.jsonl"


@pytest.mark.parametrize("path", ["/etc/x.jsonl", "~/x.jsonl", "../x.jsonl", "datasets/../../x.jsonl", "notes.txt"])
def test_a_setting_cannot_name_a_file_outside_of_the_workspace(workspace, path):
    workspace.settings_file.write_text(f'[school]\nfacts = "{path}"\n')
    with pytest.raises(BadInputError, match=r"a path in the workspace that ends with \.jsonl"):
        load_settings(workspace)
