"""The file that the user names for an output: what is there is kept, devices and pipes are written to."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.output_file import output_argument, output_file


def everything_in(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_a_new_file_appears_whole_with_the_users_own_mode(tmp_path):
    before = os.umask(0o027)
    try:
        output_argument(str(tmp_path / "x.png")).write(b"data")
    finally:
        os.umask(before)
    assert everything_in(tmp_path) == {"x.png": b"data"}, "and nothing else is left beside it"
    assert stat.S_IMODE((tmp_path / "x.png").stat().st_mode) == 0o640


def test_an_existing_file_is_kept_without_force_and_replaced_with_it(tmp_path):
    file = tmp_path / "x.png"
    file.write_text("mine")
    file.chmod(0o600)
    output = output_argument(str(file))
    with pytest.raises(BadInputError, match=r"x\.png already exists: --force replaces it, or name another file"):
        output.require(force=False)
    with pytest.raises(BadInputError, match="already exists"):
        output.write(b"data")
    assert file.read_text() == "mine"
    output.write(b"data", force=True)
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b"data", 0o600)


def test_a_file_that_appears_after_the_check_is_kept(tmp_path):
    file = tmp_path / "x.png"
    output = output_argument(str(file))

    def fill(out):
        out.write(b"data")
        file.write_text("theirs")

    with pytest.raises(BadInputError, match="appeared meanwhile"):
        output.write(fill)
    assert everything_in(tmp_path) == {"x.png": b"theirs"}


def test_what_a_link_points_to_is_written_only_with_force_and_the_link_stays(tmp_path):
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "theirs.png").write_text("theirs")
    link = tmp_path / "x.png"
    link.symlink_to(other / "theirs.png")
    with pytest.raises(BadInputError, match=r"x\.png is a link to .*/elsewhere/theirs\.png: --force writes there"):
        output_argument(str(link)).require(force=False)
    with pytest.raises(BadInputError, match="is a link to"):
        output_argument(str(link)).write(b"data")
    assert (other / "theirs.png").read_text() == "theirs"
    output_argument(str(link)).write(b"data", force=True)
    assert link.is_symlink() and (other / "theirs.png").read_bytes() == b"data"


def test_a_link_to_nothing_makes_no_file_elsewhere_without_force(tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "x.png").symlink_to(tmp_path / "other" / "new.png")
    with pytest.raises(BadInputError, match=r"new\.png, which does not exist: --force writes there"):
        output_argument(str(tmp_path / "x.png")).write(b"data")
    assert not list((tmp_path / "other").iterdir())
    output_argument(str(tmp_path / "x.png")).write(b"data", force=True)
    assert (tmp_path / "other" / "new.png").read_bytes() == b"data"


def test_a_device_is_written_to_and_stays_a_device(tmp_path):
    for path in ("/dev/null", tmp_path / "link"):
        if path != "/dev/null":
            path.symlink_to("/dev/null")
        output = output_argument(str(path))
        output.require(force=False)
        output.write(b"data")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path):
    pipe = tmp_path / "x.png"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    output_argument(str(pipe)).write(b"data" * 100_000)
    reader.join()
    assert read == [b"data" * 100_000] and stat.S_ISFIFO(pipe.stat().st_mode)


def test_the_app_does_not_wait_for_somebody_who_reads_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "x.png")
    with pytest.raises(GarageError, match=r"x\.png cannot be written: nobody reads this pipe"):
        output_file(tmp_path / "x.png").write(b"data", wait=False)


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_is_appended_to_wherever_the_shell_sends_it(tmp_path, name):
    code = f"from garage_tui.core.base.output_file import output_argument as a; a({name!r}).write(b'data')"
    log = tmp_path / "log"
    log.write_text("before\n")
    with log.open("ab") as out:
        subprocess.run([sys.executable, "-c", code], stdout=out, check=True)
    assert log.read_text() == "before\ndata"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout == b"data"
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_what_is_no_file_is_refused_with_what_it_is(tmp_path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "socket"))
    (tmp_path / "gone").symlink_to("/no/where/x")
    for name, text in (
        (str(tmp_path), "is a folder: name a file in it"),
        (f"{tmp_path}/new/", "is the name of a folder"),
        (str(tmp_path / "socket"), "is a socket"),
        (str(tmp_path / "no" / "x.png"), "its folder does not exist"),
        (str(tmp_path / "gone"), "is a link to /no/where/x: its folder does not exist"),
        ("/dev/null/x.png", "cannot be written: Not a directory"),
        ("~nobody-here/x.png", "there is no such user"),
        ("", "is empty"),
        ("x\0.png", "no file can have this name"),
        (str(tmp_path / ("x" * 300)), "File name too long"),
    ):
        with pytest.raises(BadInputError) as refused:
            output_argument(name)
        assert text in str(refused.value), name
    listener.close()


def test_what_cannot_be_written_leaves_the_old_file_and_no_part_of_a_new_one(tmp_path):
    (tmp_path / "x.png").write_text("mine")

    def fill(out):
        out.write(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(GarageError, match=r"x\.png cannot be written: the disk is full: .* free on /"):
        output_argument(str(tmp_path / "x.png")).write(fill, force=True)
    assert everything_in(tmp_path) == {"x.png": b"mine"}


def test_a_full_device_is_said_in_words():
    with pytest.raises(GarageError, match="/dev/full cannot be written: the device takes no more"):
        output_argument("/dev/full").write(b"data")


def test_a_terminal_that_is_not_there_is_no_pipe_without_a_reader():
    code = """
import os
from garage_tui.core.base.output_file import output_argument
os.setsid()
try:
    output_argument("/dev/tty").write(b"data")
except Exception as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.stdout == "/dev/tty cannot be written: No such device or address\n", done.stderr
