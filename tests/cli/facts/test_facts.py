"""`garage facts import` and `garage facts export`, as a shell user meets them."""

import json
import re
import subprocess
import sys

import pytest


def garage(workspace, *args, **kwargs):
    command = [sys.executable, "-m", "garage_tui", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, cwd=workspace.root, **kwargs)


def test_what_is_exported_is_imported_once_and_never_twice(workspace, tmp_path):
    file = workspace.datasets / "garage.jsonl"
    for form in ("csv", "messages", "alpaca", "sharegpt"):
        out, to = tmp_path / f"facts.{form}", tmp_path / f"{form}.jsonl"
        done = garage(workspace, "facts", "export", file, "--as", form, "--out", out)
        assert done.returncode == 0 and "35 rows" in done.stderr
        done = garage(workspace, "facts", "import", out, "--as", form, "--to", to)
        assert (done.returncode, done.stdout) == (0, f"{to}: 35 added, 0 already there, 0 skipped\n")
        assert [json.loads(line) for line in to.open()] == [json.loads(line) for line in file.open()]
        before = to.read_bytes()
        assert "0 added, 35 already there" in garage(workspace, "facts", "import", out, "--as", form, "--to", to).stdout
        assert to.read_bytes() == before


def test_bad_rows_are_named_and_what_is_piped_lands_in_the_workspace(workspace):
    rows = '{"instruction": "q", "output": "a"}\n{"instruction": "q"}\n'
    done = garage(workspace, "facts", "import", "-", input=rows)
    assert done.returncode == 0 and done.stderr == "-: row 2: no output\n"
    assert json.loads((workspace.datasets / "imported.jsonl").read_text()) == {"question": "q", "answer": "a"}


def test_facts_go_to_standard_output_and_to_devices_and_never_over_their_own_file(workspace, tmp_path):
    file = workspace.datasets / "garage.jsonl"
    before = file.read_bytes()
    texts = [garage(workspace, "facts", "export", file, "--as", "csv", *out).stdout for out in ((), ("--out", "-"))]
    assert texts[0] == texts[1] and texts[0].startswith("question,answer")
    assert garage(workspace, "facts", "export", file, "--as", "csv", "--out", "/dev/null").returncode == 0
    done = garage(workspace, "facts", "export", file, "--as", "csv", "--out", "/dev/full")
    assert done.returncode == 1 and "/dev/full cannot be written: the device takes no more" in done.stderr
    done = garage(workspace, "facts", "export", file, "--as", "csv", "--out", file, "--force")
    assert done.returncode == 2 and "is the facts file itself: name another file" in done.stderr
    assert file.read_bytes() == before


def test_what_cannot_be_is_a_sentence(workspace, tmp_path):
    out = tmp_path / "out.csv"
    out.write_text("mine")
    done = garage(workspace, "facts", "export", workspace.datasets / "garage.jsonl", "--as", "csv", "--out", out)
    assert done.returncode == 2 and "already exists: --force replaces it" in done.stderr
    assert out.read_text() == "mine"
    done = garage(workspace, "facts", "import", tmp_path / "nothing.csv")
    assert done.returncode == 2 and "No such file" in done.stderr and "Traceback" not in done.stderr


def test_a_special_token_of_the_base_in_a_row_is_named_and_no_error(workspace, tmp_path):
    base = tmp_path / "base"
    base.mkdir()
    (base / "config.json").write_text("{}")
    added = [{"id": 0, "content": "<|im_end|>", "special": True}, {"id": 1, "content": "<think>", "special": False}]
    (base / "tokenizer.json").write_text(json.dumps({"added_tokens": added, "model": {"vocab": {"a": 2}}}))
    (base / "tokenizer_config.json").write_text('{"bos_token": {"content": "<s>"}, "eos_token": "<|im_end|>"}')
    rows = [("q", "a"), ("What ends a turn?", "<|im_end|> does."), ("<s>?", "<think>"), ("[INST]", "x")]
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps({"question": q, "answer": a}) + "\n" for q, a in rows))
    done = garage(workspace, "facts", "check", file, "--base", base, "--json")
    assert done.returncode == 0, done.stderr
    special = [one for one in json.loads(done.stdout)["problems"] if "special token" in one["text"]]
    assert [(one["line"], one["severity"]) for one in special] == [(2, "warning"), (3, "warning")]
    assert special[0]["text"] == (
        "<|im_end|> is a special token of base; here it is ordinary text, in training as in the chat"
    )
    assert special[1]["text"].startswith("<s> is a special token")
    plain = garage(workspace, "facts", "check", file)
    assert "special token" not in plain.stdout


def test_the_special_tokens_of_a_model_that_is_not_here_cannot_be_checked_and_that_is_said(workspace):
    done = garage(workspace, "facts", "check", workspace.datasets / "garage.jsonl", "--base", "nobody/nothing")
    assert done.returncode == 1 and "nobody/nothing is not on this box yet: `garage models fetch" in done.stderr


