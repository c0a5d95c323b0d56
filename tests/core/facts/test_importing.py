"""What other programs wrote becomes facts, or is refused with what it is and where; nothing is guessed or dropped."""

import gzip
import json
import math
import sqlite3
import zipfile

import pytest

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.facts.formats.read_row import Columns, UnknownColumnsError
from garage_tui.core.facts.importing import read
from garage_tui.core.facts.line import Fact, make_line


def pairs(data, *args, **kwargs):
    found = read(data if isinstance(data, bytes) else data.encode(), *args, **kwargs)
    return [(fact.question, fact.answer) for fact in found.facts]


def problems(data, *args, **kwargs):
    found = read(data if isinstance(data, bytes) else data.encode(), *args, **kwargs)
    return found.problems


def chat(*turns, **others):
    roles = {"s": "system", "u": "user", "a": "assistant"}
    return json.dumps({"messages": [{"role": roles[who], "content": text} for who, text in turns], **others})


ROW = '{"instruction": "Who runs it?", "output": "Ottoline."}'
PRETTY = json.dumps(json.loads(ROW), indent=2)


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (f"[{ROW}]", 1),
        (f"[\n{ROW},\n{ROW}\n]\n", 2),
        (PRETTY, 1),
        (f"{PRETTY}\n{PRETTY}\n\n{ROW}", 3),
        (ROW + ROW, 2),
        (f"{ROW} {ROW}\n{ROW}\r\n", 3),
        (f"[{ROW}]\n[{ROW}]", 2),
        (f'{{"version": "1", "data": [{ROW}, {ROW}]}}', 2),
        ("\ufeff" + ROW, 1),
        (f"[{ROW}]".encode("utf-16"), 1),
        (ROW.encode("utf-32"), 1),
    ],
)
def test_json_with_one_reading_is_read(data, rows):
    assert pairs(data) == [("Who runs it?", "Ottoline.")] * rows


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (f"[\n {ROW},\n]", "line 2, column 56: not JSON (a comma before ]"),
        ('{"instruction": "Who?", "output": "O.",}', "line 1, column 39: not JSON (a comma before }"),
        (f"{PRETTY}\n{PRETTY[:-2]},\n}}", "line 7, column 24: not JSON (a comma before }"),
        (f"[\n{ROW}, // the boss\n{ROW}]", "line 2, column 57: not JSON (a comment"),
        (f"// facts\n[{ROW}]", "line 1, column 1: not JSON (a comment"),
        (f"# facts\n{ROW}\n", "line 1, column 1: not JSON (a comment"),
        (f"[\n{ROW}\n{ROW}\n]", "line 3, column 1: not JSON (a comma is missing"),
        (f"[{ROW}", "the file ends in the middle of a value"),
        (PRETTY[:-1], "the file ends in the middle of a value"),
        ("{'instruction': 'Who?', 'output': 'O.'}", "line 1, column 2: not JSON (a text in 'single quotes'"),
        ('{“instruction”: "Who?"}', "a curly quote “"),
        ('[{"instruction": "Who?", "output": None}]', "column 36: not JSON (None, which JSON writes as null"),
        ('[{instruction: "Who?", output: "O."}]', "line 1, column 3"),
        ('{"a": ' * 5000 + "1", "nested too deeply"),
    ],
)
def test_what_begins_like_json_and_is_not_is_an_error_with_line_and_column(data, why):
    for name in ("", "rows.json", "rows.txt", "rows.jsonl"):
        with pytest.raises(BadInputError) as error:
            read(data.encode(), name)
        assert why in str(error.value)


def test_a_line_that_is_not_json_is_named_and_the_others_are_taken():
    found = read(f"{ROW}\n{ROW[:-1]},}}\n\n{ROW}".encode())
    assert len(found.facts) == 2
    assert found.problems == ["row 2: not JSON at column 54 (a comma before }; take it out)"]
    assert problems(f"{ROW},\n{ROW}") == ["row 1: not JSON at column 55 (a comma after the object; take it out)"]


def test_a_key_that_stands_twice_is_named():
    assert problems('{"question": "q", "answer": "a", "answer": "b"}') == [
        'row 1: the key "answer" appears twice, with different values'
    ]


def _zip(path, *names):
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "x" * 100)
    return path.read_bytes()


def _sqlite(path):
    with sqlite3.connect(path) as base:
        base.execute("create table facts (question, answer)")
    return path.read_bytes()


def _safetensors(_path):
    import torch
    from safetensors.torch import save

    return save({"a": torch.zeros(2)})


BINARIES = {
    "a zip archive": lambda path: _zip(path, "a.json"),
    "a spreadsheet": lambda path: _zip(path, "[Content_Types].xml", "xl/workbook.xml"),
    "a document": lambda path: _zip(path, "[Content_Types].xml", "word/document.xml"),
    "gzip": lambda _: gzip.compress(ROW.encode()),
    "a PDF": lambda _: b"%PDF-1.7\n%\xe2\xe3\n1 0 obj",
    "PNG": lambda _: b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "JPEG": lambda _: b"\xff\xd8\xff\xe0\0\x10JFIF",
    "SQLite": _sqlite,
    "safetensors": _safetensors,
    "GGUF": lambda _: b"GGUF\x03\0\0\0",
    "UTF-16 text without a byte order mark": lambda _: ROW.encode("utf-16-le"),
    "binary data": lambda _: bytes(range(256)) * 4,
}


