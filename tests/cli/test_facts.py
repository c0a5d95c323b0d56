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


def test_what_cannot_be_is_a_sentence(workspace, tmp_path):
    out = tmp_path / "out.csv"
    out.write_text("mine")
    done = garage(workspace, "facts", "export", workspace.datasets / "garage.jsonl", "--as", "csv", "--out", out)
    assert done.returncode == 2 and "already exists: --force replaces it" in done.stderr
    assert out.read_text() == "mine"
    done = garage(workspace, "facts", "import", tmp_path / "nothing.csv")
    assert done.returncode == 2 and "No such file" in done.stderr and "Traceback" not in done.stderr
