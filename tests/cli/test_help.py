"""`garage help [TOPIC]`: the pages of docs/, in a pipe, on a terminal, and through a pager where they are longer."""

from __future__ import annotations

import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from fcntl import ioctl

import pytest

from garage_tui.__main__ import _COMMANDS
from garage_tui.cli.help import find_pages, first_sentence, sections
from tests.support.repository import REPOSITORY

GARAGE = (sys.executable, "-m", "garage_tui")


def garage(*words):
    return subprocess.run([*GARAGE, *words], capture_output=True, text=True, timeout=60, cwd="/")


class Terminal:
    """`garage help` in a pty of 80 columns."""

    def __init__(self, *words, rows=24, **variables):
        kept = {name: value for name, value in os.environ.items() if name not in ("LESS", "PAGER", "COLUMNS", "LINES")}
        ours, theirs = pty.openpty()
        ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", rows, 80, 0, 0))
        environment = {**kept, "TERM": "xterm-256color", "LANG": "C.UTF-8", **variables}
        command = [*GARAGE, "help", *words]
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True, cwd="/"
        )
        os.close(theirs)
        self.fd, self.seen = ours, ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.fd)

    def sees(self, text):
        self._read(lambda: text in self.text)
        assert text in self.text

    def ends(self):
        self._read(lambda: False)
        return self.process.wait(timeout=60)

    def types(self, keys):
        os.write(self.fd, keys.encode())

    @property
    def text(self):
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.seen)

    def _read(self, enough):
        until = time.monotonic() + 30
        while not enough() and time.monotonic() < until:
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self.fd, 65536).decode(errors="replace")
                except OSError:  # the program has closed its terminal
                    return


def test_without_a_topic_it_lists_every_page_with_its_first_sentence_and_every_command():
    done = garage("help")
    assert done.returncode == 0 and not done.stderr
    for path in (REPOSITORY / "docs").rglob("*.md"):
        if path.stem != "index":
            line = next(line for line in done.stdout.splitlines() if line.startswith(f"{path.stem} "))
            assert len(line.split()) > 4 and line.endswith((".", "?")), line
    commands = re.split(r"[,\s]+", done.stdout.rpartition("\n\n")[2].strip())
    assert commands == [name for names in _COMMANDS.values() for name in names]


def test_no_two_pages_have_one_topic_and_every_page_says_first_what_it_is_about():
    pages = list((REPOSITORY / "docs").rglob("*.md"))
    assert len({page.stem for page in pages}) == len(pages) == len(find_pages())
    assert not [page for page in pages if not 20 < len(first_sentence(page.read_text())) < 200]


def test_into_a_pipe_a_page_is_its_text():
    done = garage("help", "security")
    page = (REPOSITORY / "docs" / "explain" / "security.md").read_text()
    assert (done.returncode, done.stderr) == (0, "") and done.stdout == page


def test_the_notes_to_whoever_edits_a_page_are_left_out():
    done = garage("help", "keys")
    assert done.stdout.startswith("# Keys\n\nAll keys of every screen") and "<!--" not in done.stdout


def test_the_name_of_a_command_shows_its_part_of_the_page_of_commands():
    train, lora = garage("help", "train").stdout, garage("help", "garage", "train", "lora").stdout
    assert train.startswith("## garage train\n") and "\n### garage train diffusion\n" in train and lora in train
    assert lora.startswith("### garage train lora\n") and "`--epochs N`" in lora and "diffusion\n" not in lora


def test_a_page_and_a_command_of_one_name_are_shown_one_after_the_other():
    done = garage("help", "export")
    assert done.stdout.startswith("# Export\n") and "\n## garage export\n" in done.stdout
    page = (REPOSITORY / "docs" / "reference" / "cli.md").read_text()
    assert {"export", "train lora", "facts check"} <= set(sections(page))


@pytest.mark.parametrize(("topic", "near"), [("fact", "facts"), ("setings", "settings"), ("tran lora", "train lora")])
def test_an_unknown_topic_is_a_sentence_with_what_is_near(topic, near):
    done = garage("help", *topic.split())
    assert done.returncode == 2 and not done.stdout and done.stderr.count("\n") == 1
    assert done.stderr.startswith(f'garage: there is no topic "{topic}". Did you mean ') and near in done.stderr


def test_a_topic_like_no_other_names_the_list():
    done = garage("help", "xyzzy")
    assert done.returncode == 2
    assert done.stderr == 'garage: there is no topic "xyzzy". `garage help` lists all topics\n'


def test_on_a_terminal_a_short_page_is_rendered_and_the_shell_is_back():
    with Terminal("models", rows=60, PAGER="false") as terminal:
        assert terminal.ends() == 0
    assert "garage models" in terminal.text and "\x1b[" in terminal.seen
    assert "|---|" not in terminal.text and "`--json`" not in terminal.text


def test_a_page_that_is_longer_than_the_terminal_goes_through_less():
    with Terminal("facts") as terminal:
        terminal.sees("The usual way")
        assert "Import and export" not in terminal.text and terminal.process.poll() is None
        terminal.types("G")
        terminal.sees("(END)")
        terminal.types("q")
        assert terminal.ends() == 0
    assert "\x1b[1;36m" in terminal.seen and "ESC[" not in terminal.text


def test_ctrl_c_in_the_pager_is_the_pagers():
    with Terminal("facts") as terminal:
        terminal.sees("The usual way")
        os.killpg(terminal.process.pid, 2)
        time.sleep(0.5)
        terminal.types("q")
        assert terminal.ends() == 0
    assert "Traceback" not in terminal.text


def test_pager_names_another_program_and_may_leave_early():
    with Terminal("recipe", PAGER="head -n 5") as terminal:
        assert terminal.ends() == 0
    assert "How facts are taught" in terminal.text and "Traceback" not in terminal.text
    assert terminal.text.count("\n") <= 6


def test_a_pager_that_is_not_there_leaves_the_page_on_the_terminal():
    with Terminal("gallery", PAGER="/nowhere/pager -x") as terminal:
        assert terminal.ends() == 0
    assert "The usual way" in terminal.text and "Traceback" not in terminal.text


def test_links_name_the_command_that_shows_their_page():
    with Terminal("gallery", PAGER="cat") as terminal:
        terminal.ends()
    assert "garage help" in terminal.text and ".md)" not in terminal.text


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from garage_tui.__main__ import main; main(['help', 'facts']);"
        "heavy = {'torch', 'textual', 'rich', 'httpx', 'numpy'} & set(sys.modules); sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stderr
