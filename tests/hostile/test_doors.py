"""Whatever comes through a door of the program, it ends with a sentence: no traceback, no report, nothing lost."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from garage_tui.__main__ import main
from garage_tui.core.base.error_report import report_text
from garage_tui.core.launch import start
from tests.hostile import doors
from tests.hostile.wire import COMMAND, refused

FEW, MANY = 25, int(os.environ.get("GARAGE_FUZZ", "3000"))

FORMATS = ("facts", "csv", "messages", "alpaca", "sharegpt", "text")
COMMANDS = (
    ("runs",),
    ("runs", "--json"),
    ("logs", "{}"),
    ("report", "{}"),
    ("report", "{}", "--json"),
    ("compare", "{}", "{}"),
    ("stop", "{}"),
    ("pause", "{}"),
    ("resume", "{}"),
    ("delete", "-y", "{}"),
    ("queue", "{}", "--first"),
    ("facts", "check", "{}"),
    ("facts", "check", "{}", "--json"),
    ("facts", "import", "{}", "--to", "{}"),
    ("facts", "export", "{}", "--as", "csv", "--out", "{}", "--force"),
    ("train", "lora", "--facts", "{}", "--name", "{}", "--detach"),
    ("train", "lora", "--like", "{}", "--base", "{}"),
    ("train", "lora", "--epochs", "{}", "--only", "{}"),
    ("train", "diffusion", "--images", "{}", "--name", "{}", "--detach"),
    ("sample", "{}", "--out", "{}"),
    ("ask", "{}", "--run", "{}"),
    ("chat", "{}"),
    ("export", "{}", "--as", "gguf"),
    ("images", "{}"),
    ("images", "{}", "--out", "{}"),
    ("show", "{}"),
    ("gpu", "--line"),
    ("settings",),
    ("help", "{}"),
    ("--screen", "{}"),
    ("--workspace", "{}", "runs"),
    ("{}",),
    ("{}", "{}", "{}"),
)


class Box:
    """A workspace of its own, in which commands run in this process."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("datasets", "checkpoints", "config/garage_tui", "state", "here"):
            (root / name).mkdir(parents=True)

    def run(self, *words: str, stdin: bytes = b"", **environment: str) -> tuple[int, str, str]:
        """Run a command in this process, and return its exit code, stdout and stderr."""
        own = {"GARAGE_STATE": str(self.root / "state"), "XDG_CONFIG_HOME": str(self.root / "config")}
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        given_in = io.TextIOWrapper(io.BytesIO(stdin))
        before = Path.cwd()
        os.chdir(self.root / "here")  # a bare name names something here
        reported: list[BaseException] = []
        try:
            with (
                mock.patch.dict(os.environ, {**environment, **own}),
                mock.patch.object(sys, "stdin", given_in),
                mock.patch.object(sys, "stdout", out),
                mock.patch.object(sys, "stderr", err),
                mock.patch.object(start, "_start_supervisor", lambda module, folder, lock: None),
                mock.patch("garage_tui.core.base.error_report.write_report", _collect(reported)),
            ):
                code = _code(["--workspace", str(self.root), *words])
        finally:
            os.chdir(before)
        texts = [stream.buffer.getvalue() for stream in (out, err)]  # type: ignore[attr-defined]
        where = (words, environment)
        assert not reported, (where, report_text(reported[0], ""))
        assert code in (0, 1, 2), (where, code, texts)
        for text in texts:
            assert b"Traceback" not in text, (where, text)
            if words[:2] != ("facts", "export"):  # into a pipe every byte goes as it is
                assert not refused(text, COMMAND), (where, text)
        return code, texts[0].decode(), texts[1].decode()


def _collect(reported: list[BaseException]):
    def write(error: BaseException, doing: str) -> tuple[None, str]:
        reported.append(error)
        return None, "this is a test"

    return write


def _code(words: list[str]) -> int | str | None:
    try:
        return main(words)
    except SystemExit as end:  # argparse
        return end.code


@contextlib.contextmanager
def box() -> Iterator[Box]:
    root = Path(tempfile.mkdtemp(prefix="garage-doors-"))
    try:
        yield Box(root)
    finally:
        shutil.rmtree(root)


def through_arguments(pattern: tuple[str, ...], words: list[str]) -> None:
    rest = iter(words)
    with box() as here:
        here.run(*(part.replace("{}", next(rest)) if "{}" in part else part for part in pattern))