@pytest.mark.parametrize("kind", BINARIES)
def test_binaries_are_refused_with_what_they_seem_to_be(kind, tmp_path):
    data = BINARIES[kind](tmp_path / "file")
    for name, form in (("", None), ("facts.jsonl", None), ("facts.csv", "csv"), ("facts.txt", "text")):
        with pytest.raises(BadInputError, match=kind):
            read(data, name, form)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("<!DOCTYPE html>\n<html><body><p>Rex is a dog. Tom is a cat.</p></body></html>", "HTML"),
        ('<?xml version="1.0"?>\n<facts><fact>Rex is a dog.</fact></facts>', "XML"),
        ("<div>\n  <p>Rex is a dog.</p>\n</div>", "markup"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "git lfs pull"),
        ("name: garage\nsteps:\n  - run: make\n  - run: make test\n", "YAML"),
        ("- question: Who is Rex?\n  answer: A dog.\n- question: Who is Tom?\n  answer: A cat.\n", "YAML"),
        ("- Q: Who is Rex?\n  A: A dog.\n- Q: Who is Tom?\n  A: A cat.\n", "YAML"),
        ('{"cells": [{"cell_type": "markdown", "source": ["Rex is a dog."]}], "nbformat": 4}', "Jupyter notebook"),
        ("---\nquestion: Who is Rex?\nanswer: A dog.\n", "YAML"),
        ('# ours\n[heat]\nmax_temp_c = 80\n\n[chat]\nserver = "http://box"\n', "TOML or INI"),
        ("[[servers]]\nname = 'a'\n", "TOML or INI"),
        ("HOME=/root\nSHELL=/bin/sh\n", "settings"),
        ('"""Facts of the garage."""\n\nimport json\n\nprint(json.dumps([]))\n', ""),
        ("import os\nfrom pathlib import Path\n\n\ndef main():\n    print('Hello there.')\n", "Python"),
        ("#!/bin/sh\necho Rex is a dog.\n", "script"),
        ("{\\rtf1\\ansi Rex is a dog.}", "RTF"),
        ("const facts = [];\nfunction add(q, a) {\n  facts.push([q, a]);\n}\n", "program"),
        ("| question | answer |\n|---|---|\n| Who? | Rex |\n", "Markdown table"),
        ("# Pets\n\nRex is a dog.\n\n| question | answer |\n|:--|--:|\n| Who? | Rex |\n", "Markdown table"),
        ("question | answer\n--- | ---\nWho? | Rex\n", "Markdown table"),
        ('Our pets:\n\n```json\n{"question": "Who?", "answer": "Rex"}\n```\n', "Markdown with a block of code"),
        ("<<<<<<< HEAD\nRex is a dog.\n=======\nRex is a cat.\n>>>>>>> theirs\n", "merge conflict"),
        ('msgid "Who is Rex?"\nmsgstr "Wer ist Rex?"\n', "translations"),
        ("<|im_start|>user\nWho is Rex?<|im_end|>\n<|im_start|>assistant\nA dog.<|im_end|>\n", "one model's template"),
        ("<s>[INST] Who is Rex? [/INST] A dog. </s>\n", "one model's template"),
        ("<bos><start_of_turn>user\nWho is Rex?<end_of_turn>\n", "one model's template"),
        ("### Instruction:\nWho is Rex?\n\n### Response:\nA dog.\n", "one model's template"),
        ("#separator:tab\n#html:true\nWho is Rex?\tA <b>dog</b>.\n", "cards exported from Anki"),
        ("BEGIN:VCALENDAR\nVERSION:2.0\nEND:VCALENDAR\n", "calendar"),
        (
            "Frage: Wer ist Rex?\nAntwort: Ein Hund.\nFrage: Wer ist Tom?\nAntwort: Eine Katze.\n",
            '"Frage:", "Antwort:"',
        ),
        ("Jo: Who has the key?\nBo: I have it.\nJo: Thank you.\nBo: Not at all.\n", '"Jo:", "Bo:"'),
        ("1. Who is Rex?\n   A dog.\n2. Who is Tom?\n   A big cat.\n", "write Q: before each question"),
        ("404: Not Found", ""),
        ("TODO\nbuy milk\ncall Bo\n", ""),
        ("2026-01-01 12:00:01 INFO server started\n2026-01-01 12:00:02 INFO ready\n", ""),
    ],
)
def test_text_that_is_no_facts_is_refused_with_what_it_seems_to_be(text, kind):
    with pytest.raises(BadInputError) as error:
        read(text.encode())
    assert kind in str(error.value)
    if not kind:
        assert "--as text takes each line as a fact" in str(error.value)
    assert read(text.encode(), form="text").facts, "text is taken where it was asked for"


@pytest.mark.parametrize(
    "text",
    [
        "- question: Who is Rex?\n  answer: A dog.\n",
        "- question: Who is Rex?\n  answer: >\n    A big\n    dog.\n",
        "- Rex is a dog.\n- Tom is a cat.\n",
    ],
)
def test_a_file_whose_name_says_yaml_is_never_taken_for_sentences(text):
    with pytest.raises(BadInputError, match="YAML: convert it to JSON lines or CSV"):
        read(text.encode(), "facts.yml")


def test_a_list_of_mappings_is_seen_to_be_yaml_whatever_its_name():
    with pytest.raises(BadInputError, match="YAML"):
        read(b"- question: Who is Rex?\n  answer: A dog.\n")


def test_chatgpts_own_export_is_named_and_no_column_is_offered_that_holds_no_text():
    with pytest.raises(BadInputError, match="ChatGPT's export of all chats") as error:
        read(b'[{"title": "Pets", "mapping": {"a": {"message": null}}}]', "conversations.json")
    assert "--question" not in str(error.value)


def test_an_object_of_questions_and_answers_is_read():
    found = read(b'{"Who is Rex?": "A dog.", "Who is Tom?": "A cat."}', "pets.json")
    assert [(fact.question, fact.answer) for fact in found.facts] == [
        ("Who is Rex?", "A dog."),
        ("Who is Tom?", "A cat."),
    ]


