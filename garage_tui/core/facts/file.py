"""Facts files: one JSON object per line, `{"question": "…", "answer": "…"}`; loading, checking and saving them.

A file is kept as its lines. Lines that nobody edits are written back byte for byte, so unknown keys, key order,
blank lines and even broken lines survive load → save.
"""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import msgspec

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.facts.contradictions import clash_text, find_clash
from garage_tui.core.facts.coverage import Coverage, without_gc
from garage_tui.core.facts.line import BOM, IMPORTED, MARKED, Complaint, Fact, Line, parse
from garage_tui.core.facts.line_pool import LinePool

BACKUP = ".bak"
MAX_BYTES = 256_000_000
"""The largest facts file that is read; a million rows are smaller."""


class Problem(msgspec.Struct, frozen=True):
    """One thing wrong with a line, and what to do about it."""

    line: int
    """From 1."""
    text: str
    error: bool = True
    """False: a warning; the row can be used."""


class FactsFile(msgspec.Struct, dict=True):
    """A facts file in memory."""

    path: Path
    lines: list[Line] = []
    ends_with_newline: bool = True
    """False if the last line has no line feed; that is kept too."""
    has_mark: bool = False
    """True if the file begins with a byte order mark, which stays at the beginning whatever its first line is."""
    seems: str = ""
    """What a file without a single fact is as a whole, and whether the import reads it; empty if nothing is known."""

    @property
    def facts(self) -> list[Fact]:
        """The rows with a question and an answer."""
        return [line.fact for line in self.lines if line.fact and line.fact.question]

    @property
    def training(self) -> list[Fact]:
        """The facts that are trained on: all but exam questions."""
        return [line.fact for line in self.lines if line.fact and line.fact.is_taught]

    @cached_property
    def problems(self) -> list[Problem]:
        """What is wrong with the lines, each by itself and compared with the others."""
        return find_problems(self.lines)

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.error]

    def where(self, problem: Problem) -> str:
        """Return the problem as compilers write it: `file:line: what`."""
        return f"{self.path}:{problem.line}: {'' if problem.error else 'warning: '}{problem.text}"

    def save(self) -> None:
        """Write the file atomically, and keep the version that was there as `FILE.bak`.

        Raises:
            OSError: nothing was changed.
        """
        write_file(self.path, join_lines(self.lines, self.ends_with_newline, self.has_mark), keep=True)


def join_lines(lines: Sequence[Line], ends_with_newline: bool = True, has_mark: bool = False) -> bytes:
    """Return the bytes of a file with these lines."""
    data = b"\n".join([line.raw for line in lines])
    mark, end = BOM if has_mark and lines else b"", b"\n" if ends_with_newline and lines else b""
    return mark + data + end


def write_file(path: Path, data: bytes, *, keep: bool) -> None:
    """Replace a file by `data`, atomically; its mode stays, and a link stays a link.

    Args:
        keep: keep the version that was there as `FILE.bak`.

    Raises:
        OSError: nothing was changed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    target = path.resolve()
    if keep and target.exists():
        mode = stat.S_IMODE(target.stat().st_mode)  # an older backup may be readable by more people
        write_atomic(path.with_name(path.name + BACKUP), read_regular(target, MAX_BYTES), mode=mode)
    write_atomic(target, data)


def load_facts(path: Path, known: LinePool | None = None) -> FactsFile:
    """Read a facts file; bad lines are kept with their problems, and hold no fact.

    Args:
        known: lines that were read before; they are taken instead of being read again.

    Raises:
        BadInputError: there is no such file, or it cannot be read.
    """
    return parse_bytes(path, read_bytes(path), known)


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a facts file.

    Raises:
        BadInputError: there is no such file, or it cannot be read.
    """
    try:
        return read_regular(path, MAX_BYTES)
    except FileNotFoundError as error:
        where = f"no file {path}" if not path.is_symlink() else f"{path} is a link to a file that is not there"
        raise BadInputError(
            f"{where}: write one JSON object per line, with the keys question and answer, or begin "
            "with `garage facts example`"
        ) from error
    except OSError as error:
        raise BadInputError(f"{path}: {error.strerror}") from error


def parse_bytes(path: Path, data: bytes, known: LinePool | None = None, *, parquet: bool = False) -> FactsFile:
    """Return the facts file with these bytes.

    Args:
        path: names the file in messages.
        known: lines that were parsed before.
        parquet: if the file is none, try whether the import reads it as Parquet, too; that takes a moment.
    """
    raws = data.split(b"\n")
    ends_with_newline = raws[-1] == b""
    if ends_with_newline:
        raws.pop()
    has_mark = data.startswith(BOM)
    raws[:1] = [raw.removeprefix(BOM) for raw in raws[:1]]
    with without_gc():
        lines = [known.take(raw) or parse(raw) for raw in raws] if known else list(map(parse, raws))
    if has_mark:
        lines[0] = Line(lines[0].raw, lines[0].fact, (MARKED, *lines[0].complaints))
    file = FactsFile(path, lines, ends_with_newline, has_mark)
    if (
        lines
        and (_is_opened(lines[0]) or not any(line.fact for line in lines))
        and (seems := _whole_file_problem(path, data, lines[0], parquet=parquet))
    ):
        file.seems = seems
        lines[0] = Line(lines[0].raw, None, (Complaint(seems),))
    return file