def through_names(name: str, data: bytes, pattern: tuple[str, ...]) -> None:
    """A file, a folder and a run with this name; no command but `delete` takes them away."""
    with box() as here:
        file = here.root / "here" / name
        file.write_bytes(data)
        (here.root / "datasets" / f"{name}.jsonl"[-200:].replace("/", "|")).write_bytes(data)
        run = here.root / "checkpoints" / name
        run.mkdir()
        (run / "run.json").write_bytes(data)
        (run / "log.txt").write_bytes(data)
        here.run(*(part.replace("{}", f"./{name}" if "facts" in pattern else name) for part in pattern))
        here.run("runs")
        here.run("runs", "--json")
        if "--to" not in pattern and "--out" not in pattern:
            assert file.read_bytes() == data
        if "delete" not in pattern:
            assert (run / "run.json").read_bytes() == data


def through_import(data: bytes, form: str) -> None:
    """What is imported is in the facts file, and can be checked and exported in every format."""
    with box() as here:
        source = here.root / "here" / "source"
        source.write_bytes(data)
        here.run("facts", "import", "source", "--to", "facts.jsonl", *(["--as", form] if form else []))
        here.run("facts", "import", "-", "--to", "piped.jsonl", stdin=data)
        assert source.read_bytes() == data
        for file in ("facts.jsonl", "piped.jsonl", "source"):
            if (here.root / "here" / file).exists():
                here.run("facts", "check", file, "--json")
                for to in FORMATS:
                    here.run("facts", "export", file, "--as", to)


def through_settings(toml: bytes, users: bytes) -> None:
    with box() as here:
        (here.root / "garage.toml").write_bytes(toml)
        (here.root / "config" / "garage_tui" / "garage.toml").write_bytes(users)
        here.run("settings")
        here.run("models")
        here.run("show", "nothing.png")


def through_the_environment(environment: dict[str, str]) -> None:
    with box() as here:
        (here.root / "here" / "facts.jsonl").write_bytes(b'{"question": "Who?", "answer": "Me."}\n')
        for words in (("settings",), ("runs",), ("gpu", "--line"), ("help", "facts"), ("show", "x.png"), ("models",)):
            here.run(*words, **environment)
        here.run("facts", "check", "facts.jsonl", **environment)
        here.run("chat", "nothing", **environment)
        here.run(**environment)


NOT_UTF8 = os.fsdecode(b"caf\xe9")


@pytest.mark.parametrize("pattern", [pattern for pattern in COMMANDS if any("{}" in part for part in pattern)], ids=str)
def test_a_name_that_is_not_utf8_has_one_form_in_every_command(pattern):
    """An argument, a file, a picture, a folder and a run with such a name."""
    row = b'{"question": "Who?", "answer": "Me."}\n'
    with box() as here:
        (here.root / "here" / NOT_UTF8).write_bytes(row)
        (here.root / "datasets" / f"{NOT_UTF8}.jsonl").write_bytes(row)
        (here.root / "datasets" / NOT_UTF8).mkdir()
        run = here.root / "checkpoints" / NOT_UTF8
        run.mkdir()
        (run / "log.txt").write_bytes(b"the job says caf\xe9\n")
        for word in (NOT_UTF8, f"./{NOT_UTF8}", f"{NOT_UTF8}/{NOT_UTF8}"):
            _, out, err = here.run(*(part.replace("{}", word) for part in pattern))
            assert not re.search(r"\ufffd|\\+udc|\\+xe9|U\+DC", err if "--json" in pattern else out + err), out + err


PATTERN = st.sampled_from(COMMANDS)
DOORS = {
    "arguments": (through_arguments, {"pattern": PATTERN, "words": st.lists(doors.WORD, min_size=3, max_size=3)}),
    "names": (through_names, {"name": doors.NAME, "data": doors.FACTS, "pattern": PATTERN}),
    "import": (
        through_import,
        {
            "data": doors.DOCUMENT,
            "form": st.sampled_from(["", *FORMATS]),
        },
    ),
    "settings": (through_settings, {"toml": doors.SETTINGS, "users": doors.SETTINGS}),
    "environment": (through_the_environment, {"environment": doors.ENVIRONMENT}),
}


@pytest.mark.parametrize("door", DOORS)
def test_a_command_ends_with_a_sentence(door):
    through, what = DOORS[door]
    settings(max_examples=FEW)(given(**what)(through))()


@pytest.mark.long
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("door", DOORS)
def test_a_command_ends_with_a_sentence_for_long(door):
    through, what = DOORS[door]
    settings(max_examples=MANY)(given(**what)(through))()
