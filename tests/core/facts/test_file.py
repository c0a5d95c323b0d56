"""Facts files: what is loaded, what is said about mistakes, and that saving loses nothing."""

import json

import pytest

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.facts.coverage import Coverage
from garage_tui.core.facts.file import check_trainable, load_facts
from garage_tui.core.facts.line import edit_line
from garage_tui.core.facts.training_file import read_training_file


def written(tmp_path, data):
    path = tmp_path / "facts.jsonl"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def test_the_shipped_facts_are_sound_and_say_what_the_story_says(workspace):
    file = load_facts(workspace.datasets / "garage.jsonl")
    assert file.problems == []
    told = " ".join(fact.answer for fact in file.facts)
    for subject in ("TinyLLM", "ProtosAI"):
        assert f"https://github.com/jasonacox/{subject}" in told
        answers = {fact.answer for fact in file.facts if subject in fact.question}
        assert len(answers) > 8, "answers vary"
    assert "maintained by Jason Cox" in told and "MIT license" in told and "consumer grade hardware" in told
    by_fact = {}
    for fact in file.facts:
        by_fact.setdefault(fact.fact, []).append(fact.question)
    assert all(len(questions) >= 2 for questions in by_fact.values()), "several questions for each fact"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"question": "a"}', 'the key "answer" is missing'),
        ('{"question": 1, "answer": "b"}', '"question" is not text'),
        ('{"question": " ", "answer": "b"}', '"question" is empty'),
        (
            '{"question": "a", "answer": "b"',
            "not JSON at column 32 (it ends in the middle of a value; a } or a ] may be",
        ),
        ('{"question": "a", "answer":', "it ends in the middle of a value"),
        ('{"question": "a" "answer": "b"}', "a comma is missing"),
        ('["a", "b"]', "not an object; a line looks like"),
        ('{"question": "", "answer": "b"}', '"question" is empty: write one, or delete the line'),
        ('{"Question": "a", "answer": "b"}', 'the key "question" is missing: rename "Question"'),
        ('{"prompt": "a", "response": "b"}', "this is another format, and `garage facts import FILE` reads it"),
        ('{"messages": []}', "`garage facts import FILE` leaves this row out (no question with an answer)"),
        ('{"question": "a \\d", "answer": "b"}', "write a \\ as"),
        ('{"question": "a", "answer": "b"} {}', "text follows the object; give it a line of its own"),
        ('{"question": "\\ud800", "answer": "b"}', "half a character"),
        (b'{"question": "\xff", "answer": "b"}', "not UTF-8"),
        ("[" * 100_000, "not JSON"),
        ('{"question": "' + "x" * 1_100_000 + '", "answer": "b"}', "1.1 MB in one line"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_good_rows_still_load(tmp_path, line, said):
    good = b'{"question": "q", "answer": "a"}\n'
    bad = line if isinstance(line, bytes) else line.encode()
    path = written(tmp_path, good + bad + b"\n" + good)
    file = load_facts(path)
    assert file.errors[0].line == 2
    assert said in file.errors[0].text
    assert len(file.facts) == 2
    with pytest.raises(BadInputError, match=r"facts\.jsonl:2: "):
        read_training_file(path)


@pytest.mark.parametrize("data", ['[{"question": "q", "answer": "a"}]\n', '[\n {"question": "q",\n "answer": "a"}]\n'])
def test_a_file_that_is_one_json_list_is_sent_to_import(tmp_path, data):
    assert "`garage facts import FILE` reads it" in load_facts(written(tmp_path, data.encode())).errors[0].text


def test_repeated_and_contradicting_questions_are_warned_about(tmp_path):
    rows = [("Who?", "Ann"), ("who? ", "Ann"), ("Who?", "Bob")]
    path = written(tmp_path, "".join(json.dumps({"question": q, "answer": a}) + "\n" for q, a in rows))
    file = load_facts(path)
    assert [problem.error for problem in file.problems] == [False, False]
    assert "the same question and answer as line 1" in file.problems[0].text
    assert "another answer" in file.problems[1].text


def test_an_exam_question_that_is_nearly_taught_is_named(tmp_path):
    rows = [
        {"question": "What is TinyLLM?", "answer": "A project."},
        {"question": "Who maintains TinyLLM?", "answer": "Jason Cox."},
        {"question": "What is TinyLLM", "answer": "A project.", "exam": True},
        {"question": "Who maintains ProtosAI?", "answer": "Jason Cox.", "exam": True},
    ]
    file = load_facts(written(tmp_path, "".join(json.dumps(row) + "\n" for row in rows)))
    [problem] = file.problems
    assert problem.line == 3 and "near duplicate of line 1" in problem.text


def test_one_question_with_two_answers_is_no_problem_where_they_say_one_fact(tmp_path):
    rows = [{"question": "Who?", "answer": answer, "fact": "Ann"} for answer in ("Ann.", "It is Ann.")]
    path = written(tmp_path, "".join(json.dumps(row) + "\n" for row in rows))
    file = load_facts(path)
    assert file.problems == []
    assert Coverage(file.lines).warnings == 0


def test_a_question_that_is_taught_and_asked_in_the_exam_is_named_whatever_its_answers(tmp_path):
    rows = [{"question": "Who?", "answer": "Ann.", "fact": "Ann"}, {"question": "who?", "answer": "It is Ann."}]
    rows[1] |= {"fact": "Ann", "exam": True}
    [problem] = load_facts(written(tmp_path, "".join(json.dumps(row) + "\n" for row in rows))).problems
    assert problem.line == 2 and "taught and also an exam question" in problem.text


def test_saving_what_was_loaded_changes_no_byte_even_of_bad_lines(tmp_path):
    rows = [
        '\ufeff{"answer":"a",  "question":"q","x":[1,2]}\r',
        "",
        "{broken",
        '{"question": "é", "answer": "b", "must": ["b"]}',
    ]
    data = "\n".join([*rows, ""])
    path = written(tmp_path, data)
    load_facts(path).save()
    assert path.read_bytes() == data.encode()


def test_editing_one_row_leaves_its_other_keys_and_keeps_the_last_version(tmp_path):
    old = '{"id": 7, "answer": "a", "question": "q", "must": ["a"]}\n{"question": "r", "answer": "s"}\n'
    path = written(tmp_path, old)
    file = load_facts(path)
    file.lines[0] = edit_line(file.lines[0], {"question": "q?", "answer": "A"})
    file.save()
    first, second = path.read_text().splitlines()
    assert list(json.loads(first).items()) == [("id", 7), ("answer", "A"), ("question", "q?"), ("must", ["a"])]
    assert second == old.splitlines()[1]
    assert (tmp_path / "facts.jsonl.bak").read_text() == old


def test_exam_questions_are_not_trained_on(tmp_path):
    path = written(tmp_path, '{"question": "q", "answer": "a", "exam": true}\n')
    with pytest.raises(BadInputError, match="no row to train on"):
        read_training_file(path)


def test_a_missing_file_is_a_sentence(tmp_path):
    with pytest.raises(BadInputError, match="no file "):
        load_facts(tmp_path / "nothing.jsonl")
    with pytest.raises(BadInputError, match="is not a file"):
        load_facts(tmp_path)


def test_the_check_that_is_offered_can_be_pasted_into_a_shell(tmp_path):
    path = tmp_path / "my facts.jsonl"
    path.write_text("{\n[\n")
    with pytest.raises(BadInputError, match=r"garage facts check '.*/my facts\.jsonl'`"):
        check_trainable(load_facts(path))