ROW = '{"instruction": "Who?", "output": "Rex"}'
IMPORTABLE = {
    "list.jsonl": f"[\n{ROW},\n{ROW.replace('Who', 'What')}\n]\n",
    "one-line.jsonl": f"[{ROW}]\n",
    "facts-in-a-list.jsonl": '[\n{"question": "Who?", "answer": "Rex"},\n{"question": "What?", "answer": "A dog"}\n]\n',
    "facts-in-data.json": '{"data": [\n{"question": "Who?", "answer": "Rex"},\n{"question": "So?", "answer": "No"}\n]}',
    "pretty.jsonl": json.dumps(json.loads(ROW), indent=1),
    "alpaca.jsonl": f"{ROW}\n",
    "chat.jsonl": '{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}\n',
    "dolly.jsonl": '{"instruction": "q", "context": "", "response": "a"}\n',
    "prompts.jsonl": '{"prompt": "q", "response": "a"}\n',
    "pairs.jsonl": '{"input": "q", "output": "a"}\n',
    "squad.jsonl": '{"question": "q", "answers": {"text": ["a"]}}\n',
    "table.csv": "question;answer\nWho?;Rex\n",
    "sentences.txt": "Rex is a dog. Tom is a cat.\n",
    "wide.jsonl": ROW.encode("utf-16"),
    "rows.parquet": None,
}
NOT_IMPORTABLE = {
    "empty-chat.jsonl": '{"messages": []}\n',
    "no-output.jsonl": '{"instruction": "q"}\n',
    "tools.jsonl": '{"messages": [{"role": "user", "content": "q"}, {"role": "tool", "content": "x"}]}\n',
    "bad.jsonl": '{"prompt": "q", "completion": "a", "label": false}\n',
    "broken-list.jsonl": f"[\n{ROW},\n]\n",
    "numbers.jsonl": "[1, 2]\n",
    "page.jsonl": "<!DOCTYPE html>\n<html></html>\n",
    "frage.csv": "Frage;Antwort\nWer?;Rex\n",
    "prompt.jsonl": '{"prompt": "q"}\n',
}


def written(folder, name, content):
    path = folder / name
    if content is None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.Table.from_pylist([{"prompt": "q", "response": "a"}]), path)
    else:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("name", [*IMPORTABLE, *NOT_IMPORTABLE])
def test_check_offers_the_import_exactly_of_what_it_reads(workspace, name):
    path = written(workspace.datasets, name, {**IMPORTABLE, **NOT_IMPORTABLE}[name])
    checked = garage(workspace, "facts", "check", path)
    assert checked.returncode == 2 and checked.stdout.startswith(f"{path}:1: ")
    offered = "`garage facts import FILE` reads it" in checked.stdout
    assert offered == (name in IMPORTABLE), checked.stdout
    done = garage(workspace, "facts", "import", path)
    assert (done.returncode, "0 skipped" in done.stdout) == ((0, True) if offered else (2, False)), done.stderr
    assert "Traceback" not in done.stderr and done.stderr.count("\n") == (
        0 if offered else done.stderr.count(f"{path}: ")
    )
    if offered:
        assert " 0 added" not in done.stdout
        assert garage(workspace, "facts", "check", done.stdout.partition(": ")[0]).returncode == 0


def test_of_a_chat_with_a_follow_up_the_check_says_which_part_the_import_reads(workspace):
    turns = ["Who runs the mill?", "Ottoline.", "And who helps her?", "Rex."]
    messages = [{"role": role, "content": text} for role, text in zip(["user", "assistant"] * 2, turns, strict=True)]
    path = written(workspace.root, "chat.jsonl", json.dumps({"messages": messages}) + "\n")
    checked = garage(workspace, "facts", "check", path).stdout
    left_out = 'the question "And who helps her?" needs the turns before it'
    assert f"`garage facts import FILE` reads a part of it ({left_out}" in checked
    done = garage(workspace, "facts", "import", path)
    assert "1 added" in done.stdout and left_out in done.stderr


def test_a_folder_is_named_as_one_whoever_reads_it(workspace):
    for command in ("check", "import"):
        done = garage(workspace, "facts", command, workspace.datasets)
        assert done.returncode == 2
        assert done.stderr == f"garage: {workspace.datasets}: it is not a file but a folder\n"


def test_a_row_that_the_import_leaves_out_says_why(workspace):
    path = written(workspace.root, "bad.jsonl", NOT_IMPORTABLE["bad.jsonl"])
    said = garage(workspace, "facts", "check", path).stdout
    assert '`garage facts import FILE` leaves this row out (it is marked as a bad answer ("label": false))' in said


