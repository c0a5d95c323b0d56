"""Atomic writes: a file keeps its permissions, and a new one has those that its user gives to new files."""

import os
import stat

import pytest

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.chat.transcripts import save
from garage_tui.core.facts.file import write_file


@pytest.fixture(params=[0o022, 0o027, 0o077, 0o002])
def umask(request):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path, umask):
    write_atomic(tmp_path / "a", b"data")
    (tmp_path / "b").touch()
    assert mode(tmp_path / "a") == mode(tmp_path / "b") == 0o666 & ~umask


@pytest.mark.parametrize("given", [0o600, 0o640, 0o664, 0o444])
def test_a_file_that_is_there_keeps_its_permissions(tmp_path, umask, given):
    file = tmp_path / "a"
    file.touch()
    file.chmod(given)
    write_atomic(file, b"data")
    assert (file.read_bytes(), mode(file)) == (b"data", given)


def test_permissions_that_are_named_are_those_that_a_file_gets(tmp_path, umask):
    for _ in range(2):
        write_atomic(tmp_path / "key", b"secret", mode=0o600)
        assert mode(tmp_path / "key") == 0o600
        (tmp_path / "key").chmod(0o644)


def test_a_new_facts_file_and_a_new_chat_are_as_private_as_their_user_says(tmp_path, umask):
    write_file(tmp_path / "facts.jsonl", b"{}", keep=True)
    assert mode(tmp_path / "facts.jsonl") == 0o666 & ~umask
    assert mode(save(tmp_path, b"{}", None, "Who?")) == 0o666 & ~umask


def test_a_chat_and_a_facts_file_that_were_made_private_stay_so(tmp_path):
    chat = save(tmp_path, b"{}", None, "Who?")
    chat.chmod(0o600)
    save(tmp_path, b"[]", chat, "Who?")
    facts, backup = tmp_path / "facts.jsonl", tmp_path / "facts.jsonl.bak"
    write_file(facts, b"{}", keep=True)
    write_file(facts, b"[]", keep=True)
    facts.chmod(0o600)
    write_file(facts, b"{}", keep=True)
    assert [mode(file) for file in (chat, facts, backup)] == [0o600] * 3


def test_what_could_not_be_written_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomic(tmp_path / "a", b"data")
    assert list(tmp_path.iterdir()) == []