def _is_opened(first: Line) -> bool:
    """Return whether the first line opens a list or an object that goes on below, maybe with one row on each line."""
    begin = first.raw.strip()
    return begin.startswith(b"[") or (begin.startswith(b"{") and begin.endswith((b"{", b"[")))


def _whole_file_problem(path: Path, data: bytes, first: Line, *, parquet: bool) -> str:
    """Return what a file is that is not one object on each line, and whether the import reads it, which is tried.

    Args:
        first: the first line.
        parquet: try to read Parquet too, which takes a moment.

    Returns:
        empty if the complaints about the lines say more.
    """
    from garage_tui.core.facts import importing
    from garage_tui.core.facts.formats.file_kind import NotFactsError
    from garage_tui.core.facts.formats.parquet_rows import MAGIC
    from garage_tui.core.facts.formats.read_row import UnknownColumnsError

    begin = first.raw.strip()
    over_lines = _is_opened(first)
    if any(IMPORTED in complaint.text for complaint in first.complaints):
        return ""
    if data[:4] == MAGIC and not parquet:
        return "the file is Parquet; a facts file has one JSON object on each line"
    try:
        found = importing.read(data, path.name)
    except NotFactsError as error:
        return str(error)
    except UnknownColumnsError as error:
        return "" if begin.startswith(b"{") else f"a facts file has one JSON object on each line; to import it: {error}"
    except BadInputError as error:
        return f"a facts file has one object on each line, and as a whole: {error}" if over_lines else ""
    if not found.facts or (begin.startswith(b"{") and not over_lines and found.problems):
        return ""
    if found.problems:
        return (
            f"the file is {found.kind}; `garage facts import FILE` reads {len(found.facts)} of its rows (I in the app)"
        )
    return f"the file is {found.kind}, in another form than one object on each line; {IMPORTED}"


def find_problems(lines: Sequence[Line]) -> list[Problem]:
    """Return what is wrong with the lines, in their order."""
    problems = [
        Problem(number, complaint.text, complaint.error)
        for number, line in enumerate(lines, 1)
        for complaint in line.complaints
    ]
    number = next((number for number, line in enumerate(lines, 1) if line.raw.endswith(b"\r")), None)
    if number is not None:
        text = "lines have Windows line endings (CRLF), which are harmless and kept; `dos2unix` converts them"
        problems.append(Problem(number, text, error=False))
    problems += _compare(lines)
    problems += _near_duplicates(lines)
    problems.sort(key=lambda problem: problem.line)
    return problems


def _compare(lines: Sequence[Line]) -> list[Problem]:
    """Return warnings about rows that repeat or contradict an earlier one."""
    coverage = Coverage(lines)
    repeated = list(coverage.repeated())
    if not repeated:
        return []
    numbers = {line: number for number, line in enumerate(lines, 1)}
    problems = []
    for same in repeated:
        first, *others = sorted(same, key=numbers.__getitem__)
        for line in others:
            if (what := find_clash(line, first)) and line.fact:
                text = f'"{one_line(line.fact.question, 60)}" is {clash_text(what, numbers[first])}'
                problems.append(Problem(numbers[line], text, error=False))
    return problems


def _near_duplicates(lines: Sequence[Line]) -> list[Problem]:
    """Return warnings about exam questions that nearly repeat a taught one, and so would prove nothing."""
    if not any(line.fact and line.fact.exam for line in lines):
        return []
    from garage_tui.core.facts.near_duplicates import inexact_duplicate_pairs  # rapidfuzz takes 30 ms

    numbers = {line: number for number, line in enumerate(lines, 1)}
    problems = []
    for exam, taught in inexact_duplicate_pairs(lines):
        similar = one_line(taught.fact.question, 60) if taught.fact else ""
        text = f'this exam question is a near duplicate of line {numbers[taught]}: "{similar}"'
        problems.append(Problem(numbers[exam], f"{text}; ask it in other words", error=False))
    return problems


def check_trainable(file: FactsFile) -> None:
    """Refuse a facts file that no run can be trained on.

    Raises:
        BadInputError: a line has an error, or there is nothing to train on; the text names file and line.
    """
    if file.errors:
        check = f"`garage facts check {shlex.quote(str(file.path))}`"
        more = f" (and {len(file.errors) - 1} more: {check})" if len(file.errors) > 1 else ""
        raise BadInputError(file.where(file.errors[0]) + more)
    if not file.training:
        raise BadInputError(f"{file.path} contains no row to train on; add a line with a question and an answer")


FileStamp = tuple[int, int, int]


def file_stamp(path: Path | str) -> FileStamp | None:
    """Return (modification time in ns, size in bytes, inode) of a file, which a write changes; None without a file."""
    try:
        found = os.stat(path)  # noqa: PTH116 (of the file behind a link)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def find_files(datasets: Path) -> list[Path]:
    """Return the facts files of a workspace: the example first, the others by name."""
    try:
        found = sorted(path for path in datasets.glob("*.jsonl") if path.is_file() and not path.name.startswith("."))
    except OSError:
        return []
    return sorted(found, key=lambda path: path.name != "garage.jsonl")