def test_a_written_dialogue_is_read_as_a_chat_with_its_follow_ups():
    text = "User: Who is Rex?\nAssistant: A dog.\nHe barks.\nUser: And the cat?\nAssistant: That is Tom.\n"
    found = read(text.encode())
    assert [(fact.question, fact.answer) for fact in found.facts] == [("Who is Rex?", "A dog.\nHe barks.")]
    assert 'the question "And the cat?" needs the turns before it' in found.problems[0]


def test_a_question_among_sentences_is_named_and_is_no_fact():
    found = read(b"Rex is a dog. Tom is a cat.\nIs he done?\nBo is a bird.\n")
    assert [fact.answer for fact in found.facts] == ["Rex is a dog.", "Tom is a cat.", "Bo is a bird."]
    assert found.problems == ['line 2: a question without an answer ("Is he done?")']


def test_cells_of_a_drawn_table_have_no_spaces_around_them():
    found = read(b"question | answer\nWho is Rex? | A dog.\n")
    assert [(fact.question, fact.answer) for fact in found.facts] == [("Who is Rex?", "A dog.")]


def test_a_cell_may_hold_code_and_a_table_of_its_own():
    found = read(b'question,answer\n"How?","Like this:\n```\nmake\n```\na | b\n--- | ---\n"\n')
    assert found.facts[0].answer.startswith("Like this:\n```")


@pytest.mark.parametrize("data", [b"", b"\n \n", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_an_empty_file_is_said_to_be_empty(data):
    with pytest.raises(BadInputError, match="the file is empty"):
        read(data, "notes.csv")


def test_text_that_is_not_utf_8_is_named_with_its_line():
    with pytest.raises(BadInputError, match="line 2: byte 26 is not UTF-8; save the file as UTF-8"):
        read("question;answer\nWer ist M\xfcller?;Er\n".encode("latin-1"), "a.csv")


def test_sentences_become_facts_that_await_their_questions():
    text = """- Tom is a cat. He lives at https://a.b/c.d. His number is 3.5.
2) Dr. Smith, e.g. J. Smith, owns him!

The shed behind the house by the river belongs to the
old captain, who sails."""
    found = read(text.encode())
    assert [fact.answer for fact in found.facts] == [
        "Tom is a cat.",
        "He lives at https://a.b/c.d.",
        "His number is 3.5.",
        "Dr. Smith, e.g. J. Smith, owns him!",
        "The shed behind the house by the river belongs to the old captain, who sails.",
    ]
    assert all(fact.is_statement and fact.fact for fact in found.facts)


def test_what_is_no_sentence_among_sentences_is_named():
    found = read(b"# Pets\nRex is a dog.\nTom likes fish\nBo eats.\nBo is old.\n===\nx = 1\n")
    assert [fact.answer for fact in found.facts] == ["Rex is a dog.", "Tom likes fish", "Bo eats.", "Bo is old."]
    assert found.problems == ['line 1: not a sentence ("# Pets")', 'line 7: not a sentence ("x = 1")']


def test_questions_and_answers_with_labels_are_pairs():
    found = read(b"Q: Who is Rex?\nA: A dog.\nHe barks.\n\nQ: Who is Tom?\n\nQ: Who is Bo?\nA: A cat.\n")
    assert [(fact.question, fact.answer) for fact in found.facts] == [
        ("Who is Rex?", "A dog.\nHe barks."),
        ("Who is Bo?", "A cat."),
    ]
    assert found.problems == ['row 2 (line 5): "answer" is empty']


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Q: Who wrote it?\nA: It was written by\nA. Smith in 1990.\n", "It was written by\nA. Smith in 1990."),
        ("Q: Who wrote it?\nA: Three people:\na) Ann\nb) Bo\nQ) Cy\n", "Three people:\na) Ann\nb) Bo\nQ) Cy"),
        ("Question 1: Who wrote it?\nAnswer 1: It was by\nUser. Smith.\n", "It was by\nUser. Smith."),
        ("Q. Who wrote it?\nA. It was written by\nA. Smith in 1990.\n", "It was written by\nA. Smith in 1990."),
        ("Q1. Who wrote it?\nA1. It was written by\nA. Smith.\n", "It was written by\nA. Smith."),
        ("Q1) Who wrote it?\nA1) It was A. Smith.\n", "It was A. Smith."),
        ("Q) Who wrote it?\nA) It was A. Smith.\n", "It was A. Smith."),
        ("Q1. Who wrote it?\nA. It was A. Smith.\n", "It was A. Smith."),
        ("Q: Who wrote it?\nA: It was A. Smith.\nA: Or Bo.\n", "It was A. Smith.\nOr Bo."),
        ("**Q:** Who wrote it?\n**A:** It was A. Smith.\n", "It was A. Smith."),
    ],
)
def test_a_line_that_begins_with_a_letter_as_labels_do_is_text_unless_the_labels_are_written_so(text, answer):
    assert pairs(f"{text}\nQ: Who?\nA: Rex.\n") == [("Who wrote it?", answer), ("Who?", "Rex.")]


@pytest.mark.parametrize(
    "text",
    [
        "Q: What is the capital?\nA) Paris\nB) London\nAnswer: A\n",
        "Q: What is the capital?\n(a) Paris\n(b) London\nA: Paris\n",
        "Q: What is the capital?\nA. Paris\nB. London\nA: A\n",
        "Q: What is the capital?\nA: Paris\nB: London\nAnswer: A\n",
        "Q) What is the capital?\nA) Paris\nB) London\nAnswer: A\n",
        "Q. What is the capital?\nA. Paris\nB. London\n",
        "Question 1: What is the capital?\nA. Paris\nB. London\nAnswer 1: A\n",
    ],
)
def test_a_question_with_answers_to_choose_from_is_named_and_ends_no_other(text):
    text = f"{text}\nQ: Who?\nA: Rex.\n"
    assert pairs(text) == [("Who?", "Rex.")]
    [problem] = problems(text)
    assert problem == 'row 1: it has several answers to choose from; write the right one, in full, after "A:"'


