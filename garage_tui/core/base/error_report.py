"""Error reports: one file for each unexpected exception, with its traceback, for whoever mends the mistake.

An expected error is a sentence (`errors.GarageError`) and needs no report. The newest `MAX_REPORTS` files stay.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import platform
import re
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from garage_tui import __version__
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.workspace import reports_folder

MAX_REPORTS = 20
"""Files in the folder of reports; older ones are deleted."""
_MAX_CHARACTERS = 200_000
"""A recursion without an end has a long traceback."""
_HIDDEN = "(hidden)"
# Patterns, which `re` compiles at their first use: most starts need none of them.
_SECRET_NAME = "(?i)key|token|secret|passw|credential|authorization"
_SECRETS = (
    r"()(?<=://)[^\s/@\"']+(?=@)",  # user:password@ of an address
    r"()\b(?:sk|hf|pk|ghp|xox[abp])[-_][A-Za-z0-9_-]{8,}",
    r"(?i)(\bbearer )[^\s\"']+",
    r"(?i)((?:key|token|passw(?:or)?d|secret)=)[^\s&\"']+",
)
"""What looks like a secret, behind a group that stays."""
_LEAST_SECRET = 6
"""Characters; a shorter value of a variable would be found in ordinary text."""

_numbers = itertools.count(1)


def headline(error: BaseException) -> str:
    """Return an exception in one line: `ValueError: the text`."""
    try:
        text = one_line(redacted(str(error)), 160)
    except Exception:  # its own __str__ may fail
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def write_report(error: BaseException, doing: str) -> tuple[Path | None, str]:
    """Write the report of an exception.

    Args:
        doing: what was going on, in one line: a command line, a message of the app.

    Returns:
        (the file, ""), or (None, why there is none); it never raises.
    """
    try:
        folder = reports_folder()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        stamp = time.strftime("%Y%m%d-%H%M%S")
        path = folder / f"error-{stamp}-{os.getpid()}-{next(_numbers)}.txt"
        data = redacted(report_text(error, doing)).encode(errors="backslashreplace")
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)  # it may quote a private text
        with os.fdopen(fd, "wb") as file:
            file.write(data)
        _delete_old(folder)
        return path, ""
    except OSError as problem:
        return None, problem.strerror or str(problem)
    except Exception as problem:
        return None, headline(problem)


def report_text(error: BaseException, doing: str) -> str:
    """Return what a report says: version, what was going on, and the traceback without the values of variables."""
    text = "".join(traceback.format_exception(error))
    if len(text) > _MAX_CHARACTERS:
        half = _MAX_CHARACTERS // 2
        text = f"{text[:half]}\n…\n{text[-half:]}"
    return (
        f"garage_tui {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
        f"{time.strftime('%Y-%m-%d %H:%M:%S %z')}\n"
        f"{one_line(doing, 2000)}\n\n"
        f"{text}"
    )


def redacted(text: str) -> str:
    """Return `text` without what looks like a key or a password, and without the values of variables named so."""
    for name, value in os.environ.items():
        if re.search(_SECRET_NAME, name) and len(value) >= _LEAST_SECRET and not Path(value).is_absolute():
            text = text.replace(value, _HIDDEN)
    for secret in _SECRETS:
        text = re.sub(secret, rf"\1{_HIDDEN}", text)
    return text


def command_line(arguments: Sequence[str]) -> str:
    """Return a command line for a report, without the value of an option that is named like a secret."""
    shown: list[str] = []
    for before, argument in itertools.pairwise(["", *arguments]):
        name, equals, _ = argument.partition("=")
        if before.startswith("-") and "=" not in before and _names_a_secret(before) and not argument.startswith("-"):
            argument = _HIDDEN
        elif name.startswith("-") and equals and _names_a_secret(name):
            argument = f"{name}={_HIDDEN}"
        shown.append(argument)
    return " ".join(["garage", *shown])


def _names_a_secret(option: str) -> bool:
    return bool(re.search(_SECRET_NAME, option)) and "file" not in option


def where_details_are(error: BaseException, doing: str) -> str:
    """Write the report of an exception, and return where it is as the end of a sentence."""
    path, why = write_report(error, doing)
    return f"the details are in {path}" if path else f"its details could not be written ({why})"


def _delete_old(folder: Path) -> None:
    files = sorted(folder.glob("error-*.txt"), key=_age, reverse=True)
    for file in files[MAX_REPORTS:]:
        with contextlib.suppress(OSError):
            file.unlink()


def _age(path: Path) -> tuple[int, str]:
    try:
        return path.stat().st_mtime_ns, path.name
    except OSError:
        return 0, path.name
