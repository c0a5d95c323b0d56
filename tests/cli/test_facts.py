"""`garage facts import` and `garage facts export`, as a shell user meets them."""

import json
import subprocess
import sys


def garage(workspace, *args, **kwargs):
    command = [sys.executable, "-m", "garage_tui", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, cwd=workspace.root, **kwargs)


def test_what_is_exported_is_imported_once_and_never_twice(workspace, tmp_path):
    file = workspace.datasets / "garage.jsonl"
    for form in ("csv", "messages", "alpaca", "sharegpt"):
        out, to = tmp_path / f"facts.{form}", tmp_path / f"{form}.jsonl"
        done = garage(workspace, "facts", "export", file, "--as", form, "--out", out)
        assert done.returncode == 0 and "24 rows" in done.stderr
        done = garage(workspace, "facts", "import", out, "--as", form, "--to", to)
        assert (done.returncode, done.stdout) == (0, f"{to}: 24 added, 0 already there, 0 skipped\n")
        assert [json.loads(line) for line in to.open()] == [json.loads(line) for line in file.open()]
        before = to.read_bytes()
        assert "0 added, 24 already there" in garage(workspace, "facts", "import", out, "--as", form, "--to", to).stdout
        assert to.read_bytes() == before


def test_bad_rows_are_named_and_what_is_piped_lands_in_the_workspace(workspace):
    rows = '{"instruction": "q", "output": "a"}\n{"instruction": "q"}\n'
    done = garage(workspace, "facts", "import", "-", input=rows)
    assert done.returncode == 0 and done.stderr == "-: row 2: no output\n"
    assert json.loads((workspace.datasets / "imported.jsonl").read_text()) == {"question": "q", "answer": "a"}


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