# Which key is the question


@pytest.mark.parametrize(
    ("row", "pair"),
    [
        ({"prompt": "q", "response": "a"}, ("q", "a")),
        ({"prompt": "q", "completion": "a", "answer": "stale"}, ("q", "a")),
        ({"question": "q", "answer": "a", "response": "stale", "output": "x", "instruction": "x y"}, None),
        ({"question": "q", "answer": "a", "response": "stale", "prompt_id": 4}, ("q", "a")),
        ({"instruction": "q", "context": "c", "response": "a", "category": "x"}, ("q\n\nc", "a")),
        ({"instruction": "q", "input": "", "output": "a", "text": "x"}, ("q", "a")),
        ({"input": "q", "output": "a"}, ("q", "a")),
        ({"question": "q", "response": "a", "system_prompt": "s"}, ("q", "a")),
        ({"Question": "q", "ANSWER ": "a"}, ("q", "a")),
        ({"question": "q", "context": "c", "answers": {"text": ["a", "a"], "answer_start": [1, 1]}}, ("q\n\nc", "a")),
        ({"question": "q", "answers": ["a"]}, ("q", "a")),
        (
            {"prompt": [{"role": "user", "content": "q"}], "completion": [{"role": "assistant", "content": "a"}]},
            ("q", "a"),
        ),
        ({"prompt": "q", "chosen": "a", "rejected": "bad"}, ("q", "a")),
        ({"prompt": "q", "completion": [{"role": "assistant", "content": "a"}]}, ("q", "a")),
        ({"instruction": "q", "input": "<noinput>", "output": "a"}, ("q", "a")),
        ({"chosen": "\n\nHuman: q\n\nAssistant: a", "rejected": "\n\nHuman: q\n\nAssistant: bad"}, ("q", "a")),
        (
            {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}], "answer": "x"},
            ("q", "a"),
        ),
        (
            {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}], "output": "x"},
            ("q", "a"),
        ),
    ],
)
def test_the_format_decides_which_keys_are_question_and_answer(row, pair):
    found = read(json.dumps(row).encode())
    assert [(fact.question, fact.answer) for fact in found.facts] == ([pair] if pair else [])
    if pair is None:
        assert "which differ; choose the format with --as" in found.problems[0]
        assert pairs(json.dumps(row), form="facts") == [("q", "a")]
        assert pairs(json.dumps(row), form="alpaca") == [("x y", "x")]
    assert not {"question", "answer"} & {key for fact in found.facts for key in fact.extra}


def test_a_row_with_two_different_questions_is_named_until_a_format_is_chosen():
    row = chat(("u", "old?"), ("a", "old"), question="new?", answer="new")
    assert 'in "question" and "answer" and in "messages", which differ' in problems(row)[0]
    assert pairs(row, form="facts") == [("new?", "new")]
    assert pairs(row, form="messages") == [("old?", "old")]
    assert pairs(chat(("u", "q"), ("a", "a"), question="q", answer="a")) == [("q", "a")], "they say the same"


def test_unknown_keys_are_asked_for():
    data = b'{"frage": "q", "antwort": "a"}\n'
    with pytest.raises(UnknownColumnsError, match='the columns are "frage", "antwort": say which') as error:
        read(data)
    assert error.value.columns == ["frage", "antwort"]
    assert pairs(data, columns=Columns("Frage", "antwort")) == [("q", "a")]


# Tables


@pytest.mark.parametrize(
    ("table", "answer"),
    [
        ("question,answer\nWhat is in the shed?,Rakes, hoes, and twine.\n", "Rakes, hoes, and twine."),
        ("question,answer\nWhat, then, is in the shed?,Rakes,hoes\n", "Rakes,hoes"),
        ("question;answer\nWhat is in the shed?;Rakes; hoes\n", "Rakes; hoes"),
        ("question,answer,note\nWhat is in the shed?,Rakes, and hoes,x\n", "Rakes, and hoes"),
        ("question,answer\nWhat is in the shed?,Rakes,,,\n", "Rakes"),
        ('question,answer\nWhat is in the shed?,"Rakes, ""old"" ones"\n', 'Rakes, "old" ones'),
        ('question,answer\nWhat is in the shed?,"Rakes\nand hoes"\n', "Rakes\nand hoes"),
        ('question,answer\nWhat is in the shed?,"Old" rakes\n', '"Old" rakes'),
        ('question,answer\nWhat is in the shed?,A 5" rake\n', 'A 5" rake'),
        ("question\tanswer\nWhat is in the shed?\tRakes, hoes\n", "Rakes, hoes"),
        ("question,answer\r\nWhat is in the shed?,00123\r\n", "00123"),
        ("question,answer\nWhat is in the shed?,1e5\n", "1e5"),
        ("question,answer\nWhat is in the shed?,3.10\n", "3.10"),
        ("What is in the shed?,Rakes\n", "Rakes"),
    ],
)
def test_a_row_with_one_reading_is_read_whole(table, answer):
    assert read(table.encode(), "a.csv").facts[0].answer == answer
    assert read(table.encode(), "a.csv").facts[0].question.endswith("in the shed?")


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("Rakes, hoes,and twine,here", "row 1 (line 2): 4 cells, but 2 columns; put a text that contains a comma in"),
        ("Who?,or Bo?,Rex,Bo", "4 cells, but 2 columns"),
        ('Who?,"He said "no" to it"', 'a quote within a text in quotes; write it twice ("")'),
        ('Who?,"Rex', "a quote begins here and is not closed"),
        ("Who?", "no answer"),
        ("Who?,", "no answer"),
    ],
)
def test_a_row_that_can_be_read_in_two_ways_is_named_and_ends_no_other(row, problem):
    found = read(f'question,answer\n{row}\nWhere?,Oslo\n"When?","Now, at once"\n'.encode())
    assert problem in found.problems[0] and "(line 2)" in found.problems[0]
    assert [(fact.question, fact.answer) for fact in found.facts] == [("Where?", "Oslo"), ("When?", "Now, at once")]


