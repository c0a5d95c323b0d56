"""Completions and the manual page: a real shell completes commands and options, and man(1) reads the page."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from garage_tui.__main__ import _COMMANDS
from tests.support.repository import REPOSITORY

SHARE = REPOSITORY / "share"
BASH = SHARE / "bash-completion" / "completions" / "garage"
PAGE = SHARE / "man" / "man1" / "garage.1"


def complete(*words: str) -> set[str]:
    """Return what bash offers for the last of the words."""
    function = BASH.read_text().rpartition(" -F ")[2].split()[0]
    script = f"""
source {BASH}
COMP_WORDS=({" ".join(f"'{word}'" for word in words)})
COMP_CWORD={len(words) - 1}
{function}
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return {line.strip() for line in done.stdout.splitlines() if line.strip()}


def test_bash_completes_commands_their_actions_options_and_choices():
    assert complete("garage", "do") == {"doctor"}
    assert {"check", "import", "export", "example", "ledger"} <= complete("garage", "facts", "")
    assert "--preset" in complete("garage", "train", "lora", "--pre")
    assert complete("garage", "--screen", "ga") == {"gallery"}


def test_bash_completes_names_of_files_where_a_file_is_meant(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "family.jsonl").touch()
    assert complete("garage", "facts", "check", "fam") == {"family.jsonl"}


@pytest.mark.skipif(shutil.which("man") is None, reason="there is no man(1)")
def test_man_shows_every_command_without_a_warning():
    done = subprocess.run(
        ["man", "--warnings", "--local-file", str(PAGE)],
        capture_output=True, text=True, timeout=60, env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "MANWIDTH": "90"},
    )  # fmt: skip
    assert done.returncode == 0 and not done.stderr
    assert "garage - teach facts to a language model" in done.stdout
    names = [name for commands in _COMMANDS.values() for name in commands]
    assert [name for name in names if f"garage {name}\n" not in done.stdout] == []


def test_every_shell_has_every_command():
    names = [name for commands in _COMMANDS.values() for name in commands]
    for path in (
        BASH,
        SHARE / "zsh" / "site-functions" / "_garage",
        SHARE / "fish" / "vendor_completions.d" / "garage.fish",
    ):
        text = path.read_text()
        assert [name for name in names if name not in text] == [], path


def test_no_usage_in_the_manual_page_is_broken_where_one_version_of_python_breaks_it():
    usages = [line for line in PAGE.read_text().splitlines() if line.startswith("usage: garage serve ")]
    assert len(usages) == 1 and usages[0].endswith("[RUN ...]")
