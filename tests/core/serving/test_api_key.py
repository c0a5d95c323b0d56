"""The server's key: made once, kept, replaced when its owner says so, never taken from a file that others can read."""

from __future__ import annotations

import stat

import pytest

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.serving.api_key import CurrentKey, give_back_key, make_new_key, read_key, take_key


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "server").mkdir(mode=0o700)
    return tmp_path / "server"


def test_the_first_start_makes_a_key_and_every_later_one_keeps_it(folder):
    key = take_key(folder)
    assert len(key) > 40
    assert (folder / "key").read_bytes() == key.encode(), "no line feed: clients send the file as it is"
    assert stat.S_IMODE((folder / "key").stat().st_mode) == 0o600
    assert take_key(folder) == key


def test_a_line_feed_at_the_end_is_removed_and_the_key_kept(folder):
    (folder / "key").write_text("of-my-own\n")
    (folder / "key").chmod(0o600)
    assert take_key(folder) == "of-my-own"
    assert (folder / "key").read_bytes() == b"of-my-own"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o666])
def test_a_key_that_others_can_read_is_replaced(folder, mode):
    (folder / "key").write_text("no-secret")
    (folder / "key").chmod(mode)
    assert take_key(folder) not in ("no-secret", "")
    assert stat.S_IMODE((folder / "key").stat().st_mode) == 0o600


def test_a_link_in_its_place_is_replaced_and_its_target_stays(folder, tmp_path):
    (target := tmp_path / "theirs").write_text("known-to-somebody")
    target.chmod(0o600)
    (folder / "key").symlink_to(target)
    assert take_key(folder) != "known-to-somebody"
    assert not (folder / "key").is_symlink()
    assert target.read_text() == "known-to-somebody"


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"])
def test_an_empty_or_unreadable_key_is_replaced(folder, content):
    (folder / "key").write_bytes(content)
    (folder / "key").chmod(0o600)
    assert len(take_key(folder)) > 40


def test_a_key_that_no_header_may_hold_is_a_sentence_without_it(folder):
    (folder / "key").write_text("two words")
    (folder / "key").chmod(0o600)
    with pytest.raises(BadInputError, match=r"make a new one with `garage serve --new-key`") as refused:
        take_key(folder)
    assert "two words" not in str(refused.value)
    make_new_key(folder)
    assert len(take_key(folder)) > 40


def test_the_key_of_the_environment_wins_while_the_server_lives_and_the_own_one_comes_back(folder):
    own = take_key(folder)
    assert take_key(folder, "from-the-shell\n") == "from-the-shell"
    assert read_key(folder) == "from-the-shell"
    give_back_key(folder)
    assert read_key(folder) == own
    assert {path.name for path in folder.iterdir()} == {"key"}


def test_after_a_server_that_was_killed_the_own_key_comes_back_too(folder):
    own = take_key(folder)
    take_key(folder, "from-the-shell")
    take_key(folder, "another")
    assert take_key(folder) == own


def test_the_key_of_the_environment_is_not_on_disk_afterwards_where_there_was_none_before(folder):
    take_key(folder, "from-the-shell")
    give_back_key(folder)
    assert read_key(folder) != "from-the-shell"


def test_a_bad_key_of_the_environment_changes_nothing(folder):
    own = take_key(folder)
    with pytest.raises(BadInputError, match="GARAGE_API_KEY contains spaces"):
        take_key(folder, "two words")
    assert read_key(folder) == own


def test_a_new_key_waits_while_that_of_the_environment_is_in_use(folder):
    own = take_key(folder)
    assert make_new_key(folder)
    second = read_key(folder)
    assert second != own
    take_key(folder, "from-the-shell")
    assert not make_new_key(folder)
    assert read_key(folder) == "from-the-shell"
    give_back_key(folder)
    assert read_key(folder) not in (own, second, "from-the-shell")


def test_a_running_server_takes_a_new_key_and_keeps_its_own_when_the_file_is_gone(folder):
    current = CurrentKey(folder, take_key(folder))
    first = current()
    make_new_key(folder)
    assert current() == read_key(folder) != first
    second = current()
    (folder / "key").unlink()
    assert current() == second
    (folder / "key").write_text("readable by all")
    assert current() == second


def test_a_folder_that_is_a_link_gets_no_key(tmp_path, folder):
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(GarageError, match="is a link"):
        make_new_key(tmp_path / "link")