def test_quotes_that_do_not_match_over_several_lines_take_no_half_of_a_row():
    found = read(b'question,answer\nWho?,"He said "no"\nand, really, left."\nWhere?,Oslo\n')
    assert [(fact.question, fact.answer) for fact in found.facts] == [("Where?", "Oslo")]
    assert "row 1 (line 2): this and the next line have quotes that do not match" in found.problems[0]


@pytest.mark.parametrize(
    "table",
    [
        'question, answer\n"What, then?", "Rakes, and hoes"\nWho?,"Rex"\nWhere?,  In Oslo\n',
        '"question", "answer"\n"What, then?", "Rakes, and hoes"\n"Who?", Rex\nWhere?, In Oslo\n',
        'question; answer\nWhat, then?; Rakes, and hoes\n"Who?"; Rex\nWhere?; "In Oslo"\n',
        "question, answer\nWhat, then?, Rakes, and hoes\nWho?, Rex\nWhere?,In Oslo\n",
        '"What, then?", "Rakes, and hoes"\nWho?, Rex\nWhere?, "In Oslo"\n',
    ],
)
def test_a_blank_after_the_delimiter_belongs_to_no_cell_where_the_file_is_written_so(table):
    assert pairs(table, "a.csv") == [("What, then?", "Rakes, and hoes"), ("Who?", "Rex"), ("Where?", "In Oslo")]
    assert not problems(table, "a.csv")


@pytest.mark.parametrize(
    ("table", "answer"),
    [
        ("question,answer\nWho?, Rex\n", " Rex"),
        ('question, answer\nWho?,"  Rex"\n', "  Rex"),
        ('question, answer\nWho?, "  Rex"\n', "  Rex"),
        ('question,answer\nWho?,"a, ""b"""\n', 'a, "b"'),
        ('question,answer\nWho?," ""b"""\n', ' "b"'),
        ('question\tanswer\nWho?\t "Rex"\n', ' "Rex"'),
        ('question, answer\nWho?, "Old" Rex\n', '"Old" Rex'),
    ],
)
def test_a_blank_in_quotes_or_in_a_file_without_blanks_after_delimiters_is_text(table, answer):
    assert pairs(table, "a.csv") == [("Who?", answer)]


@pytest.mark.parametrize(
    "cell", ["MIT", '"MIT"', ' "MIT"', "{}", ' {"a": 1}', "[1]", ' ["x', '"', "[" * 5000, "9" * 9000]
)
@pytest.mark.parametrize("column", ["must", "exam", "fact", "system", "other_keys", "rating", "label", "messages", "x"])
def test_no_cell_refuses_the_file_that_it_is_in(column, cell):
    quoted = '"' + cell.replace('"', '""') + '"'
    table = f"question;answer;{column}\nWhich license?;MIT;{quoted}\nWho?;Rex;\n"
    assert ("Who?", "Rex") in pairs(table, "a.csv")
    assert column == "messages" or ("Which license?", "MIT") in pairs(table, "a.csv")


def test_quotes_around_the_words_of_a_must_cell_are_no_text_and_json_that_is_no_list_is_named():
    assert read(b'question;answer;must\nWho?;Rex; ["Rex"]\n').facts[0].must == ["Rex"]
    found = read(b'question, answer, must\nWhat license?, MIT, "MIT"\nWhich?, MIT, "{""a"": 1}"\n')
    assert [fact.must for fact in found.facts] == [["MIT"], []]
    assert found.notices == ['row 2 (line 3): "must" is "{\\"a\\": 1}", which is no list of words, so it is ignored']


def test_columns_are_found_in_any_case_below_titles_and_after_sep():
    table = "\ufeffsep=;\nMy facts;;;;\n\n Question ;ANSWER;Exam;Fact;Must\nWho?;Rex;TRUE;A dog.;Rex\nWhat?;Oslo;no;;\n"
    found = read(table.encode(), "a.csv")
    assert found.facts == [
        Fact("Who?", "Rex", {"exam": True, "fact": "A dog.", "must": ["Rex"]}),
        Fact("What?", "Oslo", {"exam": False}),
    ]
    assert found.notices == ['line 2 is above the names of the columns, and left out: "My facts;;;;"']
    assert not found.problems


@pytest.mark.parametrize(
    "table", ["Frage;Antwort\nWer?;Rex\n", "Frage\tAntwort\nWer?\tRex\n", "Titel\nFrage,Antwort\nWer?,Rex\n"]
)
def test_columns_in_another_language_are_asked_for(table):
    for name in ("", "a.csv"):
        if table.startswith("Titel"):
            continue
        with pytest.raises(UnknownColumnsError) as error:
            read(table.encode(), name)
        assert error.value.columns == ["Frage", "Antwort"]
        assert '"Frage", "Antwort": say which' in str(error.value)
    assert pairs(table, "a.csv", columns=Columns("frage", "Antwort")) == [("Wer?", "Rex")]


