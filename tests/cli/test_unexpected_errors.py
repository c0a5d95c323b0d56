"""Whatever happens, a command prints a sentence: never a traceback, never a complaint of Python's while it ends."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from garage_tui.__main__ import main
from garage_tui.core.base import error_report
from tests.support.repository import REPOSITORY

pytestmark = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")  # noqa: PTH110
SENTENCE = "garage: the output cannot be written: No space left on device; free some space, or send it elsewhere\n"


def shell(line: str, workspace) -> subprocess.CompletedProcess[str]:
    """Run a shell line, in which `garage` is the command."""
    python = f'garage() {{ "{sys.executable}" -m garage_tui "$@"; }}; set -o pipefail; {line}'
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "GARAGE_WORKSPACE": str(workspace.root)}
    return subprocess.run(["bash", "-c", python], capture_output=True, text=True, env=environment, cwd=REPOSITORY)


@pytest.mark.parametrize(
    "words",
    ["models", "--help", "help facts", "facts export datasets/garage.jsonl --as csv", "settings", "runs --json"],
)
def test_a_full_disk_behind_stdout_is_a_sentence(workspace, words):
    done = shell(f"garage {words} >/dev/full", workspace)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(SENTENCE) and "Exception ignored" not in done.stderr


def test_without_a_buffer_too(workspace):
    done = shell("PYTHONUNBUFFERED=1 garage models >/dev/full", workspace)
    assert (done.returncode, done.stderr) == (1, SENTENCE)


def test_a_reader_that_leaves_ends_a_command_without_a_word(workspace):
    for words in ("models", "--help", "settings", "facts export datasets/garage.jsonl --as csv 2>/dev/null"):
        done = shell(f"garage {words} | head -1", workspace)
        assert (done.returncode, done.stderr) == (0, ""), words
        assert done.stdout.count("\n") == 1


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_streams_that_the_shell_has_closed_take_everything(workspace, closed):
    assert shell(f"garage models {closed}", workspace).returncode == 0
    assert shell(f"garage nope {closed}", workspace).returncode == 2
    assert shell(f"garage {closed}", workspace).returncode == 2  # the app needs a terminal


def test_what_goes_to_a_full_stderr_changes_no_exit_code(workspace):
    assert shell("garage nope 2>/dev/full", workspace).returncode == 2
    assert shell("garage facts export datasets/garage.jsonl --as csv 2>/dev/full", workspace).returncode == 0


@pytest.fixture
def broken_command(monkeypatch, workspace):
    """`garage models` with a mistake in it; what it raises is what the function returns."""
    from garage_tui.cli import models

    def use(error: BaseException) -> None:
        def fail(args: object) -> int:
            raise error

        monkeypatch.setattr(models, "run_models", fail)

    return use


def test_an_unexpected_error_is_one_line_with_the_path_of_its_report(broken_command, workspace, capsys, error_reports):
    broken_command(ValueError("no such \x1b]0;thing\nat all"))
    assert main(["--workspace", str(workspace.root), "models"]) == 1
    out, err = capsys.readouterr()
    (report,) = error_reports()
    assert out == ""
    assert err == f"garage: this command could not finish (ValueError: no such at all); the details are in {report}\n"
    text = report.read_text()
    assert "garage_tui " in text and f"garage --workspace {workspace.root} models" in text
    assert "Traceback" in text and "in fail" in text
    assert report.stat().st_mode & 0o077 == 0


def test_a_report_holds_no_keys(broken_command, workspace, capsys, error_reports, monkeypatch):
    monkeypatch.setenv("MY_API_KEY", "s3cret-of-mine")
    broken_command(OSError(f"https://me:hunter2@box/v1 refused Bearer abc.def, sk-{'1' * 20} and s3cret-of-mine"))
    main(["--workspace", str(workspace.root), "models"])
    text = error_reports()[0].read_text() + capsys.readouterr().err
    line = error_report.command_line(["chat", "--api-key", "topsecret", "--token=tt", "--key-file", "/a/b"])
    assert line == "garage chat --api-key (hidden) --token=(hidden) --key-file /a/b"
    for secret in ("hunter2", "abc.def", "sk-1", "s3cret-of-mine"):
        assert secret not in text


def test_only_the_newest_reports_stay(error_reports):
    for number in range(error_report.MAX_REPORTS + 5):
        path, _ = error_report.write_report(ValueError(f"number {number}"), "a test")
        assert path
        os.utime(path, (number, number))
    kept = error_reports()
    assert len(kept) == error_report.MAX_REPORTS
    assert "number 24" in kept[-1].read_text() and "number 4\n" not in "".join(map(os.fspath, kept))


def test_a_report_that_cannot_be_written_is_said_to_be_missing(broken_command, workspace, capsys, monkeypatch):
    monkeypatch.setenv("GARAGE_STATE", "/dev/null/state")
    broken_command(KeyError("what"))
    assert main(["--workspace", str(workspace.root), "models"]) == 1
    assert "its details could not be written (Not a directory)" in capsys.readouterr().err


def test_ctrl_c_stays_as_it_was(broken_command, workspace, capsys):
    broken_command(KeyboardInterrupt())
    assert main(["--workspace", str(workspace.root), "models"]) == 130
    assert capsys.readouterr() == ("", "")


def test_an_error_in_a_thread_is_a_sentence_too(monkeypatch, workspace, capsys, error_reports):
    from garage_tui.cli import models

    def in_a_thread(args: object) -> int:
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        thread.join()
        return 0

    monkeypatch.setattr(models, "run_models", in_a_thread)
    assert main(["--workspace", str(workspace.root), "models"]) == 0
    err = capsys.readouterr().err
    assert "ZeroDivisionError" in err and "Traceback" not in err and len(error_reports()) == 1
