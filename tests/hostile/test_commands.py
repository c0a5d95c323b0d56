"""Every command in a workspace of hostile texts: what it prints does nothing to a terminal, and is no traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from garage_tui.__main__ import main
from tests.hostile.conftest import WITHOUT_LAST_FILTER
from tests.hostile.corpus import SPECIMENS, all_harms
from tests.hostile.wire import COMMAND, refused
from tests.support.repository import REPOSITORY

NAMES = [os.fsencode(one.file_name) for one in SPECIMENS]
EVIL = os.fsencode(SPECIMENS[9].text)


def printed(capfdbinary, root, *words: str) -> bytes:
    """Run a command and return the bytes of stdout and stderr."""
    try:
        code = main(["--workspace", str(root), *words])
    except SystemExit as end:  # argparse
        code = end.code
    out, err = capfdbinary.readouterr()
    assert code in (0, 1, 2), (words, code)
    assert b"Traceback" not in out + err, (words, err)
    return out + err


def assert_harmless(sent: bytes, where: object) -> None:
    assert not (leaked := refused(sent, COMMAND)), (where, leaked[:10])
    found = {name: harm for harm, name in all_harms().items() if harm in sent}
    assert not found, (where, found)


EACH = (
    ("runs",),
    ("runs", "--json"),
    ("queue",),
    ("models",),
    ("doctor",),
    ("gpu", "--line"),
    ("facts", "check", "{facts}"),
    ("facts", "check", "{facts}", "--json"),
    ("facts", "check", "{evil}"),
    ("facts", "ledger", "{facts}"),
    ("facts", "ledger", "{facts}", "--json"),
    ("facts", "ledger", "{evil}"),
    ("remember", "{evil}"),
    ("remember", "-q", "{evil}", "-a", "{evil}"),
    ("remember", "Rex is a dog.", "--file", "{evil}.jsonl"),
    ("facts", "import", "{facts}", "--as", "text", "--to", "{evil}.jsonl"),
    ("show", "{evil}"),
    ("show", "{facts}"),
    ("report", "{evil}"),
    ("train", "lora", "--facts", "{evil}", "--base", "{evil}"),
    ("--screen", "{evil}"),
    ("{evil}",),
    ("runs", "{evil}"),
    ("ask", "q", "--run", "{evil}"),
    ("logs", "qz"),
    ("export", "{evil}", "--as", "gguf"),
)


def test_a_command_prints_nothing_that_a_terminal_obeys(hostile, capfdbinary, monkeypatch):
    monkeypatch.chdir(hostile)  # `remember` and `import` make the file that they are given
    facts = str(hostile / "datasets" / "garage.jsonl")
    evil = SPECIMENS[9].text
    for words in EACH:
        assert_harmless(printed(capfdbinary, hostile, *(word.format(facts=facts, evil=evil) for word in words)), words)


def test_what_each_run_says(hostile, capfdbinary):
    seen = b""
    for one in SPECIMENS:
        name = os.fsdecode(os.fsencode(one.file_name))
        for words in (("logs", name), ("report", name), ("report", name, "--questions")):
            said = printed(capfdbinary, hostile, *words)
            assert_harmless(said, (one.name, words[0]))
            seen += said
    assert all(one.word.encode() in seen for one in SPECIMENS)
    first, second = (os.fsdecode(name) for name in NAMES[:2])
    assert_harmless(printed(capfdbinary, hostile, "compare", first, second, "--all"), "compare")
    assert_harmless(printed(capfdbinary, hostile, "report", first, "--json"), "report --json")


def test_a_run_whose_folder_no_queue_can_name_is_refused(hostile, capfdbinary):
    folder = hostile / "checkpoints" / SPECIMENS[0].file_name
    odd = folder.with_name(os.fsdecode(b"qzodd \xff\x1b]0;x\x07"))
    folder.rename(odd)
    said = printed(capfdbinary, hostile, "resume", odd.name)
    assert "is not valid UTF-8: rename the folder" in said.decode()
    assert_harmless(said, "resume")
    assert json.loads((odd / "state.json").read_bytes())["state"] != "queued"


def test_settings_of_somebody_else(hostile, capfdbinary):
    for one in SPECIMENS:
        toml = f"{json.dumps(one.text.encode(errors='replace').decode())} = 1\n"
        (hostile / "garage.toml").write_text(toml)
        said = printed(capfdbinary, hostile, "runs")
        assert_harmless(said, one.name)
        assert b"garage.toml" in said
    (hostile / "garage.toml").write_bytes(b"\xff\x1b]0;x\x07 = \x1b[2J")
    assert_harmless(printed(capfdbinary, hostile, "runs"), "no TOML")


def test_a_log_on_a_terminal(hostile, on_a_wire):
    """As a person sees it: the command in a pty, with the facts as it would print them."""
    for words in (("logs", "qzsgr"), ("facts", "export", hostile / "datasets" / "garage.jsonl", "--as", "text")):
        command = on_a_wire(*WITHOUT_LAST_FILTER, "--workspace", hostile, *words)
        assert command.ends() == 0
        assert_harmless(command.seen, words)
        assert b"qzsgr" in command.seen


def test_json_keeps_every_character(hostile):
    """What goes to another program is escaped as JSON has it, and nothing is lost."""
    command = [sys.executable, "-m", "garage_tui", "--workspace", str(hostile), "runs", "--json"]
    said = subprocess.run(command, capture_output=True, check=True, cwd=REPOSITORY).stdout
    assert said.isascii()
    reasons = {run["reason"] for run in json.loads(said)}
    assert all(one.text in reasons for one in SPECIMENS if one.name not in ("surrogate", "osc0"))