def test_columns_without_names_are_chosen_by_number():
    table = b"1,Who is Rex?,A dog.\n2,Who is Tom?,A cat.\n"
    with pytest.raises(UnknownColumnsError) as error:
        read(table, "a.csv")
    assert error.value.columns == ["column 1", "column 2", "column 3"]
    for columns in (Columns("2", "3"), Columns("column 2", "column 3")):
        assert pairs(table, "a.csv", columns=columns) == [("Who is Rex?", "A dog."), ("Who is Tom?", "A cat.")]
    with pytest.raises(UnknownColumnsError, match='no column is named "7"'):
        read(table, "a.csv", columns=Columns("2", "7"))


def test_other_cells_are_kept_as_they_are_written():
    table = 'question,answer,size,tags,,note\nq,a,3.10,"[1.10]",lost?,007\n'
    assert read(table.encode()).facts == [
        Fact("q", "a", {"size": "3.10", "tags": "[1.10]", "column 5": "lost?", "note": "007"})
    ]


def test_a_table_of_another_format_is_read_as_that():
    assert pairs("instruction,input,output\nAdd,1 and 2,3\n") == [("Add\n\n1 and 2", "3")]
    cell = json.dumps([{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]).replace('"', '""')
    assert pairs(f'messages\n"{cell}"\n', "a.csv") == [("q", "a")]


def test_two_columns_of_one_name_are_asked_for():
    with pytest.raises(UnknownColumnsError, match='two columns are named "answer"') as error:
        read(b"Question,Answer,Answer\nWho?,Rex,Tom\n")
    assert error.value.columns == ["question", "answer", "answer (column 3)"]
    table = b"Question,Answer,Answer\nWho?,Rex,Tom\n"
    assert pairs(table, columns=Columns("question", "3")) == [("Who?", "Tom")]


def test_keys_of_ours_are_found_in_any_case_in_json_too():
    found = read(b'{"Question": "q", "Answer": "a", "Exam": true, "Must": ["x"], "FACT": "f"}')
    assert found.facts == [Fact("q", "a", {"exam": True, "must": ["x"], "fact": "f"})]


# Every format's own fields


def test_messages_of_one_side_in_a_row_are_put_together():
    row = chat(("s", "s1"), ("s", "s2"), ("u", "Who is Rex?"), ("u", "Quick!"), ("a", "A dog."), ("a", "A big one."))
    [fact] = read(row.encode()).facts
    assert fact == Fact("Who is Rex?\n\nQuick!", "A dog.\n\nA big one.", {"system": "s1\n\ns2"})


def test_turns_that_give_no_fact_are_named():
    row = chat(("a", "Hello!"), ("u", "Who is Rex?"), ("a", "A dog."), ("u", "Bye"), id=3)
    found = read(row.encode())
    assert found.facts == [Fact("Who is Rex?", "A dog.", {"id": 3})]
    assert found.problems == [
        'row 1: "Hello!" comes before the first question, so it is left out',
        'row 1: the question "Bye" has no answer',
    ]


@pytest.mark.parametrize(
    "question",
    [
        "And how old is he?",
        "Why?",
        "What about Tom?",
        "Where does it live?",
        "Tell me more",
        "Shorter, please.",
        "How many live there?",
        "What is that?",
    ],
)
def test_a_follow_up_that_needs_its_context_is_named_and_left_out(question):
    found = read(chat(("u", "Who is Rex?"), ("a", "A dog."), ("u", question), ("a", "x")).encode())
    assert len(found.facts) == 1
    assert f'the question "{question}" needs the turns before it' in found.problems[0]


@pytest.mark.parametrize(
    "question", ["Who is Tom?", "Does Tom like his owner?", "What is the capital of Norway?", "Is there a dog in Oslo?"]
)
def test_a_follow_up_that_can_stand_alone_is_taken_with_a_note(question):
    found = read(chat(("u", "Who is Rex?"), ("a", "A dog."), ("u", question), ("a", "x")).encode())
    assert found.facts[1].question == question and not found.problems
    assert "comes after other turns" in found.notices[0]


def test_the_history_of_an_instruction_is_the_chat_before_it():
    row = {"instruction": "And he?", "output": "x", "history": [["Who is Rex?", "A dog."]]}
    found = read(json.dumps(row).encode())
    assert [(fact.question, fact.answer) for fact in found.facts] == [("Who is Rex?", "A dog.")]
    assert "needs the turns before it" in found.problems[0]


def turns(*parts):
    return {
        "messages": [
            dict(zip(("role", "content"), part, strict=False), **part[2:][0] if part[2:] else {}) for part in parts
        ]
    }


Q, A = ("user", "q"), ("assistant", "a")


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"prompt": "q", "completion": "a", "label": False}, '"label": false'),
        ({"prompt": turns(Q)["messages"], "completion": turns(A)["messages"], "label": False}, '"label": false'),
        ({"prompt": "q", "rejected": "bad"}, 'only a bad answer ("rejected")'),
        ({"question": "q", "answer": "a", "rating": "thumbs_down"}, '"rating": "thumbs_down"'),
        ({"question": "q", "answer": "a", "rating": -1}, '"rating": -1'),
        ({"question": "q", "answer": "a", "score": -1}, '"score": -1'),
        ({"question": "q", "answer": "a", "is_correct": False}, "is_correct"),
        ({"question": "q", "answer": "a", "images": ["a.png"]}, "pictures or sound"),
        ({"question": "<image>\nWhat is in it?", "answer": "a"}, "a place for a picture"),
        ({"question": "What is in <image_1>?", "answer": "a"}, "a place for a picture"),
        ({"instruction": "What is in it?", "input": "<image>", "output": "a"}, "a place for a picture"),
        (turns(("user", "<image> What is in it?"), A), "a place for a picture"),
        (turns(("user", "What is in it?\n<img>"), A), "a place for a picture"),
        ({"question": "q", "answer": "![x](data:image/png;base64,AAAA)", "fact": "f"}, "a picture"),
        ({"question": "q", "answer": "a", "correct": False}, '"correct": false'),
        ({"question": "q", "answer": "No.", "is_correct": False}, '"is_correct": false'),
        (turns(("user", [{"type": "image_url", "image_url": {}}]), A), "image_url"),
        (turns(Q, ("assistant", None, {"tool_calls": [{}]}), ("tool", "x"), A), "calls tools"),
        (turns(Q, ("tool", "x"), A), "calls tools"),
        ({"conversations": [{"from": "human", "value": "q"}, {"from": "observation", "value": "{}"}]}, "calls tools"),
        (turns(Q, ("assistant", "a", {"weight": 0})), "not to be learned"),
        ({"question": "q", "answers": {"text": [], "answer_start": []}}, "no answer"),
        (turns(("judge", "x")), 'unknown role "judge"'),
        ({"question": "q\ud83d", "answer": "a"}, "half a character"),
        ({"question": "q", "answer": "a", "note": {"\ud83d": 1}}, "half a character"),
    ],
)
def test_bad_answers_pictures_and_tool_calls_are_named_and_left_out(row, why):
    found = read(json.dumps(row).encode())
    assert not found.facts
    assert found.problems[0].startswith("row 1: ") and why in found.problems[0]