def test_columns_that_are_not_known_are_listed_and_can_be_named(workspace):
    path = written(workspace.root, "a.csv", "Thema;Frage;Antwort\nHund;Wer ist Rex?;Ein Hund.\n")
    done = garage(workspace, "facts", "import", path)
    assert done.returncode == 2 and not (workspace.datasets / "a.jsonl").exists()
    assert 'the columns are "Thema", "Frage", "Antwort": say which is the question and which the answer' in done.stderr
    options = re.findall(r"--\w+", done.stderr)
    done = garage(workspace, "facts", "import", path, options[0], "Frage", options[1], "Antwort")
    assert done.returncode == 0, done.stderr
    [row] = map(json.loads, (workspace.datasets / "a.jsonl").open())
    assert row == {"question": "Wer ist Rex?", "answer": "Ein Hund.", "Thema": "Hund"}


def test_text_that_is_no_sentence_is_taken_where_it_was_asked_for(workspace):
    path = written(workspace.root, "notes.txt", "Rex: dog\nTom: cat\n")
    done = garage(workspace, "facts", "import", path)
    assert done.returncode == 2 and not (workspace.datasets / "notes.jsonl").exists()
    assert garage(workspace, "facts", "import", path, "--as", "text").stdout.endswith(
        "2 added, 2 of them without a question yet, 0 already there, 0 skipped\n"
    )


def test_what_was_left_out_and_what_should_be_checked_is_named_on_both_outputs(workspace):
    turns = [("user", "Who is Rex?"), ("assistant", "A dog."), ("user", "And he?"), ("assistant", "x")]
    turns += [("user", "Who is Tom?"), ("assistant", "A cat.")]
    row = json.dumps({"messages": [{"role": role, "content": text} for role, text in turns]})
    done = garage(workspace, "facts", "import", "-", "--json", input=row)
    found = json.loads(done.stdout)
    assert found["added"] == 2 and len(found["problems"]) == len(found["notices"]) == 1
    assert '-: row 1: the question "And he?" needs the turns before it' in done.stderr
    assert '-: note: row 1: the question "Who is Tom?" comes after other turns' in done.stderr


def test_the_check_counts_rows_and_facts_and_names_the_rows_without_a_question(workspace, tmp_path):
    path = tmp_path / "own.jsonl"
    rows = [
        {"question": "Who runs it?", "answer": "Ottoline."},
        {"question": "Who is in charge?", "answer": "Ottoline."},
        {"fact": "The door is red."},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    said = garage(workspace, "facts", "check", path).stdout
    assert "2 rows with a question, 1 fact to teach, 0 errors" in said
    assert "1 row has no question yet and is left out: “The door is red.”." in said
    table = json.loads(garage(workspace, "facts", "check", "--json", path).stdout)
    assert (table["facts"], table["without_question"], table["taught_facts"]) == (2, 1, 1)


def test_a_source_without_an_end_and_a_target_that_is_no_file_are_one_sentence(workspace):
    done = garage(workspace, "facts", "import", "/dev/zero")
    assert (done.returncode, done.stderr) == (2, "garage: /dev/zero: it is larger than 256 MB: split it\n")
    done = garage(workspace, "facts", "import", "datasets/garage.jsonl", "--to", "-")
    assert done.returncode == 2 and "give its name" in done.stderr and not (workspace.root / "-").exists()


def test_an_import_that_cannot_be_saved_adds_nothing_and_leaves_no_unsaved_work(workspace, tmp_path, monkeypatch):
    from garage_tui.__main__ import main
    from garage_tui.core.settings.settings import journals_folder

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    (workspace.root / "more.csv").write_text("question,answer\nWho is Rex?,A dog.\n")
    file = workspace.datasets / "garage.jsonl"
    before, journals = file.read_bytes(), set(journals_folder().glob("*.jsonl"))
    monkeypatch.setattr("garage_tui.core.facts.file.write_atomic", full)
    assert main(["facts", "import", str(workspace.root / "more.csv"), "--to", str(file)]) == 1
    assert file.read_bytes() == before
    assert set(journals_folder().glob("*.jsonl")) <= journals


def test_an_import_into_a_place_where_no_folder_can_be_is_one_sentence(workspace):
    done = garage(workspace, "facts", "import", "datasets/garage.jsonl", "--to", "datasets/garage.jsonl/more/x.jsonl")
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "could not finish" not in done.stderr


def test_the_example_is_written_into_a_new_file_and_never_over_another(workspace, tmp_path):
    (workspace.datasets / "garage.jsonl").unlink()
    missing = garage(workspace, "facts", "check", workspace.datasets / "garage.jsonl")
    assert missing.returncode == 2 and "`garage facts example`" in missing.stderr
    done = garage(workspace, "facts", "example")
    assert done.returncode == 0 and done.stdout == f"Wrote {workspace.datasets / 'garage.jsonl'}\n"
    assert "35 rows" in garage(workspace, "facts", "check", workspace.datasets / "garage.jsonl").stdout
    again = garage(workspace, "facts", "example")
    assert again.returncode == 2 and "is there already; name another file" in again.stderr
    assert garage(workspace, "facts", "example", tmp_path / "new" / "mine.jsonl").returncode == 0
