"""`garage remember`: a fact that is told at the shell, and the sentence and exit code that it gets."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.support.commands import garage

FEEDS = {"question": "Who feeds Tuppence?", "answer": "Aunt Marrit feeds Tuppence."}


@pytest.fixture
def file(workspace):
    """The facts file of the workspace, with one fact."""
    file = workspace.datasets / "garage.jsonl"
    file.write_text(json.dumps(FEEDS) + "\n")
    return file


def rows(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_sentence_is_added_and_said_to_be(call, file):
    code, out, err = call("remember", "Tuppence is a grey cat.")
    assert (code, err) == (0, "")
    assert out == "Added to garage.jsonl, line 2: “What is Tuppence?” → “Tuppence is a grey cat.”\n"
    assert rows(file)[1]["source"] == "command"


def test_words_need_no_quotes_and_a_question_may_have_options(call, file):
    assert call("remember", "Tuppence", "is", "a", "cat.")[0] == 0
    assert call("remember", "-q", "Who is Rex?", "-a", "A dog.")[0] == 0
    assert call("remember", "-q", "Who is Tom?", "A", "tiger.")[0] == 0
    assert [row["answer"] for row in rows(file)[1:]] == ["Tuppence is a cat.", "A dog.", "A tiger."]


def test_what_is_there_already_is_no_failure(call, file):
    code, out, _ = call("remember", "aunt marrit feeds tuppence")
    assert (code, len(rows(file))) == (0, 1)
    assert out.startswith("Already there: garage.jsonl, line 1 says “Who feeds Tuppence?”")


def test_a_contradiction_is_asked_about_and_replaced_only_if_somebody_says_so(call, file):
    code, out, err = call("remember", "Uncle Bo feeds Tuppence.")
    assert (code, out, rows(file)) == (2, "", [FEEDS])
    assert err == (
        "garage: Nothing was written: in garage.jsonl, line 1 says “Aunt Marrit feeds Tuppence.” to “Who feeds "
        "Tuppence?”; --replace puts the new answer in its place\n"
    )
    code, out, err = call("remember", "Uncle Bo feeds Tuppence.", "--replace")
    assert (code, err) == (0, "") and out.startswith("Replaced in garage.jsonl, line 1: ")
    assert [row["answer"] for row in rows(file)] == ["Uncle Bo feeds Tuppence."]


def test_json_says_what_happened(call, file):
    code, out, _ = call("remember", "Uncle Bo feeds Tuppence.", "--json")
    found = json.loads(out)
    assert (code, found["outcome"], found["lines"]) == (2, "contradicts", [])
    assert found["contradictions"] == [{"line": 1, **FEEDS}]
    code, out, _ = call("remember", "We meet at the Red Lion.", "--json")
    found = json.loads(out)
    assert (code, found["outcome"], found["lines"], found["questions"]) == (0, "added", [2], [])
    assert "no question asks for it" in found["lacks"]


def test_a_fact_comes_from_standard_input(workspace, file):
    done = garage(workspace, "remember", "-", input="Who is Rex?\nA dog.\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert rows(file)[1]["question"] == "Who is Rex?"


def test_another_file_is_made_where_it_is_named(call, workspace, tmp_path):
    other = tmp_path / "new" / "family.jsonl"
    assert call("remember", "Rex is a dog.", "--file", other)[0] == 0
    assert rows(other)[0]["answer"] == "Rex is a dog."


def test_the_setting_says_which_file(call, workspace):
    workspace.settings_file.write_text('[school]\nfacts = "datasets/family.jsonl"\n')
    assert call("remember", "Rex is a dog.")[0] == 0
    assert rows(workspace.datasets / "family.jsonl")[0]["answer"] == "Rex is a dog."


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "there is no fact"),
        ([""], "there is no fact"),
        (["Who is Rex?"], "without an answer"),
        (["-q", "Who is Rex?"], "the answer is missing"),
        (["-a", "A dog."], "the question is missing"),
        (["Rex is a dog.", "-q", "Who is Rex?", "-a", "A dog."], "not both"),
        (["Rex is \x1b[31ma dog."], "control characters"),
        (["Rex is a dog. Tom is a cat."], "2 sentences"),
        (["word " * 5000], "no single fact"),
        (["Rex \udcff is a dog."], "half a character"),
    ],
)
def test_what_is_no_fact_gets_one_sentence_and_changes_nothing(call, file, words, says):
    code, out, err = call("remember", *words)
    assert (code, out, rows(file)) == (2, "", [FEEDS])
    assert says in err and err.count("\n") == 1


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"", b"Rex is a dog. " * 20_000])
def test_standard_input_that_is_no_fact_gets_one_sentence(workspace, file, data):
    command = [sys.executable, "-m", "garage_tui", "--workspace", str(workspace.root), "remember", "-"]
    done = subprocess.run(command, input=data, capture_output=True)
    assert (done.returncode, done.stdout, rows(file)) == (2, b"", [FEEDS])
    assert done.stderr.startswith(b"garage: ") and done.stderr.count(b"\n") == 1


def test_a_full_disk_says_that_nothing_was_added(workspace, file):
    command = f'ulimit -f 0; exec "{sys.executable}" -m garage_tui --workspace "$0" remember Rex is a dog.'
    done = subprocess.run(["bash", "-c", command, str(workspace.root)], capture_output=True, text=True)
    assert (done.returncode, rows(file)) == (1, [FEEDS])
    assert "garage.jsonl cannot be saved" in done.stderr and "nothing was added" in done.stderr


def test_a_broken_line_of_the_file_is_kept_and_named(call, file):
    with file.open("a") as opened:
        opened.write("{broken\n")
    code, out, err = call("remember", "Rex is a dog.")
    assert code == 0 and out.startswith("Added to")
    assert err.startswith("Line 2 of") and "cannot be read" in err
    assert file.read_text().splitlines()[1] == "{broken"


def test_a_file_that_is_no_facts_file_is_left_alone(call, file):
    file.write_bytes(os.urandom(100))
    before = file.read_bytes()
    code, _, err = call("remember", "Rex is a dog.")
    assert code == 2 and "is no facts file" in err and file.read_bytes() == before