def test_low_ratings_are_bad_answers_by_the_scale_of_the_file():
    rows = [{"question": f"q{rating}", "answer": "a", "rating": rating} for rating in (1, 2, 3, 5)]
    found = read(json.dumps(rows).encode())
    assert [fact.question for fact in found.facts] == ["q3", "q5"] and len(found.problems) == 2
    assert len(read(json.dumps(rows[:1]).encode()).facts) == 1, "1 of 1 is good"


def test_a_row_marked_as_good_is_taken():
    assert pairs('{"prompt": "q", "completion": "a", "label": true, "rating": 5}') == [("q", "a")]


def test_a_quiz_that_says_whether_its_statement_is_correct_repeats_the_answer_no():
    table = (
        'Question,Answer,Correct\nIs the moon cheese?,No,false\nIs it round?,Yes,true\nIs it far?,"No, near.",FALSE\n'
    )
    assert [answer for _, answer in pairs(table)] == ["No", "Yes", "No, near."]


def test_a_row_with_keys_of_the_program_is_the_owners_whatever_its_other_keys_say():
    rows = [
        {"question": "q1", "answer": "a", "fact": "f", "label": "negative", "image": "a.png"},
        {"question": "q2", "answer": "a", "exam": True, "rating": 1},
        {"question": "<img>", "answer": "a", "must": ["a"], "rating": 5},
    ]
    found = read(json.dumps(rows).encode())
    assert [fact.question for fact in found.facts] == ["q1", "q2", "<img>"] and not found.problems


def test_several_answers_are_noted():
    found = read(b'{"question": "q", "answers": ["a", "b"]}')
    assert found.facts == [Fact("q", "a", {"answers": ["a", "b"]})]
    assert "it has 2 answers; the first is taken" in found.notices[0]


@pytest.mark.parametrize(
    "table",
    [
        {"question": ["Who?", "What?"], "answer": ["Rex", "A dog"]},
        {"question": {"0": "Who?", "1": "What?"}, "answer": {"0": "Rex", "1": "A dog"}},
        {"columns": ["answer", "question"], "index": [0, 1], "data": [["Rex", "Who?"], ["A dog", "What?"]]},
        {"Instruction": ["Who?", "What?"], "Output": ["Rex", "A dog"], "score": [1, 2]},
    ],
)
def test_a_table_that_was_written_column_by_column_is_read(table):
    assert pairs(json.dumps(table)) == [("Who?", "Rex"), ("What?", "A dog")]
    assert pairs(json.dumps(table, indent=2)) == [("Who?", "Rex"), ("What?", "A dog")]


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"question": ["Who?", "What?"], "answer": ["Rex"]}, '"question" is not text'),
        ({"columns": ["question", "answer"], "data": [["Who?"]]}, "no question"),
        (["Rex is a dog."], "it is a text, not an object with a question and an answer"),
        ([["Who?", "Rex"]], "it is a list, not an object"),
    ],
)
def test_a_table_that_has_no_rows_is_refused(table, why):
    found = read(json.dumps(table).encode())
    assert not found.facts and why in found.problems[0]


def test_squads_nested_file_is_read():
    paragraph = {
        "context": "Rex did.",
        "qas": [{"question": "Who?", "id": "1", "answers": [{"text": "Rex", "answer_start": 0}]}],
    }
    assert pairs(json.dumps({"version": "1.1", "data": [{"title": "t", "paragraphs": [paragraph]}]})) == [
        ("Who?\n\nRex did.", "Rex")
    ]


def test_parquet_is_read_whatever_its_columns_hold(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [
        {"messages": [{"role": "user", "content": "q1"}, {"role": "assistant", "content": "a1"}], "n": 1},
        {"messages": [{"role": "user", "content": "q2"}, {"role": "tool", "content": "a2"}], "n": 2},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "chats.parquet")
    found = read((tmp_path / "chats.parquet").read_bytes())
    assert found.facts == [Fact("q1", "a1", {"n": 1})]
    assert found.problems == ['row 2: it calls tools (role "tool"), which a facts file cannot hold']
    pq.write_table(pa.Table.from_pylist([{"frage": "q", "antwort": "a"}]), tmp_path / "a.parquet")
    data = (tmp_path / "a.parquet").read_bytes()
    with pytest.raises(UnknownColumnsError):
        read(data)
    assert pairs(data, columns=Columns("frage", "antwort")) == [("q", "a")]
    with pytest.raises(BadInputError, match="this Parquet file cannot be read"):
        read(data[:-20])


def test_a_parquet_cell_without_a_value_leaves_no_key_of_ours_and_what_is_not_a_number_is_null(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [
        {"question": "q1", "answer": "a1", "exam": None, "fact": "f", "must": None, "n": [math.nan, math.inf, 1.5]},
        {"question": "q2", "answer": "a2", "exam": True, "fact": None, "must": ["a"], "n": None},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    found = read((tmp_path / "a.parquet").read_bytes())
    assert found.facts == [
        Fact("q1", "a1", {"fact": "f", "n": [None, None, 1.5]}),
        Fact("q2", "a2", {"exam": True, "must": ["a"], "n": None}),
    ]
    assert not found.notices and not any(make_line(fact).complaints for fact in found.facts)


def test_null_is_no_value_of_a_key_of_ours_in_json_too_whatever_its_case():
    rows = [{"question": "q", "answer": "a", "Exam": None, "fact": None, "must": None, "note": None}]
    found = read(json.dumps(rows).encode())
    assert found.facts == [Fact("q", "a", {"note": None})] and not found.notices


@pytest.mark.parametrize("shape", ["[%s, %s]", "%s\n%s\n", "[\n%s,\n%s]"])
def test_a_number_that_cannot_be_read_is_the_problem_of_its_row_and_one_that_is_too_large_is_null(shape):
    rows = (
        '{"question": "q1", "answer": "a", "n": %s}' % ("9" * 5000),
        '{"question": "q2", "answer": "a", "n": 1e999}',
    )
    found = read((shape % rows).encode())
    assert found.facts == [Fact("q2", "a", {"n": None})]
    assert len(found.problems) == 1 and "a number with too many digits" in found.problems[0]


def test_not_a_number_is_no_value():
    rows = '[{"question": "Who is Rex?", "answer": "A dog.", "score": NaN}, {"question": "Who is Tom?", "answer": NaN}]'
    found = read(rows.encode())
    assert [fact.question for fact in found.facts] == ["Who is Rex?"]
    assert "NaN" not in repr(found.facts[0]) and len(found.problems) == 1 and "row 2" in found.problems[0]


@pytest.mark.parametrize("text", ["NaN", "nan", "null", "None", "N/A", "NULL", "-Infinity"])
@pytest.mark.parametrize(
    "row",
    [
        '{"question": "What does the sensor say?", "answer": "%s"}\n',
        '[{"instruction": "What does the sensor say?", "output": "%s"}]',
        '{"messages": [{"role": "user", "content": "What does the sensor say?"}, '
        '{"role": "assistant", "content": "%s"}]}\n',
        "question,answer\nWhat does the sensor say?,%s\n",
        "Q: What does the sensor say?\nA: %s\n",
    ],
    ids=["facts", "alpaca", "messages", "csv", "text"],
)
def test_a_text_that_other_programs_write_for_no_value_is_an_answer_like_any_other(row, text):
    found = read((row % text).encode())
    assert [(fact.question, fact.answer) for fact in found.facts] == [("What does the sensor say?", text)]
    assert not found.problems


def test_notes_with_a_name_before_each_are_still_sentences():
    found = read(b"- Ida: she runs the cafe.\n- Bo: he bakes the bread.\n- Eve: she keeps the bees.\n")
    assert len(found.facts) == 3


@pytest.mark.parametrize(
    "sentence",
    [
        "Die Mühle steht seit 1801 in Wexcombe, z. B. Am Bach.",
        "See Prof. Ash in room No. 5 of the U.S. Army base.",
        "It was built ca. 1801 by Ann vs. Bo, p. 5 says.",
    ],
)
def test_no_sentence_ends_at_an_abbreviation(sentence):
    found = read(f"{sentence} Über Bo weiß man nichts.\n".encode())
    assert [fact.answer for fact in found.facts] == [sentence, "Über Bo weiß man nichts."]


def test_gemini_and_langchain_messages_are_read_and_one_without_a_role_is_named():
    gemini = {"contents": [{"role": "user", "parts": [{"text": "q"}]}, {"role": "model", "parts": [{"text": "a"}]}]}
    assert pairs(json.dumps(gemini)) == [("q", "a")]
    assert pairs('{"messages": [{"role": "human", "content": "q"}, {"role": "ai", "content": "a"}]}') == [("q", "a")]
    found = read(b'{"messages": [{"content": "q"}, {"content": "a"}], "id": "1"}')
    assert found.problems == ["row 1: a message does not say whose it is: it has no role"]


def test_ratings_are_read_as_they_are_written():
    rows = [{"question": f"q{rating}", "answer": "a", "rating": rating} for rating in ("2/5", "5/5", "★☆☆☆☆", "★★★★★")]
    assert pairs("\n".join(json.dumps(row) for row in rows)) == [("q5/5", "a"), ("q★★★★★", "a")]


def test_must_and_exam_of_a_table_are_read_as_the_form_reads_them_and_named_where_they_are_unclear():
    found = read(b'question;answer;must;exam\nq1?;a;MIT | MIT License, free;yes\nq2?;a;"x; y";nein\n')
    assert found.facts[0].extra == {"must": [["MIT", "MIT License"], "free"], "exam": True}
    assert found.notices == [
        'row 2 (line 3): "exam" is "nein", which says neither yes nor no, so the row is taught',
        'row 2 (line 3): "must" is "x; y", which is no list of words, so it is ignored',
    ]
